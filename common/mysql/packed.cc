#include "common/mysql/packed.h"

#include <zlib.h>

#include <cstdint>

#include "common/status/error.h"

namespace bangfu::mysql {

namespace {

// 'R' raw; 'Z' 4 bytes of length (big endian), then a zlib stream.
constexpr char kRaw = 'R';
constexpr char kDeflated = 'Z';
constexpr size_t kHead = 5;
constexpr size_t kMaxBytes = 64u << 20;  // more than any column takes

absl::Status Malformed() {
  return Error(absl::StatusCode::kDataLoss, "PACKED_MALFORMED").Message("a packed blob is damaged");
}

}  // namespace

std::string Pack(std::string_view bytes) {
  if (bytes.size() >= 256 && bytes.size() <= kMaxBytes) {
    uLongf size = compressBound(static_cast<uLong>(bytes.size()));
    std::string out(kHead + size, '\0');
    // Level 1: canonical JSON shrinks about as well as with more effort, in a third of the time.
    if (compress2(reinterpret_cast<Bytef*>(out.data() + kHead), &size,
                  reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uLong>(bytes.size()),
                  1) == Z_OK &&
        kHead + size < bytes.size()) {
      out.resize(kHead + size);
      out[0] = kDeflated;
      for (int i = 0; i < 4; ++i)
        out[1 + i] = static_cast<char>(bytes.size() >> (24 - 8 * i) & 0xff);
      return out;
    }
  }
  std::string out;
  out.reserve(bytes.size() + 1);
  out.push_back(kRaw);
  out.append(bytes);
  return out;
}

absl::StatusOr<std::string> Unpack(std::string_view packed) {
  if (packed.empty()) return Malformed();
  if (packed[0] == kRaw) return std::string(packed.substr(1));
  if (packed[0] != kDeflated || packed.size() < kHead) return Malformed();
  size_t length = 0;
  for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<uint8_t>(packed[1 + i]);
  if (length > kMaxBytes) return Malformed();
  std::string out(length, '\0');
  uLongf size = static_cast<uLongf>(length);
  if (uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                 reinterpret_cast<const Bytef*>(packed.data() + kHead),
                 static_cast<uLong>(packed.size() - kHead)) != Z_OK ||
      size != length) {
    return Malformed();
  }
  return out;
}

}  // namespace bangfu::mysql
