#include "tests/chaos/matrix.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "bangfu/asset/v1/contract_service.pb.h"
#include "bangfu/blob/v1/blob_service.pb.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "bangfu/options/v1/access.pb.h"
#include "bangfu/options/v1/rules.pb.h"
#include "bangfu/options/v1/scope.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/auth/dev_key.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/contract/access.h"
#include "common/rpc/client.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"
#include "tests/chaos/probe.h"

namespace bangfu::probe {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using options::v1::FieldRules;

// What is not of the county though its request names a record or a region, and why.
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
      {"bangfu.dictionary.v1.DictionaryService.PrefillForm", "what its subject is the form says"},
      {"bangfu.feed.v1.ChangeFeed.RedriveParkedEvents", "nothing is parked in a sound world"},
      {"bangfu.registry.v1.GrantService.GetGrant", "its holder's, or an administrator's"},
      {"bangfu.registry.v1.GrantService.BatchGetGrants", "its holder's, or an administrator's"},
      {"bangfu.registry.v1.GrantService.DelegateGrant", "its holder's"},
      {"bangfu.registry.v1.GrantService.EndDelegation", "of the two whom it concerns"},
  };
  return *known;
}

// What has nothing to show of the county of the sample, and why.
const std::map<std::string, std::string>& AlikeEverywhere() {
  static const auto* const known = new std::map<std::string, std::string>{
      {"bangfu.asset.v1.AssetService.CheckProjectAssets", "no asset of the project is wrong"},
      {"bangfu.evaluation.v1.EvaluationService.ListArguments", "not argued about"},
      {"bangfu.registry.v1.IndustryService.GetServiceSummary", "sums, which nothing is in"},
      {"bangfu.registry.v1.IndustryService.ListLeadingIndustryGaps", "no gap is left"},
      {"bangfu.registry.v1.InventoryService.ListVerificationTasks", "all are done"},
      {"bangfu.registry.v1.InventoryService.ListSamples", "drawn above the county"},
  };
  return *known;
}

// Writes about a county's record that no grant is narrowed for by money or industry, and why.
const std::map<std::string, std::string>& NotNarrowed() {
  constexpr char kLinked[] = "of a project, whose money the asset service does not hold";
  constexpr char kTable[] = "a table of all money";
  constexpr char kPublic[] = "what is public is open to all objections";
  constexpr char kReport[] = "a village's report is of all its money; departments sign for theirs";
  constexpr char kPerson[] = "of persons";
  constexpr char kOperation[] = "one's own, or an administrator's";
  constexpr char kRead[] = "a read, which is recorded";
  static const auto* const known = new std::map<std::string, std::string>{
      {"bangfu.asset.v1.ContractService.RecordLinkage", kLinked},
      {"bangfu.asset.v1.ContractService.UpdateLinkageCounts", kLinked},
      {"bangfu.asset.v1.ContractService.EndLinkage", kLinked},
      {"bangfu.asset.v1.ContractService.RecordLinkageIncome", kLinked},
      {"bangfu.asset.v1.ContractService.RecordEmployment", kLinked},
      {"bangfu.audit.v1.AuditService.ExportAudit", kRead},
      {"bangfu.audit.v1.AuditService.RevealSensitive", kRead},
      {"bangfu.blob.v1.BlobService.BeginUpload", "a file is of no money until a step takes it"},
      {"bangfu.evaluation.v1.CriteriaService.CreateCriteriaDraft", "a region's criteria"},
      {"bangfu.evaluation.v1.EvaluationService.StartBatchEvaluation", "of a whole region"},
      {"bangfu.evaluation.v1.EvaluationService.EvaluateSubjects", "computes, decides nothing"},
      {"bangfu.evaluation.v1.LedgerService.SignLedger", kTable},
      {"bangfu.period.v1.PeriodService.OpenPeriod", kTable},
      {"bangfu.period.v1.PeriodService.FreezePeriod", kTable},
      {"bangfu.period.v1.PeriodService.SignPeriod", kTable},
      {"bangfu.period.v1.PeriodService.SubmitPeriod", kTable},
      {"bangfu.period.v1.PeriodService.AcceptPeriod", kTable},
      {"bangfu.period.v1.PeriodService.ReturnPeriod", kTable},
      {"bangfu.period.v1.PeriodService.BatchAcceptPeriods", kTable},
      {"bangfu.period.v1.PeriodService.BatchReturnPeriods", kTable},
      {"bangfu.period.v1.PeriodService.ReissuePeriod", kTable},
      {"bangfu.publicity.v1.PublicityService.RaiseObjection", kPublic},
      {"bangfu.publicity.v1.PublicityService.DecideObjection", kPublic},
      {"bangfu.publicity.v1.PublicityService.ConcludePublicity", kPublic},
      {"bangfu.publicity.v1.PublicityService.BatchConcludePublicities", kPublic},
      {"bangfu.inbox.v1.InboxService.UrgeWork", "from above"},
      {"bangfu.intake.v1.ImportService.BeginImport", "its rows are judged one by one"},
      {"bangfu.operation.v1.OperationService.CancelOperation", kOperation},
      {"bangfu.operation.v1.OperationService.ResumeOperation", kOperation},
      {"bangfu.registry.v1.GrantService.CreateGrants", kPerson},
      {"bangfu.registry.v1.GrantService.ChangeGrantValidity", kPerson},
      {"bangfu.registry.v1.GrantService.RevokeGrant", kPerson},
      {"bangfu.registry.v1.InventoryService.SaveUnitReportDraft", kReport},
      {"bangfu.registry.v1.InventoryService.SubmitUnitReport", kReport},
      {"bangfu.registry.v1.InventoryService.PassUnitReport", kReport},
      {"bangfu.registry.v1.InventoryService.BatchPassUnitReports", kReport},
      {"bangfu.registry.v1.InventoryService.ReturnUnitReport", kReport},
      {"bangfu.registry.v1.InventoryService.RecallUnitReport", kReport},
      {"bangfu.registry.v1.InventoryService.BatchReturnUnitReports", kReport},
      {"bangfu.registry.v1.InventoryService.CompleteVerification", kReport},
      {"bangfu.registry.v1.InventoryService.SignVerification",
       "after the state, which the report shows; see the registry's own tests"},
      {"bangfu.registry.v1.InventoryService.GrantLockException", kReport},
      {"bangfu.registry.v1.InventoryService.DrawSample", kReport},
      {"bangfu.registry.v1.InventoryService.RecordSampleResult", kReport},
      {"bangfu.registry.v1.InventoryService.ConfirmProvince", kReport},
      {"bangfu.registry.v1.OperatorService.CreateHelperOrganisation", "helps a whole village"},
      {"bangfu.registry.v1.OperatorService.UpdateHelperOrganisation", "helps a whole village"},
      {"bangfu.registry.v1.OperatorService.UpdateOperator", "works for any money"},
  };
  return *known;
}

