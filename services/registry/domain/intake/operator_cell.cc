#include "services/registry/domain/intake/operator_cell.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "common/base/strings.h"
#include "common/printed/chinese.h"

namespace bangfu::registry::intake {
namespace {

// A registration number of before the USCC has fifteen; what is longer than a USCC is a slip.
constexpr size_t kShortestCode = 15;

bool IsCodeText(std::string_view run) {
  return run.size() >= kShortestCode && std::any_of(run.begin(), run.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c));
         });
}

// Takes away what only led to the code: its label, brackets that are empty, marks at the ends.
std::string NameIn(std::string text) {
  for (std::string_view label : {"统一社会信用代码证", "统一社会信用代码", "社会信用代码",
                                 "统一信用代码", "信用代码", "组织机构代码", "USCC", "代码"}) {
    // Only where the code stood right behind it: 代码科技有限公司 is called so.
    for (std::string_view between : {"", ":", "为", "是", " ", ": "}) {
      text = absl::StrReplaceAll(text, {{Cat(label, between, "\x01"), "\x01"}});
    }
  }
  text = absl::StrReplaceAll(text, {{"\x01", ""}});
  for (bool again = true; again;) {
    const size_t before = text.size();
    text = absl::StrReplaceAll(
        text, {{"()", ""}, {"( )", ""}, {"[]", ""}, {"〔〕", ""}, {"【】", ""}, {"<>", ""}});
    again = text.size() != before;
  }
  std::string_view name = text;
  for (bool again = true; again;) {
    const size_t before = name.size();
    name = Trim(name);
    for (std::string_view mark : {",", "、", ";", ":", "/", "|", "-", "—", "。"}) {
      ConsumePrefix(&name, mark);
      ConsumeSuffix(&name, mark);
    }
    again = name.size() != before;
  }
  return std::string(name);
}

}  // namespace

OperatorCell ReadOperatorCell(std::string_view cell) {
  OperatorCell out;
  const std::string text = printed::Normalize(cell);
  std::string rest;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && absl::ascii_isalnum(static_cast<unsigned char>(text[end]))) ++end;
    const std::string run = text.substr(i, end - i);
    if (IsCodeText(run)) {
      out.codes.push_back(run);
      rest += '\x01';
    } else {
      rest += run;
      if (end < text.size()) rest += text[end++];
    }
    i = end;
  }
  out.name = NameIn(std::move(rest));
  return out;
}

}  // namespace bangfu::registry::intake
