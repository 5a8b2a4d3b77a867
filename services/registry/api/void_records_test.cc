// Records that are voided with a reason: operators, helper organisations, short boards, pairings
// and trainings; visits of pairings; and what may be done with brands and leading industries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/testing/at_once.h"
#include "services/registry/api/records_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::SizeIs;

class VoidRecords : public RecordsTest {
 protected:
  int64_t Count(const std::string& sql) { return server_.database().Int(sql, {}); }
};

TEST_F(VoidRecords, R066_AnOperatorThatNoProjectNamesIsVoidedAndItsCodeIsFree) {
  const auto made = MakeOperator();
  ASSERT_THAT(made, IsOk());
  v1::Project p = SomeProject();
  p.set_operator_id(made->id());
  const auto project = Register(p, county_);
  ASSERT_THAT(project, IsOk());

  const auto used = VoidOperator(*made, county_);
  EXPECT_THAT(used, StatusIs(Code::kFailedPrecondition, "OPERATOR_IN_USE"));
  EXPECT_EQ(GetErrorDetail(used.status()).metadata["project_code"], project->project_code());
  ASSERT_OK(VoidProject(*project));
  // Of its region's people, by their roles.
  EXPECT_THAT(VoidOperator(*made, other_county_), StatusIs(Code::kNotFound));
  EXPECT_THAT(VoidOperator(*made, server_.Token(role::ROLE_VILLAGE_REPORTER, kVillage, "v")),
              StatusIs(Code::kPermissionDenied));
  v1::Operator stale = *made;
  stale.set_etag("7");
  EXPECT_THAT(VoidOperator(stale, county_), StatusIs(Code::kAborted, "ETAG_MISMATCH"));
  // Checked only: nothing has moved.
  EXPECT_THAT(VoidOperator(*made, county_,
                           /*validate_only=*/true),
              IsOk());
  const int64_t events = Count("SELECT COUNT(*) FROM feed_outbox");
  const auto gone = VoidOperator(*made, county_);
  ASSERT_THAT(gone, IsOk());
  EXPECT_TRUE(gone->is_void());
  EXPECT_EQ(gone->void_reason(), "登记有误");
  EXPECT_NE(gone->etag(), made->etag());
  EXPECT_EQ(Count("SELECT COUNT(*) FROM feed_outbox"), events + 1);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'operator' AND reason = "
                  "'登记有误'"),
            1);

  // Once; and nothing else is done with it.
  EXPECT_THAT(VoidOperator(*gone, county_), StatusIs(Code::kFailedPrecondition, "RECORD_VOID"));
  v1::UpdateOperatorRequest update;
  update.set_id(gone->id());
  update.set_etag(gone->etag());
  update.mutable_operator_()->set_name("另一名称");
  update.mutable_update_mask()->add_paths("name");
  EXPECT_THAT(Call<v1::Operator>(kO, "UpdateOperator", update, county_),
              StatusIs(Code::kFailedPrecondition, "RECORD_VOID"));
  p = SomeProject("水东村另一项目");
  p.set_operator_id(gone->id());
  EXPECT_THAT(Register(p, county_), HasViolation("project.operator_id"));

  // Read by its id and where it is asked for; its code is anew free.
  v1::GetOperatorRequest get;
  get.set_id(gone->id());
  EXPECT_TRUE(Call<v1::Operator>(kO, "GetOperator", get, county_)->is_void());
  const auto listed = [&](bool with_void) {
    v1::ListOperatorsRequest list;
    list.set_region_code("360733");
    list.set_include_void(with_void);
    return Call<v1::ListOperatorsResponse>(kO, "ListOperators", list, county_)->operators_size();
  };
  EXPECT_EQ(listed(false), 0);
  EXPECT_EQ(listed(true), 1);
  v1::LookupOperatorRequest lookup;
  lookup.set_uscc("91350100M000100Y43");
  EXPECT_THAT(Call<v1::Operator>(kO, "LookupOperator", lookup, county_), StatusIs(Code::kNotFound));
  const auto anew = MakeOperator();
  ASSERT_THAT(anew, IsOk());
  EXPECT_EQ(Call<v1::Operator>(kO, "LookupOperator", lookup, county_)->id(), anew->id());
  EXPECT_EQ(listed(true), 2);
}

