#include "common/base/text.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/ucnv.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <unordered_map>
#include <unordered_set>

namespace bangfu {
namespace {

constexpr size_t kMaxIcuLength = std::numeric_limits<int32_t>::max() / 4;

// Calls f(code point or negative for a bad byte, offset of its first byte).
template <typename F>
void ForEachCodePoint(std::string_view text, F f) {
  const char* s = text.data();
  const int64_t length = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < length;) {
    const int64_t start = i;
    UChar32 c = 0;
    U8_NEXT(s, i, length, c);
    if (c < 0) i = start + 1;
    f(c, static_cast<size_t>(start));
  }
}

void AppendUtf8(std::string& out, UChar32 c) {
  char buffer[U8_MAX_LENGTH];
  int32_t n = 0;
  U8_APPEND_UNSAFE(buffer, n, c);
  out.append(buffer, static_cast<size_t>(n));
}

// Traditional -> simplified for single ideographs, taken from ICU's transform once: the transform
// itself holds a global lock and is too slow for a column of an import.
const std::unordered_map<UChar32, UChar32>& SimplifiedForms() {
  static const auto* const forms = [] {
    auto* map = new std::unordered_map<UChar32, UChar32>;
    UErrorCode error = U_ZERO_ERROR;
    const std::unique_ptr<icu::Transliterator> transform(icu::Transliterator::createInstance(
        icu::UnicodeString::fromUTF8("Traditional-Simplified"), UTRANS_FORWARD, error));
    if (U_FAILURE(error) || transform == nullptr) return map;  // built without: match as written
    constexpr UChar32 kFirst = 0x4E00, kLast = 0x9FFF, kChunk = 256;
    for (UChar32 begin = kFirst; begin <= kLast; begin += kChunk) {
      icu::UnicodeString before;
      for (UChar32 c = begin; c < begin + kChunk && c <= kLast; ++c) {
        before.append(c).append(
            static_cast<UChar32>('\n'));  // keeps rules of several characters out
      }
      icu::UnicodeString after(before);
      transform->transliterate(after);
      if (after.length() != before.length()) continue;
      for (int32_t i = 0; i < before.length(); i += 2) {
        if (before[i] != after[i]) map->emplace(before[i], after[i]);
      }
    }
    return map;
  }();
  return *forms;
}

bool IsIgnoredInMatching(UChar32 c) {
  return u_isUWhiteSpace(c) || u_ispunct(c) || u_iscntrl(c) ||
         u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  bool valid = true;
  ForEachCodePoint(text, [&](UChar32 c, size_t) { valid = valid && c >= 0; });
  return valid;
}

std::string Nfkc(std::string_view text) {
  if (text.size() > kMaxIcuLength || !IsValidUtf8(text)) return std::string(text);
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(error);
  if (U_FAILURE(error)) return std::string(text);
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<int32_t>(text.size()));
  nfkc->normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), sink,
                      nullptr, error);
  return U_FAILURE(error) ? std::string(text) : out;
}

std::string MatchKey(std::string_view text) {
  const auto& simplified = SimplifiedForms();
  std::string out;
  ForEachCodePoint(Nfkc(text), [&](UChar32 c, size_t) {
    if (c < 0 || IsIgnoredInMatching(c)) return;
    c = u_tolower(c);
    if (const auto it = simplified.find(c); it != simplified.end()) c = it->second;
    AppendUtf8(out, c);
  });
  return out;
}

std::vector<std::string> Bigrams(std::string_view text) {
  const std::string key = MatchKey(text);
  std::vector<size_t> starts;
  ForEachCodePoint(key, [&](UChar32, size_t start) { starts.push_back(start); });
  if (starts.empty()) return {};
  if (starts.size() == 1) return {key};
  starts.push_back(key.size());
  std::vector<std::string> grams;
  std::unordered_set<std::string> seen;
  for (size_t i = 0; i + 2 < starts.size(); ++i) {
    std::string gram = key.substr(starts[i], starts[i + 2] - starts[i]);
    if (seen.insert(gram).second) grams.push_back(std::move(gram));
  }
  return grams;
}

size_t Utf8Length(std::string_view text) {
  size_t count = 0;
  ForEachCodePoint(text, [&](UChar32, size_t) { ++count; });
  return count;
}

std::string Utf8Truncate(std::string_view text, size_t max) {
  size_t count = 0;
  size_t end = text.size();
  ForEachCodePoint(text, [&](UChar32, size_t start) {
    if (count++ == max) end = start;
  });
  return std::string(text.substr(0, end));
}

absl::StatusOr<std::string> Gb18030ToUtf8(std::string_view bytes) {
  if (bytes.size() > kMaxIcuLength) return absl::InvalidArgumentError("text too long");
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UConverter, decltype(&ucnv_close)> converter(ucnv_open("gb18030", &error),
                                                                     &ucnv_close);
  if (U_FAILURE(error)) return absl::InternalError("no GB18030 converter");
  ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &error);
  // No character has more UTF-16 units than GB18030 bytes.
  const int32_t length = static_cast<int32_t>(bytes.size());
  icu::UnicodeString utf16;
  UChar* buffer = utf16.getBuffer(length + 1);
  if (buffer == nullptr) return absl::ResourceExhaustedError("out of memory");
  const int32_t units =
      ucnv_toUChars(converter.get(), buffer, length + 1, bytes.data(), length, &error);
  utf16.releaseBuffer(U_SUCCESS(error) ? units : 0);
  if (U_FAILURE(error)) return absl::InvalidArgumentError("bytes that are not GB18030");
  std::string out;
  utf16.toUTF8String(out);
  return out;
}

}  // namespace bangfu