std::string Snake(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !out.empty()) out += '_';
    out += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return out;
}

// Records of the world by the name of their message in snake case, as list rpcs gave them.
class Pool {
 public:
  void Crawl(const Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    const auto& reflection = *message.GetReflection();
    if (const auto* id = type.FindFieldByName("id");
        id != nullptr && id->type() == FieldDescriptor::TYPE_STRING && !id->is_repeated()) {
      const std::string value = reflection.GetString(message, id);
      if (Ulid::Parse(value).ok()) {
        auto& kept = records_[Snake(type.name())];
        if (kept.size() < kKept) {
          kept.push_back(std::unique_ptr<Message>(message.New()));
          kept.back()->CopyFrom(message);
        }
      }
    }
    // What a form asks for is what a record of the kind holds.
    auto& example = examples_[type.full_name()];
    if (example == nullptr) {
      example.reset(message.New());
      example->CopyFrom(message);
    }
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const auto* field : fields) {
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (!field->is_repeated()) {
        Crawl(reflection.GetMessage(message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        Crawl(reflection.GetRepeatedMessage(message, field, i));
      }
    }
  }
  // The record that a name speaks of: "unit_report" finds inventory_unit_report.
  const Message* Find(const std::string& name) const {
    if (const auto it = records_.find(name); it != records_.end()) return it->second[0].get();
    for (const auto& [type, records] : records_) {
      if (absl::EndsWith(type, Cat("_", name))) return records[0].get();
    }
    // "project_history" is of a project.
    for (const auto& [type, records] : records_) {
      if (absl::StartsWith(name, Cat(type, "_"))) return records[0].get();
    }
    return nullptr;
  }
  std::vector<std::string> IdsOf(const std::string& type) const {
    std::vector<std::string> ids;
    if (const auto it = records_.find(type); it != records_.end()) {
      for (const auto& record : it->second) ids.push_back(IdOf(*record));
    }
    return ids;
  }
  // nullptr: none was seen.
  const Message* Example(const std::string& type) const {
    const auto it = examples_.find(type);
    return it == examples_.end() ? nullptr : it->second.get();
  }
  static std::string IdOf(const Message& record) { return Text(record, "id"); }
  // A field that is a text; "" where the record has none of the name.
  static std::string Text(const Message& record, const std::string& name) {
    const auto* field = record.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr || field->is_repeated() || field->type() != FieldDescriptor::TYPE_STRING) {
      return "";
    }
    return record.GetReflection()->GetString(record, field);
  }

 private:
  static constexpr size_t kKept = 200;
  std::map<std::string, std::vector<std::unique_ptr<Message>>> records_;
  std::map<std::string, std::unique_ptr<Message>> examples_;  // by full name
};

// Builds a request that is right but for what would change something: the etag is not the record's,
// unless that is asked for, and whatever can be checked only is.
class Builder {
 public:
  Builder(const std::map<std::string, Pool>& pools, const std::map<std::string, std::string>& codes,
          const std::string& service, std::string region, bool true_etags = false)
      : pools_(pools),
        codes_(codes),
        service_(service),
        pool_(pools.at(service)),
        region_(std::move(region)),
        true_etags_(true_etags) {}

  // Whether something in it lies in a region; what could not be found is named in missing().
  bool Fill(const MethodDescriptor& method, Message* request) {
    regional_ = false;
    of_the_city_ = false;
    record_ = nullptr;
    missing_.clear();
    method_ = &method;
    FillMessage(request, 0);
    return regional_;
  }
  const std::string& missing() const { return missing_; }
  // A record of the city above the county is among those that it names.
  bool of_the_city() const { return of_the_city_; }

