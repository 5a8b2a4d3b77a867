// Projects, operators and helper organisations by their numbers in other systems.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/status/error.h"
#include "services/registry/api/registry_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

void Number(type::v1::ExternalId* id, const std::string& system, const std::string& number) {
  id->set_system(system);
  id->set_id(number);
}

class ExternalIdsTest : public RegistryTest {
 protected:
  absl::StatusOr<v1::Operator> Create(const std::string& uscc, const std::string& system,
                                      const std::string& number) {
    v1::CreateOperatorRequest create;
    v1::Operator& o = *create.mutable_operator_();
    o.set_name("会昌县脐橙专业合作社");
    o.set_kind("COOPERATIVE");
    o.set_region_code("360733");
    o.set_uscc(uscc);
    Number(o.add_external_ids(), system, number);
    return Call<v1::Operator>(kO, "CreateOperator", create, county_);
  }
  absl::StatusOr<v1::Project> RegisterAs(const std::string& name, const std::string& system,
                                         const std::string& number) {
    v1::Project p = SomeProject(name);
    Number(p.add_external_ids(), system, number);
    return Register(p, county_);
  }
  std::vector<std::string> FoundProjects(const std::string& system, const std::string& number) {
    v1::ListProjectsRequest list;
    list.set_external_system(system);
    list.set_external_id(number);
    const v1::ListProjectsResponse page = List(list, county_);
    std::vector<std::string> ids;
    for (const v1::Project& p : page.projects()) ids.push_back(p.id());
    return ids;
  }
  std::vector<std::string> Found(const std::string& system, const std::string& number) {
    v1::ListOperatorsRequest list;
    list.set_external_system(system);
    list.set_external_id(number);
    const auto page = Call<v1::ListOperatorsResponse>(kO, "ListOperators", list, county_);
    EXPECT_OK(page);
    std::vector<std::string> ids;
    if (!page.ok()) return ids;
    for (const v1::Operator& o : page->operators()) ids.push_back(o.id());
    return ids;
  }
};

TEST_F(ExternalIdsTest, AnOperatorIsFoundByItsNumberInAnotherSystem) {
  const auto made = Create("91350100M000100Y43", "market", "M-1");
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(Found("market", "M-1"), ElementsAre(made->id()));
  EXPECT_THAT(Found("market", "M-2"), IsEmpty());
  EXPECT_THAT(Found("sanzi", "M-1"), IsEmpty());
  v1::ListOperatorsRequest half;
  half.set_external_id("M-1");
  EXPECT_THAT(Call<v1::ListOperatorsResponse>(kO, "ListOperators", half, county_),
              HasViolation("external_system"));

  // One system's number names one operator; nothing of the second one is stored.
  const auto second = Create("913607333147352380", "market", "M-1");
  EXPECT_THAT(second, StatusIs(Code::kAlreadyExists, "EXTERNAL_ID_TAKEN"));
  EXPECT_THAT(second, HasViolation("operator.external_ids"));

  // Replaced as a whole; a void one gives its numbers free.
  v1::UpdateOperatorRequest update;
  update.set_id(made->id());
  update.set_etag(made->etag());
  Number(update.mutable_operator_()->add_external_ids(), "market", "M-3");
  update.mutable_update_mask()->add_paths("external_ids");
  const auto updated = Call<v1::Operator>(kO, "UpdateOperator", update, county_);
  ASSERT_THAT(updated, IsOk());
  EXPECT_THAT(Found("market", "M-1"), IsEmpty());
  EXPECT_THAT(Found("market", "M-3"), ElementsAre(made->id()));
  const auto other = Create("913607333147352380", "market", "M-1");
  ASSERT_THAT(other, IsOk());
  v1::VoidOperatorRequest leave;
  leave.set_id(made->id());
  leave.set_etag(updated->etag());
  leave.set_reason("重复登记");
  ASSERT_THAT(Call<v1::Operator>(kO, "VoidOperator", leave, county_), IsOk());
  v1::UpdateOperatorRequest take;
  take.set_id(other->id());
  take.set_etag(other->etag());
  Number(take.mutable_operator_()->add_external_ids(), "market", "M-3");
  take.mutable_update_mask()->add_paths("external_ids");
  EXPECT_THAT(Call<v1::Operator>(kO, "UpdateOperator", take, county_), IsOk());
  EXPECT_THAT(Found("market", "M-3"), ElementsAre(other->id()));
}

