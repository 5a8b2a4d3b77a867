// ULID: 48 bits of milliseconds and 80 random bits; sorts by creation. 26 characters of Crockford
// base 32 outside, BINARY(16) in the database. https://github.com/ulid/spec
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/random.h"

namespace bangfu {

class Ulid {
 public:
  Ulid() = default;  // all zero: "no id"
  // 26 characters, upper or lower case. InvalidArgument otherwise.
  static absl::StatusOr<Ulid> Parse(std::string_view text);
  // Exactly 16 bytes, as stored. InvalidArgument otherwise.
  static absl::StatusOr<Ulid> FromBytes(std::string_view bytes);

  std::string ToString() const;
  std::string bytes() const {
    return std::string(reinterpret_cast<const char*>(b_.data()), b_.size());
  }
  bool is_zero() const;
  absl::Time time() const;

  friend bool operator==(const Ulid& a, const Ulid& b) { return a.b_ == b.b_; }
  friend auto operator<=>(const Ulid& a, const Ulid& b) { return a.b_ <=> b.b_; }
  template <typename H>
  friend H AbslHashValue(H h, const Ulid& u) {
    return H::combine(std::move(h), u.b_);
  }

 private:
  friend class UlidGenerator;
  std::array<uint8_t, 16> b_{};
};

// Strictly increasing within one generator, even when the clock stands still or runs back; thread
// safe. `clock` must outlive the generator.
class UlidGenerator {
 public:
  explicit UlidGenerator(const Clock& clock);  // random from the operating system
  UlidGenerator(const Clock& clock, Random random);
  Ulid Next();

 private:
  const Clock& clock_;
  Random random_;
  std::mutex mu_;
  Ulid last_;
  int64_t last_ms_ = -1;
};

}  // namespace bangfu