 private:
  // What `id` of this method names: the answer's record, or the noun of the rpc's name.
  std::string ResourceOfMethod() const {
    const Descriptor& output = *method_->output_type();
    if (output.FindFieldByName("id") != nullptr && output.name() != "Operation") {
      return Snake(output.name());
    }
    std::string noun = Snake(method_->name());
    if (absl::StartsWith(noun, "batch_")) noun.erase(0, 6);
    noun = noun.substr(noun.find('_') + 1);
    if (absl::EndsWith(noun, "s")) noun.pop_back();
    return noun;
  }
  std::string IdFor(const FieldDescriptor& field) {
    std::string name = field.name();
    if (name == "id" || name == "ids") {
      name = ResourceOfMethod();
    } else {
      if (absl::EndsWith(name, "_ids")) name.resize(name.size() - 4);
      if (absl::EndsWith(name, "_id")) name.resize(name.size() - 3);
    }
    // Names that say less than the record's own.
    static const auto* const aliases =
        new std::map<std::string, std::string>{{"subject", "project"},
                                               {"aggregate", "project"},
                                               {"contract", "operating_contract"},
                                               {"read", "work_item"},
                                               {"chunk", "blob"},
                                               // Of steps in bulk.
                                               {"over", "asset"},
                                               {"custody", "asset"},
                                               {"inspection", "asset"},
                                               {"advance", "evaluation"},
                                               {"publicitie", "publicity"},
                                               {"ledger_entrie", "ledger_entry"},
                                               {"import_row", "import"}};
    if (const auto alias = aliases->find(name); alias != aliases->end()) name = alias->second;
    if (field.name() == "aggregate_id") name = Audited();
    const Message* record = pool_.Find(name);
    // A record of another service; but each service has files of its own.
    for (const auto& [service, pool] : pools_) {
      if (record == nullptr && name != "blob") record = pool.Find(name);
    }
    if (record == nullptr) {
      missing_ = name;
      return UlidGenerator(SystemClock()).Next().ToString();
    }
    regional_ = true;
    of_the_city_ = of_the_city_ || name == "sample";
    record_ = record;
    return Pool::IdOf(*record);
  }
  // A record of the service whose sensitive fields it reveals.
  std::string Audited() const {
    return service_ == "evaluation" ? "publicity" : service_ == "asset" ? "asset" : "project";
  }
  std::string TextFor(const FieldDescriptor& field, const FieldRules& rules) {
    const std::string& name = field.name();
    // What a pattern does not say.
    static const auto* const texts = new std::map<std::string, std::string>{
        {"person", "matrix-person"},  {"content_type", "application/pdf"},
        {"plan_period", "2026-2030"}, {"period", "2026-10"},
        {"table_no", "T14"},          {"group", "STRUCTURE"},
        {"month", "2026-09"},
    };
    if (const auto it = texts->find(name); it != texts->end()) return it->second;
    if (field.full_name() == "bangfu.blob.v1.BeginUploadRequest.kind") return "CONTRACT";
    if (field.full_name() == "bangfu.registry.v1.SearchProjectsRequest.query") {
      const Message* project = pool_.Find("project");
      return project == nullptr ? "" : Pool::Text(*project, "name");
    }
    if (field.full_name() == "bangfu.intake.v1.BeginImportRequest.kind") {
      return service_ == "asset" ? "assets" : "projects";
    }
    const std::string list = name == "reason_code" ? "OVERRIDE_REASON" : rules.code_list();
    if (const auto code = codes_.find(list); code != codes_.end()) {
      return code->second;
    }
    if (name == "page_token") return "";
    if (name == "etag") {
      const std::string etag =
          true_etags_ && record_ != nullptr ? Pool::Text(*record_, "etag") : "";
      return etag.empty() ? "0" : etag;
    }
    if (name == "aggregate_type") return Audited();
    switch (rules.shape()) {
      case options::v1::SHAPE_ULID:
        return IdFor(field);
      case options::v1::SHAPE_REGION_CODE:
        regional_ = true;
        return region_;
      case options::v1::SHAPE_REQUEST_ID:
        return Cat("matrix-", UlidGenerator(SystemClock()).Next().ToString());
      case options::v1::SHAPE_SHA256:
        return std::string(64, 'a');
      case options::v1::SHAPE_PERIOD:
        return "2026-10";
      case options::v1::SHAPE_CODE:
        return "TEA";
      default: {
        std::string text = rules.pattern().empty() ? "样例" : "1";
        for (uint32_t length = 2; length < rules.min_length(); length += 2) text += "样例";
        return text;
      }
    }
  }

