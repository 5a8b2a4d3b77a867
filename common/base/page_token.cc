#include "common/base/page_token.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "common/base/digest.h"
#include "common/base/strings.h"

namespace bangfu {
namespace {

// version | 8 bytes of check over query and key | (length in 4 bytes, bytes) per column
constexpr char kVersion = 1;
constexpr size_t kCheckSize = 8;
constexpr size_t kLengthSize = 4;

std::string Check(std::string_view query, std::string_view columns) {
  return Sha256(Cat(Sha256(query), columns)).substr(0, kCheckSize);
}

void AppendLength(std::string& out, size_t length) {
  for (size_t i = 0; i < kLengthSize; ++i) out.push_back(static_cast<char>(length >> (8 * i)));
}

size_t ReadLength(std::string_view bytes) {
  size_t length = 0;
  for (size_t i = 0; i < kLengthSize; ++i) {
    length |= static_cast<size_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  }
  return length;
}

absl::Status BadToken() {
  return absl::InvalidArgumentError("the page token is malformed or belongs to another query");
}

}  // namespace

std::string EncodePageToken(const std::vector<std::string>& key, std::string_view query) {
  std::string columns;
  for (const std::string& column : key) {
    AppendLength(columns, column.size());
    columns += column;
  }
  return absl::WebSafeBase64Escape(
      Cat(std::string_view(&kVersion, 1), Check(query, columns), columns));
}

absl::StatusOr<std::vector<std::string>> DecodePageToken(std::string_view token,
                                                         std::string_view query) {
  std::vector<std::string> key;
  if (token.empty()) return key;
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(AbslView(token), &bytes)) return BadToken();
  if (bytes.size() < 1 + kCheckSize || bytes[0] != kVersion) return BadToken();
  std::string_view columns = std::string_view(bytes).substr(1 + kCheckSize);
  if (std::string_view(bytes).substr(1, kCheckSize) != Check(query, columns)) return BadToken();
  while (!columns.empty()) {
    if (columns.size() < kLengthSize) return BadToken();
    const size_t length = ReadLength(columns);
    columns.remove_prefix(kLengthSize);
    if (columns.size() < length) return BadToken();
    key.emplace_back(columns.substr(0, length));
    columns.remove_prefix(length);
  }
  return key;
}

absl::StatusOr<int> ResolvePageSize(int requested, int default_size, int max_size) {
  if (requested < 0) return absl::InvalidArgumentError("the page size is negative");
  return requested == 0 ? default_size : std::min(requested, max_size);
}

}  // namespace bangfu
