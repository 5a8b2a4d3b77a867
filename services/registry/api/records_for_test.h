// Operators, helper organisations, short boards, pairings and trainings, made and voided: for
// tests.
#pragma once

#include <string>

#include "common/contract/time.h"
#include "services/registry/api/registry_for_test.h"

namespace bangfu::registry {

class RecordsTest : public RegistryTest {
 protected:
  static v1::CreateOperatorRequest SomeOperator() {
    v1::CreateOperatorRequest create;
    v1::Operator& o = *create.mutable_operator_();
    o.set_name("会昌县脐橙合作社");
    o.set_kind("COOPERATIVE");
    o.set_region_code("360733");
    o.set_uscc("91350100M000100Y43");
    return create;
  }
  absl::StatusOr<v1::Operator> MakeOperator() {
    return Call<v1::Operator>(kO, "CreateOperator", SomeOperator(), county_);
  }
  absl::StatusOr<v1::HelperOrganisation> MakeHelper() {
    v1::CreateHelperOrganisationRequest create;
    create.mutable_helper()->set_name("省某单位");
    create.mutable_helper()->set_region_code(kVillage);
    return Call<v1::HelperOrganisation>(kO, "CreateHelperOrganisation", create, county_);
  }
  // Of the project's industry.
  absl::StatusOr<v1::ShortBoard> MakeBoard(const v1::Project& project) {
    v1::CreateShortBoardRequest create;
    v1::ShortBoard& b = *create.mutable_short_board();
    b.set_subject_type(type::v1::SUBJECT_TYPE_INDUSTRY);
    b.set_subject_id(project.industry_id());
    b.set_kind("FACILITY");
    b.set_description("缺冷藏设施");
    return Call<v1::ShortBoard>(kI, "CreateShortBoard", create, county_);
  }
  // A project that answers the board, for `subject`.
  v1::Project Remedy(const v1::ShortBoard& board, const v1::Project& subject,
                     const std::string& name = "水东村冷库补短板项目") {
    v1::Project remedy = SomeProject(name);
    remedy.set_category("SHORTBOARD");
    remedy.set_shortboard_sort("FACILITY");
    remedy.set_remedies_subject_id(subject.id());
    remedy.set_short_board_id(board.id());
    return remedy;
  }
  static v1::CreateTechPairingRequest SomePairing() {
    v1::CreateTechPairingRequest create;
    v1::TechPairing& t = *create.mutable_pairing();
    t.set_region_code("360733");
    t.set_kind("SCIENCE_COURTYARD");
    t.set_team_name("脐橙科技小院");
    SetDay(absl::CivilDay(2025, 1, 1), t.mutable_period()->mutable_from());
    return create;
  }
  absl::StatusOr<v1::TechPairing> MakePairing(int visits = 0) {
    v1::CreateTechPairingRequest create = SomePairing();
    if (visits > 0) create.mutable_pairing()->set_visits(visits);
    return Call<v1::TechPairing>(kI, "CreateTechPairing", create, county_);
  }
  static v1::CreateTrainingRecordRequest SomeTraining() {
    v1::CreateTrainingRecordRequest create;
    v1::TrainingRecord& r = *create.mutable_training();
    r.set_region_code("360733100");
    r.set_programme("HEAD_GOOSE");
    r.set_title("头雁培育班");
    r.set_persons(40);
    SetDay(absl::CivilDay(2026, 2, 10), r.mutable_held_on());
    return create;
  }
  absl::StatusOr<v1::TrainingRecord> MakeTraining() {
    return Call<v1::TrainingRecord>(kI, "CreateTrainingRecord", SomeTraining(), county_);
  }

  template <typename Record, typename Request>
  absl::StatusOr<Record> Void(const char* service, const char* method, const Record& record,
                              const std::string& token, bool validate_only = false) {
    Request request;
    request.set_id(record.id());
    request.set_etag(record.etag());
    request.set_reason("登记有误");
    request.set_validate_only(validate_only);
    return Call<Record>(service, method, request, token);
  }
  absl::StatusOr<v1::Operator> VoidOperator(const v1::Operator& o, const std::string& token,
                                            bool validate_only = false) {
    return Void<v1::Operator, v1::VoidOperatorRequest>(kO, "VoidOperator", o, token, validate_only);
  }
  absl::StatusOr<v1::HelperOrganisation> VoidHelper(const v1::HelperOrganisation& h,
                                                    const std::string& token,
                                                    bool validate_only = false) {
    return Void<v1::HelperOrganisation, v1::VoidHelperOrganisationRequest>(
        kO, "VoidHelperOrganisation", h, token, validate_only);
  }
  absl::StatusOr<v1::ShortBoard> VoidBoard(const v1::ShortBoard& b, const std::string& token,
                                           bool validate_only = false) {
    return Void<v1::ShortBoard, v1::VoidShortBoardRequest>(kI, "VoidShortBoard", b, token,
                                                           validate_only);
  }
  absl::StatusOr<v1::TechPairing> VoidPairing(const v1::TechPairing& t, const std::string& token,
                                              bool validate_only = false) {
    return Void<v1::TechPairing, v1::VoidTechPairingRequest>(kI, "VoidTechPairing", t, token,
                                                             validate_only);
  }
  absl::StatusOr<v1::TrainingRecord> VoidTraining(const v1::TrainingRecord& t,
                                                  const std::string& token,
                                                  bool validate_only = false) {
    return Void<v1::TrainingRecord, v1::VoidTrainingRecordRequest>(kI, "VoidTrainingRecord", t,
                                                                   token, validate_only);
  }
  // `token` "": the county's.
  absl::Status VoidProject(const v1::Project& project, const std::string& token = "") {
    return Void<v1::Project, v1::VoidProjectRequest>(kP, "VoidProject", project,
                                                     token.empty() ? county_ : token)
        .status();
  }
};

}  // namespace bangfu::registry
