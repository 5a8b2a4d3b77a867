#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "common/base/strings.h"
#include "common/table/xlsx_reader.h"

namespace bangfu::table {

std::string ExactNumberText(std::string_view xml, bool* lost) {
  *lost = false;
  std::string_view rest = Trim(xml);
  const bool negative = ConsumePrefix(&rest, "-");
  if (!negative) ConsumePrefix(&rest, "+");
  int exponent = 0;
  std::string_view mantissa = rest;
  if (const size_t e = rest.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view power = rest.substr(e + 1);
    ConsumePrefix(&power, "+");
    if (!ParseInt(power, &exponent) || exponent > 308 || exponent < -308) return std::string(xml);
    mantissa = rest.substr(0, e);
  }
  std::string digits;
  int point = -1;
  for (char c : mantissa) {
    if (c == '.' && point < 0) {
      point = static_cast<int>(digits.size());
    } else if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      digits.push_back(c);
    } else {
      return std::string(xml);
    }
  }
  if (digits.empty()) return std::string(xml);
  if (point < 0) point = static_cast<int>(digits.size());
  point += exponent;
  const auto plain = [&]() {
    std::string d = digits;
    int p = point;
    if (p <= 0) {
      d.insert(0, static_cast<size_t>(1 - p), '0');
      p = 1;
    }
    if (p > static_cast<int>(d.size())) d.append(static_cast<size_t>(p) - d.size(), '0');
    std::string whole = d.substr(0, static_cast<size_t>(p));
    std::string fraction = d.substr(static_cast<size_t>(p));
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
    std::string out = fraction.empty() ? whole : Cat(whole, ".", fraction);
    return negative && out != "0" ? Cat("-", out) : out;
  };
  std::string text = plain();
  // Significant digits; trailing zeros of an integer are counted: they may be damage.
  int64_t count = 0;
  for (char c : text) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c)) && (count > 0 || c != '0')) ++count;
  }
  if (count <= 15) return text;
  if (!StrContains(text, ".")) {
    *lost = true;
    return text;
  }
  // A fraction with more digits than a double holds: the tail is binary noise. The number that was
  // typed is the shortest one with the same 15 digits.
  double value = 0;
  if (!ParseDouble(text, &value)) return text;
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific, 14);
  bool ignored = false;
  return ExactNumberText(std::string_view(buffer, static_cast<size_t>(end.ptr - buffer)), &ignored);
}

}  // namespace bangfu::table
