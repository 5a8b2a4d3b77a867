#include "tests/chaos/matrix_exemptions.h"

namespace bangfu::probe {

const std::map<std::string, std::string>& NotRegional() {
  static const auto* const known = new std::map<std::string, std::string>{
      {"bangfu.registry.v1.RegionService.ListRegions", "reference data, for everyone"},
      {"bangfu.registry.v1.OrganisationService.ListOrganisations", "reference data, for everyone"},
      {"bangfu.registry.v1.OperatorService.ListOperators", "an operator works in several counties"},
      {"bangfu.registry.v1.OperatorService.GetOperator", "an operator works in several counties"},
      {"bangfu.registry.v1.OperatorService.CreateOperator",
       "an operator works in several counties"},
      {"bangfu.registry.v1.RegionService.GetRegion", "reference data, for everyone"},
      {"bangfu.registry.v1.RegionService.RecodeRegion", "reference data, the province's"},
      {"bangfu.registry.v1.RegionService.ImportRegions", "reference data, the province's"},
      {"bangfu.registry.v1.OrganisationService.UpsertOrganisations", "reference data"},
      {"bangfu.registry.v1.InventoryService.ListCampaigns", "a campaign is the province's"},
      {"bangfu.registry.v1.InventoryService.GetCampaign", "a campaign is the province's"},
      {"bangfu.registry.v1.InventoryService.OpenCampaign", "a campaign is the province's"},
      {"bangfu.registry.v1.InventoryService.CloseCampaign", "a campaign is the province's"},
      {"bangfu.evaluation.v1.CriteriaService.GetCriteriaSet", "the criteria are the province's"},
      {"bangfu.evaluation.v1.CriteriaService.GetActiveCriteria", "the criteria are the province's"},
      {"bangfu.evaluation.v1.CriteriaService.ActivateCriteria", "the criteria are the province's"},
      {"bangfu.intake.v1.ImportService.UploadChunk", "a file is filled by who opened it"},
      {"bangfu.intake.v1.ImportService.ValidateImport", "a file is checked by who opened it"},
      {"bangfu.intake.v1.ImportService.CommitImport", "a file is committed by who opened it"},
      {"bangfu.inbox.v1.InboxService.MarkRead", "marks what is the caller's and says how many"},
      {"bangfu.blob.v1.BlobService.PutChunk", "a file is filled by who began it"},
      {"bangfu.blob.v1.BlobService.CompleteUpload", "a file is filled by who began it"},
      {"bangfu.blob.v1.BlobService.AbandonUpload", "a file is given up by who began it"},
      {"bangfu.draft.v1.DraftService.GetDraft", "its owner's alone"},
      {"bangfu.draft.v1.DraftService.DeleteDraft", "its owner's alone"},
      {"bangfu.dictionary.v1.DictionaryService.PrefillForm", "what its subject is the form says"},
      {"bangfu.feed.v1.ChangeFeed.RedriveParkedEvents", "nothing is parked in a sound world"},
      {"bangfu.registry.v1.GrantService.GetGrant", "its holder's, or an administrator's"},
      {"bangfu.registry.v1.GrantService.BatchGetGrants", "its holder's, or an administrator's"},
      {"bangfu.registry.v1.GrantService.DelegateGrant", "its holder's"},
      {"bangfu.registry.v1.GrantService.EndDelegation", "of the two whom it concerns"},
  };
  return *known;
}

const std::map<std::string, std::string>& AlikeEverywhere() {
  static const auto* const known = new std::map<std::string, std::string>{
      {"bangfu.asset.v1.AssetService.CheckProjectAssets", "no asset of the project is wrong"},
      {"bangfu.registry.v1.IndustryService.GetServiceSummary", "sums, which nothing is in"},
      {"bangfu.registry.v1.IndustryService.ListLeadingIndustryGaps", "no gap is left"},
      {"bangfu.registry.v1.VerificationService.ListVerificationTasks", "all are done"},
      {"bangfu.registry.v1.InventoryService.ListSamples", "drawn above the county"},
  };
  return *known;
}

const std::map<std::string, std::string>& NotNarrowed() {
  constexpr char kSample[] = "after how far the sample is; see the registry's own tests";
  constexpr char kSigned[] =
      "after the state, which the report shows; see the registry's own tests";
  constexpr char kPerson[] = "of persons";
  constexpr char kOperation[] = "one's own, or an administrator's";
  constexpr char kFlag[] = "asked of a record by an auditor, of whatever money";
  constexpr char kRead[] = "a read, which is recorded";
  static const auto* const known = new std::map<std::string, std::string>{
      {"bangfu.audit.v1.AuditService.ExportAudit", kRead},
      {"bangfu.audit.v1.AuditService.RevealSensitive", kRead},
      {"bangfu.audit.v1.RecordFlagService.FlagRecord", kFlag},
      {"bangfu.audit.v1.RecordFlagService.AnswerRecordFlag", kFlag},
      {"bangfu.audit.v1.RecordFlagService.BatchCloseRecordFlags", kFlag},
      {"bangfu.audit.v1.RecordFlagService.CloseRecordFlag", kFlag},
      {"bangfu.blob.v1.BlobService.BeginUpload", "a file is of no money until a step takes it"},
      {"bangfu.publicity.v1.PublicityService.DecideObjection",
       "of an objection that belongs to its publicity; see the room's own tests"},
      {"bangfu.intake.v1.ImportService.BeginImport", "its rows are judged one by one"},
      {"bangfu.operation.v1.OperationService.CancelOperation", kOperation},
      {"bangfu.operation.v1.OperationService.ResumeOperation", kOperation},
      {"bangfu.registry.v1.GrantService.CreateGrants", kPerson},
      {"bangfu.registry.v1.GrantService.ChangeGrantValidity", kPerson},
      {"bangfu.registry.v1.GrantService.RevokeGrant", kPerson},
      {"bangfu.registry.v1.VerificationService.SignVerification", kSigned},
      {"bangfu.registry.v1.VerificationService.BatchSignVerifications", kSigned},
      {"bangfu.registry.v1.InventoryService.DrawSample", kSample},
      {"bangfu.registry.v1.InventoryService.RecordSampleResult", kSample},
      {"bangfu.registry.v1.OperatorService.CreateHelperOrganisation", "helps a whole village"},
      {"bangfu.registry.v1.OperatorService.UpdateHelperOrganisation", "helps a whole village"},
      {"bangfu.registry.v1.OperatorService.UpdateOperator", "works for any money"},
      {"bangfu.registry.v1.OperatorService.VoidHelperOrganisation", "helps a whole village"},
      {"bangfu.registry.v1.OperatorService.VoidOperator", "works for any money"},
  };
  return *known;
}

const std::map<std::string, std::string>& OfTheClausesOfItsStep() {
  static const auto* const known = new std::map<std::string, std::string>{
      {"bangfu.inbox.v1.InboxService.UrgeWork", "of the rpc that takes the step which waits"},
  };
  return *known;
}

const std::map<std::string, Refusal>& RefusedToAll() {
  constexpr char kState[] = "FAILED_PRECONDITION/STATE_NOT_ALLOWED";
  constexpr char kStateInBulk[] = "REFUSED/STATE_NOT_ALLOWED";
  constexpr char kNotThere[] = "NOT_FOUND/RESOURCE_NOT_FOUND";
  constexpr char kInForce[] = "the classes of the sample are in force; see the room's own tests";
  constexpr char kAccepted[] = "the county's table is accepted; see the room's own tests";
  constexpr char kPassed[] = "the publicities of the sample have passed";
  constexpr char kVerified[] = "what the villages reported is verified";
  static const auto* const known = new std::map<std::string, Refusal>{
      {"bangfu.asset.v1.AssetService.RegisterTitle",
       {"FAILED_PRECONDITION/OWNERSHIP_BASIS_MISSING",
        "no asset without a title has its basis (确权依据)"}},
      {"bangfu.asset.v1.AssetService.SettleTitle", {kState, "no title is disputed"}},
      {"bangfu.asset.v1.AssetService.VoidAsset",
       {"FAILED_PRECONDITION/ASSET_REFERENCED", "the assets have contracts, income or dividends"}},
      {"bangfu.asset.v1.ContractService.StateDueBase",
       {"FAILED_PRECONDITION/DUE_BASE_NOT_NEEDED", "no rent of the sample goes by sales"}},
      {"bangfu.asset.v1.ContractService.VoidContract",
       {"FAILED_PRECONDITION/CONTRACT_HAS_INCOME", "each contract has income"}},
      {"bangfu.evaluation.v1.CriteriaService.ActivateCriteria",
       {kState, "there is no draft beside the baseline in force"}},
      {"bangfu.evaluation.v1.EvaluationService.ApproveOverride", {kState, kInForce}},
      {"bangfu.evaluation.v1.EvaluationService.BatchAdvance", {kStateInBulk, kInForce}},
      {"bangfu.evaluation.v1.EvaluationService.FileOverride", {kState, kInForce}},
      {"bangfu.evaluation.v1.EvaluationService.MakeEffective", {kState, kInForce}},
      {"bangfu.evaluation.v1.EvaluationService.RejectOverride", {kState, kInForce}},
      {"bangfu.evaluation.v1.EvaluationService.SignJointly", {kState, kInForce}},
      {"bangfu.evaluation.v1.EvaluationService.StartClassPublicity", {kState, kInForce}},
      {"bangfu.evaluation.v1.LedgerService.SignLedger",
       {"FAILED_PRECONDITION/ALREADY_CURRENT", "the ledgers are signed as they stand"}},
      {"bangfu.feed.v1.ChangeFeed.RedriveParkedEvents",
       {kNotThere, "nothing is parked in a sound world"}},
      {"bangfu.intake.v1.ImportService.CommitImport",
       {"FAILED_PRECONDITION/IMPORT_STATE_WRONG", "the import has no file yet"}},
      {"bangfu.intake.v1.ImportService.ValidateImport",
       {"FAILED_PRECONDITION/UPLOAD_INCOMPLETE", "the import has no file yet"}},
      {"bangfu.operation.v1.OperationService.CancelOperation",
       {kState, "no long work is under way"}},
      {"bangfu.operation.v1.OperationService.ResumeOperation",
       {kState, "no long work has stopped"}},
      {"bangfu.period.v1.PeriodService.AcceptPeriod", {kState, kAccepted}},
      {"bangfu.period.v1.PeriodService.BatchAcceptPeriods", {kStateInBulk, kAccepted}},
      {"bangfu.period.v1.PeriodService.FreezePeriod", {kState, kAccepted}},
      {"bangfu.period.v1.PeriodService.ReissuePeriod", {kState, kAccepted}},
      {"bangfu.period.v1.PeriodService.SignPeriod", {kState, kAccepted}},
      {"bangfu.period.v1.PeriodService.SubmitPeriod", {kState, kAccepted}},
      {"bangfu.publicity.v1.PublicityService.AddPublicityEvidence", {kState, kPassed}},
      {"bangfu.publicity.v1.PublicityService.BatchConcludePublicities", {kStateInBulk, kPassed}},
      {"bangfu.publicity.v1.PublicityService.ConcludePublicity", {kState, kPassed}},
      {"bangfu.publicity.v1.PublicityService.DecideObjection",
       {kNotThere, "the objection is decided, and the publicity another one"}},
      {"bangfu.publicity.v1.PublicityService.RaiseObjection",
       {"FAILED_PRECONDITION/PUBLICITY_NOT_RUNNING", kPassed}},
      {"bangfu.registry.v1.GrantService.DelegateGrant",
       {"PERMISSION_DENIED/ROLE_NOT_ALLOWED", "its holder's alone"}},
      {"bangfu.registry.v1.GrantService.EndDelegation",
       {"FAILED_PRECONDITION/NOT_DELEGATED", "no grant is lent"}},
      {"bangfu.registry.v1.IndustryService.SelectLeadingIndustry",
       {"FAILED_PRECONDITION/LEADING_INDUSTRY_LIMIT", "both of the county are chosen"}},
      {"bangfu.registry.v1.IndustryService.SetChainLink",
       {"FAILED_PRECONDITION/LINK_NOT_APPLICABLE", "the industries have no such link"}},
      {"bangfu.registry.v1.InventoryService.BatchPassUnitReports", {kStateInBulk, kVerified}},
      {"bangfu.registry.v1.InventoryService.CloseCampaign",
       {"FAILED_PRECONDITION/UNITS_PENDING", "other counties have not reported"}},
      {"bangfu.registry.v1.InventoryService.ConfirmProvince",
       {"FAILED_PRECONDITION/UNITS_PENDING", "villages have not reported"}},
      {"bangfu.registry.v1.InventoryService.OpenCampaign", {kState, "the campaign is open"}},
      {"bangfu.registry.v1.InventoryService.PassUnitReport", {kState, kVerified}},
      {"bangfu.registry.v1.InventoryService.RecordSampleResult",
       {"FAILED_PRECONDITION/RESULT_RECORDED", "the results of the sample are there"}},
      {"bangfu.registry.v1.OperationReportService.BatchSubmitOperationReports",
       {"REFUSED/REPORT_DIFFERS", "the months are reported"}},
      {"bangfu.registry.v1.OperatorService.VoidOperator",
       {"FAILED_PRECONDITION/OPERATOR_IN_USE", "each works for a project"}},
      {"bangfu.registry.v1.RegionService.RecodeRegion",
       {"INVALID_ARGUMENT/REGION_UNKNOWN", "no new code is imported"}},
      {"bangfu.registry.v1.VerificationService.BatchCompleteVerifications",
       {kStateInBulk, kVerified}},
      {"bangfu.registry.v1.VerificationService.BatchSignVerifications", {kStateInBulk, kVerified}},
      {"bangfu.registry.v1.VerificationService.CompleteVerification", {kState, kVerified}},
      {"bangfu.registry.v1.VerificationService.SignVerification", {kState, kVerified}}};
  return *known;
}

}  // namespace bangfu::probe
