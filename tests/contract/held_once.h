// What the forms ask for and what is held elsewhere, for the tests that no datum is asked for twice
// (R129).
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bangfu/options/v1/labels.pb.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/dictionary/form.h"
#include "tests/contract/contracts.h"
#include "tests/contract/forms.h"

namespace bangfu {

using dictionary::v1::FieldKind;
using Field = const FieldDescriptor*;
using Form = const MethodDescriptor*;
using Messages = std::set<const Descriptor*>;

// As `held_by` names it: registry.v1.Project.name.
inline std::string NameOf(Field field) {
  return field->full_name().substr(std::string_view("bangfu.").size());
}
// The record and field that `held_by` names; null: there is none.
inline Field HeldBy(const std::string& held_by) {
  const size_t dot = held_by.rfind('.');
  const Descriptor* message = DescriptorPool::generated_pool()->FindMessageTypeByName(
      Cat("bangfu.", held_by.substr(0, dot)));
  return message == nullptr ? nullptr : message->FindFieldByName(held_by.substr(dot + 1));
}

// A message that is one value to a person: what it is a value of, the field says that holds it.
inline bool IsValue(const Descriptor& message) {
  static const auto& values = *new std::set<std::string>{
      "bangfu.type.v1.Quantity", "bangfu.type.v1.DateRange", "bangfu.registry.v1.PrintedAmount"};
  return values.count(message.full_name()) > 0;
}
// Not which record a form is about, not a file that comes with a step, not a group of fields.
inline bool IsDatum(const FieldDescriptor& field) {
  switch (dictionary::KindOf(field)) {
    case FieldKind::FIELD_KIND_REFERENCE:
    case FieldKind::FIELD_KIND_EVIDENCE:
      return false;
    case FieldKind::FIELD_KIND_MESSAGE:
      return IsValue(*field.message_type());
    default:
      return true;
  }
}
inline bool IsFigureOrDay(const FieldDescriptor& field) {
  switch (dictionary::KindOf(field)) {
    case FieldKind::FIELD_KIND_INTEGER:
    case FieldKind::FIELD_KIND_MONEY_FEN:
    case FieldKind::FIELD_KIND_RATIO_BP:
    case FieldKind::FIELD_KIND_DATE:
      return true;
    default:
      return false;
  }
}

// A field that a form asks a person for.
struct Asked {
  Field field;
  Form form;
  std::string held_by;  // of itself or of the group that it stands in
  std::vector<std::string> also_held_by;
};
inline void AddAsked(const Descriptor& message, Form form, const std::string& held_by,
                     Messages* above, std::vector<Asked>* out) {
  for (int i = 0; i < message.field_count(); ++i) {
    Field field = message.field(i);
    if (dictionary::PurposeOf(*field) != dictionary::v1::FIELD_PURPOSE_INPUT) continue;
    const options::v1::Label& label = contract::LabelOf(*field);
    const std::string held = held_by.empty() ? label.held_by() : held_by;
    const Descriptor* type = field->message_type();
    if (IsDatum(*field)) {
      out->push_back(
          {field, form, held, {label.also_held_by().begin(), label.also_held_by().end()}});
    } else if (type != nullptr && Starts(type->full_name(), "bangfu.") &&
               dictionary::KindOf(*field) == FieldKind::FIELD_KIND_MESSAGE &&
               above->insert(type).second) {
      AddAsked(*type, form, held, above, out);
      above->erase(type);
    }
  }
}

// The rpc, and of a bulk step the one that it takes for each of many records.
inline std::vector<Form> Steps(Form form) {
  std::vector<Form> out = {form};
  if (!Starts(form->name(), "Batch")) return out;
  const std::string one = form->name().substr(std::string_view("Batch").size());
  for (const std::string& name : {one, one.substr(0, one.size() - 1)}) {
    if (Form step = form->service()->FindMethodByName(name); step != nullptr) out.push_back(step);
  }
  return out;
}

// The records that a form makes or changes: those that its rpc answers with.
inline Messages RecordsOf(Form form) {
  Messages out;
  for (Form step : Steps(form)) {
    for (const Descriptor* message : Reachable(step->output_type())) {
      const std::string& name = message->full_name();
      // What many records share is none of them.
      const bool shared = Starts(name, "bangfu.type.v1.") && !Starts(name, "bangfu.type.v1.Grant");
      if (Starts(name, "bangfu.") && !shared && !Ends(name, "Response")) out.insert(message);
    }
  }
  return out;
}

class HeldOnce {
 public:
  HeldOnce() {
    for (Form form : Writes()) {
      Messages above = {form->input_type()};
      AddAsked(*form->input_type(), form, "", &above, &asked_);
      Messages& records = records_[form];
      records = RecordsOf(form);
      own_[form] = records;
      for (Form step : Steps(form)) {
        for (const Descriptor* message : FilledMessages(step->input_type())) {
          own_[form].insert(message);
        }
      }
    }
    for (const Asked& asked : asked_) Learn(asked);
    AddHolders();
    for (const Asked& asked : asked_) asked_by_word_[Word(asked.field)].push_back(&asked);
  }