// Whoever registers a project with the operator at that moment comes before the void, which is then
// refused, or after it, and is refused itself.
TEST_F(VoidRecords, R066_AVoidAndAProjectAtOnceAreNeverBoth) {
  for (int round = 0; round < 6; ++round) {
    const auto made = MakeOperator();
    ASSERT_THAT(made, IsOk());
    v1::Project p = SomeProject(absl::StrCat("水东村项目", round));
    p.set_operator_id(made->id());
    absl::StatusOr<v1::Project> project = absl::UnknownError("");
    const auto results = testing::AtOnce(2, [&](int i) {
      if (i == 1) return VoidOperator(*made, county_).status();
      project = Register(p, county_);
      return project.status();
    });
    ASSERT_NE(results[0].ok(), results[1].ok()) << results[0] << results[1];
    if (project.ok()) {
      EXPECT_THAT(results[1], StatusIs(Code::kFailedPrecondition, "OPERATOR_IN_USE"));
      ASSERT_OK(VoidProject(*project));
      ASSERT_THAT(VoidOperator(*made, county_), IsOk());
    } else {
      EXPECT_THAT(ReasonOf(project.status()), ::testing::AnyOf("RECORD_VOID", "FIELD_INVALID"));
    }
  }
}

TEST_F(VoidRecords, AHelperThatNoProjectNamesIsVoided) {
  const auto made = MakeHelper();
  ASSERT_THAT(made, IsOk());
  v1::Project p = SomeProject();
  p.add_helper_org_ids(made->id());
  const auto project = Register(p, county_);
  ASSERT_THAT(project, IsOk());
  const auto used = VoidHelper(*made, county_);
  EXPECT_THAT(used, StatusIs(Code::kFailedPrecondition, "HELPER_IN_USE"));
  EXPECT_EQ(GetErrorDetail(used.status()).metadata["project_code"], project->project_code());
  ASSERT_OK(VoidProject(*project));
  // A project of another county is one that it helps, too.
  v1::Project elsewhere = SomeProject("龙南镇脐橙冷库建设项目", "360783100001");
  elsewhere.add_helper_org_ids(made->id());
  const auto theirs = Register(elsewhere, other_county_);
  ASSERT_THAT(theirs, IsOk());
  EXPECT_THAT(VoidHelper(*made, county_), StatusIs(Code::kFailedPrecondition, "HELPER_IN_USE"));
  ASSERT_OK(VoidProject(*theirs, other_county_));
  EXPECT_THAT(VoidHelper(*made, other_county_), StatusIs(Code::kNotFound));
  const auto gone = VoidHelper(*made, county_);
  ASSERT_THAT(gone, IsOk());
  EXPECT_TRUE(gone->is_void());
  EXPECT_THAT(VoidHelper(*gone, county_), StatusIs(Code::kFailedPrecondition, "RECORD_VOID"));
  v1::UpdateHelperOrganisationRequest update;
  update.set_id(gone->id());
  update.set_etag(gone->etag());
  update.mutable_helper()->set_name("另一单位");
  update.mutable_update_mask()->add_paths("name");
  EXPECT_THAT(Call<v1::HelperOrganisation>(kO, "UpdateHelperOrganisation", update, county_),
              StatusIs(Code::kFailedPrecondition, "RECORD_VOID"));
  p = SomeProject("水东村另一项目");
  p.add_helper_org_ids(gone->id());
  EXPECT_THAT(Register(p, county_), HasViolation("project.helper_org_ids[0]"));
  const auto listed = [&](bool with_void) {
    v1::ListHelperOrganisationsRequest list;
    list.set_include_void(with_void);
    return Call<v1::ListHelperOrganisationsResponse>(kO, "ListHelperOrganisations", list, county_)
        ->helpers_size();
  };
  EXPECT_EQ(listed(false), 0);
  EXPECT_EQ(listed(true), 1);
}

