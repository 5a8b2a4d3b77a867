// Who changes what others may have changed since names the version that was seen: AIP-154's etag,
// which is checked whenever it is given.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bangfu/options/v1/access.pb.h"
#include "bangfu/options/v1/rules.pb.h"
#include "common/contract/access.h"
#include "tests/contract/contracts.h"

namespace bangfu {
namespace {

// Of the request, or of each record in a step in bulk.
const FieldDescriptor* EtagOf(const Descriptor& request) {
  if (const FieldDescriptor* own = request.FindFieldByName("etag")) return own;
  for (int i = 0; i < request.field_count(); ++i) {
    const Descriptor* item = request.field(i)->message_type();
    if (item != nullptr && item->full_name() == "bangfu.type.v1.BulkItem") {
      return item->FindFieldByName("etag");
    }
  }
  return nullptr;
}

struct Exemption {
  std::string reason;
  std::set<std::string> methods;  // without "bangfu." and the version
};

const std::vector<Exemption>& Exemptions() {
  static const auto* const all = new std::vector<Exemption>{
      {"makes a record of its own, under a key that two callers cannot both have",
       {"asset.AssetService.RegisterAsset",
        "asset.ContractService.DeclareDividend",
        "asset.ContractService.RecordIncome",
        "asset.ContractService.RecordLinkage",
        "asset.ContractService.SignContract",
        "audit.RecordFlagService.FlagRecord",
        "blob.BlobService.BeginUpload",
        "evaluation.CriteriaService.CreateCriteriaDraft",
        "evaluation.EvaluationService.EvaluateSubjects",
        "evaluation.EvaluationService.RecordArgument",
        "evaluation.EvaluationService.StartBatchEvaluation",
        "evaluation.FactService.RecordAppraisal",
        "evaluation.FactService.SubmitDispatchReport",
        "evaluation.FactService.SubmitExpertScores",
        "intake.ImportService.BeginImport",
        "notice.SupervisionNoticeService.IssueSupervisionNotices",
        "period.PeriodService.OpenPeriod",
        "registry.GrantService.CreateGrants",
        "registry.GrantService.DelegateGrant",
        "registry.IndustryService.CreateBrandCertification",
        "registry.IndustryService.CreateShortBoard",
        "registry.IndustryService.CreateTechPairing",
        "registry.IndustryService.CreateTrainingRecord",
        "registry.IndustryService.EnsureIndustry",
        "registry.IndustryService.SelectLeadingIndustry",
        "registry.InventoryService.CreateCampaign",
        "registry.InventoryService.GrantLockException",
        "registry.OperatorService.CreateHelperOrganisation",
        "registry.OperatorService.CreateOperator",
        "registry.ProjectService.RegisterProject"}},
      {"adds to what is there, in any order with others",
       {"registry.IndustryService.AddPairingVisit", "registry.InventoryService.DrawSample"}},
      {"names the hash of the rows that were shown, which is the version of all of them",
       {"evaluation.LedgerService.SignLedger", "period.PeriodService.SignPeriod"}},
      {"of whatever stands in a region at that moment",
       {"registry.InventoryService.ConfirmProvince", "registry.RegionService.RecodeRegion"}},
      {"the caller's own, which nobody else changes",
       {"blob.BlobService.AbandonUpload", "blob.BlobService.CompleteUpload",
        "blob.BlobService.PutChunk", "inbox.InboxService.MarkRead", "inbox.InboxService.UrgeWork",
        "intake.ImportService.CommitImport", "intake.ImportService.UploadChunk",
        "intake.ImportService.ValidateImport"}},
      {"says what shall be, whatever was",
       {"feed.ChangeFeed.RedriveParkedEvents", "identity.FreezeService.SetFreeze",
        "operation.OperationService.CancelOperation", "operation.OperationService.ResumeOperation",
        "registry.TaxonomyService.ActivateTaxonomy"}},
      {"a list by code, as a notice or an office hands it out",
       {"registry.CalendarService.ImportWorkDays", "registry.CodeListService.CreateCodes",
        "registry.OrganisationService.UpsertOrganisations", "registry.RegionService.ImportRegions",
        "registry.TaxonomyService.ImportIndustryCategories"}},
      {"the row that it hands over carries its version",
       {"registry.CodeListService.SetFundSourceDepartment"}},
      {"says by `overwrite` whether what stands is replaced",
       {"registry.OperationReportService.BatchSubmitOperationReports"}},
      {"reads, and keeps that it was read",
       {"audit.AuditService.ExportAudit", "audit.AuditService.RevealSensitive"}},
  };
  return *all;
}

std::string ShortName(const MethodDescriptor& method) {
  const std::string package = method.file()->package();  // bangfu.<area>.v1
  const size_t area = package.find('.') + 1;
  return package.substr(area, package.rfind('.') - area) + "." + method.service()->name() + "." +
         method.name();
}

TEST(Etags, WhatChangesARecordCanNameItsVersion) {
  std::map<std::string, std::string> exempt;
  for (const Exemption& one : Exemptions()) {
    for (const std::string& method : one.methods) {
      EXPECT_TRUE(exempt.emplace(method, one.reason).second) << method << " stands there twice";
    }
  }
  int with_etag = 0;
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    const auto access = contract::AccessOf(*method);
    if (!access.ok() || access->mode() != options::v1::ACCESS_MODE_WRITE) continue;
    const std::string name = ShortName(*method);
    const FieldDescriptor* etag = EtagOf(*method->input_type());
    const bool excused = exempt.erase(name) > 0;
    if (etag == nullptr) {
      EXPECT_TRUE(excused) << name << ": a step of a record has an etag, or its reason here";
      continue;
    }
    ++with_etag;
    EXPECT_FALSE(excused) << name << " has an etag";
    EXPECT_EQ(etag->type(), FieldDescriptor::TYPE_STRING) << name;
    if (etag->containing_type() != method->input_type()) continue;
    EXPECT_EQ(etag->options().GetExtension(options::v1::rules).max_length(), 64) << name;
  }
  for (const auto& [name, reason] : exempt) ADD_FAILURE() << name << ": no such write any more";
  EXPECT_GE(with_etag, 60);
}

// What a step can name is told by the record that it answers with.
TEST(Etags, AStepsAnswerTellsTheNextVersion) {
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    const auto access = contract::AccessOf(*method);
    if (!access.ok() || access->mode() != options::v1::ACCESS_MODE_WRITE) continue;
    if (method->input_type()->FindFieldByName("etag") == nullptr) continue;
    if (method->output_type()->FindFieldByName("id") == nullptr) continue;
    if (method->output_type()->name() == "Operation") continue;
    EXPECT_NE(method->output_type()->FindFieldByName("etag"), nullptr) << method->full_name();
  }
}

}  // namespace
}  // namespace bangfu
