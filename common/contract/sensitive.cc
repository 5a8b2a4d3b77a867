#include "common/contract/sensitive.h"

#include <algorithm>
#include <functional>

#include "absl/strings/ascii.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/contract/labels.h"
#include "common/contract/sensitive_plan.h"
#include "google/protobuf/descriptor.h"

namespace bangfu::contract {
namespace {

using google::protobuf::Message;

void Collect(const Message& message, const std::string& path, std::vector<SensitiveField>* out) {
  const auto* r = message.GetReflection();
  for (const auto& [field, text] : SensitivePlanOf(*message.GetDescriptor()).places) {
    if (!field->is_repeated() && !r->HasField(message, field)) continue;
    const std::string below = path.empty() ? field->name() : Cat(path, ".", field->name());
    const int size = field->is_repeated() ? r->FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      const std::string at = field->is_repeated() ? Cat(below, "[", i, "]") : below;
      if (text) {
        out->push_back({at, LabelOf(*field).zh(),
                        field->is_repeated() ? r->GetRepeatedString(message, field, i)
                                             : r->GetString(message, field)});
      } else {
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
  std::string as_name = Cat(Utf8Truncate(text, 1), "**");
  // Stars are of a number that is masked already.
  const bool number = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isdigit(c) || c == '-' || c == ' ' || c == '+' || c == '*';
  });
  if (!number || text == as_name) return as_name;
  if (text.size() <= 7) return "****";
  return Cat(text.substr(0, 3), "****", text.substr(text.size() - 4));
}

void MaskSensitive(Message* message) {
  const auto* r = message->GetReflection();
  for (const auto& [field, text] : SensitivePlanOf(*message->GetDescriptor()).places) {
    if (!field->is_repeated() && !r->HasField(*message, field)) continue;
    const int size = field->is_repeated() ? r->FieldSize(*message, field) : 1;
    for (int i = 0; i < size; ++i) {
      if (text) {
        if (field->is_repeated()) {
          r->SetRepeatedString(message, field, i,
                               MaskText(r->GetRepeatedString(*message, field, i)));
        } else {
          r->SetString(message, field, MaskText(r->GetString(*message, field)));
        }
      } else {
        MaskSensitive(field->is_repeated() ? r->MutableRepeatedMessage(message, field, i)
                                           : r->MutableMessage(message, field));
      }
    }
  }
}

void RestoreMasked(const Message& before, Message* after) {
  const auto* r = after->GetReflection();
  for (const auto& [field, text] : SensitivePlanOf(*after->GetDescriptor()).places) {
    if (field->is_repeated() || !r->HasField(before, field) || !r->HasField(*after, field))
      continue;
    if (text) {
      const std::string old = r->GetString(before, field);
      if (r->GetString(*after, field) == MaskText(old)) r->SetString(after, field, old);
    } else {
      RestoreMasked(r->GetMessage(before, field), r->MutableMessage(after, field));
    }
  }
}

}  // namespace bangfu::contract