TEST_F(VoidRecords, AHelperOfTheProvinceIsInUseWhereverItHelps) {
  v1::CreateHelperOrganisationRequest create;
  create.mutable_helper()->set_name("省某单位");
  create.mutable_helper()->set_region_code("36");
  const auto made = Call<v1::HelperOrganisation>(kO, "CreateHelperOrganisation", create, admin_);
  ASSERT_THAT(made, IsOk());
  v1::Project p = SomeProject();
  p.add_helper_org_ids(made->id());
  const auto project = Register(p, county_);
  ASSERT_THAT(project, IsOk());
  EXPECT_THAT(VoidHelper(*made, admin_), StatusIs(Code::kFailedPrecondition, "HELPER_IN_USE"));
  ASSERT_OK(VoidProject(*project));
  EXPECT_THAT(VoidHelper(*made, admin_), IsOk());
}

TEST_F(VoidRecords, R063_AShortBoardIsVoidedAndCountsNowhere) {
  const auto subject = Register(SomeProject(), county_);
  ASSERT_THAT(subject, IsOk());
  const auto board = MakeBoard(*subject);
  ASSERT_THAT(board, IsOk());
  v1::Project remedy = Remedy(*board, *subject);
  const auto remedying = Register(remedy, county_);
  ASSERT_THAT(remedying, IsOk());

  const auto void_board = [&](const v1::ShortBoard& which, const std::string& token) {
    return VoidBoard(which, token);
  };
  const auto waiting = [&] {
    return Count(
        "SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = "
        "'SHORT_BOARD_COMPLETE'");
  };
  const auto told = [&] {
    v1::GetShortBoardRequest get;
    get.set_id(board->id());
    std::map<std::string, std::string> out;
    const auto seen = Call<v1::ShortBoard>(kI, "GetShortBoard", get, county_);
    EXPECT_THAT(seen, IsOk());
    for (const auto& action : seen->allowed_actions()) {
      out[action.action()] = action.refusal_reason();
    }
    return out;
  };
  using Told = std::map<std::string, std::string>;
  EXPECT_EQ(told(), (Told{{"complete", ""}, {"void", "SHORT_BOARD_IN_USE"}}));
  EXPECT_EQ(waiting(), 1);
  const auto used = void_board(*board, county_);
  EXPECT_THAT(used, StatusIs(Code::kFailedPrecondition, "SHORT_BOARD_IN_USE"));
  EXPECT_EQ(GetErrorDetail(used.status()).metadata["project_code"], remedying->project_code());
  ASSERT_OK(VoidProject(*remedying));
  EXPECT_EQ(told(), (Told{{"complete", ""}, {"void", ""}}));
  const std::string township = server_.Token(role::ROLE_TOWNSHIP_REVIEWER, "360733100", "t");
  EXPECT_THAT(void_board(*board, township), StatusIs(Code::kPermissionDenied));
  const auto gone = void_board(*board, county_);
  ASSERT_THAT(gone, IsOk());
  EXPECT_TRUE(gone->is_void());
  EXPECT_EQ(gone->void_reason(), "登记有误");
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(told(), (Told{{"complete", "RECORD_VOID"}, {"void", "RECORD_VOID"}}));
  EXPECT_THAT(void_board(*gone, county_), StatusIs(Code::kFailedPrecondition, "RECORD_VOID"));
  v1::GetIndustryRequest industry;
  industry.set_id(subject->industry_id());
  EXPECT_EQ(Call<v1::Industry>(kI, "GetIndustry", industry, county_)->open_short_boards(), 0);
  const auto listed = [&](bool with_void) {
    v1::ListShortBoardsRequest list;
    list.set_open_only(true);
    list.set_include_void(with_void);
    return Call<v1::ListShortBoardsResponse>(kI, "ListShortBoards", list, county_)
        ->short_boards_size();
  };
  EXPECT_EQ(listed(false), 0);
  EXPECT_EQ(listed(true), 1);
  remedy.set_name("水东村冷库再补短板项目");
  EXPECT_THAT(Register(remedy, county_), HasViolation("project.short_board_id"));
}

