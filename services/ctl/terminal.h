// What a person at a terminal sees: tables that line up with Chinese text, bars, progress.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bangfu/type/v1/common.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace bangfu::ctl {

// Columns that a text takes in a terminal: a CJK character or full-width sign takes two.
size_t DisplayWidth(std::string_view text);
std::string PadRight(std::string_view text, size_t width);
std::string PadLeft(std::string_view text, size_t width);

// A table with a header line. Numbers (columns named in `right`) are set to the right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header, std::vector<size_t> right = {});
  void Row(std::vector<std::string> cells);
  std::string Render() const;
  size_t rows() const { return rows_.size(); }

 private:
  std::vector<std::string> header_;
  std::vector<size_t> right_;
  std::vector<std::vector<std::string>> rows_;
};

// ████████░░░░ of `width` cells.
std::string Bar(int64_t part, int64_t whole, size_t width = 20);
// 12.34 % of basis points; "–" when whole is zero is the caller's.
std::string Percent(int64_t bp);
// Fen as 万元 with at most six decimals, shortest.
std::string Wan(int64_t fen);
// The day and this much of its time, as in Shanghai: 2026-10-31 18:00.
std::string TimeText(const google::protobuf::Timestamp& at, std::string_view time_of_day = "%H:%M");
// A line for each step: that it may be taken, or why not.
std::string ActionsText(const google::protobuf::RepeatedPtrField<type::v1::AllowedAction>& actions);

// One line that is written over while work goes on; plain lines when the output is no terminal.
class ProgressLine {
 public:
  explicit ProgressLine(std::string title);
  ~ProgressLine();
  void Update(int64_t done, int64_t total, std::string_view note = "");
  // Ends the line with what came out.
  void Done(std::string_view result);

 private:
  std::string title_;
  bool terminal_;
  bool open_ = false;
  int last_shown_ = -1;
};

}  // namespace bangfu::ctl
