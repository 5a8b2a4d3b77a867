// What other systems read of assets, and what they do not: the name of the person in charge stays
// with the answer that records who looks.
#include <map>
#include <string>
#include <vector>

#include "bangfu/audit/v1/audit_service.pb.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/audit/audit.h"
#include "common/audit/service.h"
#include "common/feed/feed.h"
#include "common/rpc/call_context.h"
#include "common/rpc/router.h"
#include "services/asset/jobs/asset_import_for_test.h"
#include "services/asset/jobs/states.h"

namespace bangfu::asset {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kPerson[] = "欧阳明";

class AssetFeedTest : public AssetImportTest {
 protected:
  static v1::RegisterAssetRequest KeptBy(v1::RegisterAssetRequest r, const std::string& name,
                                         const std::string& person) {
    r.mutable_details()->set_name(name);
    r.mutable_details()->mutable_maintenance()->set_person(person);
    return r;
  }
  // By asset: its name, and every person that the feed has told.
  std::map<std::string, std::vector<std::string>> Published() {
    std::map<std::string, std::vector<std::string>> out;
    const auto rows = session_->Query(
        "SELECT payload FROM feed_outbox WHERE aggregate_type = 'asset' "
        "ORDER BY id");
    EXPECT_OK(rows);
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) {
      v1::AssetChanged changed;
      EXPECT_TRUE(changed.ParseFromString(row.String(0)));
      const v1::AssetDetails& details = changed.asset().details();
      out[details.name()].push_back(details.maintenance().person());
    }
    return out;
  }
  // Whatever the events are of.
  std::vector<std::string> Payloads() {
    std::vector<std::string> out;
    const auto rows = session_->Query("SELECT payload FROM feed_outbox");
    EXPECT_OK(rows);
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) out.push_back(row.String(0));
    return out;
  }
  // By asset, as a new subscriber gets them.
  std::map<std::string, std::string> Snapshotted() {
    std::map<std::string, std::string> out;
    EXPECT_OK(feed::Snapshot(*session_, "asset", *AssetStates(), {"asset"}, std::nullopt,
                             [&](const feed::v1::SnapshotResponse& response) -> absl::Status {
                               for (const feed::v1::Event& event : response.events()) {
                                 v1::AssetChanged changed;
                                 EXPECT_TRUE(event.payload().UnpackTo(&changed));
                                 EXPECT_THAT(event.payload().value(), Not(HasSubstr(kPerson)));
                                 const v1::AssetDetails& details = changed.asset().details();
                                 out[details.name()] = details.maintenance().person();
                               }
                               return absl::OkStatus();
                             }));
    return out;
  }
  absl::StatusOr<audit::v1::RevealSensitiveResponse> Reveal(const std::string& asset,
                                                            const std::string& region) {
    rpc::Router router;
    audit::RegisterAuditService(router, {api::SensitiveAssets()});
    const std::string method = "bangfu.audit.v1.AuditService.RevealSensitive";
    auth::Caller caller;
    caller.subject = "auditor";
    rpc::CallContext context{
        caller, *session_, clock_,   ids_, clock_.Now(),        absl::InfiniteFuture(),
        method, "",        {region}, {},   [] { return false; }};
    audit::v1::RevealSensitiveRequest request;
    request.set_request_id(RequestId());
    request.set_aggregate_type("asset");
    request.set_aggregate_id(asset);
    request.set_reason("核实管护情况");
    audit::v1::RevealSensitiveResponse response;
    const absl::Status status =
        router.handlers().find(method)->second.unary(context, request, &response);
    if (!status.ok()) return status;
    return response;
  }
};