TEST_F(VoidRecords, R076_APairingsVisitsGrowOneByOneAndCountInTheirPeriod) {
  const auto made = MakePairing(2);
  ASSERT_THAT(made, IsOk());
  const auto visit = [&](int month, int day, const std::string& token, bool validate_only = false) {
    v1::AddPairingVisitRequest request;
    request.set_id(made->id());
    SetDay(absl::CivilDay(2026, month, day), request.mutable_visit()->mutable_visited_on());
    request.mutable_visit()->set_visitor("李教授");
    request.mutable_visit()->set_content("修剪培训");
    request.set_validate_only(validate_only);
    return Call<v1::TechPairing>(kI, "AddPairingVisit", request, token);
  };
  const auto visits = [&](int month, int until) {
    v1::GetServiceSummaryRequest summary;
    summary.set_region_code("360733");
    SetDay(absl::CivilDay(2026, month, 1), summary.mutable_period()->mutable_from());
    SetDay(absl::CivilDay(2026, until, 28), summary.mutable_period()->mutable_to());
    const auto figures = Call<v1::ServiceSummary>(kI, "GetServiceSummary", summary, county_);
    EXPECT_THAT(figures, IsOk());
    return figures.ok() ? figures->visits() : -1;
  };
  ASSERT_THAT(visit(1, 20, county_, /*validate_only=*/true), IsOk());
  EXPECT_EQ(visits(1, 12), 2);
  const auto first = visit(1, 20, county_);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->visits(), 3);
  // Two at once are both counted, without an etag of either.
  const auto both = testing::AtOnce(2, [&](int i) { return visit(2, 5 + i, county_); });
  ASSERT_THAT(both[0], IsOk());
  ASSERT_THAT(both[1], IsOk());
  EXPECT_EQ(std::max(both[0]->visits(), both[1]->visits()), 5);
  // Those of a day in its period; those without one in all of the pairing's term.
  EXPECT_EQ(visits(1, 12), 5);
  EXPECT_EQ(visits(2, 2), 4);
  EXPECT_EQ(visits(1, 1), 3);

  EXPECT_THAT(visit(2, 5, other_county_), StatusIs(Code::kNotFound));
  v1::AddPairingVisitRequest wrong;
  wrong.set_id(made->id());
  wrong.mutable_visit()->set_visitor("李教授");
  SetDay(absl::CivilDay(2024, 12, 31), wrong.mutable_visit()->mutable_visited_on());
  EXPECT_THAT(Call<v1::TechPairing>(kI, "AddPairingVisit", wrong, county_),
              HasViolation("visit.visited_on"));
  SetDay(absl::CivilDay(2099, 1, 1), wrong.mutable_visit()->mutable_visited_on());
  EXPECT_THAT(Call<v1::TechPairing>(kI, "AddPairingVisit", wrong, county_),
              HasViolation("visit.visited_on"));
  SetDay(absl::CivilDay(2026, 1, 1), wrong.mutable_visit()->mutable_visited_on());
  wrong.mutable_visit()->clear_visitor();
  EXPECT_THAT(Call<v1::TechPairing>(kI, "AddPairingVisit", wrong, county_),
              HasViolation("visit.visitor"));

  // By page, in the order of their days.
  v1::ListPairingVisitsRequest list;
  list.set_id(made->id());
  list.set_page_size(2);
  const auto page = Call<v1::ListPairingVisitsResponse>(kI, "ListPairingVisits", list, county_);
  ASSERT_THAT(page, IsOk());
  ASSERT_THAT(page->visits(), SizeIs(2));
  EXPECT_EQ(page->visits(0).visited_on().month(), 1);
  EXPECT_EQ(page->visits(0).visitor(), "李教授");
  EXPECT_EQ(page->visits(1).visited_on().day(), 5);
  list.set_page_token(page->next_page_token());
  const auto last = Call<v1::ListPairingVisitsResponse>(kI, "ListPairingVisits", list, county_);
  ASSERT_THAT(last, IsOk());
  ASSERT_THAT(last->visits(), SizeIs(1));
  EXPECT_EQ(last->visits(0).visited_on().day(), 6);
  EXPECT_THAT(last->next_page_token(), ::testing::IsEmpty());
  EXPECT_THAT(Call<v1::ListPairingVisitsResponse>(kI, "ListPairingVisits", list, other_county_),
              StatusIs(Code::kNotFound));

  // Void, it takes none and counts nothing.
  v1::ListTechPairingsRequest pairings;
  const auto newest = Call<v1::ListTechPairingsResponse>(kI, "ListTechPairings", pairings, county_);
  ASSERT_THAT(newest->pairings(), SizeIs(1));
  EXPECT_EQ(newest->pairings(0).visits(), 5);
  const auto void_pairing = [&](const v1::TechPairing& which) {
    return VoidPairing(which, county_);
  };
  EXPECT_THAT(void_pairing(*made), StatusIs(Code::kAborted, "ETAG_MISMATCH"));
  const auto gone = void_pairing(newest->pairings(0));
  ASSERT_THAT(gone, IsOk());
  EXPECT_TRUE(gone->is_void());
  EXPECT_EQ(gone->visits(), 5);
  EXPECT_EQ(visits(1, 12), 0);
  EXPECT_THAT(visit(2, 7, county_), StatusIs(Code::kFailedPrecondition, "RECORD_VOID"));
  EXPECT_THAT(void_pairing(*gone), StatusIs(Code::kFailedPrecondition, "RECORD_VOID"));
  EXPECT_EQ(Call<v1::ListTechPairingsResponse>(kI, "ListTechPairings", pairings, county_)
                ->pairings_size(),
            0);
  pairings.set_include_void(true);
  EXPECT_EQ(Call<v1::ListTechPairingsResponse>(kI, "ListTechPairings", pairings, county_)
                ->pairings_size(),
            1);
}

