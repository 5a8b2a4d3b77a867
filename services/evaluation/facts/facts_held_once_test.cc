// What the evaluation computes with follows from what forms say once (R129): each fact names the
// fields that it follows from, and no form asks for a fact itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bangfu/contracts.h"
#include "common/base/strings.h"
#include "common/contract/access.h"
#include "common/contract/labels.h"
#include "common/dictionary/form.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/facts.h"

namespace bangfu::evaluation {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using ::testing::IsEmpty;

// A part of a fact: the field that says it first, and those of later forms that say the same.
using Part = std::vector<std::string>;
// By the code of an indicator or the name of a rule's fact. No part: it comes from elsewhere.
using Sources = std::map<std::string, std::vector<Part>>;
const Sources& SourcesOfIndicators() {
  static const auto& sources = *new Sources{
      {"D1-01",
       {{"registry.v1.Project.chain_links"},
        {"registry.v1.PresentLink.link_code"},
        {"registry.v1.IndustryCategory.applicable_links"}}},
      {"D1-02",
       {{"registry.v1.OperationReport.capacity_used"},
        {"registry.v1.OperationReport.off_season"},
        {"registry.v1.Project.design_capacity"}}},
      {"D1-03",
       {{"registry.v1.OperationReport.output_value_fen"},
        {"registry.v1.DeclaredFunding.amount"},
        {"registry.v1.Project.planned_total"}}},
      {"D1-04",
       {{"registry.v1.ShortBoard.kind"}, {"registry.v1.CompleteShortBoardRequest.completed_on"}}},
      {"D1-05",
       {{"registry.v1.BrandCertification.valid_from"},
        {"registry.v1.BrandCertification.expires_on"},
        {"registry.v1.EndBrandCertificationRequest.ended_on"}}},
      {"D2-01",
       {{"asset.v1.UseReportInput.use_state"},
        {"asset.v1.UsePart.use_state"},
        {"registry.v1.OperationReport.stop_days"},
        {"registry.v1.OperationReport.off_season"}}},
      {"D2-02",
       {{"asset.v1.UseReportInput.idle_since"},
        {"registry.v1.OperationReport.stop_days"},
        {"registry.v1.Project.actual_end"}}},
      {"D2-03",
       {{"registry.v1.OperationReport.revenue_fen"}, {"registry.v1.OperationReport.cost_fen"}}},
      {"D2-04",
       {{"asset.v1.ContractTerms.end_date"},
        {"registry.v1.Operator.dishonest"},
        {"registry.v1.Operator.abnormal"},
        {"registry.v1.Operator.registration_state"},
        {"registry.v1.Qualification.expires_on"}}},
      {"D2-05",
       {{"asset.v1.Maintenance.person"},
        {"asset.v1.Maintenance.rules"},
        {"asset.v1.Maintenance.annual_fund_fen"},
        {"registry.v1.Project.om_mechanism"}}},
      {"D3-01",
       {{"asset.v1.RecordIncomeRequest.received_fen"},
        {"asset.v1.AssetDetails.original_value_fen"}}},
      {"D3-02",
       {{"asset.v1.RecordIncomeRequest.received_fen"},
        {"asset.v1.ScheduleStep.fixed_fen_per_year"},
        {"asset.v1.ScheduleStep.rate_bp"},
        // The lessee's own figure of the due's whole period, shown by its books. What a monthly
        // report of a source project says (output_value_fen, sales_fen, revenue_fen, cost_fen of
        // registry.v1.OperationReport) is another datum: of one project, not of all the business
        // that the contract takes for its base, and of a month, before the period's end is audited.
        {"asset.v1.StateDueBaseRequest.base_fen"}}},
      {"D3-03",
       {{"asset.v1.UseReportInput.use_state"},
        {"asset.v1.UsePart.value_share_bp"},
        {"asset.v1.AssetDetails.original_value_fen"}}},
      {"D4-01",
       {{"registry.v1.LinkageMechanism.beneficiary_poor_households",
         "asset.v1.RecordLinkageRequest.poor_households"},
        {"registry.v1.LinkageMechanism.beneficiary_monitored_households",
         "asset.v1.RecordLinkageRequest.monitored_households"},
        {"registry.v1.DeclaredFunding.amount"}}},
      {"D4-02",
       {{"registry.v1.LinkageMechanism.beneficiary_households",
         "asset.v1.RecordLinkageRequest.households"},
        {"asset.v1.RecordLinkageIncomeRequest.paid_fen"},
        {"asset.v1.RecordEmploymentRequest.poor_wages_fen"},
        {"asset.v1.PayDividendRequest.paid_fen"}}},
      {"D4-03",
       {{"asset.v1.DeclareDividendRequest.declared_fen"},
        {"asset.v1.PayDividendRequest.paid_fen"}}},
      {"D4-04",
       {{"registry.v1.OperationReport.poor_person_days",
         "asset.v1.RecordEmploymentRequest.poor_person_days"}}},
      {"D4-05",
       {{"registry.v1.LinkageMechanism.modes", "asset.v1.RecordLinkageRequest.mode_code"}}},
      {"D5-01", {{"evaluation.v1.ExpertScore.market_outlook"}}},
      {"D5-02",
       {{"registry.v1.SelectLeadingIndustryRequest.industry_code"},
        {"registry.v1.IndustryCategory.level"}}},
      {"D5-03", {{"evaluation.v1.ExpertScore.resource_basis"}}},
      // The warnings of the risk service.
      {"D5-04", {}},
  };
  return sources;
}
const Sources& SourcesOfRuleFacts() {
  static const auto& sources = *new Sources{
      // Which appraisal it is that says the two next ones: no datum that anybody fills.
      {"appraisal_id", {}},
      {"appraisal_valid_until", {{"evaluation.v1.Appraisal.valid_to"}}},
      // An expert's own opinion, and what the panel then settles on, are two.
      {"cause",
       {{"evaluation.v1.ExpertScore.cause"},
        {"evaluation.v1.ArgumentRecord.cause", "evaluation.v1.MeasurePlan.cause"}}},
      // The state that the step of the county's verification leaves.
      {"county_verified", {}},
      {"cultivation_months",
       {{"registry.v1.IndustryCategory.cultivation_months",
         "asset.v1.AssetDetails.cultivation_months"}}},
      {"damaged_irreparable", {{"asset.v1.UseReportInput.irreparable"}}},
      // Where the other facts are from.
      {"evidence", {}},
      {"has_operating_assets",
       {{"asset.v1.AssetDetails.asset_class"}, {"registry.v1.Project.project_type"}}},
      {"is_public_welfare_only", {{"asset.v1.AssetDetails.asset_class"}}},
      // The step that makes a record void.
      {"is_void", {}},
      {"life_expired_share_bp",
       {{"asset.v1.AssetDetails.formed_date"}, {"asset.v1.AssetDetails.service_life_months"}}},
      {"maintenance_inspection_failed", {{"asset.v1.RecordInspectionRequest.result"}}},
      {"missing_links",
       {{"registry.v1.Project.chain_links"},
        {"registry.v1.PresentLink.link_code"},
        {"registry.v1.IndustryCategory.applicable_links"}}},
      {"no_revital_value", {{"evaluation.v1.Appraisal.no_revital_value"}}},
      // The cases and the warnings of the risk service.
      {"open_fund_case", {}},
      {"open_red", {}},
      {"open_short_boards",
       {{"registry.v1.ShortBoard.kind"},
        {"registry.v1.ShortBoard.link_code"},
        {"registry.v1.CompleteShortBoardRequest.completed_on"}}},
      {"planned_end", {{"registry.v1.Project.planned_end"}}},
      {"planting_date",
       {{"registry.v1.Project.planting_date", "asset.v1.AssetDetails.planting_date"}}},
      {"production_start", {{"registry.v1.Project.production_start_date"}}},
      {"revitalise_feasible", {{"evaluation.v1.ArgumentRecord.conclusion"}}},
      {"stage", {{"registry.v1.Project.state"}}},
      {"tech_backward", {{"evaluation.v1.ExpertScore.tech_backward"}}},
  };
  return sources;
}

// By name, all that the rules look at beside the values: of RuleFacts and of the snapshot itself.
std::set<std::string> RuleFactNames() {
  Snapshot snapshot;
  // What is empty is left out. A member that is added does not compile here: it is to be filled
  // where it may be empty, and its source to be named above.
  auto& [damaged, no_value, appraisal, appraisal_until, expired, backward, cause, feasible, red,
         fund_case, welfare, operating, links, boards, production, planting, cultivation,
         inspection, evidence] = snapshot.facts;
  appraisal = cause = "A";
  appraisal_until = production = planting = absl::CivilDay(2026, 1, 1);
  links = {"A"};
  boards.emplace_back();
  evidence.emplace_back();
  auto& [type, subject, period, period_end, stage, verified, is_void, planned_end, facts, values,
         measures, aggregated, distribution] = snapshot;
  planned_end = period_end = absl::CivilDay(2026, 1, 1);
  google::protobuf::Struct json;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(CanonicalJson(snapshot), &json).ok());
  std::set<std::string> names;
  for (const auto& [name, value] : json.fields()) names.insert(name);
  // What is evaluated and when; the facts themselves. Values are told apart by their indicators,
  // and what is left out is computed of them.
  for (const char* other : {"facts", "period", "period_end", "subject_id", "subject_type"}) {
    names.erase(other);
  }
  for (const auto& [name, value] : json.fields().at("facts").struct_value().fields()) {
    names.insert(name);
  }
  return names;
}

