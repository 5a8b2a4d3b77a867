#include "common/base/uscc.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/time/civil_time.h"
#include "common/base/strings.h"

namespace bangfu {
namespace {

// Without I, O, S, V, Z.
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
constexpr size_t kBody = 17;
constexpr size_t kLength = 18;
// 3^i mod 31
constexpr std::array<int, kBody> kUsccWeights = {1,  3,  9,  27, 19, 26, 16, 17, 20,
                                                 29, 25, 13, 8,  24, 10, 30, 28};
// 2^(17-i) mod 11
constexpr std::array<int, kBody> kIdWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
constexpr std::string_view kIdChecks = "10X98765432";  // indexed by the sum modulo 11

int Number(std::string_view digits) {
  int n = 0;
  for (const char c : digits) n = n * 10 + (c - '0');
  return n;
}

}  // namespace

char UsccCheckCharacter(std::string_view body17) {
  if (body17.size() != kBody) return '\0';
  int sum = 0;
  for (size_t i = 0; i < kBody; ++i) {
    const size_t value = kAlphabet.find(body17[i]);
    if (value == std::string_view::npos) return '\0';
    sum += static_cast<int>(value) * kUsccWeights[i];
  }
  return kAlphabet[static_cast<size_t>((31 - sum % 31) % 31)];  // 31 counts as 0
}

absl::StatusOr<std::string> NormalizeUscc(std::string_view text) {
  std::string code = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(AbslView(text)));
  if (code.size() != kLength) return absl::InvalidArgumentError("a USCC has 18 characters");
  const char check = UsccCheckCharacter(std::string_view(code).substr(0, kBody));
  if (check == '\0') {
    return absl::InvalidArgumentError("a USCC has digits and letters without I, O, S, V, Z");
  }
  if (code.back() != check) {
    return absl::InvalidArgumentError("the check character of the USCC is wrong");
  }
  return code;
}

absl::StatusOr<std::string> NormalizeIdCard(std::string_view text) {
  std::string code = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(AbslView(text)));
  if (code.size() != kLength) {
    return absl::InvalidArgumentError("an identity number has 18 characters");
  }
  const std::string_view body = std::string_view(code).substr(0, kBody);
  if (!std::all_of(body.begin(), body.end(), absl::ascii_isdigit)) {
    return absl::InvalidArgumentError("the first 17 characters of an identity number are digits");
  }
  const int year = Number(body.substr(6, 4));
  const int month = Number(body.substr(10, 2));
  const int day = Number(body.substr(12, 2));
  const absl::CivilDay birth(year, month, day);  // normalises what does not exist
  if (year < 1800 || birth.month() != month || birth.day() != day) {
    return absl::InvalidArgumentError("the day of birth in the identity number does not exist");
  }
  int sum = 0;
  for (size_t i = 0; i < kBody; ++i) sum += (body[i] - '0') * kIdWeights[i];
  if (code.back() != kIdChecks[static_cast<size_t>(sum % 11)]) {
    return absl::InvalidArgumentError("the check character of the identity number is wrong");
  }
  return code;
}

}  // namespace bangfu
