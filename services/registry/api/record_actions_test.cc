// What may be done with operators, helper organisations, pairings, trainings and short boards: what
// is told when one is read is what its steps do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/auth/caller.h"
#include "common/status/error.h"
#include "services/registry/api/records_for_test.h"

namespace bangfu::registry {
namespace {

using type::v1::AllowedAction;
// Reasons of refusal by action; "": allowed.
using Told = std::map<std::string, std::string>;

class RecordActions : public RecordsTest {
 protected:
  template <typename Record, typename Request>
  absl::StatusOr<Record> Read(const char* service, const char* method, const std::string& id,
                              const std::string& token) {
    Request request;
    request.set_id(id);
    return Call<Record>(service, method, request, token);
  }
  absl::StatusOr<v1::Operator> ReadOperator(const std::string& id, const std::string& token) {
    return Read<v1::Operator, v1::GetOperatorRequest>(kO, "GetOperator", id, token);
  }
  absl::StatusOr<v1::HelperOrganisation> ReadHelper(const std::string& id,
                                                    const std::string& token) {
    return Read<v1::HelperOrganisation, v1::GetHelperOrganisationRequest>(
        kO, "GetHelperOrganisation", id, token);
  }
  absl::StatusOr<v1::TechPairing> ReadPairing(const std::string& id, const std::string& token) {
    return Read<v1::TechPairing, v1::GetTechPairingRequest>(kI, "GetTechPairing", id, token);
  }
  absl::StatusOr<v1::TrainingRecord> ReadTraining(const std::string& id, const std::string& token) {
    return Read<v1::TrainingRecord, v1::GetTrainingRecordRequest>(kI, "GetTrainingRecord", id,
                                                                  token);
  }
  absl::StatusOr<v1::ShortBoard> ReadBoard(const std::string& id, const std::string& token) {
    return Read<v1::ShortBoard, v1::GetShortBoardRequest>(kI, "GetShortBoard", id, token);
  }

  // The steps of each record, checked only.
  absl::Status Try(const v1::Operator& o, const std::string& action, const std::string& token) {
    if (action == "void") {
      return VoidOperator(o, token, true).status();
    }
    v1::UpdateOperatorRequest request;
    request.set_id(o.id());
    request.set_etag(o.etag());
    request.mutable_operator_()->set_name("另一名称");
    request.mutable_update_mask()->add_paths("name");
    request.set_validate_only(true);
    return Call<v1::Operator>(kO, "UpdateOperator", request, token).status();
  }
  absl::Status Try(const v1::HelperOrganisation& h, const std::string& action,
                   const std::string& token) {
    if (action == "void") {
      return VoidHelper(h, token, true).status();
    }
    v1::UpdateHelperOrganisationRequest request;
    request.set_id(h.id());
    request.set_etag(h.etag());
    request.mutable_helper()->set_name("另一单位");
    request.mutable_update_mask()->add_paths("name");
    request.set_validate_only(true);
    return Call<v1::HelperOrganisation>(kO, "UpdateHelperOrganisation", request, token).status();
  }
  absl::Status Try(const v1::TechPairing& t, const std::string& action, const std::string& token) {
    if (action == "void") {
      return VoidPairing(t, token, true).status();
    }
    v1::AddPairingVisitRequest request;
    request.set_id(t.id());
    SetDay(absl::CivilDay(2026, 2, 1), request.mutable_visit()->mutable_visited_on());
    request.mutable_visit()->set_visitor("王研究员");
    request.set_validate_only(true);
    return Call<v1::TechPairing>(kI, "AddPairingVisit", request, token).status();
  }
  absl::Status Try(const v1::TrainingRecord& t, const std::string&, const std::string& token) {
    return VoidTraining(t, token, true).status();
  }
  absl::Status Try(const v1::ShortBoard& b, const std::string& action, const std::string& token) {
    if (action == "void") {
      return VoidBoard(b, token, true).status();
    }
    v1::CompleteShortBoardRequest request;
    request.set_id(b.id());
    request.set_etag(b.etag());
    request.set_note("已建成");
    SetDay(absl::CivilDay(2026, 2, 1), request.mutable_completed_on());
    request.set_validate_only(true);
    return Call<v1::ShortBoard>(kI, "CompleteShortBoard", request, token).status();
  }

