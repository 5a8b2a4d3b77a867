// For tests: that what the contracts say is held is offered (R129). A form is proved by a prefill
// of a world where everything is held: every field with `held_by` comes with its value and its
// record.
#pragma once

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bangfu/dictionary/v1/dictionary_service.pb.h"
#include "common/base/strings.h"
#include "common/contract/access.h"
#include "common/dictionary/form.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"

namespace bangfu::dictionary {

// What a prefill has to offer in one field.
struct Offer {
  // As text: numbers in decimals, enums by name, messages in JSON, the elements of a list joined by
  // commas.
  std::string value;
  std::string record_id;
  // Empty: as the contract says.
  std::string held_by;
};

// A message as an Offer's value has it.
inline std::string JsonOf(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(message, &json, options);
  return printed.ok() ? json : printed.ToString();
}

class OfferedForms {
 public:
  // Every form of these rpc services that has a field with `held_by` is to be proved. A form that
  // changes a record by a mask shows the record; one that carries many records is a file's.
  explicit OfferedForms(const std::vector<std::string>& services) {
    for (const std::string& name : services) Add(name);
  }

  // Every form of another service's rpcs that asks for what is held in this area ("asset.v1.") too
  // (`also_held_by`). It is proved when those fields come, whatever its own service offers.
  void AddFormsOf(const std::string& service, const std::string& area) {
    areas_[service] = area;
    Add(service);
  }

  // What is amiss with the prefill, in words; the form is proved when nothing is. `offers`: by the
  // path that the prefill gives. `excused`: held paths, written without [], that this world cannot
  // offer, and why not.
  std::vector<std::string> Prove(const v1::Prefill& prefill,
                                 const std::map<std::string, Offer>& offers,
                                 const std::map<std::string, std::string>& excused = {}) {
    const auto* method =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(prefill.form());
    if (method == nullptr) return {Cat("no form: ", prefill.form())};
    const std::map<std::string, std::string> held = HeldPaths(*method);
    const std::unique_ptr<google::protobuf::Message> request(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(method->input_type())
            ->New());
    std::vector<std::string> amiss;
    const auto parsed =
        google::protobuf::util::JsonStringToMessage(prefill.request_json(), request.get());
    if (!parsed.ok()) return {Cat(prefill.form(), ": request_json: ", parsed.ToString())};
    std::set<std::string> offered;
    std::set<std::string> given;
    for (const v1::PrefilledField& field : prefill.fields()) {
      given.insert(field.path());
      const std::string path = WithoutIndices(field.path());
      offered.insert(path);
      const auto offer = offers.find(field.path());
      if (held.count(path) == 0) amiss.push_back(Cat(field.path(), " is not held"));
      if (offer == offers.end()) {
        amiss.push_back(Cat(field.path(), " is offered, and nobody looks at it"));
        continue;
      }
      const auto differs = [&](std::string_view what, const std::string& is,
                               const std::string& wanted) {
        if (is == wanted) return;
        amiss.push_back(Cat(field.path(), ": ", what, " is ", is, ", not ", wanted));
      };
      differs("value", ValueAt(*request, field.path()), offer->second.value);
      differs("record_id", field.record_id(), offer->second.record_id);
      const auto contract = held.find(path);
      differs("held_by", field.held_by(),
              !offer->second.held_by.empty() || contract == held.end() ? offer->second.held_by
                                                                       : contract->second);
      if (field.source_zh().empty()) amiss.push_back(Cat(field.path(), " does not say from where"));
    }
    for (const auto& [path, offer] : offers) {
      if (given.count(path) == 0) amiss.push_back(Cat(path, " is not offered"));
    }
    for (const auto& [path, held_by] : held) {
      const bool is_excused = excused.count(path) > 0;
      const bool is_offered = offered.count(path) > 0;
      if (!is_offered && !is_excused) {
        amiss.push_back(Cat(path, " is held by ", held_by, " and not offered"));
      }
      if (is_offered && is_excused) amiss.push_back(Cat(path, " is offered: no excuse is needed"));
    }
    for (const auto& [path, why] : excused) {
      if (held.count(path) == 0) amiss.push_back(Cat(path, " is not held: no excuse is needed"));
    }
    for (std::string& what : amiss) what = Cat(prefill.form(), ": ", what);
    if (amiss.empty()) unproved_.erase(prefill.form());
    return amiss;
  }

  // Forms that no call of Prove has proved.
  const std::set<std::string>& Unproved() const { return unproved_; }

