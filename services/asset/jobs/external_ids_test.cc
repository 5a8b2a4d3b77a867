// Assets by their numbers in other systems.
#include "common/external/external_ids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/testing/at_once.h"
#include "common/testing/status_matchers.h"
#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {
namespace {

using ::bangfu::testing::AtOnce;
using ::bangfu::testing::IsOk;
using ::bangfu::testing::IsOkAndHolds;
using ::bangfu::testing::Outcomes;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::Tally;
using ::testing::Eq;
using ::testing::Optional;

class AssetExternalIds : public ServiceTest {
 protected:
  v1::RegisterAssetRequest Numbered(const std::string& number) {
    v1::RegisterAssetRequest r = Shed();
    Number(r.mutable_details(), number);
    return r;
  }
  static void Number(v1::AssetDetails* details, const std::string& number) {
    type::v1::ExternalId* id = details->add_external_ids();
    id->set_system("sanzi");
    id->set_id(number);
  }
  absl::StatusOr<v1::Asset> Register(const v1::RegisterAssetRequest& r) {
    return Call<v1::Asset>("AssetService.RegisterAsset", r);
  }
  absl::StatusOr<v1::Asset> Renumber(const v1::Asset& asset, const std::string& number) {
    v1::UpdateAssetRequest r;
    r.set_request_id(RequestId());
    r.set_id(asset.id());
    r.set_etag(asset.etag());
    Number(r.mutable_details(), number);
    r.mutable_update_mask()->add_paths("external_ids");
    return Call<v1::Asset>("AssetService.UpdateAsset", r);
  }
  absl::StatusOr<std::optional<Ulid>> Find(const std::string& number) {
    return external::FindByExternalId(*session_, store::kAssetExternal, "sanzi", number);
  }
};

TEST_F(AssetExternalIds, NameOneAsset) {
  ASSERT_OK_AND_ASSIGN(const v1::Asset one, Register(Numbered("ZC-1")));
  EXPECT_THAT(Find("ZC-1"), IsOkAndHolds(Optional(Eq(*Ulid::Parse(one.id())))));
  EXPECT_THAT(Register(Numbered("ZC-1")),
              StatusIs(absl::StatusCode::kAlreadyExists, "ASSET_EXISTS"));
  ASSERT_OK_AND_ASSIGN(const v1::Asset two, Register(Numbered("ZC-2")));
  EXPECT_THAT(Renumber(two, "ZC-1"), StatusIs(absl::StatusCode::kAlreadyExists, "ASSET_EXISTS"));
  // Replaced as a whole: what it had is free.
  ASSERT_OK(Renumber(one, "ZC-3"));
  EXPECT_THAT(Find("ZC-1"), IsOkAndHolds(Eq(std::nullopt)));
  ASSERT_OK(Renumber(two, "ZC-1"));
  EXPECT_THAT(Find("ZC-1"), IsOkAndHolds(Optional(Eq(*Ulid::Parse(two.id())))));
}

TEST_F(AssetExternalIds, GivenAtOnceGoToOne) {
  std::vector<v1::RegisterAssetRequest> requests;
  for (int i = 0; i < 4; ++i) requests.push_back(Numbered("ZC-1"));
  EXPECT_EQ(Outcomes(AtOnce(4, [&](int i) { return Register(requests[i]); })),
            (Tally{{"OK", 1}, {"ALREADY_EXISTS/ASSET_EXISTS", 3}}));
}

// As a schema finds it whose assets had a table of their own for their numbers.
TEST_F(AssetExternalIds, ThatWereThereBeforeStand) {
  ASSERT_OK_AND_ASSIGN(const v1::Asset one, Register(Numbered("ZC-1")));
  std::string move;
  for (const migrate::Migration& step : AssetMigrations()) {
    if (step.name == "external_ids") move = step.sql;
  }
  ASSERT_FALSE(move.empty());
  server_.database().Run(
      "CREATE TABLE asset_external_id (external_system VARCHAR(64) NOT NULL, external_id "
      "VARCHAR(128) NOT NULL, asset_id BINARY(16) NOT NULL, PRIMARY KEY (external_system, "
      "external_id)) COLLATE=utf8mb4_bin;\n"
      "INSERT INTO asset_external_id SELECT system_name, external_id, record_id FROM "
      "external_id;\n"
      "DELETE FROM external_id;\n");
  EXPECT_THAT(Find("ZC-1"), IsOkAndHolds(Eq(std::nullopt)));
  server_.database().Run(move);
  EXPECT_THAT(Find("ZC-1"), IsOkAndHolds(Optional(Eq(*Ulid::Parse(one.id())))));
  EXPECT_EQ(
      server_.database().Int(
          "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND "
          "table_name = 'asset_external_id'"),
      0);
}

}  // namespace
}  // namespace bangfu::asset
