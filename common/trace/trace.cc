#include "common/trace/trace.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bangfu::trace {
namespace {

constexpr size_t kVersionDigits = 2, kTraceDigits = 32, kSpanDigits = 16, kFlagDigits = 2;
constexpr size_t kHeaderLength = kVersionDigits + kTraceDigits + kSpanDigits + kFlagDigits + 3;

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

uint8_t HexByte(std::string_view two) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  return static_cast<uint8_t>(digit(two[0]) * 16 + digit(two[1]));
}

// Zero is not an identifier.
std::string HexWord(const Random& random) {
  const uint64_t word = random();
  return absl::StrCat(absl::Hex(word == 0 ? 1 : word, absl::kZeroPad16));
}

}  // namespace

TraceContext TraceContext::Child(const Random& random) const {
  return {trace_id, HexWord(random), flags};
}

std::string TraceContext::ToHeader() const {
  return absl::StrFormat("00-%s-%s-%02x", trace_id, span_id, flags);
}

std::optional<TraceContext> ParseTraceparent(std::string_view header) {
  if (header.size() < kHeaderLength) return std::nullopt;
  const std::string_view version = header.substr(0, 2);
  const std::string_view trace_id = header.substr(3, kTraceDigits);
  const std::string_view span_id = header.substr(36, kSpanDigits);
  const std::string_view flags = header.substr(53, kFlagDigits);
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  if (!IsHex(version) || version == "ff") return std::nullopt;
  if (header.size() > kHeaderLength && (version == "00" || header[kHeaderLength] != '-')) {
    return std::nullopt;
  }
  if (!IsHex(trace_id) || IsZero(trace_id) || !IsHex(span_id) || IsZero(span_id) || !IsHex(flags)) {
    return std::nullopt;
  }
  return TraceContext{std::string(trace_id), std::string(span_id), HexByte(flags)};
}

TraceContext FromHeaderOrNew(std::string_view header, const Random& random) {
  if (auto context = ParseTraceparent(header)) return *std::move(context);
  std::string trace_id = HexWord(random);
  trace_id += HexWord(random);
  return {std::move(trace_id), HexWord(random), 1};
}

}  // namespace bangfu::trace
