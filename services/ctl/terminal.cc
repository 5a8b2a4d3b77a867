#include "services/ctl/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/time/time.h"
#include "common/base/bp.h"
#include "common/base/clock.h"
#include "common/base/money.h"
#include "common/base/strings.h"

namespace bangfu::ctl {
namespace {

// Decodes one code point at `i` and moves past it; a stray byte counts as itself.
char32_t Next(std::string_view text, size_t& i) {
  unsigned char c = text[i];
  size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
  if (i + length > text.size()) length = 1;
  char32_t point = length == 1 ? c : c & (0xFF >> (length + 1));
  for (size_t k = 1; k < length; ++k)
    point = (point << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3F);
  i += length;
  return point;
}

bool IsWide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x20000 && c <= 0x3FFFD);
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size();) width += IsWide(Next(text, i)) ? 2 : 1;
  return width;
}

std::string PadRight(std::string_view text, size_t width) {
  std::string out(text);
  size_t have = DisplayWidth(text);
  if (have < width) out.append(width - have, ' ');
  return out;
}

std::string PadLeft(std::string_view text, size_t width) {
  size_t have = DisplayWidth(text);
  std::string out(have < width ? width - have : 0, ' ');
  out.append(text);
  return out;
}

TextTable::TextTable(std::vector<std::string> header, std::vector<size_t> right)
    : header_(std::move(header)), right_(std::move(right)) {}

void TextTable::Row(std::vector<std::string> cells) {
  cells.resize(header_.size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::Render() const {
  std::vector<size_t> widths(header_.size());
  for (size_t c = 0; c < header_.size(); ++c) {
    widths[c] = DisplayWidth(header_[c]);
    for (const auto& row : rows_) widths[c] = std::max(widths[c], DisplayWidth(row[c]));
  }
  std::string out;
  auto line = [&](const std::vector<std::string>& cells) {
    for (size_t c = 0; c < cells.size(); ++c) {
      bool right = std::find(right_.begin(), right_.end(), c) != right_.end();
      if (c > 0) out += "  ";
      out += right ? PadLeft(cells[c], widths[c]) : PadRight(cells[c], widths[c]);
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  };
  line(header_);
  for (size_t c = 0; c < widths.size(); ++c) {
    if (c > 0) out += "  ";
    for (size_t k = 0; k < widths[c]; ++k) out += "─";
  }
  out += '\n';
  for (const auto& row : rows_) line(row);
  return out;
}

std::string Bar(int64_t part, int64_t whole, size_t width) {
  size_t full =
      whole <= 0 ? 0 : static_cast<size_t>(MulDivHalfUp(part, static_cast<int64_t>(width), whole));
  full = std::min(full, width);
  std::string out;
  for (size_t k = 0; k < width; ++k) out += k < full ? "█" : "░";
  return out;
}

std::string Percent(int64_t bp) { return Cat(FormatScaledDecimal(bp, 2), " %"); }

std::string Wan(int64_t fen) { return FormatWanYuan(fen); }

std::string TimeText(const google::protobuf::Timestamp& at, std::string_view time_of_day) {
  return absl::FormatTime(Cat("%Y-%m-%d ", time_of_day), absl::FromUnixSeconds(at.seconds()),
                          ShanghaiTimeZone());
}

std::string ActionsText(
    const google::protobuf::RepeatedPtrField<type::v1::AllowedAction>& actions) {
  std::string out;
  for (const type::v1::AllowedAction& action : actions) {
    out +=
        Cat("  ", action.label_zh(), "：", action.allowed() ? "可以" : action.refusal_zh(), "\n");
  }
  return out;
}

ProgressLine::ProgressLine(std::string title)
    : title_(std::move(title)), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (open_) std::fputc('\n', stderr);
}

void ProgressLine::Update(int64_t done, int64_t total, std::string_view note) {
  int shown = total > 0 ? static_cast<int>(done * 100 / total) : 0;
  if (terminal_) {
    std::string text =
        Cat("\r\033[K", title_, " ", Bar(done, total), " ", done, "/", total, " ", note);
    std::fwrite(text.data(), 1, text.size(), stderr);
    open_ = true;
  } else if (shown / 25 != last_shown_ / 25 || last_shown_ < 0) {
    std::string text = Cat(title_, " ", done, "/", total, " ", note, "\n");
    std::fwrite(text.data(), 1, text.size(), stderr);
  }
  last_shown_ = shown;
}

void ProgressLine::Done(std::string_view result) {
  std::string text = Cat(terminal_ && open_ ? "\r\033[K" : "", title_, "  ", result, "\n");
  std::fwrite(text.data(), 1, text.size(), stderr);
  open_ = false;
}

}  // namespace bangfu::ctl
