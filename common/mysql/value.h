// What goes into a statement and what comes out of it, typed; no sql:: type is seen outside this
// room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"

namespace bangfu::mysql {

// One bound parameter. Implicit from what a store has in hand.
class Param {
 public:
  using Storage = std::variant<std::nullptr_t, int64_t, std::string>;
  Param(std::nullptr_t) : v_(nullptr) {}             // NOLINT
  Param(int v) : v_(int64_t{v}) {}                   // NOLINT
  Param(int64_t v) : v_(v) {}                        // NOLINT
  Param(uint32_t v) : v_(int64_t{v}) {}              // NOLINT
  Param(bool v) : v_(int64_t{v}) {}                  // NOLINT
  Param(std::string v) : v_(std::move(v)) {}         // NOLINT
  Param(std::string_view v) : v_(std::string(v)) {}  // NOLINT
  Param(const char* v) : v_(std::string(v)) {}       // NOLINT
  Param(const Ulid& v) : v_(v.bytes()) {}            // NOLINT  BINARY(16)
  Param(absl::Time v);                               // NOLINT  DATETIME(6), UTC
  Param(absl::CivilDay v);                           // NOLINT  DATE
  template <typename T>
  Param(const std::optional<T>& v) : v_(v ? Param(*v).v_ : Storage(nullptr)) {}  // NOLINT

  const Storage& storage() const { return v_; }

 private:
  Storage v_;
};
using Params = std::vector<Param>;

// One row of a result. Reading NULL through a plain getter gives the type's zero; ask IsNull or use
// the Opt getters where NULL means something. Columns count from 0.
class Row {
 public:
  using Cell = std::variant<std::nullptr_t, int64_t, std::string>;
  explicit Row(std::vector<Cell> cells) : cells_(std::move(cells)) {}
  bool IsNull(size_t i) const { return std::holds_alternative<std::nullptr_t>(cells_[i]); }
  int64_t Int(size_t i) const;  // any integer column
  bool Bool(size_t i) const { return Int(i) != 0; }
  std::string String(size_t i) const;  // text and binary columns, decimals as their digits
  Ulid Id(size_t i) const;             // BINARY(16)
  absl::Time Time(size_t i) const;     // DATETIME(6) in UTC; NULL: absl::InfinitePast()
  absl::CivilDay Day(size_t i) const;  // DATE; NULL: 1970-01-01
  std::optional<int64_t> OptInt(size_t i) const;
  std::optional<std::string> OptString(size_t i) const;
  std::optional<absl::CivilDay> OptDay(size_t i) const;
  std::optional<absl::Time> OptTime(size_t i) const;
  size_t size() const { return cells_.size(); }

 private:
  std::vector<Cell> cells_;
};
using Rows = std::vector<Row>;

}  // namespace bangfu::mysql
