#include "common/contract/sensitive_plan.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <unordered_map>

#include "bangfu/options/v1/sensitive.pb.h"

namespace bangfu::contract {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

bool IsSensitiveText(const FieldDescriptor& field) {
  return field.options().GetExtension(options::v1::sensitive) &&
         field.type() == FieldDescriptor::TYPE_STRING;
}

bool HoldsSensitive(const Descriptor& type, std::set<const Descriptor*>& seen) {
  if (!seen.insert(&type).second) return false;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (IsSensitiveText(field)) return true;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
        HoldsSensitive(*field.message_type(), seen)) {
      return true;
    }
  }
  return false;
}

std::unique_ptr<const SensitivePlan> Make(const Descriptor& type) {
  auto plan = std::make_unique<SensitivePlan>();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (IsSensitiveText(*field)) {
      plan->places.push_back({field, true});
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      std::set<const Descriptor*> seen;
      if (HoldsSensitive(*field->message_type(), seen)) plan->places.push_back({field, false});
    }
  }
  std::sort(plan->places.begin(), plan->places.end(),
            [](const auto& x, const auto& y) { return x.field->number() < y.field->number(); });
  return plan;
}

}  // namespace

const SensitivePlan& SensitivePlanOf(const Descriptor& type) {
  static std::shared_mutex mutex;
  static auto* plans =
      new std::unordered_map<const Descriptor*, std::unique_ptr<const SensitivePlan>>;
  {
    std::shared_lock lock(mutex);
    if (const auto found = plans->find(&type); found != plans->end()) return *found->second;
  }
  auto made = Make(type);
  std::unique_lock lock(mutex);
  return *plans->try_emplace(&type, std::move(made)).first->second;
}

}  // namespace bangfu::contract
