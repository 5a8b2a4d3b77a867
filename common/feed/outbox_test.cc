// What an event shows of its record.
#include "common/feed/outbox.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/time/time.h"
#include "bangfu/publicity/v1/publicity.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/base/ulid.h"

namespace bangfu::feed {
namespace {

OutboxEvent Event(const google::protobuf::Message& state) {
  return MakeEvent("thing", Ulid(), "360733", state, absl::UnixEpoch());
}

TEST(MakeEvent, MasksWhatIsSensitiveAndNothingElse) {
  publicity::v1::Publicity state;
  state.set_url("https://example.test/1");
  publicity::v1::Objection* objection = state.add_objections();
  objection->set_raised_by("王小明");
  objection->set_text("王小明家的面积不符");
  state.add_objections()->set_raised_by("13812345678");
  const std::string before = state.SerializeAsString();
  const OutboxEvent event = Event(state);
  EXPECT_EQ(event.aggregate_type, "thing");
  EXPECT_EQ(event.region_path, "360733");
  EXPECT_EQ(event.payload_type, "bangfu.publicity.v1.Publicity");
  EXPECT_EQ(event.occurred_at, absl::UnixEpoch());
  publicity::v1::Publicity shown;
  ASSERT_TRUE(shown.ParseFromString(event.payload));
  EXPECT_EQ(shown.url(), state.url());
  ASSERT_EQ(shown.objections_size(), 2);
  EXPECT_EQ(shown.objections(0).raised_by(), "王**");
  EXPECT_EQ(shown.objections(0).text(), "王小明家的面积不符");
  EXPECT_EQ(shown.objections(1).raised_by(), "138****5678");
  // The record itself is the caller's: the audit and the answer are made of it.
  EXPECT_EQ(state.SerializeAsString(), before);
  // What comes masked goes on as it is.
  EXPECT_EQ(Event(shown).payload, event.payload);
}

TEST(MakeEvent, LeavesAsTheyAreRecordsWithoutAnythingSensitive) {
  type::v1::Quantity quantity;
  quantity.set_value_milli(7);
  EXPECT_EQ(Event(quantity).payload, quantity.SerializeAsString());
  // Of a type that could hold something.
  publicity::v1::Publicity publicity;
  publicity.set_url("https://example.test/1");
  publicity.add_objections()->set_text("面积不符");
  EXPECT_EQ(Event(publicity).payload, publicity.SerializeAsString());
}

}  // namespace
}  // namespace bangfu::feed
