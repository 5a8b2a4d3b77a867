#include "common/audit/changes.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"

namespace bangfu::audit {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

// Records that are not named as their message.
const std::map<std::string_view, std::string_view>& OtherNames() {
  static const auto* const names = new std::map<std::string_view, std::string_view>{
      {"ledger_signature", "bangfu.type.v1.SignOff"},
      {"unit_report", "bangfu.registry.v1.InventoryUnitReport"},
      {"campaign", "bangfu.registry.v1.InventoryCampaign"},
      {"argument", "bangfu.evaluation.v1.ArgumentRecord"},
  };
  return *names;
}

const Descriptor* MessageOf(std::string_view aggregate_type) {
  const DescriptorPool* pool = DescriptorPool::generated_pool();
  if (auto other = OtherNames().find(aggregate_type); other != OtherNames().end()) {
    return pool->FindMessageTypeByName(std::string(other->second));
  }
  std::string name;
  bool upper = true;
  for (char c : aggregate_type) {
    if (c == '_') {
      upper = true;
    } else {
      name.push_back(upper ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c);
      upper = false;
    }
  }
  for (const char* area : {"registry", "evaluation", "asset", "fund", "risk", "publicity", "period",
                           "operation", "intake", "audit", "notice", "type"}) {
    const Descriptor* type =
        pool->FindMessageTypeByName(absl::StrCat("bangfu.", area, ".v1.", name));
    if (type != nullptr) return type;
  }
  return nullptr;
}

// nullptr when the JSON is not of the type.
std::unique_ptr<Message> Parse(const Descriptor& type, std::string_view json) {
  std::unique_ptr<Message> message(MessageFactory::generated_factory()->GetPrototype(&type)->New());
  if (json.empty()) return message;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  if (!google::protobuf::util::JsonStringToMessage(std::string(json), message.get(), options)
           .ok()) {
    return nullptr;
  }
  return message;
}

std::string TextOf(const nlohmann::json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Leaves by their path in the JSON.
std::vector<contract::Difference> CompareJson(std::string_view before, std::string_view after) {
  const auto leaves = [](std::string_view text) {
    nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
    return parsed.is_discarded() ? nlohmann::json::object() : parsed.flatten();
  };
  const nlohmann::json old_leaves = leaves(before);
  const nlohmann::json new_leaves = leaves(after);
  std::map<std::string, std::pair<std::string, std::string>> sides;
  for (const auto& [path, value] : old_leaves.items()) sides[path].first = TextOf(value);
  for (const auto& [path, value] : new_leaves.items()) sides[path].second = TextOf(value);
  std::vector<contract::Difference> out;
  for (auto& [path, side] : sides) {
    if (side.first == side.second) continue;
    std::string field;  // "/plan/measures/0/code" -> "plan.measures.0.code"
    for (char c : path) field.push_back(c == '/' ? '.' : c);
    if (field.starts_with('.')) field.erase(0, 1);
    out.push_back({std::move(field), "", std::move(side.first), std::move(side.second)});
  }
  return out;
}

}  // namespace

std::vector<contract::Difference> ChangesOf(std::string_view aggregate_type,
                                            std::string_view before_json,
                                            std::string_view after_json) {
  if (const Descriptor* type = MessageOf(aggregate_type)) {
    std::unique_ptr<Message> before = Parse(*type, before_json);
    std::unique_ptr<Message> after = Parse(*type, after_json);
    if (before != nullptr && after != nullptr) return contract::Compare(*before, *after);
  }
  return CompareJson(before_json.empty() ? "{}" : before_json,
                     after_json.empty() ? "{}" : after_json);
}

}  // namespace bangfu::audit
