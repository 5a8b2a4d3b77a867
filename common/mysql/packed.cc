#include "common/mysql/packed.h"

#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "common/status/error.h"

namespace bangfu::mysql {

namespace {

// 'R' raw; 'S' a zstd frame that names its length; 'Z' 4 bytes of length (big endian), then a zlib
// stream: what Pack wrote before.
constexpr char kRaw = 'R';
constexpr char kZstd = 'S';
constexpr char kDeflated = 'Z';
constexpr size_t kHead = 5;              // of 'Z'
constexpr size_t kMaxBytes = 64u << 20;  // more than any column takes
constexpr size_t kWorthwhile = 256;
// Canonical JSON shrinks about as well as with more effort, in a fraction of the time.
constexpr int kLevel = 1;

// Of this thread: its tables are made anew for every blob otherwise. It fails only when memory is
// out: nothing can go on.
ZSTD_CCtx* Compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(
      [] {
        ZSTD_CCtx* made = ZSTD_createCCtx();
        // With its checksum a frame that was changed does not open.
        if (made == nullptr ||
            ZSTD_isError(ZSTD_CCtx_setParameter(made, ZSTD_c_compressionLevel, kLevel)) ||
            ZSTD_isError(ZSTD_CCtx_setParameter(made, ZSTD_c_checksumFlag, 1))) {
          std::abort();
        }
        return made;
      }(),
      &ZSTD_freeCCtx);
  return context.get();
}

absl::Status Malformed() {
  return Error(absl::StatusCode::kDataLoss, "PACKED_MALFORMED").Message("a packed blob is damaged");
}

absl::StatusOr<std::string> Unzstd(std::string_view frame) {
  const unsigned long long length = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (length == ZSTD_CONTENTSIZE_ERROR || length == ZSTD_CONTENTSIZE_UNKNOWN ||
      length < kWorthwhile || length > kMaxBytes) {
    return Malformed();
  }
  std::string out(length, '\0');
  const size_t size = ZSTD_decompress(out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(size) || size != length) return Malformed();
  return out;
}

}  // namespace

std::string Pack(std::string_view bytes) {
  if (bytes.size() >= kWorthwhile && bytes.size() <= kMaxBytes) {
    std::string out(1 + ZSTD_compressBound(bytes.size()), '\0');
    const size_t size =
        ZSTD_compress2(Compressor(), out.data() + 1, out.size() - 1, bytes.data(), bytes.size());
    if (!ZSTD_isError(size) && 1 + size < bytes.size()) {
      out.resize(1 + size);
      out[0] = kZstd;
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
  if (packed[0] == kZstd) return Unzstd(packed.substr(1));
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