bool IsInput(const FieldDescriptor& field) {
  return dictionary::PurposeOf(field) == dictionary::v1::FIELD_PURPOSE_INPUT;
}

// Every field that a person fills in a form of any contract.
std::set<const FieldDescriptor*> Inputs() {
  std::set<const Descriptor*> seen;
  std::vector<const Descriptor*> open;
  for (const std::string& name : ContractFiles()) {
    const auto* file = DescriptorPool::generated_pool()->FindFileByName(name);
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const auto& method = *file->service(i)->method(j);
        const auto access = contract::AccessOf(method);
        if (access.ok() && access->mode() == options::v1::ACCESS_MODE_WRITE) {
          open.push_back(method.input_type());
        }
      }
    }
  }
  std::set<const FieldDescriptor*> out;
  while (!open.empty()) {
    const Descriptor* message = open.back();
    open.pop_back();
    if (!seen.insert(message).second) continue;
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor* field = message->field(i);
      if (!IsInput(*field)) continue;
      out.insert(field);
      if (field->message_type() != nullptr) open.push_back(field->message_type());
    }
  }
  return out;
}
std::string NameOf(const FieldDescriptor* field) {
  return field->full_name().substr(std::string_view("bangfu.").size());
}

TEST(FactsHeldOnce, R129_EveryFactFollowsFromWhatFormsSayOnce) {
  std::map<std::string, const FieldDescriptor*> inputs;
  for (const FieldDescriptor* field : Inputs()) inputs[NameOf(field)] = field;
  std::set<std::string> indicators;
  for (const IndicatorDef& indicator : BaselineV1().indicators) indicators.insert(indicator.code);
  std::set<std::string> told;
  for (const auto& [code, parts] : SourcesOfIndicators()) told.insert(code);
  EXPECT_EQ(told, indicators);
  std::set<std::string> told_of_rules;
  for (const auto& [name, parts] : SourcesOfRuleFacts()) told_of_rules.insert(name);
  EXPECT_EQ(told_of_rules, RuleFactNames());
  int again = 0;
  for (const Sources* sources : {&SourcesOfIndicators(), &SourcesOfRuleFacts()}) {
    for (const auto& [fact, parts] : *sources) {
      for (const Part& part : parts) {
        for (const std::string& field : part) {
          ASSERT_EQ(inputs.count(field), 1u) << fact << ": no form asks for " << field;
          if (field == part.front()) continue;
          ++again;
          EXPECT_EQ(contract::LabelOf(*inputs[field]).held_by(), part.front())
              << fact << ": " << field << " is asked for again";
        }
      }
    }
  }
  EXPECT_GE(again, 8);
}

TEST(FactsHeldOnce, R129_NoFormAsksForAFactThatIsComputed) {
  std::map<std::string, const IndicatorDef*> by_name;
  const CriteriaSet baseline = BaselineV1();
  for (const IndicatorDef& indicator : baseline.indicators) {
    by_name[indicator.name_zh] = &indicator;
  }
  ASSERT_EQ(by_name.size(), baseline.indicators.size());
  std::set<std::string> asked;
  for (const FieldDescriptor* field : Inputs()) {
    const auto named = by_name.find(contract::LabelOf(*field).zh());
    if (named != by_name.end()) asked.insert(Cat(NameOf(field), " asks for ", named->second->code));
  }
  EXPECT_THAT(asked, IsEmpty());
}

}  // namespace
}  // namespace bangfu::evaluation
