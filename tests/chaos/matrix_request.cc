#include "tests/chaos/matrix_request.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/util/json_util.h"

namespace bangfu::probe {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using options::v1::FieldRules;

namespace {

// The first measure of a ledger entry's plan; "" without one.
std::string PlannedMeasure(const Message& entry) {
  const auto* plan = entry.GetDescriptor()->FindFieldByName("plan");
  if (plan == nullptr || !entry.GetReflection()->HasField(entry, plan)) return "";
  const Message& planned = entry.GetReflection()->GetMessage(entry, plan);
  const auto* measures = planned.GetDescriptor()->FindFieldByName("measures");
  if (measures == nullptr || planned.GetReflection()->FieldSize(planned, measures) == 0) return "";
  return RecordPool::Text(planned.GetReflection()->GetRepeatedMessage(planned, measures, 0),
                          "code");
}

std::string Snake(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !out.empty()) out += '_';
    out += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

void RecordPool::Crawl(const Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  const auto& reflection = *message.GetReflection();
  if (const auto* id = type.FindFieldByName("id");
      id != nullptr && id->type() == FieldDescriptor::TYPE_STRING && !id->is_repeated()) {
    const std::string value = reflection.GetString(message, id);
    if (Ulid::Parse(value).ok()) {
      auto& kept = records_[Snake(type.name())];
      const auto known = std::find_if(kept.begin(), kept.end(), [&](const auto& record) {
        return record->GetDescriptor() == &type && IdOf(*record) == value;
      });
      if (known != kept.end()) {
        (*known)->CopyFrom(message);  // as it is now
      } else if (kept.size() < kKept) {
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

std::string RecordPool::TypeOf(const std::string& name) const {
  if (records_.contains(name)) return name;
  for (const auto& [type, records] : records_) {
    if (absl::EndsWith(type, Cat("_", name))) return type;
  }
  // "project_history" is of a project.
  for (const auto& [type, records] : records_) {
    if (absl::StartsWith(name, Cat(type, "_"))) return type;
  }
  return "";
}

std::vector<const Message*> RecordPool::Various(const std::string& type) const {
  // By all that is of an enum: state, result, class …
  std::map<std::string, std::vector<const Message*>> states;
  std::vector<std::string> order;
  for (const auto& record : records_.at(type)) {
    std::string state;
    for (int i = 0; i < record->GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *record->GetDescriptor()->field(i);
      if (field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM || field.is_repeated()) continue;
      state += Cat(record->GetReflection()->GetEnumValue(*record, &field), " ");
    }
    auto& alike = states[state];
    if (alike.empty()) order.push_back(state);
    if (alike.size() < kAlike) alike.push_back(record.get());
  }
  std::vector<const Message*> various;
  for (size_t i = 0; i < kAlike; ++i) {
    for (const std::string& state : order) {
      if (i < states[state].size() && various.size() < kPicks) various.push_back(states[state][i]);
    }
  }
  return various;
}

const Message* RecordPool::Find(const std::string& name, size_t pick) const {
  const std::string type = TypeOf(name);
  if (type.empty()) return nullptr;
  if (pick == 0) return records_.at(type)[0].get();
  const std::vector<const Message*> various = Various(type);
  return various[pick % various.size()];
}

size_t RecordPool::Picks(const std::string& name) const {
  const std::string type = TypeOf(name);
  return type.empty() ? 0 : Various(type).size();
}

std::vector<std::string> RecordPool::IdsOf(const std::string& type) const {
  std::vector<std::string> ids;
  if (const auto it = records_.find(type); it != records_.end()) {
    for (const auto& record : it->second) ids.push_back(IdOf(*record));
  }
  return ids;
}

void RecordPool::Prefer(const Message& message) {
  auto& example = examples_[message.GetDescriptor()->full_name()];
  example.reset(message.New());
  example->CopyFrom(message);
}

const Message* RecordPool::Record(const std::string& type, size_t index) const {
  return records_.at(type)[index].get();
}

const Message* RecordPool::Example(const std::string& type) const {
  const auto it = examples_.find(type);
  return it == examples_.end() ? nullptr : it->second.get();
}

std::string RecordPool::Text(const Message& record, const std::string& name) {
  const auto* field = record.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->is_repeated() || field->type() != FieldDescriptor::TYPE_STRING) {
    return "";
  }
  return record.GetReflection()->GetString(record, field);
}

bool RequestBuilder::Fill(const MethodDescriptor& method, Message* request) {
  regional_ = false;
  of_the_city_ = false;
  record_ = nullptr;
  picks_ = 1;
  missing_.clear();
  method_ = &method;
  FillMessage(request, 0);
  if (true_etags_) Amend(request);
  return regional_;
}

std::string RequestBuilder::ResourceOfMethod() const {
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

std::string RequestBuilder::IdFor(const FieldDescriptor& field) {
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
                                             {"income", "income_record"},
                                             {"pairing_visit", "tech_pairing"},
                                             {"read", "work_item"},
                                             {"chunk", "blob"},
                                             // Of steps in bulk.
                                             {"over", "asset"},
                                             {"custody", "asset"},
                                             {"inspection", "asset"},
                                             {"advance", "evaluation"},
                                             {"argument", "argument_record"},
                                             {"publicitie", "publicity"},
                                             {"ledger_entrie", "ledger_entry"},
                                             {"verification", "unit_report"},
                                             {"import_row", "import"}};
  if (const auto alias = aliases->find(name); alias != aliases->end()) name = alias->second;
  if (field.name() == "aggregate_id" ||
      field.full_name() == "bangfu.audit.v1.FlagRecordRequest.subject_id") {
    name = Audited();
  }
  const RecordPool* of = &pool_;
  const Message* record = pool_.Find(name, pick_);
  // A record of another service; but each service has files of its own.
  for (const auto& [service, pool] : pools_) {
    if (record != nullptr || name == "blob") break;
    of = &pool;
    record = pool.Find(name, pick_);
  }
  if (record == nullptr) {
    missing_ = name;
    return UlidGenerator(SystemClock()).Next().ToString();
  }
  picks_ = std::max(picks_, of->Picks(name));
  regional_ = true;
  of_the_city_ = of_the_city_ || name == "sample";
  record_ = record;
  return RecordPool::IdOf(*record);
}

std::string RequestBuilder::FormOf(const std::string& service) {
  if (service == "asset") return "bangfu.asset.v1.AssetService.RegisterAsset";
  if (service == "evaluation") return "bangfu.evaluation.v1.EvaluationService.RecordArgument";
  return "bangfu.registry.v1.ProjectService.RegisterProject";
}

std::string RequestBuilder::Audited() const {
  return service_ == "evaluation" ? "publicity" : service_ == "asset" ? "asset" : "project";
}

std::string RequestBuilder::TextFor(const FieldDescriptor& field, const FieldRules& rules) {
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
    return project == nullptr ? "" : RecordPool::Text(*project, "name");
  }
  if (true_etags_) {
    if (service_ == "evaluation" &&
        field.full_name() == "bangfu.dictionary.v1.PrefillFormRequest.form") {
      return "bangfu.evaluation.v1.FactService.SubmitExpertScores";
    }
    if (name == "form" || field.full_name() == "bangfu.dictionary.v1.GetFormRequest.name") {
      return FormOf(service_);
    }
    if (field.full_name() == "bangfu.registry.v1.ListCodesRequest.list") return "CAUSE";
    if (field.full_name() == "bangfu.registry.v1.RecodeRegionRequest.to_code") {
      return Cat(region_.substr(0, 9), "999");
    }
    if (field.full_name() == "bangfu.evaluation.v1.ReportMeasureProgressRequest.code" &&
        record_ != nullptr) {
      const std::string planned = PlannedMeasure(*record_);
      if (!planned.empty()) return planned;
    }
  }
  if (field.full_name() == "bangfu.evaluation.v1.CreateCriteriaDraftRequest.content_json") {
    const Message* set = pool_.Example("bangfu.evaluation.v1.CriteriaSet");
    if (set != nullptr) return RecordPool::Text(*set, "content_json");
  }
  if (field.full_name() == "bangfu.intake.v1.BeginImportRequest.kind") {
    return service_ == "asset" ? "assets" : "projects";
  }
  if (const auto codes = codes_.find(rules.code_list());
      codes != codes_.end() && !codes->second.empty()) {
    if (pick_ > 0) picks_ = std::max(picks_, codes->second.size());
    return codes->second[pick_ % codes->second.size()];
  }
  if (name == "page_token") return "";
  if (name == "etag") {
    // Of something new there is none.
    if (pick_ % 2 == 1 && !rules.required()) return "";
    const std::string etag =
        true_etags_ && record_ != nullptr ? RecordPool::Text(*record_, "etag") : "";
    return etag.empty() ? "0" : etag;
  }
  if (name == "aggregate_type" ||
      field.full_name() == "bangfu.audit.v1.FlagRecordRequest.subject_type" ||
      field.full_name() == "bangfu.notice.v1.IssueSupervisionNoticesRequest.subject_type") {
    return Audited();
  }
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

void RequestBuilder::FillMessage(Message* message, int depth) {
  const Descriptor& type = *message->GetDescriptor();
  const auto& reflection = *message->GetReflection();
  if (type.full_name() == "google.type.Date") {
    // What was done was done before today; terms are yet to come, whenever this runs.
    const int year = term_ ? static_cast<int>(ShanghaiDay(absl::Now()).year()) : 2026;
    for (const auto& [name, value] : std::map<std::string, int>{
             {"year", year}, {"month", term_ ? 12 : 1}, {"day", term_ ? 31 : 5}}) {
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
    const bool wanted =
        rules.required() || rules.min_items() > 0 || rules.min_length() > 0 || rules.min() > 0 ||
        WantedAllTheSame(field) ||
        (true_etags_ && field.full_name() == "bangfu.dictionary.v1.PrefillFormRequest.subject_id");
    if (!wanted && !region && field.name() != "etag") continue;
    if (depth > 0 && field.name() == "id" && type.name() != "BulkItem") continue;
    if (const auto* oneof = field.real_containing_oneof();
        oneof != nullptr && !chosen.insert(oneof).second) {
      continue;
    }
    FillField(field, rules, message, depth);
  }
}

bool RequestBuilder::WantedAllTheSame(const FieldDescriptor& field) {
  static const auto* const wanted = new std::set<std::string>{
      "bangfu.asset.v1.ListIncomeRequest.asset_id",
      "bangfu.asset.v1.RecordIncomeRequest.asset_id",
      "bangfu.blob.v1.BeginUploadRequest.size_bytes",
      "bangfu.evaluation.v1.Appraisal.evidence",
      "bangfu.evaluation.v1.ExpertScore.market_outlook",
      "bangfu.notice.v1.IssueSupervisionNoticesRequest.subject_id",
      "bangfu.notice.v1.IssueSupervisionNoticesRequest.subject_type",
      "bangfu.registry.v1.BrandCertification.project_id",
      "bangfu.registry.v1.GetServiceSummaryRequest.period",
      "bangfu.registry.v1.TechPairing.project_id",
      "bangfu.registry.v1.TrainingRecord.project_id",
      "bangfu.type.v1.DateRange.from",
      "bangfu.type.v1.DateRange.to",
  };
  return wanted->contains(field.full_name());
}

bool RequestBuilder::AsAnExample(const FieldDescriptor& field) {
  static const auto* const types = new std::set<std::string>{
      "bangfu.asset.v1.AssetDetails", "bangfu.registry.v1.Project",
      "bangfu.registry.v1.HelperOrganisation", "bangfu.registry.v1.Operator"};
  return !field.is_repeated() && types->contains(field.message_type()->full_name());
}

namespace {

// Lists are put in the place of those that are there.
void Put(const Message& from, Message* to) {
  std::vector<const FieldDescriptor*> fields;
  from.GetReflection()->ListFields(from, &fields);
  for (const auto* field : fields) {
    if (field->is_repeated()) {
      to->GetReflection()->ClearField(to, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Put(from.GetReflection()->GetMessage(from, field),
          to->GetReflection()->MutableMessage(to, field));
    }
  }
  // What stands alone; the messages are put already.
  std::unique_ptr<Message> rest(from.New());
  rest->CopyFrom(from);
  for (const auto* field : fields) {
    if (!field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      rest->GetReflection()->ClearField(rest.get(), field);
    }
  }
  to->MergeFrom(*rest);
}

std::string Printed(const Message& record, const std::string& name) {
  const auto* field = record.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->is_repeated()) return "";
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return record.GetReflection()->GetString(record, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return Cat(record.GetReflection()->GetInt64(record, field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return std::string(record.GetReflection()->GetEnum(record, field)->name());
    default:
      return "";
  }
}

}  // namespace

void RequestBuilder::Amend(Message* request) const {
  static const auto* const amendments = new std::map<std::string, std::string>{
      {"bangfu.registry.v1.InventoryService.CreateCampaign",
       R"({"campaign":{"name":"再次摸底","region_code":"36",
         "scope_start":{"year":2012,"month":1,"day":1},
         "village_deadline":{"year":2027,"month":1,"day":10},
         "township_deadline":{"year":2027,"month":2,"day":10},
         "county_deadline":{"year":2027,"month":3,"day":10}}})"},
      {"bangfu.registry.v1.TaxonomyService.ImportIndustryCategories",
       R"({"categories":[{"taxonomy_version":"matrix","code":"MATRIX","name":"样例",
         "level":"INDUSTRY_LEVEL_MAJOR"}]})"},
      {"bangfu.registry.v1.TaxonomyService.ActivateTaxonomy",
       R"({"taxonomy_version":"{bangfu.registry.v1.IndustryCategory.taxonomy_version}"})"},
      {"bangfu.registry.v1.CodeListService.CreateCodes",
       R"({"codes":[{"list":"CAUSE","code":"MATRIX","name_zh":"样例"}]})"},
      {"bangfu.registry.v1.CodeListService.SetParameter",
       R"({"code":"{bangfu.registry.v1.Parameter.code}","value":"{bangfu.registry.v1.Parameter.value}",
         "etag":"{bangfu.registry.v1.Parameter.etag}"})"},
      {"bangfu.registry.v1.RegionService.ImportRegions",
       R"({"regions":[{"code":"{bangfu.registry.v1.Region.code}",
         "name":"{bangfu.registry.v1.Region.name}","level":"{bangfu.registry.v1.Region.level}",
         "parent_code":"{bangfu.registry.v1.Region.parent_code}"}]})"},
      {"bangfu.registry.v1.IndustryService.SetChainLink",
       R"({"link":{"kind":"LINK_EVIDENCE_KIND_PROJECT",
         "reference":"{bangfu.registry.v1.Project.project_code}"}})"},
      {"bangfu.registry.v1.OperatorService.CreateOperator",
       R"({"operator":{"uscc":"91360783MA7MATRX1Q"}})"},
      {"bangfu.registry.v1.OperatorService.LookupOperator",
       R"({"uscc":"{bangfu.registry.v1.Operator.uscc}"})"},
      {"bangfu.registry.v1.OrganisationService.GetOrganisation",
       R"({"org_code":"{bangfu.registry.v1.Organisation.org_code}"})"},
      {"bangfu.registry.v1.InventoryService.SubmitUnitReport",
       R"({"is_nil":true,"signatory":"样例"})"},
      {"bangfu.asset.v1.AssetService.UpdateAsset", R"({"details":{"name":"样例资产"}})"},
      {"bangfu.asset.v1.ContractService.RecordIncome",
       R"({"asset_id":"{bangfu.asset.v1.IncomeRecord.asset_id}"})"},
      {"bangfu.asset.v1.ContractService.SignContract",
       R"({"terms":{"asset_ids":["{bangfu.asset.v1.IncomeRecord.asset_id}"],
         "mode":"OPERATE_MODE_LEASE"}})"},
      {"bangfu.draft.v1.DraftService.SaveDraft", R"({"request_json":"{}"})"},
      {"bangfu.evaluation.v1.EvaluationService.SignArgument",
       R"({"opinion":"PANEL_OPINION_AGREES"})"},
      {"bangfu.evaluation.v1.EvaluationService.ProposeOverride",
       R"({"reason_text":"经县级会商和现场核查，该对象资料齐全、情况属实，同意按此类别认定"})"},
      {"bangfu.evaluation.v1.EvaluationService.RecordArgument",
       R"({"argument":{"panel":[{"person":"expert-1","name":"甲"},
         {"person":"expert-2","name":"乙"},{"person":"expert-3","name":"丙"}]}})"},
      {"bangfu.evaluation.v1.CriteriaService.ActivateCriteria",
       R"({"effective_from":{"year":2099,"month":1,"day":1}})"},
      {"bangfu.evaluation.v1.LedgerService.SignLedger",
       R"({"rows_sha256":"{bangfu.evaluation.v1.LedgerStatus.rows_sha256}"})"},
      {"bangfu.period.v1.PeriodService.SignPeriod",
       R"({"rows_sha256":"{bangfu.period.v1.PeriodUnit.rows_sha256}"})"},
  };
  const auto it = amendments->find(std::string(method_->full_name()));
  if (it == amendments->end()) return;
  // "{type.field}" is what an example of the type has.
  std::string json = it->second;
  size_t at = 0;
  while ((at = json.find("\"{bangfu.", at)) != std::string::npos) {
    const size_t end = json.find('}', at);
    const std::string path = json.substr(at + 2, end - at - 2);
    const size_t dot = path.rfind('.');
    const Message* example = pool_.Example(path.substr(0, dot));
    const std::string value = example == nullptr ? "" : Printed(*example, path.substr(dot + 1));
    json.replace(at + 1, end - at, value);
    at += 1 + value.size();
  }
  const std::unique_ptr<Message> amendment(request->New());
  if (google::protobuf::util::JsonStringToMessage(json, amendment.get()).ok()) {
    Put(*amendment, request);
  }
}

