#include "services/ctl/subjects.h"

#include "common/base/strings.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu::ctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(SubjectsTest, AFewCodesAreAskedForOneByOne) {
  const SubjectPlan plan =
      PlanOf({"PJ360733-2021-000001", "PJ360733-2021-000002", "360733:TEA", ""}, true);
  EXPECT_THAT(plan.projects, ElementsAre("PJ360733-2021-000001", "PJ360733-2021-000002"));
  EXPECT_THAT(plan.industries, ElementsAre(Pair("360733", "TEA")));
  EXPECT_THAT(plan.listed, IsEmpty());  // no page of the region's projects is read
}

TEST(SubjectsTest, NumbersOfOtherSystemsAreLookedForInTheList) {
  const SubjectPlan plan = PlanOf({"PJ360733-2021-000001", "NAT-0001", "360733:TEA"}, false);
  EXPECT_THAT(plan.projects, ElementsAre("PJ360733-2021-000001"));
  EXPECT_THAT(plan.industries, IsEmpty());
  EXPECT_THAT(plan.listed, ElementsAre("360733:TEA", "NAT-0001"));
}

TEST(SubjectsTest, ManyCodesAreLookedForInTheList) {
  std::set<std::string> codes;
  for (int i = 0; i < 300; ++i) codes.insert(Cat("PJ360733-2021-", 100000 + i));
  const SubjectPlan plan = PlanOf(codes, false);
  EXPECT_THAT(plan.projects, IsEmpty());
  EXPECT_EQ(plan.listed, codes);
}

TEST(SubjectsTest, OnlyACodeThatIsNoneIsLookedForOn) {
  const absl::Status no_code = InvalidField("project_code", "过长");
  EXPECT_TRUE(IsNoCode(no_code, {"project_code"}));
  EXPECT_TRUE(IsNoCode(InvalidField("region_code", "无此区划"), {"region_code", "industry_code"}));
  // Of a mistyped region no code is found, whatever it is.
  EXPECT_FALSE(IsNoCode(InvalidField("region_code", "无此区划"), {"project_code"}));
  EXPECT_FALSE(IsNoCode(InvalidField("project_code", "过长").Field("region_code", "无此区划"),
                        {"project_code"}));
  EXPECT_FALSE(IsNoCode(absl::InvalidArgumentError("of no field"), {"project_code"}));
  EXPECT_FALSE(IsNoCode(absl::NotFoundError("x"), {"project_code"}));
  EXPECT_FALSE(IsNoCode(absl::OkStatus(), {"project_code"}));
}

}  // namespace
}  // namespace bangfu::ctl
