#include "common/log/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <thread>

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
    WriteHeld();  // they were said before it listened
    captures_.push_back(std::move(sink));
    captured_.store(true, std::memory_order_relaxed);
  }
  void RemoveCapture(const std::shared_ptr<spdlog::sinks::sink>& sink) {
    const std::lock_guard<std::mutex> lock(mutex_);
    captures_.erase(std::remove(captures_.begin(), captures_.end(), sink), captures_.end());
    captured_.store(!captures_.empty(), std::memory_order_relaxed);
  }
  bool captured() const { return captured_.load(std::memory_order_relaxed); }

  // Keeps a line for Flush; tells whether it is the first of those kept.
  bool Hold(std::string_view line) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const bool first = held_.empty();
    held_.append(line);
    held_.push_back('\n');
    if (held_.size() < kMostHeld) return first;
    WriteHeld();
    return false;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    WriteHeld();
    if (captures_.empty()) stderr_->log(message);
    for (const auto& capture : captures_) capture->log(message);
  }
  void flush_() override {
    WriteHeld();
    stderr_->flush();
  }

 private:
  static constexpr size_t kMostHeld = 64 << 10;

  void WriteHeld() {
    if (held_.empty()) return;
    held_.pop_back();  // the pattern ends each message with a line end
    stderr_->log(spdlog::details::log_msg("", spdlog::level::info,
                                          spdlog::string_view_t(held_.data(), held_.size())));
    held_.clear();
  }

  const std::shared_ptr<spdlog::sinks::sink> stderr_ =
      std::make_shared<spdlog::sinks::stderr_sink_mt>();
  std::vector<std::shared_ptr<spdlog::sinks::sink>> captures_;
  std::atomic<bool> captured_ = false;
  std::string held_;  // whole lines
};

// Writes what is held, kSoon after the first line of it. Its thread starts with the first such line
// and waits for the next; it ends with the process.
class Later {
 public:
  explicit Later(Switchboard& board) : board_(board) {
    std::thread([this] { Run(); }).detach();
  }
  void Begin() {
    {
      const std::lock_guard lock(mu_);
      begun_ = true;
    }
    changed_.notify_one();
  }

 private:
  [[noreturn]] void Run() {
    std::unique_lock lock(mu_);
    for (;;) {
      changed_.wait(lock, [this] { return begun_; });
      begun_ = false;
      lock.unlock();
      std::this_thread::sleep_for(absl::ToChronoMilliseconds(kSoon));
      board_.flush();
      lock.lock();
    }
  }

  Switchboard& board_;
  std::mutex mu_;
  std::condition_variable changed_;
  bool begun_ = false;
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

Later& TheLater() {
  static Later* const later = [] {
    std::atexit([] { TheOutput().board->flush(); });
    return new Later(*TheOutput().board);
  }();
  return *later;
}

// "2026-11-26T08:00:00.123456Z". All but the fraction stays for a second.
void AppendTime(std::string& out, absl::Time now) {
  thread_local int64_t second = std::numeric_limits<int64_t>::min();
  thread_local std::string text;
  const int64_t micros = absl::ToUnixMicros(now);
  const int64_t fraction = ((micros % 1'000'000) + 1'000'000) % 1'000'000;
  const int64_t whole = (micros - fraction) / 1'000'000;
  if (whole != second) {
    text =
        absl::FormatTime("%Y-%m-%dT%H:%M:%S.", absl::FromUnixSeconds(whole), absl::UTCTimeZone());
    second = whole;
  }
  absl::StrAppend(&out, text, absl::Dec(fraction, absl::kZeroPad6), "Z");
}

std::string Line(Level level, std::string_view msg, const Field* fields, size_t count) {
  std::string line;
  line.reserve(512);
  line += R"({"ts":")";
  AppendTime(line, SystemClock().Now());
  line += R"(","level":")";
  line += LevelName(level);
  line += R"(","msg":)";
  AppendJsonString(line, msg);
  for (size_t i = 0; i < count; ++i) {
    line.push_back(',');
    AppendJsonString(line, fields[i].key());
    line.push_back(':');
    fields[i].AppendJson(line);
  }
  line.push_back('}');
  return line;
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
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; };
  out.push_back('"');
  const char* s = text.data();
  const int64_t length = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < length;) {
    // Most texts are plain: a run of them goes in at once.
    const int64_t plain = i;
    while (i < length && is_plain(s[i])) ++i;
    out.append(s + plain, static_cast<size_t>(i - plain));
    if (i == length) break;
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
  const std::string line = Line(level, msg, fields, count);
  TheOutput().logger.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

void WriteSoon(Level level, std::string_view msg, Fields fields) {
  if (!Enabled(level) || level == Level::kOff) return;
  Switchboard& board = *TheOutput().board;
  if (level >= Level::kWarning || board.captured()) return Write(level, msg, fields);
  Later& later = TheLater();
  if (board.Hold(Line(level, msg, fields.begin(), fields.size()))) later.Begin();
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
