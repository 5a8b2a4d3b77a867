#include "common/log/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/clock.h"
#include "common/base/strings.h"

namespace bangfu::log {
namespace {

std::atomic<Level> g_level{Level::kInfo};

constexpr std::string_view kNames[] = {"debug", "info", "warning", "error", "off"};

// Passes lines to stderr, or to the captures while there are any. spdlog locks around sink_it_.
class Switchboard final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  Switchboard() { stderr_->set_pattern("%v"); }
  void AddCapture(std::shared_ptr<spdlog::sinks::sink> sink) {
    const std::lock_guard<std::mutex> lock(mutex_);
    captures_.push_back(std::move(sink));
  }
  void RemoveCapture(const std::shared_ptr<spdlog::sinks::sink>& sink) {
    const std::lock_guard<std::mutex> lock(mutex_);
    captures_.erase(std::remove(captures_.begin(), captures_.end(), sink), captures_.end());
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (captures_.empty()) stderr_->log(message);
    for (const auto& capture : captures_) capture->log(message);
  }
  void flush_() override { stderr_->flush(); }

 private:
  const std::shared_ptr<spdlog::sinks::sink> stderr_ =
      std::make_shared<spdlog::sinks::stderr_sink_mt>();
  std::vector<std::shared_ptr<spdlog::sinks::sink>> captures_;
};

struct Output {
  std::shared_ptr<Switchboard> board = std::make_shared<Switchboard>();
  spdlog::logger logger{"bangfu", board};
};

// Never destroyed: threads may log while the process ends.
Output& TheOutput() {
  static Output* const output = [] {
    auto* made = new Output;
    made->logger.set_level(spdlog::level::trace);  // ours decides
    return made;
  }();
  return *output;
}

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
    case Level::kOff:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

std::optional<Level> ParseLevel(std::string_view text) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (text == kNames[i]) return static_cast<Level>(i);
  }
  return std::nullopt;
}

std::string_view LevelName(Level level) { return kNames[static_cast<size_t>(level)]; }

void SetLevel(Level level) { g_level.store(level, std::memory_order_relaxed); }
Level GetLevel() { return g_level.load(std::memory_order_relaxed); }

void AppendJsonString(std::string& out, std::string_view text) {
  out.push_back('"');
  const char* s = text.data();
  const int64_t length = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < length;) {
    const int64_t start = i;
    UChar32 c = 0;
    U8_NEXT(s, i, length, c);
    if (c < 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      absl::StrAppendFormat(&out, "\\u%04x", c);
    } else {
      out.append(s + start, static_cast<size_t>(i - start));
    }
  }
  out.push_back('"');
}

void Field::AppendJson(std::string& out) const {
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string_view> || std::is_same_v<T, std::string>) {
          AppendJsonString(out, value);
        } else if constexpr (std::is_same_v<T, bool>) {
          out += value ? "true" : "false";
        } else if constexpr (std::is_same_v<T, double>) {
          out += std::isfinite(value) ? absl::StrCat(value) : "null";  // JSON has no NaN
        } else {
          out += absl::StrCat(value);
        }
      },
      value_);
}

void Write(Level level, std::string_view msg, const Field* fields, size_t count) {
  if (!Enabled(level) || level == Level::kOff) return;
  std::string line =
      Cat(R"({"ts":")",
          absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", SystemClock().Now(), absl::UTCTimeZone()),
          R"(","level":")", LevelName(level), R"(","msg":)");
  AppendJsonString(line, msg);
  for (size_t i = 0; i < count; ++i) {
    line.push_back(',');
    AppendJsonString(line, fields[i].key());
    line.push_back(':');
    fields[i].AppendJson(line);
  }
  line.push_back('}');
  TheOutput().logger.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

struct Capture::Sink final : spdlog::sinks::base_sink<std::mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    lines.emplace_back(message.payload.data(), message.payload.size());
  }
  void flush_() override {}
  std::vector<std::string> Copy() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return lines;
  }

  std::vector<std::string> lines;
};

Capture::Capture() : sink_(std::make_shared<Sink>()) { TheOutput().board->AddCapture(sink_); }
Capture::~Capture() { TheOutput().board->RemoveCapture(sink_); }

std::vector<std::string> Capture::lines() const { return sink_->Copy(); }

bool Capture::Contains(std::string_view text) const {
  for (const std::string& line : lines()) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace bangfu::log
