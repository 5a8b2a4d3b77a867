#include "common/contract/validator.h"

#include <cmath>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/time/civil_time.h"
#include "bangfu/options/v1/rules.pb.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/base/ulid.h"
#include "common/base/uscc.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "re2/re2.h"

namespace bangfu::contract {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using options::v1::FieldRules;

constexpr int kMaxDepth = 32;
constexpr uint32_t kDefaultMaxItems = 1000;
constexpr size_t kMaxDetailBytes = 4000;  // gRPC's peers take 8 kB of headers by default

enum class MessageKind { kPlain, kDate, kTimestamp, kOpaque };

struct FieldPlan {
  const FieldDescriptor* field = nullptr;
  FieldRules rules;
  bool required = false;
  bool presence = false;  // absence can be told from zero: message, optional, member of a oneof
  bool in_oneof = false;  // a real one: its rules hold when it is the member that is set
  uint32_t max_items = kDefaultMaxItems;
  std::unique_ptr<RE2> pattern;
  MessageKind message_kind = MessageKind::kPlain;
  Validator::Plan* message_plan = nullptr;
};

bool AllOf(std::string_view text, bool (*ok)(char)) {
  for (char c : text) {
    if (!ok(c)) return false;
  }
  return true;
}

bool IsAscii(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

// The zh-CN complaint about a text's shape; empty when it fits.
std::string_view ShapeComplaint(options::v1::Shape shape, std::string_view text) {
  switch (shape) {
    case options::v1::SHAPE_ULID:
      return Ulid::Parse(text).ok() ? "" : "不是有效的编号";
    case options::v1::SHAPE_REGION_CODE:
      return NormalizeRegionCode(text).ok() ? "" : "不是有效的行政区划代码";
    case options::v1::SHAPE_USCC:
      return NormalizeUscc(text).ok() ? "" : "不是有效的统一社会信用代码";
    case options::v1::SHAPE_CODE:
      return text.size() <= 64 && AllOf(text,
                                        [](char c) {
                                          return absl::ascii_isupper(c) || absl::ascii_isdigit(c) ||
                                                 c == '_' || c == '-';
                                        })
                 ? ""
                 : "代码只能由大写字母、数字、下划线和短横线组成，不超过64个字符";
    case options::v1::SHAPE_SHA256:
      return text.size() == 64 &&
                     AllOf(text,
                           [](char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); })
                 ? ""
                 : "不是64位小写十六进制的SHA-256";
    case options::v1::SHAPE_PERIOD: {
      const bool form = text.size() == 7 && text[4] == '-' &&
                        AllOf(text.substr(0, 4), [](char c) { return absl::ascii_isdigit(c); }) &&
                        AllOf(text.substr(5), [](char c) { return absl::ascii_isdigit(c); });
      const std::string_view month = form ? text.substr(5) : "";
      return form && text.substr(0, 4) != "0000" && month >= "01" && month <= "12"
                 ? ""
                 : "不是有效的月份（YYYY-MM）";
    }
    case options::v1::SHAPE_REQUEST_ID:
      return text.size() >= 8 && text.size() <= 64 &&
                     AllOf(text,
                           [](char c) {
                             return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == ':' ||
                                    c == '-';
                           })
                 ? ""
                 : "请求编号应为8至64个字母、数字或_ . : -";
    default:
      return "";
  }
}

// Where the walk is: printed only when there is something to complain about.
struct Frame {
  const Frame* parent = nullptr;
  const FieldDescriptor* field = nullptr;
  int index = -1;
};

std::string PathOf(const Frame& frame) {
  std::string path;
  if (frame.parent != nullptr && frame.parent->field != nullptr) {
    path = PathOf(*frame.parent) + ".";
  }
  path += frame.field->name();
  if (frame.index >= 0) absl::StrAppend(&path, "[", frame.index, "]");
  return path;
}

class Violations {
 public:
  void Add(const Frame& frame, std::string_view text) {
    ++count_;
    if (bytes_ > kMaxDetailBytes) return;
    std::string path = PathOf(frame);
    bytes_ += path.size() + text.size() + 8;
    list_.push_back({std::move(path), std::string(text)});
  }
  absl::Status ToStatus() const {
    if (count_ == 0) return absl::OkStatus();
    Error error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID");
    error.Zh(Cat("请求有", count_, "处不符合规则"));
    error.Message(Cat(count_, " field violation(s), first: ", list_.front().field));
    for (const auto& v : list_) error.Field(v.field, v.description);
    if (list_.size() < count_) {
      error.Field("", Cat("另有", count_ - list_.size(), "处不符合规则"));
    }
    return error;
  }

 private:
  size_t count_ = 0;
  size_t bytes_ = 0;
  std::vector<FieldViolation> list_;
};

}  // namespace

