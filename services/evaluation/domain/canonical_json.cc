#include "services/evaluation/domain/canonical_json.h"

#include "common/base/strings.h"
#include "common/status/error.h"

namespace bangfu::evaluation::json {

void AppendString(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  size_t done = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, done, i - done);
    done = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 0xf];
    }
  }
  out.append(text, done);
  out += '"';
}

void AppendDay(std::string& out, absl::CivilDay day) {
  if (day.year() < 0 || day.year() > 9999) {  // no paper carries such a day; still one text per day
    out += absl::FormatCivilTime(day);
    return;
  }
  const int year = static_cast<int>(day.year());
  char buffer[] = "0000-00-00";
  auto put = [&buffer](int at, int value) { buffer[at] = static_cast<char>('0' + value); };
  put(0, year / 1000);
  put(1, year / 100 % 10);
  put(2, year / 10 % 10);
  put(3, year % 10);
  put(5, day.month() / 10);
  put(6, day.month() % 10);
  put(8, day.day() / 10);
  put(9, day.day() % 10);
  out.append(buffer, 10);
}

bool ParseDay(std::string_view text, absl::CivilDay& day) {
  if (!absl::ParseCivilTime(AbslView(text), &day)) return false;
  std::string again;
  AppendDay(again, day);
  return again == text;
}

absl::Status Malformed(std::string_view reason, std::string_view detail) {
  return Error(absl::StatusCode::kInvalidArgument, reason)
      .Zh(Cat("内容格式不正确：", detail))
      .Build();
}

}  // namespace bangfu::evaluation::json