  const std::vector<Asked>& asked() const { return asked_; }
  size_t holders() const { return held_.size(); }

  // What else holds the datum that a form asks for, by the same word or figure's name: by name.
  std::map<std::string, Field> Elsewhere(const Asked& asked) const {
    std::set<Field> holders;
    const auto add = [&](const std::map<std::string, std::set<Field>>& from,
                         const std::string& name) {
      if (const auto it = from.find(name); it != from.end()) {
        holders.insert(it->second.begin(), it->second.end());
      }
    };
    const std::string& word = Word(asked.field);
    add(held_by_word_, word);
    if (const auto same = same_.find(word); same != same_.end()) {
      for (const std::string& other : same->second) add(held_by_word_, other);
    }
    if (IsFigureOrDay(*asked.field)) add(held_by_name_, asked.field->name());
    return Apart(asked, holders, asked_by_word_.at(word));
  }
  // What else holds a datum of which `is_near(holder, its word)` says that it may be the one asked
  // for. A field that no form and no label names is asked about with an empty word.
  template <typename IsNear>
  std::map<std::string, Field> Near(const Asked& asked, IsNear is_near) const {
    std::set<Field> holders;
    for (const auto& [field, words] : held_) {
      for (const std::string& word : words.empty() ? std::set<std::string>{""} : words) {
        if (is_near(field, word)) holders.insert(field);
      }
    }
    std::vector<const Asked*> others;
    for (const Asked& other : asked_) {
      if (is_near(other.field, Word(other.field))) others.push_back(&other);
    }
    return Apart(asked, holders, others);
  }
  // What a form says that it takes from the record that it makes or changes itself.
  bool NamesItself(const Asked& asked) const {
    Field named = HeldBy(asked.held_by);
    return named != nullptr && own_.at(asked.form).count(named->containing_type()) > 0;
  }

  static const std::string& Word(Field field) { return contract::LabelOf(*field).zh(); }

 private:
  // Of what holds a datum like the one that a form asks for: what is another record's, which the
  // form does not say that it takes it from.
  std::map<std::string, Field> Apart(const Asked& asked, const std::set<Field>& holders,
                                     const std::vector<const Asked*>& others) const {
    std::map<std::string, Field> out;
    const Messages& own = own_.at(asked.form);
    for (Field holder : holders) {
      if (holder == asked.field || own.count(holder->containing_type()) > 0) continue;
      if (!Takes(holder, asked.field)) out.emplace(NameOf(holder), holder);
    }
    for (const Asked* other : others) {
      if (other->field == asked.field || !other->held_by.empty()) continue;
      if (own.count(other->field->containing_type()) > 0 ||
          own_.at(other->form).count(asked.field->containing_type()) > 0 ||
          SameRecord(asked.form, other->form)) {
        continue;
      }
      out.emplace(NameOf(other->field), other->field);
    }
    // What the field names as its holders, and what has the datum from there, it does not ask for
    // again. Anything else would be left out by naming something.
    std::vector<std::string> names = asked.also_held_by;
    if (!asked.held_by.empty()) names.push_back(asked.held_by);
    for (const std::string& name : names) {
      Field named = HeldBy(name);
      if (named == nullptr) continue;
      std::erase_if(out, [&](const auto& one) { return IsOneWith(one.second, named); });
    }
    return out;
  }

  // What a form says of its fields' words and holders goes for the record that it makes: a field of
  // the record without a label is the one that the form asks for by the same name.
  void Learn(const Asked& asked) {
    if (!asked.held_by.empty()) taken_from_[asked.field].insert(asked.held_by);
    const std::string& own_held = contract::LabelOf(*asked.field).held_by();
    Field holder = own_held.empty() ? nullptr : HeldBy(own_held);
    if (holder != nullptr && !Word(holder).empty()) {
      same_[Word(asked.field)].insert(Word(holder));
    }
    if (asked.field->containing_type() != asked.form->input_type()) return;
    for (const Descriptor* record : records_.at(asked.form)) {
      Field field = record->FindFieldByName(asked.field->name());
      if (field == nullptr || !Word(field).empty()) continue;
      words_[field].insert(Word(asked.field));
      if (!asked.held_by.empty()) taken_from_[field].insert(asked.held_by);
    }
  }

