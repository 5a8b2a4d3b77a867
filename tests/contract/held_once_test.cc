// 力戒形式主义: a datum that is held anywhere is offered, and no form asks for it again (R129).
//
// Every field that a person fills, in every rpc that writes (of masks, bulk steps and imports too),
// is compared with what is held: what Get and List rpcs answer, what events of the feeds carry, and
// what other forms ask for. Data are the same when an official knows them by the same word, their
// zh label, or by two words of which `held_by` says that they are one. What a field of the record
// that the form makes or changes says is that field's own; where another record has the datum the
// field says which (`held_by`), and the services' tests prove that the form's prefill offers it
// (OfferedForms). Data that only share a word are told apart at the end, field by field.
#include "tests/contract/held_once.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace bangfu {
namespace {

TEST(HeldOnce, R129_WhatIsSaidToBeHeldIsThere) {
  int held = 0;
  for (const MethodDescriptor* method : Writes()) {
    const dictionary::v1::Form form = dictionary::FormOf(*method, 12);
    for (const dictionary::v1::FormField& field : form.fields()) {
      if (field.held_by().empty()) continue;
      ++held;
      if (field.held_by() == "caller.name") continue;
      EXPECT_NE(HeldBy(field.held_by()), nullptr) << field.path() << ": " << field.held_by();
    }
    for (const dictionary::v1::FormField& field : form.fields()) {
      for (const std::string& other : field.also_held_by()) {
        EXPECT_NE(HeldBy(other), nullptr) << field.path() << ": " << other;
        EXPECT_NE(other, field.held_by()) << field.path();
      }
    }
  }
  EXPECT_GT(held, 60);
}

// A service whose forms take what is held proves its prefills: these are the services that the
// tests with OfferedForms go through (registry's dictionary_test, asset's forms_test, evaluation's
// dashboard_test).
TEST(HeldOnce, R129_WhatTakesWhatIsHeldIsProvedToBeOffered) {
  const HeldOnce contracts;
  std::set<std::string> taking;
  for (const Asked& asked : contracts.asked()) {
    if (!asked.held_by.empty()) taking.insert(asked.form->service()->full_name());
  }
  EXPECT_THAT(
      taking,
      ::testing::UnorderedElementsAre(
          "bangfu.asset.v1.AssetService", "bangfu.asset.v1.ContractService",
          "bangfu.evaluation.v1.EvaluationService", "bangfu.evaluation.v1.FactService",
          "bangfu.evaluation.v1.LedgerService", "bangfu.registry.v1.IndustryService",
          "bangfu.registry.v1.InventoryService", "bangfu.registry.v1.OperationReportService",
          "bangfu.registry.v1.ProjectService", "bangfu.registry.v1.VerificationService"));
}

// A form's data that another service holds are offered by that one's PrefillForm, where these tests
// with AddFormsOf go through them (asset's forms_test).
TEST(HeldOnce, R129_WhatAnotherServiceHoldsOfAFormIsProvedToBeOffered) {
  const HeldOnce contracts;
  std::set<std::string> offering;
  for (const Asked& asked : contracts.asked()) {
    for (const std::string& other : asked.also_held_by) {
      Field holder = HeldBy(other);
      ASSERT_NE(holder, nullptr) << other;
      const std::string& from = holder->file()->package();
      if (from == asked.form->file()->package()) continue;
      offering.insert(Cat(from, " to ", asked.form->service()->full_name()));
    }
  }
  EXPECT_THAT(offering, ::testing::UnorderedElementsAre(
                            "bangfu.asset.v1 to bangfu.registry.v1.OperationReportService"));
}

// The work of a month is told to whichever is filled first: the record of employment takes it from
// the monthly report, and the report from the record.
TEST(HeldOnce, R129_WorkThatARecordTakesFromAReportTheReportTakesFromTheRecord) {
  const HeldOnce contracts;
  int taken = 0;
  for (const Asked& asked : contracts.asked()) {
    if (asked.form->name() != "RecordEmployment" || asked.held_by.empty()) continue;
    ++taken;
    Field report = HeldBy(asked.held_by);
    ASSERT_NE(report, nullptr) << asked.held_by;
    EXPECT_THAT(contract::LabelOf(*report).also_held_by(),
                ::testing::Contains(Cat("asset.v1.EmploymentRecord.", asked.field->name())))
        << NameOf(report);
  }
  EXPECT_EQ(taken, 4);
}

// Fields with the word of another datum. Data that are near under other words: near_data_test.cc.
const std::vector<Other>& OtherData() {
  static const auto& others = *new std::vector<Other>{
      {"why this one record is void: said of it when it is made void",
       {"asset.v1.VoidAssetRequest.reason", "asset.v1.VoidContractRequest.reason",
        "asset.v1.VoidDividendRequest.reason", "evaluation.v1.VoidEvaluationRequest.reason",
        "registry.v1.VoidHelperOrganisationRequest.reason",
        "registry.v1.VoidOperatorRequest.reason", "registry.v1.VoidProjectRequest.reason",
        "registry.v1.VoidShortBoardRequest.reason", "registry.v1.VoidTechPairingRequest.reason",
        "registry.v1.VoidTrainingRecordRequest.reason"},
       {"asset.v1.VoidAssetRequest", "asset.v1.VoidContractRequest", "asset.v1.VoidDividendRequest",
        "evaluation.v1.VoidEvaluationRequest", "registry.v1.HelperOrganisation",
        "registry.v1.Operator", "registry.v1.Project", "registry.v1.ShortBoard",
        "registry.v1.TechPairing", "registry.v1.TrainingRecord",
        "registry.v1.VoidHelperOrganisationRequest", "registry.v1.VoidOperatorRequest",
        "registry.v1.VoidProjectRequest", "registry.v1.VoidShortBoardRequest",
        "registry.v1.VoidTechPairingRequest", "registry.v1.VoidTrainingRecordRequest"}},
      {"the same step, taken for one evaluation or for many at once: never for one in both",
       {"evaluation.v1.BatchAdvanceRequest.channels", "evaluation.v1.BatchAdvanceRequest.reason",
        "evaluation.v1.BatchAdvanceRequest.department",
        "evaluation.v1.StartClassPublicityRequest.channels",
        "evaluation.v1.RejectOverrideRequest.reason"},
       {"evaluation.v1.BatchAdvanceRequest", "evaluation.v1.JointSignature",
        "evaluation.v1.RejectOverrideRequest", "evaluation.v1.StartClassPublicityRequest",
        "registry.v1.BatchSignVerificationsRequest", "registry.v1.Organisation",
        "registry.v1.RequiredDepartment"}},
      {"which department signs many reports at once: there is no one report to take it from",
       {"registry.v1.BatchSignVerificationsRequest.department_code"},
       {"evaluation.v1.BatchAdvanceRequest", "evaluation.v1.JointSignature",
        "registry.v1.Organisation"}},
      {"which county, month or version the form is about: chosen, as a record is",
       {"registry.v1.EnsureIndustryRequest.region_code",
        "registry.v1.SelectLeadingIndustryRequest.region_code",
        "registry.v1.TechPairing.region_code",
        "registry.v1.ActivateTaxonomyRequest.taxonomy_version",
        "evaluation.v1.EvaluateSubjectsRequest.period",
        "evaluation.v1.StartBatchEvaluationRequest.period"},
       {"evaluation.v1.EvaluateSubjectsRequest", "evaluation.v1.Evaluation",
        "evaluation.v1.StartBatchEvaluationRequest", "registry.v1.BrandCertification",
        "registry.v1.EnsureIndustryRequest", "registry.v1.Industry", "registry.v1.IndustryCategory",
        "registry.v1.LeadingIndustry", "registry.v1.LeadingIndustryGap", "registry.v1.Project",
        "registry.v1.SelectLeadingIndustryRequest", "registry.v1.TechPairing",
        "registry.v1.TrainingRecord"}},
      {"defines what the others refer to: this is where it is held",
       {"registry.v1.Region.code", "registry.v1.Region.name", "registry.v1.Code.list",
        "registry.v1.IndustryCategory.taxonomy_version",
        "registry.v1.Organisation.department_code"},
       {"evaluation.v1.T14Row", "registry.v1.ActivateTaxonomyRequest", "registry.v1.CodeList",
        "registry.v1.Completeness", "registry.v1.Industry", "registry.v1.RequiredDepartment",
        "registry.v1.Taxonomy", "type.v1.GrantRegion"}},
      {"since when, until when and how surely this one row of reference data holds",
       {"registry.v1.Code.valid_from", "registry.v1.Code.valid_to", "registry.v1.Code.unconfirmed",
        "registry.v1.FundSourceDepartment.valid_from", "registry.v1.FundSourceDepartment.valid_to",
        "registry.v1.FundSourceDepartment.unconfirmed", "registry.v1.IndustryCategory.unconfirmed"},
       {"dictionary.v1.DictionaryItem", "registry.v1.Code", "registry.v1.FundSourceDepartment",
        "registry.v1.IndustryCategory", "registry.v1.Parameter", "registry.v1.Taxonomy"}},
      {"the money of a project; the money that a rule is for",
       {"registry.v1.DeclaredFunding.source_code", "asset.v1.AssetFunding.source_code",
        "registry.v1.DeclaredFunding.task_code", "registry.v1.FundSourceDepartment.source_code",
        "registry.v1.FundSourceDepartment.task_code"},
       {"asset.v1.AssetFunding", "registry.v1.DeclaredFunding",
        "registry.v1.FundSourceDepartment"}},
      {"one project's amount; what a class of projects sums up to",
       {"registry.v1.DeclaredFunding.amount", "asset.v1.AssetFunding.amount_fen"},
       {"evaluation.v1.ClassFigure"}},
      {"the first record of it: the other service counts it up from here",
       {"registry.v1.Project.planting_date", "asset.v1.UseReportInput.idle_since",
        "registry.v1.TechPairing.visits", "registry.v1.TrainingRecord.persons",
        "registry.v1.TrainingRecord.poor_labour_persons"},
       {"asset.v1.ProjectAssetFacts", "registry.v1.ServiceSummary"}},
      {"what the document of this project prints; an asset's row is another document's",
       {"registry.v1.RawText.field", "registry.v1.RawText.text", "registry.v1.RawText.parse_state",
        "registry.v1.RawText.understood"},
       {"asset.v1.AssetRawText"}},
      {"what others see of it, summed up out of what this form asks for",
       {"asset.v1.AssetDetails.planting_date", "asset.v1.RecordEmploymentRequest.person_days",
        "asset.v1.RecordEmploymentRequest.poor_person_days",
        "asset.v1.RecordEmploymentRequest.wages_fen", "asset.v1.RecordIncomeRequest.received_fen",
        "registry.v1.OperationReport.person_days", "registry.v1.OperationReport.poor_person_days",
        "registry.v1.OperationReport.wages_fen", "registry.v1.Project.name",
        "registry.v1.SubmitUnitReportRequest.is_nil"},
       {"asset.v1.IncomeDue", "registry.v1.MissingReport", "asset.v1.MonthlyFacts",
        "asset.v1.OperatingContract", "asset.v1.ProjectAssetFacts", "evaluation.v1.T14Row",
        "registry.v1.Completeness", "registry.v1.Industry"}},
      {"the operator of this contract; another contract may be another one's",
       {"asset.v1.ContractTerms.operator_name", "asset.v1.ContractTerms.operator_uscc",
        "asset.v1.RecordLinkageRequest.operator_name",
        "asset.v1.RecordLinkageRequest.operator_uscc"},
       {"asset.v1.ContractTerms", "asset.v1.LinkageContract"}},
      {"which due of the contract the form is about: chosen, as a record is",
       {"asset.v1.RecordIncomeRequest.due_no", "asset.v1.StateDueBaseRequest.due_no"},
       {"asset.v1.IncomeRecord", "asset.v1.StateDueBaseRequest"}},
      {"an expert's own opinion; what the panel then settles on",
       {"evaluation.v1.ExpertScore.cause", "evaluation.v1.ArgumentRecord.cause",
        "evaluation.v1.MeasurePlan.cause"},
       {"evaluation.v1.ArgumentRecord", "evaluation.v1.ExpertScore", "evaluation.v1.MeasurePlan"}},
      {"what the contract lays down, of which its dues are reckoned; a rate of something else",
       {"asset.v1.ScheduleStep.rate_bp", "registry.v1.DrawSampleRequest.rate_bp"},
       {"asset.v1.IncomeDue"}},
      {"what a team is to do; what it did on one day",
       {"registry.v1.TechPairing.content"},
       {"registry.v1.PairingVisit"}},
      {"as the inventory's table prints it; of one month's work",
       {"registry.v1.Project.workers"},
       {"asset.v1.EmploymentRecord"}},
      {"which of the departments that this record waits for signs",
       {"evaluation.v1.SignJointlyRequest.department",
        "registry.v1.SignVerificationRequest.department_code"},
       {"evaluation.v1.BatchAdvanceRequest", "evaluation.v1.JointSignature",
        "registry.v1.BatchSignVerificationsRequest", "registry.v1.Organisation",
        "registry.v1.RequiredDepartment"}},
      {"where a project is as its document prints it; the name of a region",
       {"registry.v1.Project.region_text"},
       {"registry.v1.Completeness", "type.v1.GrantRegion"}},
      {"marks this record as made by the sample generator",
       {"intake.v1.BeginImportRequest.sample", "registry.v1.EnsureIndustryRequest.is_sample",
        "registry.v1.OperationReport.is_sample", "registry.v1.Operator.is_sample",
        "registry.v1.Project.is_sample"},
       {"intake.v1.BeginImportRequest", "registry.v1.EnsureIndustryRequest", "registry.v1.Industry",
        "registry.v1.OperationReport", "registry.v1.Operator", "registry.v1.Project"}},
  };
  return others;
}

TEST(HeldOnce, R129_NoFormAsksForWhatIsHeldElsewhere) {
  const HeldOnce contracts;
  EXPECT_GT(contracts.asked().size(), 600u);
  EXPECT_GT(contracts.holders(), 1000u);
  ExpectToldApart(contracts, OtherData(),
                  [&](const Asked& asked) { return contracts.Elsewhere(asked); });
}

// A field of which its own record is said to be the holder is offered nothing new by that: each is
// one that the record carries on from an earlier step, or from an earlier record of its kind.
TEST(HeldOnce, R129_WhatNamesItsOwnRecordIsKnown) {
  const HeldOnce contracts;
  std::set<std::string> own;
  for (const Asked& asked : contracts.asked()) {
    if (contracts.NamesItself(asked)) own.insert(Cat(NameOf(asked.field), " of ", asked.held_by));
  }
  EXPECT_THAT(
      own,
      ::testing::UnorderedElementsAre(
          "asset.v1.PayDividendRequest.paid_fen of asset.v1.Dividend.declared_fen",
          "asset.v1.UpdateLinkageCountsRequest.households of asset.v1.LinkageContract.households",
          "asset.v1.UpdateLinkageCountsRequest.monitored_households of "
          "asset.v1.LinkageContract.monitored_households",
          "asset.v1.UpdateLinkageCountsRequest.poor_households of "
          "asset.v1.LinkageContract.poor_households",
          "evaluation.v1.DispatchFigure.code of evaluation.v1.DispatchFigure.code",
          "evaluation.v1.DispatchFigure.group of evaluation.v1.DispatchFigure.group",
          "evaluation.v1.DispatchFigure.unit of evaluation.v1.DispatchFigure.unit",
          "evaluation.v1.ExpertScore.cause of evaluation.v1.ExpertScore.cause",
          "evaluation.v1.ExpertScore.market_outlook of evaluation.v1.ExpertScore.market_outlook",
          "evaluation.v1.ExpertScore.opinion of evaluation.v1.ExpertScore.opinion",
          "evaluation.v1.ExpertScore.resource_basis of evaluation.v1.ExpertScore.resource_basis",
          "evaluation.v1.ExpertScore.tech_backward of evaluation.v1.ExpertScore.tech_backward",
          "evaluation.v1.SignJointlyRequest.department of evaluation.v1.JointSignature.department",
          "registry.v1.OperationReport.off_season of registry.v1.OperationReport.off_season",
          "registry.v1.OperationReport.poor_workers of registry.v1.OperationReport.poor_workers",
          "registry.v1.OperationReport.workers of registry.v1.OperationReport.workers",
          "registry.v1.SaveUnitReportDraftRequest.note of registry.v1.InventoryUnitReport.note",
          "registry.v1.SaveUnitReportDraftRequest.signatory of "
          "registry.v1.InventoryUnitReport.signatory",
          "registry.v1.SignVerificationRequest.department_code of "
          "registry.v1.RequiredDepartment.department_code",
          "registry.v1.SubmitUnitReportRequest.is_nil of "
          "registry.v1.InventoryUnitReport.project_count",
          "registry.v1.SubmitUnitReportRequest.note of registry.v1.InventoryUnitReport.note",
          "registry.v1.SubmitUnitReportRequest.signatory of "
          "registry.v1.InventoryUnitReport.signatory"));
}

// That a hole is found: had a form no `held_by` where it takes a datum from another record, the
// comparison would name that record.
TEST(HeldOnce, R129_WhatIsOfferedWouldBeFoundIfItWereNot) {
  const HeldOnce contracts;
  std::map<std::string, std::set<std::string>> found;
  for (Asked asked : contracts.asked()) {
    if (asked.held_by.empty() && asked.also_held_by.empty()) continue;
    asked.held_by.clear();
    asked.also_held_by.clear();
    for (const auto& [name, holder] : contracts.Elsewhere(asked)) {
      found[NameOf(asked.field)].insert(name);
    }
  }
  for (const auto& [field, holder] : std::map<std::string, std::string>{
           // By one word, in what a Get answers and what an event carries.
           {"asset.v1.AssetDetails.latitude_e7", "registry.v1.Project.latitude_e7"},
           {"asset.v1.RecordEmploymentRequest.wages_fen", "registry.v1.OperationReport.wages_fen"},
           {"registry.v1.OperationReport.workers", "registry.v1.Project.workers"},
           // By two words that are declared one.
           {"asset.v1.AssetDetails.planting_date", "registry.v1.Project.planting_date"},
           {"asset.v1.RecordLinkageRequest.operator_name", "registry.v1.Operator.name"},
           {"registry.v1.BrandCertification.holder", "registry.v1.Operator.name"},
       }) {
    EXPECT_EQ(found[field].count(holder), 1u) << field << " is held by " << holder;
  }
}

}  // namespace
}  // namespace bangfu