  // What `token` is told of the record, each step tried: it does what was told, and who is not told
  // of a step does not take it.
  template <typename Record>
  Told Seen(const absl::StatusOr<Record>& record, const std::vector<std::string>& steps,
            const std::string& token) {
    Told out;
    EXPECT_THAT(record, IsOk());
    if (!record.ok()) return out;
    for (const AllowedAction& action : record->allowed_actions()) {
      EXPECT_FALSE(action.label_zh().empty()) << action.action();
      EXPECT_EQ(action.allowed(), action.refusal_reason().empty()) << action.action();
      out[action.action()] = action.refusal_reason();
      const ErrorDetail detail = GetErrorDetail(Try(*record, action.action(), token));
      EXPECT_EQ(detail.reason, action.refusal_reason()) << action.action();
      EXPECT_EQ(detail.message_zh, action.refusal_zh()) << action.action();
    }
    for (const std::string& step : steps) {
      if (out.count(step) > 0) continue;
      EXPECT_FALSE(Try(*record, step, token).ok()) << step;
    }
    return out;
  }
  Told OfOperator(const std::string& id, const std::string& token) {
    return Seen(ReadOperator(id, token), {"update", "void"}, token);
  }
  Told OfHelper(const std::string& id, const std::string& token) {
    return Seen(ReadHelper(id, token), {"update", "void"}, token);
  }
  Told OfPairing(const std::string& id, const std::string& token) {
    return Seen(ReadPairing(id, token), {"add_visit", "void"}, token);
  }
  Told OfTraining(const std::string& id, const std::string& token) {
    return Seen(ReadTraining(id, token), {"void"}, token);
  }

  // A county operator whose grant is narrowed to a fund source.
  std::string OfSource(const std::string& source) {
    auth::Grant grant;
    grant.role = role::ROLE_COUNTY_OPERATOR;
    grant.region_path = "360733";
    grant.fund_sources = {source};
    auth::Caller caller;
    caller.subject = "narrowed";
    caller.grants = {std::move(grant)};
    return server_.Token(caller);
  }
};

TEST_F(RecordActions, R066_AnOperatorTellsWhatItsStepsDo) {
  v1::CreateOperatorRequest create = SomeOperator();
  // What a client says is allowed is nothing.
  create.mutable_operator_()->add_allowed_actions()->set_action("void");
  const auto made = Call<v1::Operator>(kO, "CreateOperator", create, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->allowed_actions_size(), 0);
  v1::UpdateOperatorRequest update;
  update.set_id(made->id());
  update.set_etag(made->etag());
  update.mutable_operator_()->set_name("另一名称");
  update.mutable_update_mask()->add_paths("allowed_actions");
  EXPECT_THAT(Call<v1::Operator>(kO, "UpdateOperator", update, county_),
              StatusIs(Code::kInvalidArgument, "IMMUTABLE_FIELD"));
  EXPECT_EQ(OfOperator(made->id(), county_), (Told{{"update", ""}, {"void", ""}}));
  EXPECT_EQ(OfOperator(made->id(), admin_), (Told{{"update", ""}, {"void", ""}}));
  // Seen by everyone, changed by those of its region.
  EXPECT_EQ(OfOperator(made->id(), other_county_), Told());
  EXPECT_EQ(OfOperator(made->id(), village_), Told());
  EXPECT_EQ(OfOperator(made->id(), township_), Told());

  v1::Project p = SomeProject();
  p.set_operator_id(made->id());
  const auto project = Register(p, county_);
  ASSERT_THAT(project, IsOk());
  EXPECT_EQ(OfOperator(made->id(), county_), (Told{{"update", ""}, {"void", "OPERATOR_IN_USE"}}));
  const auto used = ReadOperator(made->id(), county_);
  ASSERT_THAT(used, IsOk());
  EXPECT_NE(used->allowed_actions(1).refusal_zh().find(project->project_code()), std::string::npos);
  // A list tells of no step.
  v1::ListOperatorsRequest list;
  const auto page = Call<v1::ListOperatorsResponse>(kO, "ListOperators", list, county_);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->operators_size(), 1);
  EXPECT_EQ(page->operators(0).allowed_actions_size(), 0);

