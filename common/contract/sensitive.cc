#include "common/contract/sensitive.h"

#include <algorithm>
#include <functional>

#include "absl/strings/ascii.h"
#include "bangfu/options/v1/sensitive.pb.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/contract/labels.h"
#include "google/protobuf/descriptor.h"

namespace bangfu::contract {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool IsSensitiveText(const FieldDescriptor& field) {
  return field.options().GetExtension(options::v1::sensitive) &&
         field.type() == FieldDescriptor::TYPE_STRING;
}

void Collect(const Message& message, const std::string& path, std::vector<SensitiveField>* out) {
  const auto* r = message.GetReflection();
  std::vector<const FieldDescriptor*> set;
  r->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    const std::string below = path.empty() ? field->name() : Cat(path, ".", field->name());
    const int size = field->is_repeated() ? r->FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      const std::string at = field->is_repeated() ? Cat(below, "[", i, "]") : below;
      if (IsSensitiveText(*field)) {
        out->push_back({at, LabelOf(*field).zh(),
                        field->is_repeated() ? r->GetRepeatedString(message, field, i)
                                             : r->GetString(message, field)});
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Collect(field->is_repeated() ? r->GetRepeatedMessage(message, field, i)
                                     : r->GetMessage(message, field),
                at, out);
      }
    }
  }
}

}  // namespace

std::vector<SensitiveField> SensitiveFields(const Message& message) {
  std::vector<SensitiveField> out;
  Collect(message, "", &out);
  return out;
}

std::string MaskText(std::string_view text) {
  if (text.empty()) return "";
  const bool number = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isdigit(c) || c == '-' || c == ' ' || c == '+';
  });
  if (!number) return Cat(Utf8Truncate(text, 1), "**");
  if (text.size() <= 7) return "****";
  return Cat(text.substr(0, 3), "****", text.substr(text.size() - 4));
}

void MaskSensitive(Message* message) {
  const auto* r = message->GetReflection();
  std::vector<const FieldDescriptor*> set;
  r->ListFields(*message, &set);
  for (const FieldDescriptor* field : set) {
    const int size = field->is_repeated() ? r->FieldSize(*message, field) : 1;
    for (int i = 0; i < size; ++i) {
      if (IsSensitiveText(*field)) {
        if (field->is_repeated()) {
          r->SetRepeatedString(message, field, i,
                               MaskText(r->GetRepeatedString(*message, field, i)));
        } else {
          r->SetString(message, field, MaskText(r->GetString(*message, field)));
        }
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        MaskSensitive(field->is_repeated() ? r->MutableRepeatedMessage(message, field, i)
                                           : r->MutableMessage(message, field));
      }
    }
  }
}

void RestoreMasked(const Message& before, Message* after) {
  const auto* r = after->GetReflection();
  std::vector<const FieldDescriptor*> set;
  r->ListFields(*after, &set);
  for (const FieldDescriptor* field : set) {
    if (field->is_repeated() || !r->HasField(before, field)) continue;
    if (IsSensitiveText(*field)) {
      const std::string old = r->GetString(before, field);
      if (r->GetString(*after, field) == MaskText(old)) r->SetString(after, field, old);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      RestoreMasked(r->GetMessage(before, field), r->MutableMessage(after, field));
    }
  }
}

}  // namespace bangfu::contract
