#include "common/contract/log_text.h"

#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "bangfu/options/v1/sensitive.pb.h"
#include "common/base/text.h"
#include "google/protobuf/descriptor.h"

namespace bangfu::contract {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kMaxText = 100;  // code points of one string
constexpr int kMaxDepth = 16;

class Printer {
 public:
  explicit Printer(size_t max_bytes) : max_(max_bytes) {}

  void Print(const Message& message, int depth) {
    if (depth > kMaxDepth) {
      out_ += "...";
      return;
    }
    const auto* reflection = message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    bool first = true;
    for (const FieldDescriptor* field : fields) {
      if (Full()) return;
      if (!first) out_ += ' ';
      first = false;
      absl::StrAppend(&out_, field->name(), ": ");
      if (field->options().GetExtension(options::v1::sensitive)) {
        out_ += "***";
      } else if (field->is_repeated()) {
        const int size = reflection->FieldSize(message, field);
        out_ += '[';
        for (int i = 0; i < size && !Full(); ++i) {
          if (i > 0) out_ += ", ";
          Value(message, field, i, depth);
        }
        out_ += ']';
      } else {
        Value(message, field, -1, depth);
      }
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  bool Full() {
    if (out_.size() < max_) return false;
    if (!full_) out_ += "...";
    full_ = true;
    return true;
  }

  void Value(const Message& m, const FieldDescriptor* f, int i, int depth) {
    const auto* r = m.GetReflection();
    const bool list = i >= 0;
    switch (f->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        out_ += '{';
        Print(list ? r->GetRepeatedMessage(m, f, i) : r->GetMessage(m, f), depth + 1);
        out_ += '}';
        return;
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string scratch;
        const std::string& text = list ? r->GetRepeatedStringReference(m, f, i, &scratch)
                                       : r->GetStringReference(m, f, &scratch);
        if (f->type() == FieldDescriptor::TYPE_BYTES) {
          absl::StrAppend(&out_, "<", text.size(), " bytes>");
        } else {
          const std::string cut = Utf8Truncate(text, kMaxText);
          absl::StrAppend(&out_, "\"", absl::Utf8SafeCEscape(cut),
                          cut.size() < text.size() ? "...\"" : "\"");
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int number = list ? r->GetRepeatedEnumValue(m, f, i) : r->GetEnumValue(m, f);
        const auto* value = f->enum_type()->FindValueByNumber(number);
        value != nullptr ? absl::StrAppend(&out_, value->name()) : absl::StrAppend(&out_, number);
        return;
      }
      case FieldDescriptor::CPPTYPE_BOOL:
        out_ += (list ? r->GetRepeatedBool(m, f, i) : r->GetBool(m, f)) ? "true" : "false";
        return;
      case FieldDescriptor::CPPTYPE_INT32:
        absl::StrAppend(&out_, list ? r->GetRepeatedInt32(m, f, i) : r->GetInt32(m, f));
        return;
      case FieldDescriptor::CPPTYPE_INT64:
        absl::StrAppend(&out_, list ? r->GetRepeatedInt64(m, f, i) : r->GetInt64(m, f));
        return;
      case FieldDescriptor::CPPTYPE_UINT32:
        absl::StrAppend(&out_, list ? r->GetRepeatedUInt32(m, f, i) : r->GetUInt32(m, f));
        return;
      case FieldDescriptor::CPPTYPE_UINT64:
        absl::StrAppend(&out_, list ? r->GetRepeatedUInt64(m, f, i) : r->GetUInt64(m, f));
        return;
      case FieldDescriptor::CPPTYPE_FLOAT:
        absl::StrAppend(&out_, list ? r->GetRepeatedFloat(m, f, i) : r->GetFloat(m, f));
        return;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        absl::StrAppend(&out_, list ? r->GetRepeatedDouble(m, f, i) : r->GetDouble(m, f));
        return;
    }
  }

  const size_t max_;
  bool full_ = false;
  std::string out_;
};

}  // namespace

std::string LogText(const Message& message, size_t max_bytes) {
  Printer printer(max_bytes);
  printer.Print(message, 0);
  return printer.Take();
}

}  // namespace bangfu::contract
