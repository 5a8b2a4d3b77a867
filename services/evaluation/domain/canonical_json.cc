#include "services/evaluation/domain/canonical_json.h"

#include <cstdio>

#include "common/base/strings.h"
#include "common/status/error.h"

namespace bangfu::evaluation::json {

void AppendString(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += kHex[(c >> 4) & 0xf];
          out += kHex[c & 0xf];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

std::string FormatDay(absl::CivilDay day) {
  char buffer[48];
  std::snprintf(buffer, sizeof(buffer), "%04lld-%02d-%02d", static_cast<long long>(day.year()),
                day.month(), day.day());
  return buffer;
}

bool ParseDay(std::string_view text, absl::CivilDay& day) {
  return absl::ParseCivilTime(AbslView(text), &day) && FormatDay(day) == text;
}

absl::Status Malformed(std::string_view reason, std::string_view detail) {
  return Error(absl::StatusCode::kInvalidArgument, reason)
      .Zh(Cat("内容格式不正确：", detail))
      .Build();
}

}  // namespace bangfu::evaluation::json
