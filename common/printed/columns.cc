#include "common/printed/columns.h"

#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/chinese.h"

namespace bangfu::printed {

std::string ColumnNumber(size_t column) { return Cat("第", column + 1, "列"); }

bool IsPersonalHeader(std::string_view header) {
  return ContainsAny(header, {"电话", "手机", "联系方式", "联系人", "身份证", "证件号", "姓名",
                              "银行卡", "账号", "填报人", "负责人", "责任人"});
}

std::string ColumnNames::Next(size_t column, std::string_view header) {
  std::string name = Utf8Truncate(header, 100);
  if (name.empty()) return ColumnNumber(column);
  const bool like_a_key =
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string::npos;
  if (!used_.insert(name).second || like_a_key) name += Cat("（", ColumnNumber(column), "）");
  return name;
}

}  // namespace bangfu::printed