struct Validator::Plan {
  std::vector<FieldPlan> fields;
  absl::Status broken;  // why it could not be compiled; kept, since other plans may point here
};

namespace {

void CheckNumber(const FieldPlan& p, int64_t value, bool beyond, const Frame& at, Violations& out) {
  // `beyond`: an unsigned value above int64.
  if (p.rules.has_min() && !beyond && value < p.rules.min()) {
    out.Add(at, Cat("不能小于", p.rules.min()));
  } else if (p.rules.has_max() && (beyond || value > p.rules.max())) {
    out.Add(at, Cat("不能大于", p.rules.max()));
  }
}

void CheckString(const FieldPlan& p, const std::string& text, const Frame& at, Violations& out) {
  const bool bytes = p.field->type() == FieldDescriptor::TYPE_BYTES;
  const bool ascii = bytes || IsAscii(text);
  if (!ascii && !IsValidUtf8(text)) {
    out.Add(at, "不是有效的UTF-8文本");
    return;
  }
  const FieldRules& r = p.rules;
  if (r.min_length() > 0 || r.max_length() > 0) {
    const size_t length = ascii ? text.size() : Utf8Length(text);
    const std::string_view unit = bytes ? "个字节" : "个字符";
    // An optional text that is empty is absent, not short.
    if (r.min_length() > 0 && length > 0 && length < r.min_length()) {
      out.Add(at, Cat("至少", r.min_length(), unit));
    } else if (r.max_length() > 0 && length > r.max_length()) {
      out.Add(at, Cat("不能超过", r.max_length(), unit));
      return;  // what is too long is not matched against patterns
    }
  }
  if (text.empty()) return;
  if (p.pattern != nullptr && !RE2::FullMatch(text, *p.pattern)) {
    out.Add(at, "格式不正确");
  }
  if (r.shape() != options::v1::SHAPE_UNSPECIFIED) {
    if (auto complaint = ShapeComplaint(r.shape(), text); !complaint.empty())
      out.Add(at, complaint);
  }
}

void CheckEnum(const FieldPlan& p, int number, const Frame& at, Violations& out) {
  if (p.field->enum_type()->FindValueByNumber(number) == nullptr) {
    out.Add(at, Cat("未知的取值", number));
  }
}

void Walk(const Validator::Plan& plan, const Message& message, const Frame& at, int depth,
          Violations& out);

void CheckMessage(const FieldPlan& p, const Message& message, const Frame& at, int depth,
                  Violations& out) {
  switch (p.message_kind) {
    case MessageKind::kDate: {
      const auto& date = static_cast<const google::type::Date&>(message);
      const absl::CivilDay day(date.year(), date.month(), date.day());
      if (date.year() < 1 || date.year() > 9999 || day.year() != date.year() ||
          day.month() != date.month() || day.day() != date.day()) {
        out.Add(at, "不是有效的日期");
      }
      return;
    }
    case MessageKind::kTimestamp: {
      const auto& time = static_cast<const google::protobuf::Timestamp&>(message);
      constexpr int64_t kYear1 = -62135596800, kYear9999 = 253402300799;
      if (time.seconds() < kYear1 || time.seconds() > kYear9999 || time.nanos() < 0 ||
          time.nanos() > 999999999) {
        out.Add(at, "不是有效的时间");
      }
      return;
    }
    case MessageKind::kOpaque:
      return;
    case MessageKind::kPlain:
      break;
  }
  if (depth >= kMaxDepth) {
    out.Add(at, "嵌套过深");
    return;
  }
  Walk(*p.message_plan, message, at, depth + 1, out);
}

void CheckRepeated(const FieldPlan& p, const Message& m, const Reflection& r, const Frame& parent,
                   int depth, Violations& out) {
  const FieldDescriptor* f = p.field;
  const int size = r.FieldSize(m, f);
  const Frame whole{&parent, f, -1};
  if (size == 0) {
    if (p.required || p.rules.min_items() > 0) out.Add(whole, "不能为空");
    return;
  }
  if (static_cast<uint32_t>(size) < p.rules.min_items()) {
    out.Add(whole, Cat("至少", p.rules.min_items(), "项"));
  }
  if (static_cast<uint32_t>(size) > p.max_items) {
    out.Add(whole, Cat("不能超过", p.max_items, "项"));
    return;  // its elements are not looked at: their number is what is wrong
  }
  if (f->is_map()) return;
  Frame at{&parent, f, 0};
  for (int i = 0; i < size; ++i) {
    at.index = i;
    switch (f->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        CheckMessage(p, r.GetRepeatedMessage(m, f, i), at, depth, out);
        break;
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string scratch;
        const std::string& text = r.GetRepeatedStringReference(m, f, i, &scratch);
        if (text.empty() && (p.required || p.rules.min_length() > 0)) {
          out.Add(at, "不能为空");
        } else {
          CheckString(p, text, at, out);
        }
        break;
      }
      case FieldDescriptor::CPPTYPE_ENUM:
        CheckEnum(p, r.GetRepeatedEnumValue(m, f, i), at, out);
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        CheckNumber(p, r.GetRepeatedInt32(m, f, i), false, at, out);
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        CheckNumber(p, r.GetRepeatedInt64(m, f, i), false, at, out);
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        CheckNumber(p, r.GetRepeatedUInt32(m, f, i), false, at, out);
        break;
      case FieldDescriptor::CPPTYPE_UINT64: {
        const uint64_t v = r.GetRepeatedUInt64(m, f, i);
        CheckNumber(p, static_cast<int64_t>(v), v > std::numeric_limits<int64_t>::max(), at, out);
        break;
      }
      case FieldDescriptor::CPPTYPE_FLOAT:
        if (!std::isfinite(r.GetRepeatedFloat(m, f, i))) out.Add(at, "不是有限的数");
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        if (!std::isfinite(r.GetRepeatedDouble(m, f, i))) out.Add(at, "不是有限的数");
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        break;
    }
  }
}