  ASSERT_OK(VoidProject(*project));
  EXPECT_EQ(OfOperator(made->id(), county_), (Told{{"update", ""}, {"void", ""}}));
  ASSERT_THAT(VoidOperator(*made, county_), IsOk());
  EXPECT_EQ(OfOperator(made->id(), county_),
            (Told{{"update", "RECORD_VOID"}, {"void", "RECORD_VOID"}}));
}

TEST_F(RecordActions, AHelperIsReadAloneAndTellsWhatItsStepsDo) {
  const auto made = MakeHelper();
  ASSERT_THAT(made, IsOk());
  const auto read = ReadHelper(made->id(), county_);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->name(), "省某单位");
  EXPECT_EQ(read->region_path(), kVillage);
  EXPECT_EQ(read->etag(), made->etag());
  EXPECT_THAT(ReadHelper(made->id(), other_county_), StatusIs(Code::kNotFound));
  EXPECT_THAT(ReadHelper(server_.ids().Next().ToString(), county_), StatusIs(Code::kNotFound));
  EXPECT_EQ(OfHelper(made->id(), county_), (Told{{"update", ""}, {"void", ""}}));
  EXPECT_EQ(OfHelper(made->id(), township_), (Told{{"update", ""}}));
  EXPECT_EQ(OfHelper(made->id(), village_), Told());

  // Of its own county or of another one: it is in use.
  v1::Project p = SomeProject();
  p.add_helper_org_ids(made->id());
  const auto project = Register(p, county_);
  ASSERT_THAT(project, IsOk());
  v1::Project elsewhere = SomeProject("龙南镇脐橙冷库建设项目", "360783100001");
  elsewhere.add_helper_org_ids(made->id());
  const auto theirs = Register(elsewhere, other_county_);
  ASSERT_THAT(theirs, IsOk());
  const Told in_use = {{"update", ""}, {"void", "HELPER_IN_USE"}};
  EXPECT_EQ(OfHelper(made->id(), county_), in_use);
  ASSERT_OK(VoidProject(*project));
  EXPECT_EQ(OfHelper(made->id(), county_), in_use);
  ASSERT_OK(VoidProject(*theirs, other_county_));
  // It was named once; nobody names it now.
  EXPECT_EQ(OfHelper(made->id(), county_), (Told{{"update", ""}, {"void", ""}}));
  ASSERT_THAT(VoidHelper(*made, county_), IsOk());
  EXPECT_EQ(OfHelper(made->id(), county_),
            (Told{{"update", "RECORD_VOID"}, {"void", "RECORD_VOID"}}));
}

TEST_F(RecordActions, R076_APairingIsReadAloneAndTellsWhatItsStepsDo) {
  const std::string office = server_.Token(role::ROLE_PROV_OFFICE, "36", "office");
  const auto made = MakePairing();
  ASSERT_THAT(made, IsOk());
  const auto read = ReadPairing(made->id(), county_);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->team_name(), "脐橙科技小院");
  EXPECT_EQ(read->etag(), made->etag());
  EXPECT_THAT(ReadPairing(made->id(), other_county_), StatusIs(Code::kNotFound));
  EXPECT_EQ(OfPairing(made->id(), county_), (Told{{"add_visit", ""}, {"void", ""}}));
  EXPECT_EQ(OfPairing(made->id(), office), (Told{{"add_visit", ""}, {"void", ""}}));
  const std::string approver = server_.Token(role::ROLE_COUNTY_APPROVER, "360733", "approver");
  EXPECT_EQ(OfPairing(made->id(), approver), Told());
  ASSERT_THAT(VoidPairing(*made, county_), IsOk());
  EXPECT_EQ(OfPairing(made->id(), county_),
            (Told{{"add_visit", "RECORD_VOID"}, {"void", "RECORD_VOID"}}));
}

