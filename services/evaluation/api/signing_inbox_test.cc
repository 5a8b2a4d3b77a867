// Joint confirmation in the inbox: a signature waits for those who may give it, which who computed
// or has signed may not, nor a deputy on their behalf.
#include <algorithm>
#include <string>
#include <vector>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/criteria.h"

namespace bangfu::evaluation {
namespace {

using auth::Role;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::StatusIs;

class SigningInbox : public ::testing::Test {
 protected:
  // A verifier of the county, in their own right or by a grant that another has lent.
  struct Who {
    std::string person;
    std::string lent_by = "";
  };
  std::string Verifier(const Who& who) {
    if (who.lent_by.empty()) return w_.Verifier(who.person);
    w_.world().held().Lend(who.person, who.lent_by, Role::ROLE_SECTOR_VERIFIER, "360733",
                           w_.server().ids().Next());
    return testing::PersonToken(w_.server(), who.person);
  }
  // Departments that wait for the caller; the count says the same.
  std::vector<std::string> Waiting(const Who& who) {
    const std::string token = Verifier(who);
    const std::string service = "bangfu.inbox.v1.InboxService.";
    auto page = w_.Call<inbox::v1::ListMyWorkResponse>(service + "ListMyWork",
                                                       inbox::v1::ListMyWorkRequest(), token);
    EXPECT_OK(page);
    auto count = w_.Call<inbox::v1::CountMyWorkResponse>(service + "CountMyWork",
                                                         inbox::v1::CountMyWorkRequest(), token);
    EXPECT_OK(count);
    if (!page.ok() || !count.ok()) return {"?"};
    EXPECT_EQ(count->total().open(), page->items_size());
    std::vector<std::string> out;
    for (const inbox::v1::WorkItem& item : page->items()) {
      EXPECT_EQ(item.kind(), "EVALUATION_SIGN");
      EXPECT_TRUE(item.mine());
      out.push_back(item.slot());
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  absl::Status Sign(const Ulid& id, const std::string& department, const Who& who) {
    v1::SignJointlyRequest request;
    request.set_department(department);
    return w_.Step("SignJointly", request, id, Verifier(who)).status();
  }

  LifecycleWorld w_;
};

TEST_F(SigningInbox, R017_WhoMayNotSignDoesNotFindTheSignature) {
  const Ulid subject = w_.AddSubject();
  w_.NeedDepartments(subject, {"DEVELOPMENT_REFORM", "ETHNIC"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE, "G1", "computer");
  ASSERT_OK(w_.Accept(id));  // by "approver", which is the lead department's signature
  const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition, "SAME_PERSON");
  EXPECT_THAT(Waiting({"minzong"}), ElementsAre("DEVELOPMENT_REFORM", "ETHNIC"));
  for (const Who& who : std::vector<Who>{
           {"computer"}, {"approver"}, {"deputy", "computer"}, {"deputy", "approver"}}) {
    EXPECT_THAT(Waiting(who), IsEmpty()) << who.person << " " << who.lent_by;
    EXPECT_THAT(Sign(id, "ETHNIC", who), refused) << who.person << " " << who.lent_by;
  }
  // Signed by a deputy: it is the principal's signature, too, and that of every deputy of theirs.
  const Who deputy = {"deputy", "principal"};
  EXPECT_THAT(Waiting(deputy), ElementsAre("DEVELOPMENT_REFORM", "ETHNIC"));
  ASSERT_OK(Sign(id, "ETHNIC", deputy));
  for (const Who& who : std::vector<Who>{
           deputy, {"deputy"}, {"principal"}, {"another", "principal"}, {"another", "deputy"}}) {
    EXPECT_THAT(Waiting(who), IsEmpty()) << who.person << " " << who.lent_by;
    EXPECT_THAT(Sign(id, "DEVELOPMENT_REFORM", who), refused) << who.person << " " << who.lent_by;
  }
  // Of somebody who had no hand in it, a deputy has.
  const Who other = {"another", "fagai"};
  EXPECT_THAT(Waiting(other), ElementsAre("DEVELOPMENT_REFORM"));
  ASSERT_OK(Sign(id, "DEVELOPMENT_REFORM", other));
  EXPECT_THAT(Waiting(other), IsEmpty());
}

TEST_F(SigningInbox, R118_CriteriaFiledForAnotherWaitForAThirdPerson) {
  w_.world().held().Lend("deputy", "wang", Role::ROLE_PROV_ADMIN, "36", w_.server().ids().Next());
  v1::CreateCriteriaDraftRequest request;
  request.set_region_code("36");
  request.set_content_json(CanonicalJson(DefaultCriteria()));
  ASSERT_OK(w_.Call<v1::CriteriaSet>("bangfu.evaluation.v1.CriteriaService.CreateCriteriaDraft",
                                     request, testing::PersonToken(w_.server(), "deputy")));
  const auto waits = [&](const std::string& token) {
    auto count = w_.Call<inbox::v1::CountMyWorkResponse>("bangfu.inbox.v1.InboxService.CountMyWork",
                                                         inbox::v1::CountMyWorkRequest(), token);
    EXPECT_OK(count);
    return count.ok() ? count->total().open() : -1;
  };
  EXPECT_EQ(waits(testing::PersonToken(w_.server(), "deputy")), 0);
  EXPECT_EQ(waits(w_.world().Admin("deputy")), 0);
  EXPECT_EQ(waits(w_.world().Admin("wang")), 0);
  EXPECT_EQ(waits(w_.world().Admin("li")), 1);
}

}  // namespace
}  // namespace bangfu::evaluation