void CheckSingular(const FieldPlan& p, const Message& m, const Reflection& r, const Frame& parent,
                   int depth, Violations& out) {
  const FieldDescriptor* f = p.field;
  const Frame at{&parent, f, -1};
  if (p.presence && !r.HasField(m, f)) {
    if (p.required && !p.in_oneof) out.Add(at, "必填");
    return;
  }
  const auto number = [&](int64_t value, bool beyond) {
    if (p.required && value == 0 && !p.presence) {
      out.Add(at, "必填");
    } else {
      CheckNumber(p, value, beyond, at, out);
    }
  };
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      CheckMessage(p, r.GetMessage(m, f), at, depth, out);
      return;
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      const std::string& text = r.GetStringReference(m, f, &scratch);
      if (text.empty() && p.required) {
        out.Add(at, "必填");
      } else {
        CheckString(p, text, at, out);
      }
      return;
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int value = r.GetEnumValue(m, f);
      if (p.required && value == 0) {
        out.Add(at, "必填");
      } else {
        CheckEnum(p, value, at, out);
      }
      return;
    }
    case FieldDescriptor::CPPTYPE_INT32:
      return number(r.GetInt32(m, f), false);
    case FieldDescriptor::CPPTYPE_INT64:
      return number(r.GetInt64(m, f), false);
    case FieldDescriptor::CPPTYPE_UINT32:
      return number(r.GetUInt32(m, f), false);
    case FieldDescriptor::CPPTYPE_UINT64: {
      const uint64_t v = r.GetUInt64(m, f);
      return number(static_cast<int64_t>(v), v > std::numeric_limits<int64_t>::max());
    }
    case FieldDescriptor::CPPTYPE_FLOAT:
      if (!std::isfinite(r.GetFloat(m, f))) out.Add(at, "不是有限的数");
      return;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (!std::isfinite(r.GetDouble(m, f))) out.Add(at, "不是有限的数");
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (p.required && !p.presence && !r.GetBool(m, f)) out.Add(at, "必填");
      return;
  }
}

void Walk(const Validator::Plan& plan, const Message& message, const Frame& at, int depth,
          Violations& out) {
  const Reflection& reflection = *message.GetReflection();
  for (const FieldPlan& p : plan.fields) {
    if (p.field->is_repeated()) {
      CheckRepeated(p, message, reflection, at, depth, out);
    } else {
      CheckSingular(p, message, reflection, at, depth, out);
    }
  }
}

// Whether a field of the message or of one below it is set by the server.
bool ReachesOutput(const Validator::Plan& plan, std::set<const Validator::Plan*>* seen) {
  if (!seen->insert(&plan).second) return false;
  for (const FieldPlan& p : plan.fields) {
    if (p.rules.output_only()) return true;
    if (p.message_plan != nullptr && ReachesOutput(*p.message_plan, seen)) return true;
  }
  return false;
}

void Clear(const Validator::Plan& plan, Message* message, int depth) {
  const Reflection& reflection = *message->GetReflection();
  for (const FieldPlan& p : plan.fields) {
    if (p.rules.output_only()) {
      reflection.ClearField(message, p.field);
    } else if (p.message_plan == nullptr || depth >= kMaxDepth) {
      continue;
    } else if (p.field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(*message, p.field); ++i) {
        Clear(*p.message_plan, reflection.MutableRepeatedMessage(message, p.field, i), depth + 1);
      }
    } else if (reflection.HasField(*message, p.field)) {
      Clear(*p.message_plan, reflection.MutableMessage(message, p.field), depth + 1);
    }
  }
}