 private:
  // scores[0].opinion and scores[].opinion are scores.opinion.
  static std::string WithoutIndices(std::string_view path) {
    std::string out;
    bool inside = false;
    for (const char c : path) {
      inside |= c == '[';
      if (!inside) out += c;
      if (c == ']') inside = false;
    }
    return out;
  }
  void Add(const std::string& name) {
    const auto* service = contract::FindService(name);
    if (service == nullptr) {
      unproved_.insert(name);
      return;
    }
    for (int i = 0; i < service->method_count(); ++i) {
      const auto& method = *service->method(i);
      const auto access = contract::AccessOf(method);
      if (!access.ok() || access->mode() != options::v1::ACCESS_MODE_WRITE ||
          method.input_type()->FindFieldByName("update_mask") != nullptr ||
          method.name().rfind("Batch", 0) == 0 || HeldPaths(method).empty()) {
        continue;
      }
      unproved_.insert(method.full_name());
    }
  }
  // Path, without indices -> where it is held.
  std::map<std::string, std::string> HeldPaths(
      const google::protobuf::MethodDescriptor& method) const {
    constexpr int kDeepest = 12;
    std::map<std::string, std::string> out;
    const auto area = areas_.find(method.service()->full_name());
    const v1::Form form = FormOf(method, kDeepest);
    for (const v1::FormField& field : form.fields()) {
      std::string held_by = field.held_by();
      if (area != areas_.end()) {
        const auto here = std::find_if(
            field.also_held_by().begin(), field.also_held_by().end(),
            [&](const std::string& other) { return other.rfind(area->second, 0) == 0; });
        held_by = here == field.also_held_by().end() ? "" : *here;
      }
      if (!held_by.empty()) out[WithoutIndices(field.path())] = held_by;
    }
    return out;
  }
  // See Offer::value; "" where nothing is.
  static std::string ValueAt(const google::protobuf::Message& message, std::string_view path) {
    const size_t dot = path.find('.');
    std::string_view name = path.substr(0, dot);
    int index = -1;
    if (const size_t bracket = name.find('['); bracket != std::string_view::npos) {
      const std::string_view digits = name.substr(bracket + 1);
      if (std::from_chars(digits.data(), digits.data() + digits.size(), index).ec != std::errc()) {
        return Cat("no index in ", path);
      }
      name = name.substr(0, bracket);
    }
    const auto* field = message.GetDescriptor()->FindFieldByName(std::string(name));
    if (field == nullptr) return Cat("no field ", name);
    const auto& reflection = *message.GetReflection();
    if (dot != std::string_view::npos) {
      const std::string_view rest = path.substr(dot + 1);
      if (!field->is_repeated()) return ValueAt(reflection.GetMessage(message, field), rest);
      if (index < 0 || index >= reflection.FieldSize(message, field)) return "";
      return ValueAt(reflection.GetRepeatedMessage(message, field, index), rest);
    }
    const int size = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    std::string out;
    for (int i = 0; i < size; ++i) {
      out += Cat(i > 0 ? "," : "", TextOf(message, *field, field->is_repeated() ? i : -1));
    }
    return out;
  }
  // `at`: of a list's element; -1: of the field.
  static std::string TextOf(const google::protobuf::Message& message,
                            const google::protobuf::FieldDescriptor& field, int at) {
    using Field = google::protobuf::FieldDescriptor;
    const auto& r = *message.GetReflection();
    switch (field.cpp_type()) {
      case Field::CPPTYPE_STRING:
        return at < 0 ? r.GetString(message, &field) : r.GetRepeatedString(message, &field, at);
      case Field::CPPTYPE_BOOL:
        return (at < 0 ? r.GetBool(message, &field) : r.GetRepeatedBool(message, &field, at))
                   ? "true"
                   : "false";
      case Field::CPPTYPE_INT32:
        return Cat(at < 0 ? r.GetInt32(message, &field) : r.GetRepeatedInt32(message, &field, at));
      case Field::CPPTYPE_INT64:
        return Cat(at < 0 ? r.GetInt64(message, &field) : r.GetRepeatedInt64(message, &field, at));
      case Field::CPPTYPE_ENUM:
        return (at < 0 ? r.GetEnum(message, &field) : r.GetRepeatedEnum(message, &field, at))
            ->name();
      case Field::CPPTYPE_MESSAGE:
        return JsonOf(at < 0 ? r.GetMessage(message, &field)
                             : r.GetRepeatedMessage(message, &field, at));
      default:
        return "a kind of field that no form has";
    }
  }

  std::map<std::string, std::string> areas_;  // of another service's forms
  std::set<std::string> unproved_;
};

}  // namespace bangfu::dictionary
