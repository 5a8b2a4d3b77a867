// Who is let in, and who is shown the contact data.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "common/base/ulid.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/api/registry_for_test.h"

namespace bangfu::registry {
namespace {

TEST_F(RegistryTest, R118_RegionsAndRolesDecide) {
  const auto made = Register(SomeProject(), county_);
  ASSERT_THAT(made, IsOk());
  // Another county does not see it, whatever it asks.
  EXPECT_THAT(Get(made->id(), other_county_), StatusIs(Code::kNotFound));
  EXPECT_THAT(Update(*made, {"note"}, other_county_), StatusIs(Code::kNotFound));
  EXPECT_EQ(List(v1::ListProjectsRequest(), other_county_).projects_size(), 0);
  v1::ListProjectsRequest list;
  list.set_region_code("360733");
  EXPECT_EQ(List(list, other_county_).projects_size(), 0);
  v1::BatchGetProjectsRequest batch;
  batch.add_ids(made->id());
  const auto got = Call<v1::BatchGetProjectsResponse>(kP, "BatchGetProjects", batch, other_county_);
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->missing_ids_size(), 1);
  EXPECT_THAT(Register(SomeProject("越界"), other_county_), StatusIs(Code::kNotFound));
  // A village writes in the village only.
  EXPECT_THAT(Register(SomeProject("邻村", "360733100002"), village_), StatusIs(Code::kNotFound));
  // Roles: the city supervises and edits nothing (R119); an auditor reads.
  for (const auto r : {role::ROLE_CITY_SUPERVISOR, role::ROLE_AUDITOR, role::ROLE_ORG_ADMIN}) {
    const std::string token = server_.Token(r, "3607", "reader");
    EXPECT_THAT(Get(made->id(), token), IsOk());
    EXPECT_THAT(Update(*made, {"note"}, token), StatusIs(Code::kPermissionDenied));
    EXPECT_THAT(Register(SomeProject("x"), token), StatusIs(Code::kPermissionDenied));
  }
  EXPECT_THAT(Get(made->id(), ""), StatusIs(Code::kUnauthenticated));
}

TEST_F(RegistryTest, EveryRpcWithoutATokenIsUnauthenticated) {
  const auto methods = server_.MethodsByReflection();
  ASSERT_THAT(methods, IsOk());
  int asked = 0;
  for (const std::string& method : *methods) {
    if (!absl::StartsWith(method, "bangfu.")) continue;
    ++asked;
    EXPECT_THAT(server_.Call<v1::Project>(method, v1::GetProjectRequest(), ""),
                StatusIs(Code::kUnauthenticated))
        << method;
  }
  EXPECT_GT(asked, 80);
}

TEST_F(RegistryTest, ContactDataIsMaskedAndShownOnlyByTheRpcThatRecordsIt) {
  v1::Project p = SomeProject();
  p.set_filler_name("张三丰");
  p.set_filler_phone("13812345678");
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->filler_phone(), "138****5678");
  const std::string auditor = server_.Token(role::ROLE_AUDITOR, "36", "auditor");
  for (const std::string& token : {village_, county_, auditor}) {
    const auto seen = Get(made->id(), token);
    ASSERT_THAT(seen, IsOk());
    EXPECT_EQ(seen->filler_phone(), "138****5678");
    EXPECT_EQ(seen->filler_name(), "张**");
  }
  const auto id = Ulid::Parse(made->id());
  const auto read = SensitiveProjects().read(server_.database().db(), *id, {"360733"});
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(static_cast<const v1::Project&>(*read->message).filler_phone(), "13812345678");
  EXPECT_THAT(SensitiveProjects().read(server_.database().db(), *id, {"3601"}).status(),
              StatusIs(Code::kNotFound));
}

}  // namespace
}  // namespace bangfu::registry
