#include "common/base/uscc.h"

#include <array>

#include "absl/strings/ascii.h"
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

}  // namespace bangfu
