#include "common/dictionary/form.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "bangfu/options/v1/access.pb.h"
#include "bangfu/options/v1/rules.pb.h"
#include "bangfu/options/v1/sensitive.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"

namespace bangfu::dictionary {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

namespace {

// A text of more characters is written in several lines.
constexpr uint32_t kLineOfText = 300;

const options::v1::FieldRules& RulesOf(const FieldDescriptor& field) {
  return field.options().GetExtension(options::v1::rules);
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

v1::FieldKind KindOfText(const FieldDescriptor& field) {
  const options::v1::FieldRules& rules = RulesOf(field);
  if (!rules.code_list().empty()) return v1::FIELD_KIND_CODE;
  switch (rules.shape()) {
    case options::v1::SHAPE_REGION_CODE:
      return v1::FIELD_KIND_REGION;
    case options::v1::SHAPE_ULID:
      return v1::FIELD_KIND_REFERENCE;
    case options::v1::SHAPE_PERIOD:
      return v1::FIELD_KIND_MONTH;
    default:
      return rules.max_length() > kLineOfText ? v1::FIELD_KIND_LONG_TEXT : v1::FIELD_KIND_TEXT;
  }
}

v1::FieldKind KindOfMessage(const Descriptor* type) {
  if (type == google::type::Date::descriptor()) return v1::FIELD_KIND_DATE;
  if (type == google::protobuf::Timestamp::descriptor()) return v1::FIELD_KIND_INSTANT;
  if (type == type::v1::Evidence::descriptor()) return v1::FIELD_KIND_EVIDENCE;
  return v1::FIELD_KIND_MESSAGE;
}

class Unfolding {
 public:
  Unfolding(int max_depth, v1::Form* form) : max_depth_(max_depth), form_(form) {}

  void Add(const Descriptor& message, const std::string& prefix) {
    above_.push_back(&message);
    for (int i = 0; i < message.field_count(); ++i) AddField(*message.field(i), prefix);
    above_.pop_back();
  }

 private:
  void AddField(const FieldDescriptor& field, const std::string& prefix) {
    const options::v1::Label& label = contract::LabelOf(field);
    const options::v1::FieldRules& rules = RulesOf(field);
    v1::FormField& out = *form_->add_fields();
    const std::string path = Cat(prefix, field.name(), field.is_repeated() ? "[]" : "");
    out.set_path(path);
    out.set_json_name(field.name());
    out.set_depth(static_cast<int>(above_.size()) - 1);
    out.set_purpose(PurposeOf(field));
    out.set_kind(KindOf(field));
    out.set_repeated(field.is_repeated());
    out.set_label_zh(label.zh());
    out.set_unit(label.unit());
    out.set_help_zh(label.help());
    out.set_held_by(label.held_by());
    *out.mutable_also_held_by() = label.also_held_by();
    if (field.options().HasExtension(options::v1::rules)) *out.mutable_rules() = rules;
    out.set_sensitive(field.options().GetExtension(options::v1::sensitive));
    out.set_code_list(rules.code_list());
    if (field.enum_type() != nullptr) out.set_enum_type(field.enum_type()->full_name());
    if (const auto* choice = field.real_containing_oneof()) {
      out.set_choice(Cat(prefix, choice->name()));
    }
    if (field.message_type() == nullptr) return;
    out.set_message_type(field.message_type()->full_name());
    if (out.kind() != v1::FIELD_KIND_MESSAGE && out.kind() != v1::FIELD_KIND_EVIDENCE) return;
    const Descriptor& inner = *field.message_type();
    if (out.purpose() != v1::FIELD_PURPOSE_INPUT || static_cast<int>(above_.size()) >= max_depth_ ||
        std::find(above_.begin(), above_.end(), &inner) != above_.end()) {
      out.set_folded(true);
      return;
    }
    Add(inner, path + ".");
  }

  const int max_depth_;
  v1::Form* const form_;
  std::vector<const Descriptor*> above_;
};

}  // namespace

v1::FieldPurpose PurposeOf(const FieldDescriptor& field) {
  if (RulesOf(field).output_only()) return v1::FIELD_PURPOSE_OUTPUT;
  for (const std::string_view name :
       {"request_id", "etag", "validate_only", "update_mask", "page_size", "page_token"}) {
    if (field.name() == name) return v1::FIELD_PURPOSE_CONTROL;
  }
  return v1::FIELD_PURPOSE_INPUT;
}

v1::FieldKind KindOf(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return KindOfMessage(field.message_type());
    case FieldDescriptor::CPPTYPE_ENUM:
      return v1::FIELD_KIND_ENUM;
    case FieldDescriptor::CPPTYPE_BOOL:
      return v1::FIELD_KIND_BOOL;
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? v1::FIELD_KIND_BYTES : KindOfText(field);
    default:
      if (EndsWith(field.name(), "_fen") || field.name() == "fen") return v1::FIELD_KIND_MONEY_FEN;
      if (EndsWith(field.name(), "_bp")) return v1::FIELD_KIND_RATIO_BP;
      return v1::FIELD_KIND_INTEGER;
  }
}

v1::Form FormOf(const Descriptor& message, int max_depth) {
  v1::Form form;
  form.set_name(message.full_name());
  form.set_message(message.full_name());
  Unfolding(max_depth, &form).Add(message, "");
  return form;
}

v1::Form FormOf(const MethodDescriptor& method, int max_depth) {
  v1::Form form = FormOf(*method.input_type(), max_depth);
  form.set_name(method.full_name());
  *form.mutable_roles() = method.options().GetExtension(options::v1::access).roles();
  form.set_can_validate_only(method.input_type()->FindFieldByName("validate_only") != nullptr);
  return form;
}

}  // namespace bangfu::dictionary
