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

namespace bangfu::probe {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using options::v1::FieldRules;

namespace {

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

const Message* RecordPool::Find(const std::string& name) const {
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

std::vector<std::string> RecordPool::IdsOf(const std::string& type) const {
  std::vector<std::string> ids;
  if (const auto it = records_.find(type); it != records_.end()) {
    for (const auto& record : it->second) ids.push_back(IdOf(*record));
  }
  return ids;
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
  missing_.clear();
  method_ = &method;
  FillMessage(request, 0);
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
  return RecordPool::IdOf(*record);
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
  if (field.full_name() == "bangfu.intake.v1.BeginImportRequest.kind") {
    return service_ == "asset" ? "assets" : "projects";
  }
  if (const auto code = codes_.find(rules.code_list()); code != codes_.end()) {
    return code->second;
  }
  if (name == "page_token") return "";
  if (name == "etag") {
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
      // The first that means something; of decisions that is still to be decided.
      const int first = field.name() == "decision" ? 2 : 1;
      const int value =
          field.enum_type()->value_count() > first ? field.enum_type()->value(first)->number() : 0;
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
