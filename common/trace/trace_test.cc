#include "common/trace/trace.h"

#include "gtest/gtest.h"

namespace bangfu::trace {
namespace {

constexpr char kHeader[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Trace, ParsesAndFormats) {
  const auto context = ParseTraceparent(kHeader);
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context->span_id, "00f067aa0ba902b7");
  EXPECT_TRUE(context->sampled());
  EXPECT_EQ(context->ToHeader(), kHeader);
}

TEST(Trace, ReadsLaterVersions) {
  const std::string later = std::string("cc") + (kHeader + 2);
  EXPECT_EQ(ParseTraceparent(later)->ToHeader(), kHeader);
  EXPECT_TRUE(ParseTraceparent(later + "-what-the-future-brings").has_value());
  EXPECT_FALSE(ParseTraceparent(later + ".x").has_value());
}

TEST(Trace, RefusesWhatIsBroken) {
  for (const char* header : {
           "",
           "00",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
       }) {
    EXPECT_FALSE(ParseTraceparent(header).has_value()) << header;
  }
}

TEST(Trace, ANewContextWhereThereIsNone) {
  uint64_t next = 0;
  const Random random = [&] { return next++; };
  const TraceContext context = FromHeaderOrNew("broken", random);
  EXPECT_EQ(context.ToHeader(), "00-00000000000000010000000000000001-0000000000000002-01");
  EXPECT_EQ(FromHeaderOrNew(kHeader, random).ToHeader(), kHeader);
}

TEST(Trace, AChildKeepsTraceAndFlags) {
  const TraceContext parent = *ParseTraceparent(kHeader);
  const TraceContext child = parent.Child(SystemRandom);
  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_EQ(child.flags, parent.flags);
  EXPECT_NE(child.span_id, parent.span_id);
  EXPECT_TRUE(ParseTraceparent(child.ToHeader()).has_value());
}

}  // namespace
}  // namespace bangfu::trace
