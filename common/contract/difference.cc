#include "common/contract/difference.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/contract/labels.h"
#include "google/protobuf/descriptor.h"

namespace bangfu::contract {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// What makes two elements of a list the same one.
const FieldDescriptor* KeyOf(const Descriptor& type) {
  for (const char* name : {"id", "code", "key", "class"}) {
    const FieldDescriptor* field = type.FindFieldByName(name);
    if (field != nullptr && !field->is_repeated() &&
        (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING ||
         field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM)) {
      return field;
    }
  }
  return nullptr;
}

// A message that is one value to a person: a day, an instant. Empty: it is not.
std::string ValueText(const Message& message) {
  const Descriptor* type = message.GetDescriptor();
  const Reflection* r = message.GetReflection();
  const auto number = [&](const char* name) -> int64_t {
    const FieldDescriptor* field = type->FindFieldByName(name);
    return field->cpp_type() == FieldDescriptor::CPPTYPE_INT64 ? r->GetInt64(message, field)
                                                               : r->GetInt32(message, field);
  };
  if (type->full_name() == "google.type.Date") {
    return absl::FormatCivilTime(absl::CivilDay(number("year"), static_cast<int>(number("month")),
                                                static_cast<int>(number("day"))));
  }
  if (type->full_name() == "google.protobuf.Timestamp") {
    return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(number("seconds")),
                            ShanghaiTimeZone());
  }
  return "";
}

// `index` < 0: the field is not repeated.
std::string LeafText(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection* r = message.GetReflection();
  const bool repeated = index >= 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(repeated ? r->GetRepeatedInt32(message, field, index)
                                   : r->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(repeated ? r->GetRepeatedUInt32(message, field, index)
                                   : r->GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(repeated ? r->GetRepeatedInt64(message, field, index)
                                   : r->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(repeated ? r->GetRepeatedUInt64(message, field, index)
                                   : r->GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(repeated ? r->GetRepeatedDouble(message, field, index)
                                   : r->GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(repeated ? r->GetRepeatedFloat(message, field, index)
                                   : r->GetFloat(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return (repeated ? r->GetRepeatedBool(message, field, index) : r->GetBool(message, field))
                 ? "是"
                 : "否";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*field->enum_type(), repeated ? r->GetRepeatedEnumValue(message, field, index)
                                                    : r->GetEnumValue(message, field));
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text =
          repeated ? r->GetRepeatedString(message, field, index) : r->GetString(message, field);
      return field->type() == FieldDescriptor::TYPE_BYTES ? absl::Base64Escape(text) : text;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ValueText(repeated ? r->GetRepeatedMessage(message, field, index)
                                : r->GetMessage(message, field));
  }
  return "";
}

class Walk {
 public:
  std::vector<Difference> out;

  // `before` or `after` is null where one side has no such message.
  void Messages(const Message* before, const Message* after, const std::string& path,
                const std::string& label) {
    const Descriptor* type = (before != nullptr ? before : after)->GetDescriptor();
    if (type->full_name() == "google.type.Date" ||
        type->full_name() == "google.protobuf.Timestamp") {
      return Leaf(before == nullptr ? "" : ValueText(*before),
                  after == nullptr ? "" : ValueText(*after), path, label);
    }
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      const std::string below =
          path.empty() ? field->name() : absl::StrCat(path, ".", field->name());
      const std::string& zh = LabelOf(*field).zh();
      const std::string labels = zh.empty()      ? label
                                 : label.empty() ? zh
                                                 : absl::StrCat(label, "/", zh);
      if (field->is_repeated()) {
        List(before, after, field, below, labels);
        continue;
      }
      const bool had = before != nullptr && Has(*before, field);
      const bool has = after != nullptr && Has(*after, field);
      if (!had && !has) continue;
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Messages(had ? &before->GetReflection()->GetMessage(*before, field) : nullptr,
                 has ? &after->GetReflection()->GetMessage(*after, field) : nullptr, below, labels);
      } else {
        Leaf(had ? LeafText(*before, field, -1) : "", has ? LeafText(*after, field, -1) : "", below,
             labels);
      }
    }
  }

 private:
  static bool Has(const Message& message, const FieldDescriptor* field) {
    return message.GetReflection()->HasField(message, field);
  }
  static int Size(const Message* message, const FieldDescriptor* field) {
    return message == nullptr ? 0 : message->GetReflection()->FieldSize(*message, field);
  }

  void Leaf(std::string before, std::string after, const std::string& path,
            const std::string& label) {
    if (before == after) return;
    out.push_back({path, label, std::move(before), std::move(after)});
  }

  void List(const Message* before, const Message* after, const FieldDescriptor* field,
            const std::string& path, const std::string& label) {
    const int had = Size(before, field);
    const int has = Size(after, field);
    const bool messages = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const FieldDescriptor* key = messages ? KeyOf(*field->message_type()) : nullptr;
    if (key != nullptr && Keyed(before, after, field, key, path, label)) return;
    for (int i = 0; i < std::max(had, has); ++i) {
      const std::string at = absl::StrCat(path, "[", i, "]");
      if (messages) {
        Messages(
            i < had ? &before->GetReflection()->GetRepeatedMessage(*before, field, i) : nullptr,
            i < has ? &after->GetReflection()->GetRepeatedMessage(*after, field, i) : nullptr, at,
            label);
      } else {
        Leaf(i < had ? LeafText(*before, field, i) : "", i < has ? LeafText(*after, field, i) : "",
             at, label);
      }
    }
  }

  // False when the elements' keys are not unique: compared by position then.
  bool Keyed(const Message* before, const Message* after, const FieldDescriptor* field,
             const FieldDescriptor* key, const std::string& path, const std::string& label) {
    std::map<std::string, std::pair<const Message*, const Message*>> sides;
    std::vector<std::string> order;
    for (const Message* side : {before, after}) {
      for (int i = 0; i < Size(side, field); ++i) {
        const Message& element = side->GetReflection()->GetRepeatedMessage(*side, field, i);
        std::string name = LeafText(element, key, -1);
        if (name.empty()) return false;
        auto [it, fresh] = sides.try_emplace(name);
        if (fresh) order.push_back(name);
        const Message*& place = side == before ? it->second.first : it->second.second;
        if (place != nullptr) return false;
        place = &element;
      }
    }
    for (const std::string& name : order) {
      const auto& [old_element, new_element] = sides[name];
      Messages(old_element, new_element, absl::StrCat(path, "[", name, "]"),
               label.empty() ? name : absl::StrCat(label, "/", name));
    }
    return true;
  }
};

}  // namespace

std::vector<Difference> Compare(const Message& before, const Message& after) {
  Walk walk;
  walk.Messages(&before, &after, "", "");
  return std::move(walk.out);
}

}  // namespace bangfu::contract