TEST_F(VoidRecords, R077_AVoidTrainingIsCountedNoMore) {
  const auto made = MakeTraining();
  ASSERT_THAT(made, IsOk());
  const auto void_training = [&](const v1::TrainingRecord& which, const std::string& token) {
    return VoidTraining(which, token);
  };
  const std::string township = server_.Token(role::ROLE_TOWNSHIP_REVIEWER, "360733100", "t");
  EXPECT_THAT(void_training(*made, township), StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(void_training(*made, other_county_), StatusIs(Code::kNotFound));
  const auto gone = void_training(*made, county_);
  ASSERT_THAT(gone, IsOk());
  EXPECT_EQ(gone->void_reason(), "登记有误");
  EXPECT_THAT(void_training(*made, county_), StatusIs(Code::kAborted, "ETAG_MISMATCH"));
  EXPECT_THAT(void_training(*gone, county_), StatusIs(Code::kFailedPrecondition, "RECORD_VOID"));
  v1::GetServiceSummaryRequest summary;
  summary.set_region_code("360733");
  SetDay(absl::CivilDay(2026, 1, 1), summary.mutable_period()->mutable_from());
  SetDay(absl::CivilDay(2026, 12, 31), summary.mutable_period()->mutable_to());
  const auto figures = Call<v1::ServiceSummary>(kI, "GetServiceSummary", summary, county_);
  ASSERT_THAT(figures, IsOk());
  EXPECT_EQ(figures->trainings(), 0);
  EXPECT_EQ(figures->persons(), 0);
  v1::ListTrainingRecordsRequest list;
  EXPECT_EQ(Call<v1::ListTrainingRecordsResponse>(kI, "ListTrainingRecords", list, county_)
                ->trainings_size(),
            0);
  list.set_include_void(true);
  EXPECT_EQ(Call<v1::ListTrainingRecordsResponse>(kI, "ListTrainingRecords", list, county_)
                ->trainings_size(),
            1);
}

TEST_F(VoidRecords, R061_R070_ALeadingIndustryAndABrandSayWhatMayBeDone) {
  const std::string approver = server_.Token(role::ROLE_COUNTY_APPROVER, "360733", "approver");
  const auto told = [](const auto& record) {
    std::map<std::string, std::string> out;
    EXPECT_THAT(record, IsOk());
    if (!record.ok()) return out;
    for (const auto& action : record->allowed_actions()) {
      EXPECT_FALSE(action.label_zh().empty());
      out[action.action()] = action.refusal_reason();
    }
    return out;
  };
  using Told = std::map<std::string, std::string>;
  v1::SelectLeadingIndustryRequest select;
  select.set_region_code("360733");
  select.set_plan_period("2026-2030");
  select.set_industry_code("FRUIT_VEG");
  const auto leading = Call<v1::LeadingIndustry>(kI, "SelectLeadingIndustry", select, county_);
  ASSERT_THAT(leading, IsOk());
  v1::GetLeadingIndustryRequest get;
  get.set_id(leading->id());
  const auto seen = [&](const std::string& token) {
    return Call<v1::LeadingIndustry>(kI, "GetLeadingIndustry", get, token);
  };
  EXPECT_EQ(told(seen(approver)), (Told{{"withdraw", ""}}));
  EXPECT_EQ(told(seen(county_)), Told());  // selects, but does not withdraw
  EXPECT_THAT(seen(other_county_), StatusIs(Code::kNotFound));
  v1::WithdrawLeadingIndustryRequest withdraw;
  withdraw.set_id(leading->id());
  withdraw.set_etag(leading->etag());
  withdraw.set_reason("规划调整");
  const auto withdrawn =
      Call<v1::LeadingIndustry>(kI, "WithdrawLeadingIndustry", withdraw, approver);
  ASSERT_THAT(withdrawn, IsOk());
  EXPECT_EQ(told(seen(approver)), (Told{{"withdraw", "STATE_NOT_ALLOWED"}}));
  withdraw.set_etag(withdrawn->etag());
  EXPECT_THAT(Call<v1::LeadingIndustry>(kI, "WithdrawLeadingIndustry", withdraw, approver),
              StatusIs(Code::kFailedPrecondition, "STATE_NOT_ALLOWED"));

  v1::CreateBrandCertificationRequest create;
  v1::BrandCertification& b = *create.mutable_brand();
  b.set_region_code("360733");
  b.set_industry_id(leading->industry_id());
  b.set_brand_type("GREEN");
  b.set_name("会昌脐橙");
  b.set_certificate_no("GF360733");
  const auto brand = Call<v1::BrandCertification>(kI, "CreateBrandCertification", create, county_);
  ASSERT_THAT(brand, IsOk());
  v1::GetBrandCertificationRequest read;
  read.set_id(brand->id());
  const auto certificate = [&](const std::string& token) {
    return Call<v1::BrandCertification>(kI, "GetBrandCertification", read, token);
  };
  EXPECT_EQ(told(certificate(county_)), (Told{{"end", ""}}));
  EXPECT_EQ(told(certificate(approver)), Told());
  EXPECT_THAT(certificate(other_county_), StatusIs(Code::kNotFound));
  v1::EndBrandCertificationRequest end;
  end.set_id(brand->id());
  end.set_etag(brand->etag());
  end.set_reason("证书撤销");
  SetDay(absl::CivilDay(2026, 1, 1), end.mutable_ended_on());
  const auto ended = Call<v1::BrandCertification>(kI, "EndBrandCertification", end, county_);
  ASSERT_THAT(ended, IsOk());
  EXPECT_EQ(told(certificate(county_)), (Told{{"end", "STATE_NOT_ALLOWED"}}));
  end.set_etag(ended->etag());
  EXPECT_THAT(Call<v1::BrandCertification>(kI, "EndBrandCertification", end, county_),
              StatusIs(Code::kFailedPrecondition, "STATE_NOT_ALLOWED"));
}

// The form of what another service keeps.
TEST_F(VoidRecords, R062_AChainLinkNamesAnAssetOrAContractInTheirForm) {
  v1::EnsureIndustryRequest ensure;
  ensure.set_region_code("360733");
  ensure.set_industry_code("FRUIT_VEG");
  auto industry = Call<v1::Industry>(kI, "EnsureIndustry", ensure, county_);
  ASSERT_THAT(industry, IsOk());
  const std::string id = server_.ids().Next().ToString();
  const auto set = [&](v1::LinkEvidenceKind kind, const std::string& reference) {
    v1::SetChainLinkRequest request;
    request.set_id(industry->id());
    request.set_etag(industry->etag());
    request.mutable_link()->set_link_code("SALES");
    request.mutable_link()->set_kind(kind);
    request.mutable_link()->set_reference(reference);
    auto done = Call<v1::Industry>(kI, "SetChainLink", request, county_);
    if (done.ok()) industry = *done;
    return done;
  };
  const auto asset = v1::LINK_EVIDENCE_KIND_ASSET;
  const auto contract = v1::LINK_EVIDENCE_KIND_SERVICE_CONTRACT;
  for (const char* free : {"冷库一座", "AS", "AS冷库", "as360733f0001"}) {
    EXPECT_THAT(set(asset, free), HasViolation("link.reference")) << free;
  }
  for (const char* free : {"样例服务合同", "AS360733101201F0001", "HT-2026-1"}) {
    EXPECT_THAT(set(contract, free), HasViolation("link.reference")) << free;
  }
  EXPECT_THAT(set(asset, "AS360733101201F0001"), IsOk());
  EXPECT_THAT(set(asset, id), IsOk());
  EXPECT_THAT(set(contract, id), IsOk());
}

// As with operators: a project that comes to name it, or its void, never both.
TEST_F(VoidRecords, AHelpersVoidAndAProjectAtOnceAreNeverBoth) {
  for (int round = 0; round < 6; ++round) {
    const auto made = MakeHelper();
    ASSERT_THAT(made, IsOk());
    v1::Project p = SomeProject(absl::StrCat("水东村帮扶项目", round));
    p.add_helper_org_ids(made->id());
    const auto results = testing::AtOnce(2, [&](int i) {
      return i == 0 ? Register(p, county_).status() : VoidHelper(*made, county_).status();
    });
    ASSERT_NE(results[0].ok(), results[1].ok()) << results[0] << results[1];
    EXPECT_THAT(ReasonOf(results[results[0].ok() ? 1 : 0]),
                ::testing::AnyOf("HELPER_IN_USE", "FIELD_INVALID"));
  }
}

TEST_F(VoidRecords, AShortBoardsVoidAndAProjectAtOnceAreNeverBoth) {
  const auto subject = Register(SomeProject(), county_);
  ASSERT_THAT(subject, IsOk());
  for (int round = 0; round < 6; ++round) {
    const auto board = MakeBoard(*subject);
    ASSERT_THAT(board, IsOk());
    v1::Project remedy = Remedy(*board, *subject, absl::StrCat("水东村冷库补短板项目", round));
    const auto results = testing::AtOnce(2, [&](int i) {
      return i == 0 ? Register(remedy, county_).status() : VoidBoard(*board, county_).status();
    });
    ASSERT_NE(results[0].ok(), results[1].ok()) << results[0] << results[1];
    EXPECT_THAT(ReasonOf(results[results[0].ok() ? 1 : 0]),
                ::testing::AnyOf("SHORT_BOARD_IN_USE", "FIELD_INVALID"));
  }
}

TEST_F(VoidRecords, OfVoidsAndVisitsAtOnceOneStands) {
  const auto held = MakeTraining();
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(
      testing::Outcomes(testing::AtOnce(2, [&](int) { return VoidTraining(*held, county_); })),
      (testing::Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));

  const auto made = MakePairing();
  ASSERT_THAT(made, IsOk());
  const auto results = testing::AtOnce(2, [&](int i) {
    if (i == 0) {
      return VoidPairing(*made, county_).status();
    }
    v1::AddPairingVisitRequest request;
    request.set_id(made->id());
    SetDay(absl::CivilDay(2026, 1, 20), request.mutable_visit()->mutable_visited_on());
    request.mutable_visit()->set_visitor("李教授");
    request.mutable_visit()->set_content("修剪培训");
    return Call<v1::TechPairing>(kI, "AddPairingVisit", request, county_).status();
  });
  ASSERT_NE(results[0].ok(), results[1].ok()) << results[0] << results[1];
  EXPECT_EQ(ReasonOf(results[results[0].ok() ? 1 : 0]),
            results[0].ok() ? "RECORD_VOID" : "ETAG_MISMATCH");
  EXPECT_EQ(Count("SELECT COUNT(*) FROM pairing_visit"), results[1].ok() ? 1 : 0);
}

}  // namespace
}  // namespace bangfu::registry