TEST_F(ExternalIdsTest, AHelperIsFoundByItsNumberInAnotherSystem) {
  v1::CreateHelperOrganisationRequest create;
  v1::HelperOrganisation& h = *create.mutable_helper();
  h.set_name("江西省某厅");
  h.set_unit_level("PROVINCE");
  h.set_region_code("360733");
  Number(h.add_external_ids(), "helpers", "7");
  const auto made = Call<v1::HelperOrganisation>(kO, "CreateHelperOrganisation", create, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(Call<v1::HelperOrganisation>(kO, "CreateHelperOrganisation", create, county_),
              StatusIs(Code::kAlreadyExists, "EXTERNAL_ID_TAKEN"));
  v1::ListHelperOrganisationsRequest list;
  list.set_external_system("helpers");
  list.set_external_id("7");
  const auto page =
      Call<v1::ListHelperOrganisationsResponse>(kO, "ListHelperOrganisations", list, county_);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->helpers_size(), 1);
  EXPECT_EQ(page->helpers(0).id(), made->id());
  // An operator may have the same number: it is another kind of record.
  EXPECT_THAT(Create("91350100M000100Y43", "helpers", "7"), IsOk());
}

TEST_F(ExternalIdsTest, AProjectIsFoundByItsNumberInAnotherSystem) {
  const auto made = RegisterAs("水东村项目一", "antipoverty", "XM-1");
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(FoundProjects("antipoverty", "XM-1"), ElementsAre(made->id()));
  EXPECT_THAT(FoundProjects("antipoverty", "XM-2"), IsEmpty());
  EXPECT_THAT(FoundProjects("sanzi", "XM-1"), IsEmpty());
  EXPECT_THAT(RegisterAs("水东村项目二", "antipoverty", "XM-1"),
              StatusIs(Code::kAlreadyExists, "EXTERNAL_ID_TAKEN"));
  v1::Project twice = SomeProject("水东村项目二");
  for (int i = 0; i < 2; ++i) Number(twice.add_external_ids(), "antipoverty", "XM-2");
  EXPECT_THAT(Register(twice, county_), HasViolation("project.external_ids"));
  // An operator may have the same number: it is another kind of record.
  EXPECT_THAT(Create("91350100M000100Y43", "antipoverty", "XM-1"), IsOk());

  v1::Project change = *made;
  change.mutable_external_ids(0)->set_id("XM-3");
  ASSERT_THAT(Update(change, {"external_ids"}, county_), IsOk());
  EXPECT_THAT(FoundProjects("antipoverty", "XM-1"), IsEmpty());
  EXPECT_THAT(FoundProjects("antipoverty", "XM-3"), ElementsAre(made->id()));
  EXPECT_THAT(Found("antipoverty", "XM-1"), SizeIs(1));  // the operator's stays
  EXPECT_THAT(RegisterAs("水东村项目二", "antipoverty", "XM-1"), IsOk());
}

// As a schema finds it whose projects had a table of their own for their numbers.
TEST_F(ExternalIdsTest, NumbersThatProjectsHadBeforeAreTheirsStill) {
  const auto made = RegisterAs("水东村项目一", "antipoverty", "XM-1");
  ASSERT_THAT(made, IsOk());
  std::string move;
  for (const migrate::Migration& step : OwnMigrations()) {
    if (step.name == "external_ids") move = step.sql;
  }
  ASSERT_FALSE(move.empty());
  server_.database().Run(
      "CREATE TABLE project_external (system_name VARCHAR(64) NOT NULL, external_id VARCHAR(128) "
      "NOT NULL, project_id BINARY(16) NOT NULL, PRIMARY KEY (system_name, external_id)) "
      "COLLATE=utf8mb4_bin;\n"
      "INSERT INTO project_external SELECT system_name, external_id, record_id FROM "
      "external_id;\n"
      "DELETE FROM external_id;\n");
  EXPECT_THAT(FoundProjects("antipoverty", "XM-1"), IsEmpty());
  server_.database().Run(move);
  EXPECT_THAT(FoundProjects("antipoverty", "XM-1"), ElementsAre(made->id()));
  EXPECT_THAT(RegisterAs("水东村项目二", "antipoverty", "XM-1"),
              StatusIs(Code::kAlreadyExists, "EXTERNAL_ID_TAKEN"));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() "
                "AND table_name = 'project_external'"),
            0);
}

}  // namespace
}  // namespace bangfu::registry
