#include "common/log/log.h"

#include <poll.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu::log {
namespace {

using nlohmann::json;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

TEST(Log, WritesOneJsonObjectALine) {
  Capture capture;
  const std::string owned = "owned";
  Info("filed", {{"text", "冷库 \"A\"\n\t\\ \x01"},
                 {"owned", owned},
                 {"view", std::string_view("view")},
                 {"n", -7},
                 {"big", ~uint64_t{0}},
                 {"ratio", 0.5},
                 {"nan", std::nan("")},
                 {"yes", true},
                 {"took", absl::Milliseconds(1500)},
                 {"status", absl::NotFoundError("gone")}});
  ASSERT_THAT(capture.lines(), SizeIs(1));
  const json line = json::parse(capture.lines()[0]);
  EXPECT_THAT(line["ts"].get<std::string>(),
              MatchesRegex("20[0-9-]+T[0-9:]+\\.[0-9][0-9][0-9][0-9][0-9][0-9]Z"));
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["msg"], "filed");
  EXPECT_EQ(line["text"], "冷库 \"A\"\n\t\\ \x01");
  EXPECT_EQ(line["owned"], "owned");
  EXPECT_EQ(line["view"], "view");
  EXPECT_EQ(line["n"], -7);
  EXPECT_EQ(line["big"], ~uint64_t{0});
  EXPECT_EQ(line["ratio"], 0.5);
  EXPECT_TRUE(line["nan"].is_null());
  EXPECT_EQ(line["yes"], true);
  EXPECT_EQ(line["took"], 1.5);
  EXPECT_EQ(line["status"], "NOT_FOUND: gone");
  EXPECT_EQ(capture.lines()[0].find('\n'), std::string::npos);
}

TEST(Log, EveryByteGivesValidJson) {
  Capture capture;
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  Warning(bytes, {{bytes, bytes}});
  EXPECT_TRUE(json::accept(capture.lines().at(0)));
}

TEST(Log, PercentAndBracesAreText) {
  Capture capture;
  Error("100% {} %v", {});
  EXPECT_EQ(json::parse(capture.lines().at(0))["msg"], "100% {} %v");
}

TEST(Log, LevelSwitch) {
  Capture capture;
  Debug("dropped");
  EXPECT_THAT(capture.lines(), IsEmpty());
  SetLevel(Level::kDebug);
  Debug("kept");
  SetLevel(Level::kError);
  Warning("dropped");
  Error("kept too");
  SetLevel(Level::kOff);
  Error("dropped");
  SetLevel(Level::kInfo);
  EXPECT_THAT(capture.lines(), SizeIs(2));
  EXPECT_TRUE(capture.Contains("kept too"));
  EXPECT_FALSE(capture.Contains("dropped"));
  EXPECT_EQ(ParseLevel("warning"), Level::kWarning);
  EXPECT_EQ(ParseLevel("loud"), std::nullopt);
}

TEST(Log, CapturesNestAndEnd) {
  Capture outer;
  {
    Capture inner;
    Info("both");
    EXPECT_TRUE(inner.Contains("both"));
  }
  Info("outer only");
  EXPECT_THAT(outer.lines(), SizeIs(2));
}

TEST(Log, LinesOfThreadsStayWhole) {
  Capture capture;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 250; ++i) Info("line", {{"thread", t}, {"i", i}});
      });
    }
  }
  const auto lines = capture.lines();
  ASSERT_THAT(lines, SizeIs(1000));
  for (const std::string& line : lines) EXPECT_TRUE(json::accept(line));
}

TEST(Log, GoesToStderrWithoutCapture) {
  ::testing::internal::CaptureStderr();
  Info("seen", {{"k", "v"}});
  const std::string text = ::testing::internal::GetCapturedStderr();
  ASSERT_FALSE(text.empty());
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(json::parse(text)["k"], "v");
}

TEST(Log, SoonKeepsTheOrderOfLines) {
  ::testing::internal::CaptureStderr();
  WriteSoon(Level::kInfo, "first", {{"n", 1}});
  WriteSoon(Level::kInfo, "second", {{"n", 2}});
  WriteSoon(Level::kWarning, "third", {{"n", 3}});  // at once, and with it what was held
  const std::string text = ::testing::internal::GetCapturedStderr();
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  ASSERT_THAT(lines, SizeIs(3));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(json::parse(lines[i])["n"], i + 1);
}

TEST(Log, SoonGoesToACaptureAtOnce) {
  Capture capture;
  WriteSoon(Level::kInfo, "seen", {});
  EXPECT_TRUE(capture.Contains("seen"));
}

// Standard error as a pipe whose other end this holds.
class Piped {
 public:
  Piped() : kept_(dup(STDERR_FILENO)) {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    end_ = ends[0];
  }
  ~Piped() {
    dup2(kept_, STDERR_FILENO);
    close(kept_);
    close(end_);
  }
  // What comes first within the time; empty: nothing.
  std::string Read(int milliseconds) {
    pollfd waiting{end_, POLLIN, 0};
    if (poll(&waiting, 1, milliseconds) != 1) return "";
    std::string text(4096, '\0');
    const ssize_t size = read(end_, text.data(), text.size());
    text.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return text;
  }

 private:
  int kept_;
  int end_;
};

TEST(Log, SoonComesWithoutAnotherLine) {
  for (int round = 0; round < 2; ++round) {
    Piped piped;
    WriteSoon(Level::kInfo, "alone", {{"round", round}});
    const std::string text = piped.Read(20'000);
    ASSERT_FALSE(text.empty()) << "round " << round;
    EXPECT_EQ(json::parse(text)["round"], round);
  }
}

// In a process that is begun anew: one forked from here could inherit the lock that the writing
// thread holds at that moment.
TEST(Log, WhatIsHeldIsWrittenWhenTheProcessEnds) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        WriteSoon(Level::kInfo, "last words", {});
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "last words");
}

}  // namespace
}  // namespace bangfu::log
