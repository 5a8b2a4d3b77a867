#include "common/draft/content.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <utility>

#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/contract/labels.h"
#include "common/contract/validator.h"
#include "common/dictionary/form.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "nlohmann/json.hpp"

namespace bangfu::draft {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using nlohmann::json;

// As deep as the validator goes.
constexpr size_t kMaxDepth = 32;
// Details ride in the headers of an answer, which are small.
constexpr size_t kMaxViolations = 20;
constexpr size_t kMaxNameLength = 60;  // of a field that is not there, as it is said back

// Brackets inside brackets, outside of texts: known before anything walks down into them.
size_t DepthOf(std::string_view text) {
  size_t depth = 0, deepest = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

class Violations {
 public:
  void Add(std::string path, std::string_view text) {
    if (++count_ <= kMaxViolations) list_.push_back({std::move(path), std::string(text)});
  }
  absl::Status ToStatus() const {
    if (count_ == 0) return absl::OkStatus();
    Error error(absl::StatusCode::kInvalidArgument, "DRAFT_CONTENT_INVALID");
    error.Zh(Cat("草稿内容有", count_, "处不是该表单的内容"));
    error.Message(Cat(count_, " value(s) are none of the form's"));
    for (const FieldViolation& one : list_) error.Field(one.field, one.description);
    if (count_ > list_.size()) error.Field("", Cat("另有", count_ - list_.size(), "处"));
    return error;
  }

 private:
  size_t count_ = 0;
  std::vector<FieldViolation> list_;
};

// The field by either of the names that JSON has for it.
const FieldDescriptor* FieldNamed(const Descriptor& type, const std::string& name) {
  if (const FieldDescriptor* field = type.FindFieldByName(name)) return field;
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == name) return type.field(i);
  }
  return nullptr;
}

template <typename Int>
bool Fits(const json& value) {
  if (value.is_number_unsigned()) {
    return value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<Int>::max());
  }
  if (value.is_number_integer()) {
    const auto number = value.get<int64_t>();
    if constexpr (std::numeric_limits<Int>::is_signed) {
      return number >= int64_t{std::numeric_limits<Int>::min()} &&
             number <= int64_t{std::numeric_limits<Int>::max()};
    }
    return number >= 0;
  }
  // JavaScript holds no large integers: JSON writes int64 as text.
  Int parsed = 0;
  return value.is_string() && ParseInt(value.get_ref<const std::string&>(), &parsed);
}

bool IsInteger(const FieldDescriptor& field, const json& value) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Fits<int32_t>(value);
    case FieldDescriptor::CPPTYPE_INT64:
      return Fits<int64_t>(value);
    case FieldDescriptor::CPPTYPE_UINT32:
      return Fits<uint32_t>(value);
    default:
      return Fits<uint64_t>(value);
  }
}

void CheckFields(const Descriptor& type, const json& object, const std::string& prefix,
                 Violations* out);

void CheckMessage(const Descriptor& type, const json& value, const std::string& path,
                  Violations* out) {
  if (&type == google::protobuf::Timestamp::descriptor()) {
    google::protobuf::Timestamp time;
    if (!value.is_string() ||
        !google::protobuf::util::TimeUtil::FromString(value.get_ref<const std::string&>(), &time)) {
      out->Add(path, "应为时间，如2026-01-31T08:00:00Z");
    }
  } else if (HasPrefix(type.full_name(), "google.protobuf.")) {
    return;  // each has a JSON of its own, and the conversion knows it
  } else if (!value.is_object()) {
    out->Add(path, "应为一组字段");
  } else {
    CheckFields(type, value, path + ".", out);
  }
}

void CheckValue(const FieldDescriptor& field, const json& value, const std::string& path,
                Violations* out) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return CheckMessage(*field.message_type(), value, path, out);
    case FieldDescriptor::CPPTYPE_STRING:
      if (!value.is_string()) out->Add(path, "应为文本");
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!value.is_boolean()) out->Add(path, "应为是或否");
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      if (value.is_string() &&
          field.enum_type()->FindValueByName(value.get_ref<const std::string&>()) != nullptr) {
        return;
      }
      if (!Fits<int32_t>(value) || value.is_string()) out->Add(path, "没有此取值");
      return;
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (!value.is_number()) out->Add(path, "应为数值");
      return;
    default:
      if (!IsInteger(field, value)) out->Add(path, "应为整数");
  }
}