  void AddHolders() {
    Messages held;
    for (const MethodDescriptor* method : Contracts::Get().Methods()) {
      const std::string& name = method->name();
      if (!Starts(name, "Get") && !Starts(name, "BatchGet") && !Starts(name, "List")) continue;
      for (const Descriptor* message : Reachable(method->output_type())) held.insert(message);
    }
    for (const FileDescriptor* file : Contracts::Get().files()) {
      if (!Ends(file->name(), "/events.proto")) continue;
      for (int i = 0; i < file->message_type_count(); ++i) {
        for (const Descriptor* message : Reachable(file->message_type(i))) held.insert(message);
      }
    }
    for (const Descriptor* message : held) {
      const std::string& name = message->full_name();
      if (!Starts(name, "bangfu.") || IsValue(*message) || name == "bangfu.type.v1.Evidence") {
        continue;
      }
      for (int i = 0; i < message->field_count(); ++i) {
        Field field = message->field(i);
        if (!IsDatum(*field)) continue;
        std::set<std::string>& words = held_[field];
        words = words_[field];
        if (!Word(field).empty()) words = {Word(field)};
        for (const std::string& word : words) held_by_word_[word].insert(field);
        // A figure that no label names: by its own name, if that says something.
        if (words.empty() && IsFigureOrDay(*field) &&
            field->name().find('_') != std::string::npos) {
          held_by_name_[field->name()].insert(field);
        }
      }
    }
  }

  // Whether the holder has the datum from `field`, or from the group that it stands in.
  bool Takes(Field holder, Field field) const {
    std::set<std::string> from;
    if (const auto it = taken_from_.find(holder); it != taken_from_.end()) from = it->second;
    const options::v1::Label& label = contract::LabelOf(*holder);
    if (!label.held_by().empty()) from.insert(label.held_by());
    from.insert(label.also_held_by().begin(), label.also_held_by().end());
    for (const std::string& held_by : from) {
      Field named = HeldBy(held_by);
      if (named == field) return true;
      if (named != nullptr && named->message_type() != nullptr &&
          Reachable(named->message_type()).count(field->containing_type()) > 0) {
        return true;
      }
    }
    return false;
  }

  bool IsOneWith(Field holder, Field named) const {
    const auto within = [](Field field, Field group) {
      return group->message_type() != nullptr &&
             Reachable(group->message_type()).count(field->containing_type()) > 0;
    };
    return holder == named || within(holder, named) || Takes(holder, named) || Takes(named, holder);
  }

  bool SameRecord(Form a, Form b) const {
    for (const Descriptor* record : records_.at(a)) {
      if (records_.at(b).count(record) > 0) return true;
    }
    return false;
  }

  std::vector<Asked> asked_;
  std::map<Form, Messages> records_;
  std::map<Form, Messages> own_;  // with what is filled for them
  std::map<Field, std::set<std::string>> words_;
  std::map<Field, std::set<std::string>> taken_from_;
  std::map<std::string, std::set<std::string>> same_;  // word -> words of what holds it
  std::map<Field, std::set<std::string>> held_;        // with the words of each
  std::map<std::string, std::set<Field>> held_by_word_, held_by_name_;
  std::map<std::string, std::vector<const Asked*>> asked_by_word_;
};

// Data of other records like those that forms ask for, why they are others, and the messages that
// hold them.
struct Other {
  const char* why;
  std::vector<const char*> fields;
  std::set<std::string> holders;
};

// Whatever `elsewhere` finds of a field is told apart from it, and nothing is told apart that it
// does not find. `shared`: messages from which the fields of the whole list are told apart.
template <typename Elsewhere>
void ExpectToldApart(const HeldOnce& contracts, const std::vector<Other>& told, Elsewhere elsewhere,
                     const std::set<std::string>& shared = {}) {
  std::map<std::string, const Other*> others;
  for (const Other& other : told) {
    for (const char* field : other.fields) {
      EXPECT_TRUE(others.emplace(field, &other).second) << field << " is told apart twice";
    }
  }
  std::set<std::string> told_apart;
  std::map<const Other*, std::set<std::string>> told_apart_from;
  std::set<std::string> used;
  std::map<std::string, std::set<std::string>> again;
  for (const Asked& asked : contracts.asked()) {
    const std::string name = NameOf(asked.field);
    const auto known = others.find(name);
    for (const auto& [holder, field] : elsewhere(asked)) {
      const std::string message = holder.substr(0, holder.rfind('.'));
      if (known == others.end() ||
          (known->second->holders.count(message) == 0 && shared.count(message) == 0)) {
        again[name].insert(holder);
        continue;
      }
      told_apart.insert(name);
      told_apart_from[known->second].insert(message);
      used.insert(message);
    }
  }
  for (const auto& [field, elsewhere] : again) {
    std::string holders;
    for (const std::string& holder : elsewhere) holders += Cat(" ", holder);
    ADD_FAILURE() << field << " asks for what is held by" << holders;
  }
  std::set<std::string> unused;
  for (const auto& [field, other] : others) {
    if (told_apart.count(field) == 0) unused.insert(field);
  }
  for (const Other& other : told) {
    for (const std::string& holder : other.holders) {
      if (told_apart_from[&other].count(holder) == 0) unused.insert(Cat(holder, ": ", other.why));
    }
  }
  for (const std::string& holder : shared) {
    if (used.count(holder) == 0) unused.insert(holder);
  }
  EXPECT_THAT(unused, ::testing::IsEmpty()) << "told apart from nothing";
}

}  // namespace bangfu