  void FillMessage(Message* message, int depth) {
    const Descriptor& type = *message->GetDescriptor();
    const auto& reflection = *message->GetReflection();
    if (type.full_name() == "google.type.Date") {
      // What was done was done before today; terms are yet to come.
      for (const auto& [name, value] : std::map<std::string, int>{
               {"year", 2026}, {"month", term_ ? 12 : 1}, {"day", term_ ? 31 : 5}}) {
        reflection.SetInt32(message, type.FindFieldByName(name), value);
      }
      return;
    }
    if (type.full_name() == "google.protobuf.Timestamp") {
      reflection.SetInt64(message, type.FindFieldByName("seconds"),
                          absl::ToUnixSeconds(absl::Now()) + 86400);
      return;
    }
    std::set<const google::protobuf::OneofDescriptor*> chosen;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const FieldRules& rules = field.options().GetExtension(options::v1::rules);
      if (field.name() == "validate_only") {
        reflection.SetBool(message, &field, true);
        continue;
      }
      // Regions are filled wherever they stand: they are what the test is about. Ids that may be
      // left out are filters of lists, which find more without.
      const bool region = rules.shape() == options::v1::SHAPE_REGION_CODE && depth == 0;
      const bool wanted = rules.required() || rules.min_items() > 0 || rules.min_length() > 0 ||
                          rules.min() > 0 || WantedAllTheSame(field);
      if (!wanted && !region && field.name() != "etag") continue;
      if (depth > 0 && field.name() == "id" && type.name() != "BulkItem") continue;
      if (const auto* oneof = field.real_containing_oneof();
          oneof != nullptr && !chosen.insert(oneof).second) {
        continue;
      }
      FillField(field, rules, message, depth);
    }
  }

  // What no rule asks for, but the handler does.
  static bool WantedAllTheSame(const FieldDescriptor& field) {
    static const auto* const wanted = new std::set<std::string>{
        "bangfu.asset.v1.ListIncomeRequest.asset_id",
        "bangfu.asset.v1.RecordIncomeRequest.asset_id",
        "bangfu.blob.v1.BeginUploadRequest.size_bytes",
        "bangfu.evaluation.v1.Appraisal.evidence",
        "bangfu.evaluation.v1.ExpertScore.market_outlook",
        "bangfu.registry.v1.BrandCertification.project_id",
        "bangfu.registry.v1.GetServiceSummaryRequest.period",
        "bangfu.registry.v1.TechPairing.project_id",
        "bangfu.registry.v1.TrainingRecord.project_id",
        "bangfu.type.v1.DateRange.from",
        "bangfu.type.v1.DateRange.to",
    };
    return wanted->contains(field.full_name());
  }
  // Of these the whole is asked for: what another record of the kind holds.
  static bool AsAnExample(const FieldDescriptor& field) {
    static const auto* const types = new std::set<std::string>{
        "bangfu.asset.v1.AssetDetails", "bangfu.registry.v1.Project",
        "bangfu.registry.v1.HelperOrganisation", "bangfu.registry.v1.Operator"};
    return !field.is_repeated() && types->contains(field.message_type()->full_name());
  }

  void FillField(const FieldDescriptor& field, const FieldRules& rules, Message* message,
                 int depth) {
    // As many as a list must have at least.
    const uint32_t items = field.is_repeated() ? std::max<uint32_t>(1, rules.min_items()) : 1;
    for (uint32_t i = 0; i < items; ++i) FillOne(field, rules, message, depth, i);
  }

  void FillOne(const FieldDescriptor& field, const FieldRules& rules, Message* message, int depth,
               uint32_t index) {
    const auto& reflection = *message->GetReflection();
    const bool many = field.is_repeated();
    const int64_t number = std::max<int64_t>(1, rules.has_min() ? rules.min() : 1);
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string text =
            field.type() == FieldDescriptor::TYPE_BYTES ? "x" : TextFor(field, rules);
        if (index > 0 && rules.shape() == options::v1::SHAPE_UNSPECIFIED) text += Cat(index);
        if (many) {
          reflection.AddString(message, &field, text);
        } else {
          reflection.SetString(message, &field, text);
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth > 4) return;
        if (const Message* example = pool_.Example(field.message_type()->full_name());
            example != nullptr && AsAnExample(field)) {
          regional_ = true;
          reflection.MutableMessage(message, &field)->CopyFrom(*example);
          return;
        }
        if (field.message_type()->full_name() == "google.protobuf.FieldMask") {
          static_cast<google::protobuf::FieldMask*>(reflection.MutableMessage(message, &field))
              ->add_paths("name");
          return;
        }
        term_ = absl::EndsWith(field.name(), "deadline") || absl::StartsWith(field.name(), "due") ||
                field.name() == "end_date" || field.name() == "to" || field.name() == "valid_to";
        FillMessage(many ? reflection.AddMessage(message, &field)
                         : reflection.MutableMessage(message, &field),
                    depth + 1);
        return;
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int value =
            field.enum_type()->value_count() > 1 ? field.enum_type()->value(1)->number() : 0;
        if (many) {
          reflection.AddEnumValue(message, &field, value);
        } else {
          reflection.SetEnumValue(message, &field, value);
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_INT32:
        if (many) {
          reflection.AddInt32(message, &field, static_cast<int32_t>(number));
        } else {
          reflection.SetInt32(message, &field, static_cast<int32_t>(number));
        }
        return;
      case FieldDescriptor::CPPTYPE_INT64:
        if (many) {
          reflection.AddInt64(message, &field, number);
        } else {
          reflection.SetInt64(message, &field, number);
        }
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        if (!many) reflection.SetBool(message, &field, true);
        return;
      default:
        return;
    }
  }

  const std::map<std::string, Pool>& pools_;
  const std::map<std::string, std::string>& codes_;  // one of each list
  const std::string service_;
  const Pool& pool_;  // of the service that is asked
  const std::string region_;
  const bool true_etags_;
  const MethodDescriptor* method_ = nullptr;
  const Message* record_ = nullptr;  // the one named last
  bool term_ = false;                // the date that is filled is a term
  bool regional_ = false, of_the_city_ = false;
  std::string missing_;
};