void CheckFields(const Descriptor& type, const json& object, const std::string& prefix,
                 Violations* out) {
  std::set<const FieldDescriptor*> filled;
  std::set<const OneofDescriptor*> chosen;
  for (const auto& [name, value] : object.items()) {
    const FieldDescriptor* field = FieldNamed(type, name);
    if (field == nullptr) {
      out->Add(Cat(prefix, Utf8Truncate(name, kMaxNameLength)), "该表单没有此字段");
      continue;
    }
    if (value.is_null()) continue;
    const std::string path = Cat(prefix, field->name());
    if (!filled.insert(field).second) {
      out->Add(path, "同一字段填写了两次");
    } else if (const OneofDescriptor* choice = field->real_containing_oneof();
               choice != nullptr && !chosen.insert(choice).second) {
      out->Add(path, "只能填写其中一项");
    } else if (!field->is_repeated()) {
      CheckValue(*field, value, path, out);
    } else if (!value.is_array()) {
      out->Add(path, "应为列表");
    } else {
      for (size_t i = 0; i < value.size(); ++i)
        CheckValue(*field, value[i], Cat(path, "[", i, "]"), out);
    }
  }
}

// What belongs to a submission, not to what is submitted.
void ClearControl(Message* request) {
  for (const char* name : {"request_id", "validate_only"}) {
    if (const FieldDescriptor* field = request->GetDescriptor()->FindFieldByName(name)) {
      request->GetReflection()->ClearField(request, field);
    }
  }
}

// The field at "scores[0].opinion"; nullptr: there is none.
const FieldDescriptor* FieldAt(const Descriptor& form, std::string_view path) {
  const Descriptor* type = &form;
  const FieldDescriptor* field = nullptr;
  while (type != nullptr && !path.empty()) {
    const size_t dot = path.find('.');
    const std::string_view part = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    field = type->FindFieldByName(std::string(part.substr(0, part.find('['))));
    type = field == nullptr ? nullptr : field->message_type();
  }
  return path.empty() ? field : nullptr;
}

std::vector<v1::DraftProblem> ProblemsOf(const contract::Validator& rules, const Message& request) {
  std::vector<v1::DraftProblem> problems;
  for (const FieldViolation& one : GetErrorDetail(rules.Validate(request)).violations) {
    const FieldDescriptor* field = FieldAt(*request.GetDescriptor(), one.field);
    if (field != nullptr &&
        dictionary::PurposeOf(*field) == dictionary::v1::FIELD_PURPOSE_CONTROL) {
      continue;
    }
    v1::DraftProblem& problem = problems.emplace_back();
    problem.set_path(one.field);
    if (field != nullptr) problem.set_label_zh(contract::LabelOf(*field).zh());
    problem.set_problem_zh(one.description);
  }
  return problems;
}

absl::Status Unreadable(std::string_view description_zh) {
  Violations violations;
  violations.Add("", description_zh);
  return violations.ToStatus();
}

}  // namespace

absl::StatusOr<Content> ReadContent(const Descriptor& form, std::string_view text) {
  if (DepthOf(text) > kMaxDepth) return Unreadable("嵌套过深");
  const json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return Unreadable("不是JSON对象");
  Violations violations;
  CheckFields(form, parsed, "", &violations);
  RETURN_IF_ERROR(violations.ToStatus());

  ASSIGN_OR_RETURN(const contract::Validator* rules, contract::Validator::For(&form));
  const std::unique_ptr<Message> request(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&form)->New());
  // What is left are the texts of bytes, masks and the like.
  if (!google::protobuf::util::JsonStringToMessage(parsed.dump(), request.get()).ok()) {
    return Unreadable("有字段的内容无法识别");
  }
  ClearControl(request.get());
  rules->ClearOutputOnly(request.get());

  Content content;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(*request, &content.json, options).ok()) {
    return Unreadable("有字段的内容无法识别");
  }
  content.problems = ProblemsOf(*rules, *request);
  return content;
}

}  // namespace bangfu::draft
