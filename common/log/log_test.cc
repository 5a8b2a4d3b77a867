#include "common/log/log.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

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

}  // namespace
}  // namespace bangfu::log
