#include "common/contract/difference.h"

#include "bangfu/testing/v1/sample.pb.h"
#include "common/contract/sensitive.h"

namespace bangfu::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::v1::Sample;

std::vector<std::string> Lines(const Sample& before, const Sample& after) {
  std::vector<std::string> out;
  for (const Difference& d : Compare(before, after)) {
    out.push_back(absl::StrCat(d.field, "|", d.label_zh, "|", d.before, "|", d.after));
  }
  return out;
}

TEST(Difference, TellsFieldsByPathLabelAndText) {
  Sample before, after;
  before.set_name("茶园");
  after.set_name("橘园");
  after.set_kind(testing::v1::SAMPLE_KIND_FARM);
  after.set_amount_fen(5);
  after.mutable_started_on()->set_year(2026);
  after.mutable_started_on()->set_month(3);
  after.mutable_started_on()->set_day(1);
  before.mutable_seen_at()->set_seconds(1767225600);
  EXPECT_THAT(Lines(before, after),
              ElementsAre("name|名称|茶园|橘园", "kind|||种植", "amount_fen|||5",
                          "started_on|||2026-03-01", "seen_at||2026-01-01 08:00:00|"));
  EXPECT_THAT(Lines(after, after), IsEmpty());
}

TEST(Difference, ListsGoByTheirElementsIdOrByPosition) {
  Sample before, after;
  before.add_notes("a");
  before.add_notes("b");
  after.add_notes("a");
  after.add_notes("c");
  after.add_notes("d");
  Sample* first = before.add_parts();
  first->set_id("one");
  first->set_name("甲");
  before.add_parts()->set_id("two");
  after.add_parts()->set_id("two");
  Sample* same = after.add_parts();
  same->set_id("one");
  same->set_name("乙");
  EXPECT_THAT(Lines(before, after),
              ElementsAre("parts[one].name|one/名称|甲|乙", "notes[1]||b|c", "notes[2]|||d"));
  // Without keys that tell them apart, by position.
  before.mutable_parts(0)->clear_id();
  EXPECT_THAT(Lines(before, after),
              ElementsAre("parts[0].id|||two", "parts[0].name|名称|甲|", "parts[1].id||two|one",
                          "parts[1].name|名称||乙", "notes[1]||b|c", "notes[2]|||d"));
}

TEST(Sensitive, IsFoundMaskedAndRestored) {
  Sample sample;
  sample.set_name("茶园");
  sample.set_contact_phone("13812345678");
  sample.add_parts()->set_contact_phone("李明");
  const auto fields = SensitiveFields(sample);
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields[0].field, "parts[0].contact_phone");
  EXPECT_EQ(fields[1].value, "13812345678");
  Sample masked = sample;
  MaskSensitive(&masked);
  EXPECT_EQ(masked.name(), "茶园");
  EXPECT_EQ(masked.contact_phone(), "138****5678");
  EXPECT_EQ(masked.parts(0).contact_phone(), "李**");
  EXPECT_EQ(MaskText("12345"), "****");
  EXPECT_EQ(MaskText(""), "");
  // Masked again it is the same, so whoever passes a masked record on may mask it, too.
  MaskSensitive(&masked);
  EXPECT_EQ(masked.contact_phone(), "138****5678");
  EXPECT_EQ(masked.parts(0).contact_phone(), "李**");
  for (const char* text : {"李明", "1号院", "5", "12345", "+86 138 1234 5678", "**", "***"}) {
    EXPECT_EQ(MaskText(MaskText(text)), MaskText(text)) << text;
  }
  // What a form sends back masked is what it was; what it changed is changed.
  Sample back = masked;
  RestoreMasked(sample, &back);
  EXPECT_EQ(back.contact_phone(), "13812345678");
  back.set_contact_phone("13900000000");
  RestoreMasked(sample, &back);
  EXPECT_EQ(back.contact_phone(), "13900000000");
}

}  // namespace
}  // namespace bangfu::contract