// With a file that was uploaded, of one kind after the other.
bool RequestBuilder::FillEvidence(Message* evidence) {
  const std::vector<std::string> ids = pool_.IdsOf("blob");
  if (ids.empty()) return false;
  picks_ = std::max(picks_, ids.size());
  const Message* blob = pool_.Record("blob", pick_ % ids.size());
  const auto& from = *blob->GetReflection();
  const auto& to = *evidence->GetReflection();
  for (const char* name : {"kind", "title", "sha256"}) {
    to.SetString(evidence, evidence->GetDescriptor()->FindFieldByName(name),
                 RecordPool::Text(*blob, name));
  }
  to.SetString(evidence, evidence->GetDescriptor()->FindFieldByName("blob_id"),
               RecordPool::IdOf(*blob));
  to.SetInt64(evidence, evidence->GetDescriptor()->FindFieldByName("size_bytes"),
              from.GetInt64(*blob, blob->GetDescriptor()->FindFieldByName("size_bytes")));
  return true;
}

void RequestBuilder::FillField(const FieldDescriptor& field, const FieldRules& rules,
                               Message* message, int depth) {
  // As many as a list must have at least.
  const uint32_t items = field.is_repeated() ? std::max<uint32_t>(1, rules.min_items()) : 1;
  for (uint32_t i = 0; i < items; ++i) FillOne(field, rules, message, depth, i);
}

