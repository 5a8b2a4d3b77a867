#include "services/ctl/csv_rows.h"

#include <fstream>

#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/table/csv.h"

namespace bangfu::ctl {

absl::Status ReadCsv(const std::string& file, const std::vector<std::string>& required,
                     const std::function<absl::Status(int64_t row_no, const NamedRow&)>& row) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return Error(absl::StatusCode::kNotFound, "FILE_NOT_FOUND").Zh(Cat("无法读取文件 ", file));
  std::vector<std::string> header;
  table::CsvReader reader({}, [&](const table::InputRow& source) -> absl::Status {
    if (header.empty()) {
      for (const auto& cell : source.cells) header.push_back(cell.text);
      for (const auto& column : required) {
        if (std::find(header.begin(), header.end(), column) == header.end()) {
          return InvalidField(column, Cat("文件缺少列 ", column)).Build();
        }
      }
      return absl::OkStatus();
    }
    NamedRow named;
    for (size_t i = 0; i < header.size(); ++i)
      named[header[i]] = i < source.cells.size() ? source.cells[i].text : "";
    return row(source.row_no, named);
  });
  std::string buffer(256 * 1024, '\0');
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    RETURN_IF_ERROR(reader.Feed(std::string_view(buffer.data(), static_cast<size_t>(in.gcount()))));
  }
  return reader.Finish();
}

absl::StatusOr<google::type::Date> ParseDate(std::string_view text) {
  absl::CivilDay day;
  if (!absl::ParseCivilTime(AbslView(text), &day)) {
    return InvalidField("date", Cat("日期应写成 2026-10-31 的形式: ", text)).Build();
  }
  google::type::Date date;
  date.set_year(static_cast<int32_t>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

std::string FormatDate(const google::type::Date& date) {
  if (date.year() == 0) return "";
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

}  // namespace bangfu::ctl
