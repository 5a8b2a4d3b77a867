#include "common/contract/field_names.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bangfu/options/v1/rules.pb.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/status/error.h"

namespace bangfu::contract {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

namespace {

constexpr int kMaxDepth = 6;  // as a form unfolds
constexpr size_t kProposals = 3;
constexpr double kAlike = 0.5;

void Collect(const Descriptor& message, const NamedField& above,
             std::vector<const Descriptor*>& entered, std::vector<NamedField>* out) {
  if (above.depth >= kMaxDepth ||
      std::find(entered.begin(), entered.end(), &message) != entered.end()) {
    return;
  }
  entered.push_back(&message);
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.options().GetExtension(options::v1::rules).output_only()) continue;
    NamedField one;
    one.path = Cat(above.path, above.path.empty() ? "" : ".", field.name());
    one.own_label = LabelOf(field).zh();
    one.label =
        Cat(above.label, above.label.empty() || one.own_label.empty() ? "" : " / ", one.own_label);
    one.depth = above.depth + 1;
    if (!one.own_label.empty()) out->push_back(one);
    if (field.message_type() != nullptr) Collect(*field.message_type(), one, entered, out);
  }
  entered.pop_back();
}

std::vector<std::string> Split(std::string_view text, char at) {
  return absl::StrSplit(std::string(text), at);
}

// Without [] and [n]; nullopt: brackets that hold something else.
std::optional<std::string> Plain(std::string_view path) {
  std::string out;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '[') {
      out += path[i];
      continue;
    }
    const size_t end = path.find(']', i);
    if (end == std::string_view::npos || i == 0) return std::nullopt;
    for (const char c : path.substr(i + 1, end - i - 1)) {
      if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return std::nullopt;
    }
    i = end;
  }
  return out;
}

std::vector<std::string> Characters(std::string_view text) {
  std::vector<std::string> out;
  for (const char c : text) {
    if (out.empty() || (static_cast<unsigned char>(c) & 0xC0) != 0x80) out.emplace_back();
    out.back() += c;
  }
  return out;
}

// How many characters have to be put in, taken out or changed.
size_t Distance(std::string_view a, std::string_view b) {
  const std::vector<std::string> left = Characters(a), right = Characters(b);
  std::vector<size_t> row(right.size() + 1);
  for (size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= left.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= right.size(); ++j) {
      const size_t changed = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[right.size()];
}

// Below 1: like it. One that has the other within it is nearer than one with as many slips.
double Unlike(std::string_view named, std::string_view text) {
  if (named.empty() || text.empty()) return 1;
  if (named == text) return 0;
  const size_t most = std::max(Characters(named).size(), Characters(text).size());
  const double slips = static_cast<double>(Distance(named, text)) / static_cast<double>(most);
  const bool within =
      text.find(named) != std::string_view::npos || named.find(text) != std::string_view::npos;
  return within ? slips / 2 : slips;
}

absl::Status Refuse(std::string_view violation, std::string_view what,
                    const std::vector<NamedField>& proposals) {
  std::vector<std::string> texts, paths;
  for (const NamedField& one : proposals) {
    texts.push_back(Cat(one.label, "（", one.path, "）"));
    paths.push_back(one.path);
  }
  Error error =
      InvalidField(violation, texts.empty() ? Cat(what, "，请从表单的字段中选")
                                            : Cat(what, "，是否指：", absl::StrJoin(texts, "、")));
  if (!paths.empty()) error.With("proposals", absl::StrJoin(paths, ","));
  return error.Build();
}

// "资金构成/金额" as "资金构成 / 金额".
std::string Spaced(std::string_view label) {
  std::vector<std::string> parts;
  for (const std::string& part : Split(label, '/')) {
    parts.emplace_back(absl::StripAsciiWhitespace(part));
  }
  return absl::StrJoin(parts, " / ");
}

}  // namespace

std::vector<NamedField> NamedFields(const Descriptor& message) {
  std::vector<NamedField> out;
  std::vector<const Descriptor*> entered;
  NamedField top;
  Collect(message, top, entered, &out);
  for (NamedField& one : out) --one.depth;  // that of a field of the message itself is 0
  return out;
}

std::optional<std::string> LabelOfPath(const Descriptor& message, std::string_view path) {
  if (!Plain(path)) return std::nullopt;
  const Descriptor* at = &message;
  std::vector<std::string> labels;
  for (const std::string& part : Split(path, '.')) {
    const std::string name = part.substr(0, part.find('['));
    const FieldDescriptor* field = at == nullptr ? nullptr : at->FindFieldByName(name);
    if (field == nullptr || (name.size() < part.size() && !field->is_repeated())) {
      return std::nullopt;
    }
    if (const std::string& label = LabelOf(*field).zh(); !label.empty()) labels.push_back(label);
    at = field->message_type();
  }
  return labels.empty() ? std::string(path) : absl::StrJoin(labels, " / ");
}

absl::Status NoSuchField(const Messages& messages, std::string_view named,
                         std::string_view violation) {
  const std::string plain = Plain(named).value_or(std::string(named));
  const std::string spaced = Spaced(named);
  std::vector<std::pair<double, NamedField>> near;
  for (const Descriptor* message : messages) {
    for (NamedField& one : NamedFields(*message)) {
      const size_t dot = one.path.rfind('.');
      const std::string name = one.path.substr(dot == std::string::npos ? 0 : dot + 1);
      const double unlike = std::min({Unlike(plain, one.path), Unlike(plain, name),
                                      Unlike(spaced, one.label), Unlike(spaced, one.own_label)});
      if (unlike <= kAlike) near.emplace_back(unlike, std::move(one));
    }
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, a.second.depth) < std::pair(b.first, b.second.depth);
  });
  if (near.size() > kProposals) near.resize(kProposals);
  std::vector<NamedField> proposals;
  for (auto& [unlike, one] : near) proposals.push_back(std::move(one));
  return Refuse(violation, Cat("没有字段“", named, "”"), proposals);
}

absl::StatusOr<std::string> PathOfName(const Messages& messages, std::string_view named,
                                       std::string_view violation) {
  const std::string spaced = Spaced(named);
  for (const Descriptor* message : messages) {
    if (LabelOfPath(*message, named)) return std::string(named);
    std::vector<NamedField> found;
    for (NamedField& one : NamedFields(*message)) {
      if (one.label == spaced) return std::move(one.path);
      if (one.own_label == spaced) found.push_back(std::move(one));
    }
    if (found.empty()) continue;
    std::stable_sort(found.begin(), found.end(),
                     [](const NamedField& a, const NamedField& b) { return a.depth < b.depth; });
    if (found.size() > 1 && found[0].depth == found[1].depth) {
      return Refuse(violation, Cat("有几个字段叫“", named, "”"), found);
    }
    return std::move(found[0].path);
  }
  return NoSuchField(messages, named, violation);
}

}  // namespace bangfu::contract