TEST_F(RecordActions, R077_ATrainingIsReadAloneAndTellsWhatItsStepsDo) {
  const auto made = MakeTraining();
  ASSERT_THAT(made, IsOk());
  const auto read = ReadTraining(made->id(), township_);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->title(), "头雁培育班");
  EXPECT_EQ(read->etag(), made->etag());
  EXPECT_THAT(ReadTraining(made->id(), other_county_), StatusIs(Code::kNotFound));
  EXPECT_EQ(OfTraining(made->id(), county_), (Told{{"void", ""}}));
  EXPECT_EQ(OfTraining(made->id(), township_), Told());
  ASSERT_THAT(VoidTraining(*made, county_), IsOk());
  EXPECT_EQ(OfTraining(made->id(), county_), (Told{{"void", "RECORD_VOID"}}));
}

// Who may act in the county, but by a grant that leaves the record's project out, is told so.
TEST_F(RecordActions, AGrantThatLeavesTheProjectOutIsToldSo) {
  const auto project = Register(SomeProject(), county_);  // of LEGACY_SPECIAL money
  ASSERT_THAT(project, IsOk());
  v1::CreateTechPairingRequest pairing = SomePairing();
  pairing.mutable_pairing()->set_project_id(project->id());
  const auto paired = Call<v1::TechPairing>(kI, "CreateTechPairing", pairing, county_);
  ASSERT_THAT(paired, IsOk());
  v1::CreateTrainingRecordRequest training = SomeTraining();
  training.mutable_training()->set_project_id(project->id());
  const auto trained = Call<v1::TrainingRecord>(kI, "CreateTrainingRecord", training, county_);
  ASSERT_THAT(trained, IsOk());
  const std::string lottery = OfSource("LOTTERY");
  EXPECT_EQ(OfPairing(paired->id(), lottery),
            (Told{{"add_visit", "SCOPE_EXCLUDES"}, {"void", "SCOPE_EXCLUDES"}}));
  EXPECT_EQ(OfTraining(trained->id(), lottery), (Told{{"void", "SCOPE_EXCLUDES"}}));
  const std::string special = OfSource("LEGACY_SPECIAL");
  EXPECT_EQ(OfPairing(paired->id(), special), (Told{{"add_visit", ""}, {"void", ""}}));
  EXPECT_EQ(OfTraining(trained->id(), special), (Told{{"void", ""}}));
}

TEST_F(RecordActions, R063_AShortBoardThatAProjectRemediesTellsThatItIsInUse) {
  const auto subject = Register(SomeProject(), county_);
  ASSERT_THAT(subject, IsOk());
  const auto board = MakeBoard(*subject);
  ASSERT_THAT(board, IsOk());
  const auto told = [&] {
    return Seen(ReadBoard(board->id(), county_), {"complete", "void"}, county_);
  };
  EXPECT_EQ(told(), (Told{{"complete", ""}, {"void", ""}}));
  v1::Project remedy = Remedy(*board, *subject);
  const auto remedied = Register(remedy, county_);
  ASSERT_THAT(remedied, IsOk());
  EXPECT_EQ(told(), (Told{{"complete", ""}, {"void", "SHORT_BOARD_IN_USE"}}));
  ASSERT_OK(VoidProject(*remedied));
  EXPECT_EQ(told(), (Told{{"complete", ""}, {"void", ""}}));
}

}  // namespace
}  // namespace bangfu::registry