class Matrix {
 public:
  explicit Matrix(const MatrixOptions& options) : options_(options) {}

  int Run() {
    for (const auto& [service, address] : options_.endpoints) {
      auto client = rpc::Client::Create({.target = address, .read_attempts = 1});
      auto methods = MethodsByReflection(address);
      if (!client.ok() || !methods.ok()) {
        std::printf("%s: not reached\n", service.c_str());
        return 1;
      }
      pools_[service];
      clients_[service] = *std::move(client);
      methods_[service] = *std::move(methods);
    }
    ReadCodes();
    Harvest();
    OpenImports();
    Make();
    for (const auto& [service, methods] : methods_) {
      for (const std::string& name : methods) {
        Try(service, *DescriptorPool::generated_pool()->FindMethodByName(name));
      }
    }
    std::printf(
        "%d rpcs, %d calls; %d of them of a region, %d of none; %d of money and industries, %d of "
        "clauses\n",
        rpcs_, calls_, regional_, rpcs_ - regional_, narrowed_, of_clauses_);
    for (const std::string& line : unmade_) std::printf("no request: %s\n", line.c_str());
    std::printf("%d wrong, %zu without a request\n", wrong_, unmade_.size());
    return wrong_ + static_cast<int>(unmade_.size());
  }

 private:
  struct Answer {
    absl::Status status;
    bool empty = true;      // an answer that holds nothing
    bool denied = false;    // lines, each of which is refused to the role or the grant's scope
    bool excluded = false;  // one of them, or the whole, by the scope
  };

  std::string Token(int role, const std::string& region) {
    auto& token = tokens_[{role, region}];
    if (token.empty()) {
      token = MintFor(options_.dev_key, static_cast<auth::Role>(role), region,
                      Cat("matrix-", role, "-", region));
    }
    return token;
  }

  // Grants that are narrowed to what nothing is of.
  std::string NarrowedToken(int role, const std::string& region) {
    auth::Grant grant;
    grant.fund_sources = grant.industries = {"NONE"};
    return ScopedToken(role, region, grant, &narrowed_tokens_);
  }
  std::string ClauseToken(int role, const std::string& region) {
    auth::Grant grant;
    grant.clauses = {"NONE"};
    return ScopedToken(role, region, grant, &clause_tokens_);
  }
  using Tokens = std::map<std::pair<int, std::string>, std::string>;
  std::string ScopedToken(int role, const std::string& region, auth::Grant grant, Tokens* tokens) {
    std::string& token = (*tokens)[{role, region}];
    if (!token.empty()) return token;
    auto key = auth::DevKey::LoadOrCreate(options_.dev_key);
    if (!key.ok()) return token;
    auth::Caller caller;
    caller.subject = Cat("narrowed-", role, "-", region);
    grant.role = static_cast<auth::Role>(role);
    grant.region_path = region;
    caller.grants.push_back(std::move(grant));
    token = key->Mint(caller, SystemClock().Now()).value_or("");
    return token;
  }

