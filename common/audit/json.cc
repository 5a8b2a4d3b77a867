// Proto JSON by reflection. Sensitive fields are dropped on the way, so no copy is ever made of
// them.
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bangfu/options/v1/sensitive.pb.h"
#include "common/audit/audit.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"

namespace bangfu::audit {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

void AppendMessage(const Message& message, std::string* out);
void AppendString(std::string_view text, std::string* out);

// What is asked of a message's type for each of its values, asked once.
struct Shape {
  enum class Kind { kFields, kTimestamp, kAny } kind = Kind::kFields;
  struct Field {
    std::string key;        // "name":
    bool left_out = false;  // sensitive and no single text
    bool starred = false;   // a sensitive text
  };
  std::vector<Field> fields;  // by FieldDescriptor::index
};

Shape::Field FieldFor(const FieldDescriptor& field) {
  Shape::Field out;
  AppendString(field.json_name(), &out.key);
  out.key.push_back(':');
  if (!field.options().GetExtension(options::v1::sensitive)) return out;
  const bool text = field.type() == FieldDescriptor::TYPE_STRING && !field.is_repeated();
  (text ? out.starred : out.left_out) = true;
  return out;
}

Shape ShapeFor(const Descriptor& type) {
  Shape shape;
  if (type.full_name() == "google.protobuf.Timestamp") shape.kind = Shape::Kind::kTimestamp;
  if (type.full_name() == "google.protobuf.Any") shape.kind = Shape::Kind::kAny;
  for (int i = 0; i < type.field_count(); ++i) shape.fields.push_back(FieldFor(*type.field(i)));
  return shape;
}

// Of types that are linked in, which live as long as the process; others belong to a pool that may
// end.
const Shape& ShapeOf(const Descriptor* type, std::optional<Shape>* own) {
  if (type->file()->pool() != google::protobuf::DescriptorPool::generated_pool()) {
    return own->emplace(ShapeFor(*type));
  }
  thread_local absl::flat_hash_map<const Descriptor*, std::unique_ptr<const Shape>> shapes;
  std::unique_ptr<const Shape>& shape = shapes[type];
  if (shape == nullptr) shape = std::make_unique<const Shape>(ShapeFor(*type));
  return *shape;
}

void AppendString(std::string_view text, std::string* out) {
  out->push_back('"');
  size_t begin = 0;  // of the run that goes out as it is
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text.substr(begin, i - begin));
    begin = i + 1;
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default: {
        constexpr char kDigits[] = "0123456789abcdef";
        out->append("\\u00");
        out->push_back(kDigits[(c >> 4) & 0xf]);
        out->push_back(kDigits[c & 0xf]);
      }
    }
  }
  out->append(text.substr(begin));
  out->push_back('"');
}

void AppendDouble(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("\"NaN\"");
  } else if (std::isinf(value)) {
    out->append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  } else {
    char buffer[32];
    auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
    out->append(buffer, end);
  }
}

void AppendTimestamp(const Message& message, std::string* out) {
  const Reflection* reflection = message.GetReflection();
  const Descriptor* type = message.GetDescriptor();
  const absl::Time at =
      absl::FromUnixSeconds(reflection->GetInt64(message, type->FindFieldByNumber(1))) +
      absl::Nanoseconds(reflection->GetInt32(message, type->FindFieldByNumber(2)));
  out->append("\"")
      .append(absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", at, absl::UTCTimeZone()))
      .append("\"");
}

// What an Any holds, when its type is linked in; else its type only.
void AppendAny(const Message& message, std::string* out) {
  const Reflection* reflection = message.GetReflection();
  const Descriptor* type = message.GetDescriptor();
  const std::string url = reflection->GetString(message, type->FindFieldByNumber(1));
  out->append("{\"@type\":");
  AppendString(url, out);
  const Descriptor* held =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
          url.substr(url.rfind('/') + 1));
  if (held != nullptr) {
    std::unique_ptr<Message> value(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(held)->New());
    if (value->ParseFromString(reflection->GetString(message, type->FindFieldByNumber(2)))) {
      std::string inner;
      AppendMessage(*value, &inner);
      if (inner.size() > 2 && inner.front() == '{') {
        out->push_back(',');
        out->append(inner, 1, inner.size() - 2);
      }
    }
  }
  out->push_back('}');
}

