#include "common/contract/access.h"

#include "bangfu/testing/v1/broken.pb.h"
#include "bangfu/testing/v1/sample.pb.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/contract/log_text.h"
#include "common/status/error.h"

namespace bangfu::contract {
namespace {

// Keeps the test contracts linked in, as a program that serves them does.
const auto* const kSample = testing::v1::Sample::descriptor();
const auto* const kBroken = testing::v1::BrokenRequest::descriptor();

TEST(AccessTest, ListsTheRpcsOfAServiceWithTheirRules) {
  auto methods = Catalogue({"bangfu.testing.v1.SampleService"});
  ASSERT_TRUE(methods.ok()) << methods.status();
  ASSERT_EQ(methods->size(), 6u);
  EXPECT_EQ((*methods)[2].descriptor->name(), "CreateSample");
  EXPECT_TRUE((*methods)[2].writes());
  EXPECT_EQ((*methods)[2].access.roles(0), options::v1::ROLE_COUNTY_OPERATOR);
  EXPECT_FALSE((*methods)[0].writes());
}

TEST(AccessTest, RefusesRulesThatMakeNoSense) {
  ASSERT_NE(kBroken, nullptr);
  ASSERT_NE(kSample, nullptr);
  for (const char* service : {"NoRuleService", "NoModeService", "NobodyService", "RingService"}) {
    auto methods = Catalogue({Cat("bangfu.testing.v1.", service)});
    EXPECT_EQ(ReasonOf(methods.status()), "ACCESS_RULE_INVALID") << service;
  }
  EXPECT_EQ(ReasonOf(Catalogue({"bangfu.testing.v1.Nothing"}).status()), "SERVICE_UNKNOWN");
}

TEST(LabelsTest, ComeFromTheContract) {
  EXPECT_EQ(EnumText(testing::v1::SAMPLE_KIND_FARM), "种植");
  EXPECT_EQ(EnumText(testing::v1::SAMPLE_KIND_PLANT), "SAMPLE_KIND_PLANT");
  EXPECT_EQ(EnumText(*testing::v1::SampleKind_descriptor(), 77), "77");
  EXPECT_EQ(LabelOf(*kSample->FindFieldByName("name")).zh(), "名称");
  EXPECT_EQ(LabelOf(*kSample->FindFieldByName("id")).zh(), "");
}

TEST(LogTextTest, HidesWhatIsSensitiveAndCutsWhatIsLong) {
  testing::v1::Sample sample;
  sample.set_name("茶园");
  sample.set_contact_phone("13800000000");
  sample.set_kind(testing::v1::SAMPLE_KIND_FARM);
  sample.set_photo("12345");
  sample.add_parts()->set_contact_phone("13900000000");
  sample.add_scores(3);
  const std::string text = LogText(sample);
  EXPECT_EQ(
      text,
      "name: \"茶园\" kind: SAMPLE_KIND_FARM parts: [{contact_phone: ***}] contact_phone: *** "
      "photo: <5 bytes> scores: [3]");
  sample.set_serial(std::string(5000, 'a'));
  EXPECT_LT(LogText(sample).size(), 400u);
  for (int i = 0; i < 5000; ++i) sample.add_notes("一条备注");
  EXPECT_LT(LogText(sample).size(), 1200u);
}

}  // namespace
}  // namespace bangfu::contract
