// Logs: one JSON object a line on stderr, {"ts":…,"level":…,"msg":…,fields…}. Thread safe.
//
//   log::Info("project filed", {{"project", id}, {"amount_fen", amount}, {"took", elapsed}});
//
// `msg` is a constant English text, what varies goes into fields. Never log a field that the
// contract marks sensitive, nor a secret.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace bangfu::log {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };

// "debug", "info", "warning", "error", "off".
std::optional<Level> ParseLevel(std::string_view text);
std::string_view LevelName(Level level);

// What lies below is dropped before it is formatted. Default kInfo; may be switched at any time.
void SetLevel(Level level);
Level GetLevel();
inline bool Enabled(Level level) { return level >= GetLevel(); }

// Refers to its text: only for the duration of the call.
class Field {
 public:
  Field(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  Field(std::string_view key, const std::string& value)
      : key_(key), value_(std::string_view(value)) {}
  Field(std::string_view key, const char* value) : key_(key), value_(std::string_view(value)) {}
  Field(std::string_view key, absl::string_view value)
      : key_(key), value_(std::string_view(value.data(), value.size())) {}
  Field(std::string_view key, double value) : key_(key), value_(value) {}
  // In seconds.
  Field(std::string_view key, absl::Duration value)
      : key_(key), value_(absl::ToDoubleSeconds(value)) {}
  // Code and message, as text.
  Field(std::string_view key, const absl::Status& value) : key_(key), value_(value.ToString()) {}
  template <std::integral T>
  Field(std::string_view key, T value) : key_(key) {
    if constexpr (std::same_as<T, bool>) {
      value_ = value;
    } else if constexpr (std::unsigned_integral<T>) {
      value_ = static_cast<uint64_t>(value);
    } else {
      value_ = static_cast<int64_t>(value);
    }
  }

  std::string_view key() const { return key_; }
  void AppendJson(std::string& out) const;

 private:
  std::string_view key_;
  std::variant<std::string_view, std::string, int64_t, uint64_t, double, bool> value_;
};

using Fields = std::initializer_list<Field>;

void Write(Level level, std::string_view msg, const Field* fields, size_t count);
inline void Write(Level level, std::string_view msg, Fields fields = {}) {
  Write(level, msg, fields.begin(), fields.size());
}
// For fields that are collected at run time.
inline void Write(Level level, std::string_view msg, const std::vector<Field>& fields) {
  Write(level, msg, fields.data(), fields.size());
}

// As Write, for lines that come with every call and that nobody waits for: they leave together, at
// most kSoon later, and before any line of Write that follows them. A process that is killed loses
// those of its last kSoon; one that ends does not. Warnings and errors are written at once.
constexpr absl::Duration kSoon = absl::Milliseconds(50);
void WriteSoon(Level level, std::string_view msg, Fields fields);

inline void Debug(std::string_view msg, Fields fields = {}) { Write(Level::kDebug, msg, fields); }
inline void Info(std::string_view msg, Fields fields = {}) { Write(Level::kInfo, msg, fields); }
inline void Warning(std::string_view msg, Fields fields = {}) {
  Write(Level::kWarning, msg, fields);
}
inline void Error(std::string_view msg, Fields fields = {}) { Write(Level::kError, msg, fields); }

// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

// While it lives, lines come here instead of to stderr; for tests. Thread safe; captures may nest,
// then each gets every line.
class Capture {
 public:
  Capture();
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  std::vector<std::string> lines() const;
  // True when some line holds `text`.
  bool Contains(std::string_view text) const;

 private:
  struct Sink;
  std::shared_ptr<Sink> sink_;
};

}  // namespace bangfu::log