// `index` < 0: the field is not repeated.
void AppendValue(const Message& message, const FieldDescriptor* field, int index,
                 std::string* out) {
  const Reflection* r = message.GetReflection();
  const bool repeated = index >= 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      absl::StrAppend(
          out, repeated ? r->GetRepeatedInt32(message, field, index) : r->GetInt32(message, field));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      absl::StrAppend(out, repeated ? r->GetRepeatedUInt32(message, field, index)
                                    : r->GetUInt32(message, field));
      break;
    case FieldDescriptor::CPPTYPE_INT64:  // a JavaScript number could not hold it
      absl::StrAppend(
          out, "\"",
          repeated ? r->GetRepeatedInt64(message, field, index) : r->GetInt64(message, field),
          "\"");
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      absl::StrAppend(
          out, "\"",
          repeated ? r->GetRepeatedUInt64(message, field, index) : r->GetUInt64(message, field),
          "\"");
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      AppendDouble(
          repeated ? r->GetRepeatedDouble(message, field, index) : r->GetDouble(message, field),
          out);
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      AppendDouble(
          repeated ? r->GetRepeatedFloat(message, field, index) : r->GetFloat(message, field), out);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      out->append(
          (repeated ? r->GetRepeatedBool(message, field, index) : r->GetBool(message, field))
              ? "true"
              : "false");
      break;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = repeated ? r->GetRepeatedEnumValue(message, field, index)
                                  : r->GetEnumValue(message, field);
      const auto* value = field->enum_type()->FindValueByNumber(number);
      if (value != nullptr) {
        AppendString(value->name(), out);
      } else {
        absl::StrAppend(out, number);
      }
      break;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      const std::string& text = repeated
                                    ? r->GetRepeatedStringReference(message, field, index, &scratch)
                                    : r->GetStringReference(message, field, &scratch);
      if (field->type() == FieldDescriptor::TYPE_BYTES) {
        AppendString(absl::Base64Escape(text), out);
      } else {
        AppendString(text, out);
      }
      break;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      AppendMessage(
          repeated ? r->GetRepeatedMessage(message, field, index) : r->GetMessage(message, field),
          out);
      break;
  }
}

void AppendMessage(const Message& message, std::string* out) {
  std::optional<Shape> own;
  const Shape& shape = ShapeOf(message.GetDescriptor(), &own);
  if (shape.kind == Shape::Kind::kTimestamp) return AppendTimestamp(message, out);
  if (shape.kind == Shape::Kind::kAny) return AppendAny(message, out);
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;  // those that are set, by number
  reflection->ListFields(message, &fields);
  out->push_back('{');
  bool first = true;
  for (const FieldDescriptor* field : fields) {
    std::optional<Shape::Field> extension;  // its index counts elsewhere
    const Shape::Field& f = field->is_extension()
                                ? extension.emplace(FieldFor(*field))
                                : shape.fields[static_cast<size_t>(field->index())];
    if (f.left_out) continue;
    if (!first) out->push_back(',');
    first = false;
    out->append(f.key);
    if (f.starred) {
      out->append("\"***\"");
    } else if (field->is_repeated()) {
      out->push_back('[');
      const int size = reflection->FieldSize(message, field);
      for (int i = 0; i < size; ++i) {
        if (i > 0) out->push_back(',');
        AppendValue(message, field, i, out);
      }
      out->push_back(']');
    } else {
      AppendValue(message, field, -1, out);
    }
  }
  out->push_back('}');
}

}  // namespace

std::string ToJson(const Message& message) {
  std::string out;
  AppendMessage(message, &out);
  return out;
}

}  // namespace bangfu::audit