void RequestBuilder::FillOne(const FieldDescriptor& field, const FieldRules& rules,
                             Message* message, int depth, uint32_t index) {
  const auto& reflection = *message->GetReflection();
  const bool many = field.is_repeated();
  const int64_t number = std::max<int64_t>(1, rules.has_min() ? rules.min() : 1);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = field.type() == FieldDescriptor::TYPE_BYTES ? "x" : TextFor(field, rules);
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
        // Numbers elsewhere are another record's.
        const auto* numbers = field.message_type()->FindFieldByName("external_ids");
        if (true_etags_ && numbers != nullptr) {
          Message* copy = reflection.MutableMessage(message, &field);
          copy->GetReflection()->ClearField(copy, numbers);
        }
        return;
      }
      if (true_etags_ && field.message_type()->full_name() == "bangfu.type.v1.Evidence" &&
          FillEvidence(many ? reflection.AddMessage(message, &field)
                            : reflection.MutableMessage(message, &field))) {
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
      // The first that means something; of decisions that is still to be decided. Each of them
      // where there is a choice.
      const int first = field.name() == "decision" ? 2 : 1;
      const int count = field.enum_type()->value_count() - first;
      if (pick_ > 0 && count > 0) picks_ = std::max(picks_, static_cast<size_t>(count));
      const int value =
          count > 0 ? field.enum_type()->value(first + static_cast<int>(pick_) % count)->number()
                    : 0;
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

}  // namespace bangfu::probe