// All plans of the process. Plans refer to each other (messages nest and recurse), so they live
// together and for good.
class PlanBook {
 public:
  static PlanBook& Get() {
    static auto* const book = new PlanBook;
    return *book;
  }

  absl::StatusOr<Validator::Plan*> Compile(const Descriptor* type) {
    if (auto it = plans_.find(type); it != plans_.end()) {
      RETURN_IF_ERROR(it->second->broken);
      return it->second.get();
    }
    Validator::Plan* plan =
        plans_.emplace(type, std::make_unique<Validator::Plan>()).first->second.get();
    for (int i = 0; i < type->field_count(); ++i) {
      auto field = CompileField(type->field(i));
      if (!field.ok()) {
        plan->broken = field.status();
        return field.status();
      }
      plan->fields.push_back(*std::move(field));
    }
    return plan;
  }

  std::mutex mu;

 private:
  static absl::Status Misplaced(const FieldDescriptor* field, std::string_view why) {
    return Error(absl::StatusCode::kFailedPrecondition, "FIELD_RULE_INVALID")
        .Message(Cat(field->full_name(), ": ", why))
        .With("field", field->full_name());
  }

  absl::StatusOr<FieldPlan> CompileField(const FieldDescriptor* field) {
    FieldPlan p;
    p.field = field;
    p.rules = field->options().GetExtension(options::v1::rules);
    p.required = p.rules.required();
    p.presence = !field->is_repeated() && field->has_presence();
    p.in_oneof = field->real_containing_oneof() != nullptr;
    if (p.rules.max_items() > 0) p.max_items = p.rules.max_items();
    const bool text = field->type() == FieldDescriptor::TYPE_STRING;
    const bool integer = field->cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
                         field->cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
                         field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ||
                         field->cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
    if (!p.rules.pattern().empty() && !text) return Misplaced(field, "pattern on no text");
    if (p.rules.shape() != options::v1::SHAPE_UNSPECIFIED && !text) {
      return Misplaced(field, "shape on no text");
    }
    if ((p.rules.has_min() || p.rules.has_max()) && !integer) {
      return Misplaced(field, "min or max on no integer");
    }
    if ((p.rules.min_length() > 0 || p.rules.max_length() > 0) &&
        field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
      return Misplaced(field, "length on neither text nor bytes");
    }
    if ((p.rules.min_items() > 0 || p.rules.max_items() > 0) && !field->is_repeated()) {
      return Misplaced(field, "items on no list");
    }
    if (p.rules.output_only() && p.required) return Misplaced(field, "required of the server");
    if (!p.rules.code_list().empty() && !text) return Misplaced(field, "code_list on no text");
    if (!p.rules.pattern().empty()) {
      p.pattern = std::make_unique<RE2>(p.rules.pattern(), RE2::Quiet);
      if (!p.pattern->ok()) return Misplaced(field, p.pattern->error());
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_map()) {
      const std::string& name = field->message_type()->full_name();
      if (field->message_type() == google::type::Date::descriptor()) {
        p.message_kind = MessageKind::kDate;
      } else if (field->message_type() == google::protobuf::Timestamp::descriptor()) {
        p.message_kind = MessageKind::kTimestamp;
      } else if (name.rfind("google.protobuf.", 0) == 0) {
        p.message_kind = MessageKind::kOpaque;  // Any, FieldMask, Struct …: the handler knows
      } else {
        ASSIGN_OR_RETURN(p.message_plan, Compile(field->message_type()));
      }
    }
    return p;
  }

  std::unordered_map<const Descriptor*, std::unique_ptr<Validator::Plan>> plans_;
};

}  // namespace

Validator::~Validator() = default;

absl::StatusOr<const Validator*> Validator::For(const Descriptor* type) {
  static auto* const validators =
      new std::unordered_map<const Descriptor*, std::unique_ptr<Validator>>;
  PlanBook& book = PlanBook::Get();
  std::lock_guard lock(book.mu);
  if (auto it = validators->find(type); it != validators->end()) return it->second.get();
  ASSIGN_OR_RETURN(Plan * plan, book.Compile(type));
  std::set<const Plan*> seen;
  std::unique_ptr<Validator> validator(new Validator(plan, ReachesOutput(*plan, &seen)));
  return validators->emplace(type, std::move(validator)).first->second.get();
}

void Validator::ClearOutputOnly(Message* message) const {
  if (has_output_) Clear(*plan_, message, 0);
}

absl::Status Validator::Validate(const Message& message) const {
  Violations violations;
  Walk(*plan_, message, Frame{}, 0, violations);
  return violations.ToStatus();
}

}  // namespace bangfu::contract
