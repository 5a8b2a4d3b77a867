#include "common/base/ulid.h"

#include <algorithm>
#include <cstring>

namespace bangfu {
namespace {

constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr int64_t kMaxMillis = (int64_t{1} << 48) - 1;
constexpr size_t kTextLength = 26;

// -1: not in the alphabet.
constexpr std::array<int8_t, 256> MakeDecodeTable() {
  std::array<int8_t, 256> table{};
  for (auto& v : table) v = -1;
  for (int8_t i = 0; i < 32; ++i) {
    const char c = kAlphabet[i];
    table[static_cast<uint8_t>(c)] = i;
    if (c >= 'A') table[static_cast<uint8_t>(c - 'A' + 'a')] = i;
  }
  return table;
}
constexpr std::array<int8_t, 256> kDecode = MakeDecodeTable();

}  // namespace

absl::StatusOr<Ulid> Ulid::Parse(std::string_view text) {
  if (text.size() != kTextLength) return absl::InvalidArgumentError("a ULID has 26 characters");
  Ulid out;
  // 26 × 5 = 130 bits: the first character carries only 3.
  uint32_t buffer = 0;
  int bits = -2;
  size_t byte = 0;
  for (const char c : text) {
    const int8_t v = kDecode[static_cast<uint8_t>(c)];
    if (v < 0)
      return absl::InvalidArgumentError("not a ULID: a character outside Crockford base 32");
    buffer = (buffer << 5) | static_cast<uint32_t>(v);
    bits += 5;
    if (bits == 3 && buffer > 7) return absl::InvalidArgumentError("not a ULID: beyond 128 bits");
    if (bits >= 8) {
      bits -= 8;
      out.b_[byte++] = static_cast<uint8_t>(buffer >> bits);
      buffer &= (uint32_t{1} << bits) - 1;
    }
  }
  return out;
}

absl::StatusOr<Ulid> Ulid::FromBytes(std::string_view bytes) {
  Ulid out;
  if (bytes.size() != out.b_.size()) return absl::InvalidArgumentError("a ULID has 16 bytes");
  std::memcpy(out.b_.data(), bytes.data(), out.b_.size());
  return out;
}

std::string Ulid::ToString() const {
  std::string out;
  out.reserve(kTextLength);
  uint32_t buffer = 0;
  int bits = 2;  // two leading zero bits make 130
  for (const uint8_t b : b_) {
    buffer = (buffer << 8) | b;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out.push_back(kAlphabet[(buffer >> bits) & 31]);
    }
    buffer &= (uint32_t{1} << bits) - 1;
  }
  return out;
}

bool Ulid::is_zero() const {
  return std::all_of(b_.begin(), b_.end(), [](uint8_t b) { return b == 0; });
}

absl::Time Ulid::time() const {
  int64_t ms = 0;
  for (int i = 0; i < 6; ++i) ms = (ms << 8) | b_[i];
  return absl::FromUnixMillis(ms);
}

UlidGenerator::UlidGenerator(const Clock& clock) : UlidGenerator(clock, SystemRandom) {}

UlidGenerator::UlidGenerator(const Clock& clock, Random random)
    : clock_(clock), random_(std::move(random)) {}

Ulid UlidGenerator::Next() {
  const int64_t now = std::clamp<int64_t>(absl::ToUnixMillis(clock_.Now()), 0, kMaxMillis);
  const std::lock_guard<std::mutex> lock(mu_);
  if (now <= last_ms_) {
    // Same millisecond, or the clock ran back: count on. A carry out of the 80 random bits moves
    // into the time, which keeps the order.
    for (int i = 15; i >= 0 && ++last_.b_[i] == 0; --i) {
    }
    last_ms_ = absl::ToUnixMillis(last_.time());
    return last_;
  }
  last_ms_ = now;
  for (int i = 0; i < 6; ++i) last_.b_[i] = static_cast<uint8_t>(now >> (8 * (5 - i)));
  const uint64_t high = random_();
  const uint64_t low = random_();
  for (int i = 0; i < 8; ++i) last_.b_[6 + i] = static_cast<uint8_t>(high >> (8 * i));
  last_.b_[14] = static_cast<uint8_t>(low);
  last_.b_[15] = static_cast<uint8_t>(low >> 8);
  return last_;
}

}  // namespace bangfu