  Answer Call(const std::string& service, const MethodDescriptor& method, const Message& request,
              const std::string& token, Pool* pool = nullptr) {
    ++calls_;
    auto* factory = google::protobuf::MessageFactory::generated_factory();
    std::unique_ptr<Message> response(factory->GetPrototype(method.output_type())->New());
    rpc::CallOptions call;
    call.token = token;
    Answer answer;
    if (method.server_streaming()) {
      // A watch that has nothing to tell says so by its silence; every other stream ends by itself.
      const bool watches = method.name() == "Watch";
      call.timeout = watches ? absl::Milliseconds(400) : absl::Seconds(20);
      answer.status = clients_[service]->ReadInto(
          method.full_name(), request, *response,
          [&](const Message&) {
            answer.empty = false;
            return absl::CancelledError("enough");
          },
          call);
      // Its first message was enough.
      if (absl::IsCancelled(answer.status) ||
          (watches && absl::IsDeadlineExceeded(answer.status))) {
        answer.status = absl::OkStatus();
      }
      return answer;
    }
    call.timeout = absl::Seconds(20);
    answer.status = clients_[service]->CallInto(method.full_name(), request, response.get(), call);
    if (!answer.status.ok()) return answer;
    const auto& reflection = *response->GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(*response, &fields);
    for (const auto* field : fields) {
      if (field->name() == "id") answer.empty = false;
      if (!field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      for (int i = 0; i < reflection.FieldSize(*response, field); ++i) {
        // Ids that were not found are no content, nor are lines that say so.
        const std::string refused = RefusalOf(reflection.GetRepeatedMessage(*response, field, i));
        if (refused != "RESOURCE_NOT_FOUND") answer.empty = false;
        const bool by_scope = refused == "SCOPE_EXCLUDES";
        answer.denied = (by_scope || refused == "ROLE_NOT_ALLOWED") && (i == 0 || answer.denied);
        answer.excluded = answer.excluded || by_scope;
      }
    }
    if (pool != nullptr) pool->Crawl(*response);
    return answer;
  }

  // Why a line of a bulk step was refused; "" for other lines.
  static std::string RefusalOf(const Message& line) {
    const std::string told = Pool::Text(line, "refusal_reason");
    if (!told.empty()) return told;
    const auto* refusal = line.GetDescriptor()->FindFieldByName("refusal");
    if (refusal == nullptr || refusal->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
        refusal->is_repeated()) {
      return Pool::Text(line, "outcome") == "REFUSED" ? Pool::Text(line, "reason") : "";
    }
    return Pool::Text(line.GetReflection()->GetMessage(line, refusal), "reason");
  }

  // Everything that lists give of the county, to whoever may ask.
  void Harvest() {
    for (int round = 0; round < 2; ++round) {  // what the first gives, the second asks with
      for (const auto& [service, methods] : methods_) {
        for (const std::string& name : methods) {
          const auto& method = *DescriptorPool::generated_pool()->FindMethodByName(name);
          const auto access = contract::AccessOf(method);
          if (!access.ok() || method.server_streaming() ||
              access->mode() != options::v1::ACCESS_MODE_READ) {
            continue;
          }
          const int role = access->any_role() ? options::v1::ROLE_ORG_ADMIN : access->roles(0);
          auto request = New(method);
          Builder(pools_, codes_, service, options_.inside).Fill(method, request.get());
          if (const auto* size = method.input_type()->FindFieldByName("page_size")) {
            request->GetReflection()->SetInt32(request.get(), size, 200);
          }
          Call(service, method, *request, Token(role, options_.inside), &pools_[service]);
        }
      }
    }
  }

  // One code of each list that a field names.
  void ReadCodes() {
    const std::string token = Token(options::v1::ROLE_PROV_ADMIN, "36");
    for (const char* list :
         {"BRAND_TYPE", "CAUSE", "CHAIN_LINK", "CONTRIBUTION_KIND", "DEPARTMENT", "EVIDENCE_KIND",
          "FUND_SOURCE", "LINKAGE_MODE", "MEASURE", "OVERRIDE_REASON", "PAIRING_KIND",
          "SHORT_BOARD_KIND", "TRAINING_PROGRAMME"}) {
      registry::v1::ListCodesRequest request;
      request.set_list(list);
      const auto codes = clients_["registry"]->Call<registry::v1::ListCodesResponse>(
          "bangfu.registry.v1.CodeListService.ListCodes", request, {.token = token});
      if (codes.ok() && codes->codes_size() > 0) codes_[list] = codes->codes(0).code();
    }
  }

  // No list gives imports: one is opened, which changes nothing else.
  void OpenImports() {
    for (const auto& [service, kind] :
         std::map<std::string, std::string>{{"registry", "projects"}, {"asset", "assets"}}) {
      intake::v1::BeginImportRequest request;
      request.set_request_id(Cat("matrix-", UlidGenerator(SystemClock()).Next().ToString()));
      request.set_kind(kind);
      request.set_batch_id(request.request_id());
      request.set_format(type::v1::FILE_FORMAT_CSV);
      request.set_region_code(options_.inside);
      auto import = clients_[service]->Call<intake::v1::Import>(
          "bangfu.intake.v1.ImportService.BeginImport", request,
          {.token = Token(options::v1::ROLE_COUNTY_OPERATOR, options_.inside)});
      if (import.ok()) pools_[service].Crawl(*import);
    }
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Do(const std::string& service, const std::string& method,
                              Request request, auth::Role role = options::v1::ROLE_COUNTY_OPERATOR,
                              const std::string& region = "") {
    // By somebody whom no other call is by: what is one's own is not what is tried.
    const std::string token =
        MintFor(options_.dev_key, role, region.empty() ? options_.inside : region, "matrix-maker");
    if constexpr (requires { request.set_request_id(std::string()); }) {
      request.set_request_id(Cat("matrix-", UlidGenerator(SystemClock()).Next().ToString()));
    }
    auto response = clients_[service]->Call<Response>(method, request, {.token = token});
    if (response.ok()) pools_[service].Crawl(*response);
    return response;
  }

  // What the county has none of, though rpcs are about it.
  void Make() {
    const std::string industry = "bangfu.registry.v1.IndustryService.";
    registry::v1::CreateShortBoardRequest board;
    board.mutable_short_board()->set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
    board.mutable_short_board()->set_subject_id(IdOf("registry", "project"));
    board.mutable_short_board()->set_kind("TECH");
    board.mutable_short_board()->set_description("缺技术");
    (void)Do<registry::v1::ShortBoard>("registry", Cat(industry, "CreateShortBoard"), board);

    registry::v1::CreateHelperOrganisationRequest helper;
    helper.mutable_helper()->set_name("帮扶单位");
    helper.mutable_helper()->set_region_code(options_.inside);
    (void)Do<registry::v1::HelperOrganisation>(
        "registry", "bangfu.registry.v1.OperatorService.CreateHelperOrganisation", helper);

    // The city draws them: a county's list has none.
    registry::v1::ListSamplesRequest samples;
    samples.set_campaign_id(IdOf("registry", "inventory_campaign"));
    const std::string city = options_.inside.substr(0, 4);
    (void)Do<registry::v1::ListSamplesResponse>("registry",
                                                "bangfu.registry.v1.InventoryService.ListSamples",
                                                samples, options::v1::ROLE_CITY_SUPERVISOR, city);

    // Of the first asset that nobody has leased.
    for (const std::string& asset : pools_["asset"].IdsOf("asset")) {
      asset::v1::RecordIncomeRequest income;
      income.set_asset_id(asset);
      income.set_received_fen(100);
      income.mutable_received_on()->set_year(2026);
      income.mutable_received_on()->set_month(1);
      income.mutable_received_on()->set_day(5);
      if (Do<asset::v1::IncomeRecord>("asset", "bangfu.asset.v1.ContractService.RecordIncome",
                                      income)
              .ok()) {
        break;
      }
    }
    for (const auto& [service, address] : options_.endpoints) Upload(service);

    for (const auto& [service, method, role] :
         std::vector<std::tuple<std::string, std::string, auth::Role>>{
             {"asset", "bangfu.asset.v1.ContractService.RecordEmployment",
              options::v1::ROLE_COUNTY_OPERATOR},
             {"evaluation", "bangfu.evaluation.v1.FactService.SubmitDispatchReport",
              options::v1::ROLE_COUNTY_OPERATOR},
             {"registry", "bangfu.registry.v1.IndustryService.CreateTechPairing",
              options::v1::ROLE_COUNTY_OPERATOR},
             {"registry", "bangfu.registry.v1.IndustryService.CreateTrainingRecord",
              options::v1::ROLE_COUNTY_OPERATOR},
             {"registry", "bangfu.registry.v1.InventoryService.GrantLockException",
              options::v1::ROLE_COUNTY_APPROVER}}) {
      const auto& made = *DescriptorPool::generated_pool()->FindMethodByName(method);
      auto request = New(made);
      Builder(pools_, codes_, service, options_.inside).Fill(made, request.get());
      Clear(request.get());
      Call(service, made, *request,
           MintFor(options_.dev_key, role, options_.inside, "matrix-maker"), &pools_[service]);
    }
  }

  // Of something new there is no etag yet, and it is not only checked.
  static void Clear(Message* request) {
    std::vector<const FieldDescriptor*> fields;
    request->GetReflection()->ListFields(*request, &fields);
    for (const auto* field : fields) {
      if (field->name() == "etag" || field->name() == "validate_only") {
        request->GetReflection()->ClearField(request, field);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated()) {
        Clear(request->GetReflection()->MutableMessage(request, field));
      }
    }
  }

  // A file that is complete and that no step has taken.
  void Upload(const std::string& service) {
    const std::string blobs = "bangfu.blob.v1.BlobService.";
    const std::string bytes =
        "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
    blob::v1::BeginUploadRequest begin;
    begin.set_kind("CONTRACT");
    begin.set_title("合同");
    begin.set_content_type("application/pdf");
    begin.set_size_bytes(static_cast<int64_t>(bytes.size()));
    begin.set_sha256(Sha256Hex(bytes));
    begin.set_region_code(options_.inside);
    const auto begun = Do<blob::v1::Blob>(service, Cat(blobs, "BeginUpload"), begin);
    if (!begun.ok()) return;
    blob::v1::PutChunkRequest put;
    put.set_id(begun->id());
    put.set_data(bytes);
    (void)Do<blob::v1::Blob>(service, Cat(blobs, "PutChunk"), put);
    blob::v1::CompleteUploadRequest complete;
    complete.set_id(begun->id());
    (void)Do<blob::v1::Blob>(service, Cat(blobs, "CompleteUpload"), complete);
  }

  std::string IdOf(const std::string& service, const std::string& type) {
    const std::vector<std::string> ids = pools_[service].IdsOf(type);
    return ids.empty() ? "" : ids.front();
  }

  static std::unique_ptr<Message> New(const MethodDescriptor& method) {
    auto* factory = google::protobuf::MessageFactory::generated_factory();
    return std::unique_ptr<Message>(factory->GetPrototype(method.input_type())->New());
  }

  void Wrong(const std::string& service, const MethodDescriptor& method, int role,
             std::string_view where, const absl::Status& status) {
    ++wrong_;
    const ErrorDetail detail = GetErrorDetail(status);
    std::string what = detail.message_zh;
    for (const FieldViolation& violation : detail.violations) {
      what += Cat("; ", violation.field, ": ", violation.description);
    }
    std::printf("%s %s as %s %s: %s %s\n", service.c_str(), method.full_name().c_str(),
                options::v1::Role_Name(static_cast<auth::Role>(role)).c_str(),
                std::string(where).c_str(), Describe(status).c_str(), what.c_str());
  }

  // Of what was asked for: as if it were not there, or not the caller's business.
  static bool TellsNothing(const Answer& answer) {
    if (answer.status.ok()) return answer.empty;
    return absl::IsNotFound(answer.status) || absl::IsPermissionDenied(answer.status);
  }

  void Try(const std::string& service, const MethodDescriptor& method) {
    ++rpcs_;
    const auto access = contract::AccessOf(method);
    if (!access.ok()) return Wrong(service, method, 0, "", access.status());
    Builder builder(pools_, codes_, service, options_.inside);
    auto sample = New(method);
    const bool regional =
        builder.Fill(method, sample.get()) && !NotRegional().contains(method.full_name());
    if (regional) ++regional_;
    if (!builder.missing().empty()) {
      unmade_.push_back(Cat(service, " ", method.full_name(), ": no ", builder.missing()));
    }
    const std::string home = builder.of_the_city() ? options_.inside.substr(0, 4) : options_.inside;
    std::set<std::string> seen_inside, seen_outside;
    for (int role = 1; role <= options::v1::Role_MAX; ++role) {
      bool named = access->any_role();
      for (const int one : access->roles()) named = named || one == role;
      for (const std::string& region : {options_.outside, home}) {
        const bool inside = region == home;
        auto request = New(method);
        Builder fresh(pools_, codes_, service, options_.inside);
        fresh.Fill(method, request.get());
        const Answer answer = Call(service, method, *request, Token(role, region));
        const std::string reason = ReasonOf(answer.status);
        const bool role_required = reason == "ROLE_REQUIRED";
        const std::string_view where = inside ? "inside" : "outside";
        if (IsServersFault(answer.status)) {
          Wrong(service, method, role, where, answer.status);
        } else if (!named) {
          if (!role_required || !absl::IsPermissionDenied(answer.status)) {
            Wrong(service, method, role, where, answer.status);
          }
        } else if (role_required || absl::IsUnauthenticated(answer.status)) {
          Wrong(service, method, role, where, answer.status);
        } else if (regional && builder.missing().empty()) {
          // Whatever else is answered outside tells of the record, or was judged before it was
          // looked for, so that nothing was tried.
          if (!inside && !TellsNothing(answer)) Wrong(service, method, role, where, answer.status);
          if (inside && absl::IsNotFound(answer.status)) {
            Wrong(service, method, role, where, answer.status);
          }
          (inside ? seen_inside : seen_outside)
              .insert(Cat(Describe(answer.status), answer.empty ? "" : " with contents"));
        }
      }
    }
    TryOtherClauses(service, method, *access, home);
    if (regional && builder.missing().empty() && access->mode() == options::v1::ACCESS_MODE_WRITE &&
        !NotNarrowed().contains(method.full_name())) {
      TryNarrowed(service, method, *access, home);
    }
    // What is the same wherever one stands was not tried.
    if (regional && builder.missing().empty() && seen_inside == seen_outside &&
        !AlikeEverywhere().contains(method.full_name())) {
      ++wrong_;
      std::printf("%s %s: the same inside and outside: %s\n", service.c_str(),
                  method.full_name().c_str(), seen_inside.begin()->c_str());
    }
  }

  // By a grant for other clauses of the policy, which opens what serves no clause and nothing else:
  // where any role will do, nothing is seen by it.
  void TryOtherClauses(const std::string& service, const MethodDescriptor& method,
                       const options::v1::Access& access, const std::string& home) {
    const int role =
        access.any_role() ? options::v1::ROLE_COUNTY_OPERATOR : static_cast<int>(access.roles(0));
    auto request = New(method);
    Builder(pools_, codes_, service, options_.inside).Fill(method, request.get());
    const Answer answer = Call(service, method, *request, ClauseToken(role, home));
    const bool serves = method.options().ExtensionSize(options::v1::rpc_clauses) > 0 ||
                        method.service()->options().ExtensionSize(options::v1::clauses) > 0;
    if (serves) ++of_clauses_;
    const bool excluded = ReasonOf(answer.status) == "SCOPE_EXCLUDES";
    const bool right = serves ? excluded || (access.any_role() && TellsNothing(answer)) : !excluded;
    if (!right) Wrong(service, method, role, "of other clauses", answer.status);
  }

  // In the region, but by a grant for other money and other industries.
  void TryNarrowed(const std::string& service, const MethodDescriptor& method,
                   const options::v1::Access& access, const std::string& home) {
    ++narrowed_;
    bool by_scope = false;
    absl::Status last;
    for (int role = 1; role <= options::v1::Role_MAX; ++role) {
      bool named = access.any_role();
      for (const int one : access.roles()) named = named || one == role;
      if (!named) continue;
      auto request = New(method);
      // The record's etag: what follows the comparison is what is tried.
      Builder(pools_, codes_, service, options_.inside, /*true_etags=*/true)
          .Fill(method, request.get());
      const Answer answer = Call(service, method, *request, NarrowedToken(role, home));
      by_scope = by_scope || ReasonOf(answer.status) == "SCOPE_EXCLUDES" || answer.excluded;
      last = answer.status;
      if (!absl::IsPermissionDenied(answer.status) && !answer.denied) {
        Wrong(service, method, role, "narrowed", answer.status);
      }
    }
    if (!by_scope) Wrong(service, method, 0, "narrowed", last);
  }

  const MatrixOptions& options_;
  std::map<std::string, std::unique_ptr<rpc::Client>> clients_;
  std::map<std::string, std::vector<std::string>> methods_;
  std::map<std::string, Pool> pools_;         // by service
  std::map<std::string, std::string> codes_;  // one of each list
  Tokens tokens_, narrowed_tokens_, clause_tokens_;
  std::vector<std::string> unmade_;
  int rpcs_ = 0, regional_ = 0, calls_ = 0, wrong_ = 0, narrowed_ = 0, of_clauses_ = 0;
};

}  // namespace

int RunMatrix(const MatrixOptions& options) { return Matrix(options).Run(); }

}  // namespace bangfu::probe