TEST_F(AssetFeedTest, ThePersonInChargeIsMaskedOnTheFeedAndShownToWhoIsRecorded) {
  const v1::Asset asset = Registered(KeptBy(Shed(), "烘干房", kPerson));
  EXPECT_EQ(asset.details().maintenance().person(), "欧**");
  v1::UpdateAssetRequest update;
  update.set_request_id(RequestId());
  update.set_id(asset.id());
  update.set_etag(asset.etag());
  update.mutable_details()->set_note("夏季检修");
  update.mutable_update_mask()->add_paths("note");
  ASSERT_OK(Call<v1::Asset>("AssetService.UpdateAsset", update));
  Registered(KeptBy(Shed(), "无人管护的冷库", ""));
  const std::string import = Import(kT4 + RunningShed("二号冷库"));
  EXPECT_EQ(AssetImportTest::Get(import).rows_created(), 1);

  const auto published = Published();
  EXPECT_THAT(published, UnorderedElementsAre(
                             Pair("烘干房", ElementsAre("欧**", "欧**")),
                             Pair("无人管护的冷库", ElementsAre("")),
                             Pair("二号冷库", AllOf(SizeIs(::testing::Ge(1)), Each("李**")))));
  EXPECT_THAT(Payloads(), Each(AllOf(Not(HasSubstr(kPerson)), Not(HasSubstr("李四")))));
  EXPECT_THAT(Snapshotted(),
              UnorderedElementsAre(Pair("烘干房", "欧**"), Pair("无人管护的冷库", ""),
                                   Pair("二号冷库", "李**")));

  // An answer masks as before, the record keeps the name, and who asks for it is recorded.
  EXPECT_EQ(ServiceTest::Get(asset.id()).details().maintenance().person(), "欧**");
  EXPECT_EQ(Count("access_log"), 0);
  EXPECT_THAT(Reveal(asset.id(), kOtherCounty), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Count("access_log"), 0);
  ASSERT_OK_AND_ASSIGN(const auto shown, Reveal(asset.id(), "360733"));
  ASSERT_EQ(shown.fields_size(), 1);
  EXPECT_EQ(shown.fields(0).field(), "details.maintenance.person");
  EXPECT_EQ(shown.fields(0).value(), kPerson);
  EXPECT_EQ(Count("access_log"), 1);
  // The audit tells that there is a person, and not who.
  ASSERT_OK_AND_ASSIGN(const Ulid id, Ulid::Parse(asset.id()));
  ASSERT_OK_AND_ASSIGN(const std::vector<audit::Record> history,
                       audit::History(*session_, "asset", id, {"36"}, 0, 10));
  ASSERT_EQ(history.size(), 2u);
  EXPECT_THAT(history[0].entry.before_json, HasSubstr(R"("person":"***")"));
  for (const audit::Record& record : history) {
    EXPECT_THAT(record.entry.after_json, HasSubstr(R"("person":"***")"));
    EXPECT_THAT(record.entry.after_json, Not(HasSubstr(kPerson)));
  }
}

TEST_F(AssetFeedTest, WhatTimeChangesIsMaskedTooAndFactsKnowThatThereIsAPerson) {
  v1::RegisterAssetRequest r = KeptBy(Shed(), "油茶园", kPerson);
  r.clear_use();
  r.mutable_details()->set_asset_form(v1::ASSET_FORM_BIOLOGICAL);
  *r.mutable_details()->mutable_planting_date() = Date(2022, 3, 1);
  *r.mutable_details()->mutable_formed_date() = Date(2022, 3, 1);
  const v1::Asset asset = Registered(r);
  EXPECT_TRUE(Facts().maintenance_person());
  SetDay(2027, 3, 1);
  ASSERT_OK(SweepAll(*session_, clock_.Now()));
  EXPECT_EQ(ServiceTest::Get(asset.id()).use().use_state(), v1::USE_STATE_NOT_STARTED);
  EXPECT_THAT(Published(), UnorderedElementsAre(Pair("油茶园", ElementsAre("欧**", "欧**"))));
  EXPECT_THAT(Payloads(), Each(Not(HasSubstr(kPerson))));
  // Of the record, not of what is shown of it.
  EXPECT_TRUE(Facts().maintenance_person());
  Registered(KeptBy(Shed(), "无人管护的冷库", ""));
  EXPECT_FALSE(Facts().maintenance_person());
}

}  // namespace
}  // namespace bangfu::asset
