// gmock matchers for protobuf messages: EXPECT_THAT(project, EqualsProto("name: 'x'")).
#pragma once

#include <gmock/gmock.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>

#include <memory>
#include <string>
#include <utility>

namespace bangfu::testing {
namespace internal {

inline bool ProtoMatches(const google::protobuf::Message& actual,
                         const google::protobuf::Message& expected, bool partial,
                         ::testing::MatchResultListener* listener) {
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  if (partial) differencer.set_scope(google::protobuf::util::MessageDifferencer::PARTIAL);
  differencer.ReportDifferencesToString(&difference);
  if (differencer.Compare(expected, actual)) return true;
  *listener << "with differences:\n" << difference;
  return false;
}

inline bool ProtoMatchesText(const google::protobuf::Message& actual, const std::string& text,
                             bool partial, ::testing::MatchResultListener* listener) {
  std::unique_ptr<google::protobuf::Message> expected(actual.New());
  if (!google::protobuf::TextFormat::ParseFromString(text, expected.get())) {
    *listener << "but the expected text does not parse as " << actual.GetTypeName();
    return false;
  }
  return ProtoMatches(actual, *expected, partial, listener);
}

}  // namespace internal

MATCHER_P2(ProtoTextMatcher, text, partial, "equals the message\n" + text) {
  return internal::ProtoMatchesText(arg, text, partial, result_listener);
}
// Equal to the message in text format.
inline auto EqualsProto(std::string text) { return ProtoTextMatcher(std::move(text), false); }
// Equal in the fields that the text sets.
inline auto MatchesProto(std::string text) { return ProtoTextMatcher(std::move(text), true); }
// Equal to another message.
inline auto EqualsProto(const google::protobuf::Message& expected) {
  return ProtoTextMatcher(expected.DebugString(), false);
}

}  // namespace bangfu::testing
