// That the contracts say of each field what it is, and help those who fill their forms.
#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "bangfu/options/v1/access.pb.h"
#include "bangfu/options/v1/labels.pb.h"
#include "common/base/strings.h"
#include "common/contract/access.h"
#include "common/contract/labels.h"
#include "common/dictionary/form.h"
#include "tests/contract/contracts.h"

namespace bangfu {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace dict = dictionary::v1;

bool HasComment(const FieldDescriptor& field) {
  google::protobuf::SourceLocation location;
  return field.GetSourceLocation(&location) &&
         !(location.leading_comments.empty() && location.trailing_comments.empty());
}

bool HasLabel(const FieldDescriptor& field) {
  const FieldDescriptor* linked =
      DescriptorPool::generated_pool()->FindFieldByName(field.full_name());
  return linked != nullptr && !contract::LabelOf(*linked).zh().empty();
}

// Fields of which neither a label nor a comment says what they are.
std::set<std::string> Undescribed(const std::vector<const FileDescriptor*>& commented_files) {
  std::set<std::string> out;
  for (const Descriptor* message : Contracts::MessagesOf(commented_files)) {
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor& field = *message->field(i);
      if (!HasComment(field) && !HasLabel(field)) out.insert(field.full_name());
    }
  }
  return out;
}

// What a label and a unit leave open: what is summed up in an amount and how 100% is written, from
// which list a code is, which days are taken, which file proves it, what a reason is to say.
bool WantsHelp(const dict::FormField& field) {
  if (field.purpose() != dict::FIELD_PURPOSE_INPUT) return false;
  switch (field.kind()) {
    case dict::FIELD_KIND_MONEY_FEN:
    case dict::FIELD_KIND_RATIO_BP:
    case dict::FIELD_KIND_CODE:
    case dict::FIELD_KIND_DATE:
    case dict::FIELD_KIND_INSTANT:
    case dict::FIELD_KIND_MONTH:
    case dict::FIELD_KIND_EVIDENCE:
      return true;
    default:
      break;
  }
  if (field.rules().shape() == options::v1::SHAPE_CODE) return true;
  const std::string& name = field.json_name();
  return name == "blob_id" || name == "reason" || name == "reasons" || Ends(name, "_reason") ||
         Ends(name, "_reason_text") || name == "reason_text";
}

std::set<std::string> Unhelped(const dict::Form& form) {
  std::set<std::string> out;
  for (const dict::FormField& field : form.fields()) {
    if (WantsHelp(field) && field.help_zh().empty())
      out.insert(Cat(form.name(), ": ", field.path()));
  }
  return out;
}

std::vector<dict::Form> WrittenForms() {
  std::vector<dict::Form> out;
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    const auto access = contract::AccessOf(*method);
    if (!access.ok() || access->mode() != options::v1::ACCESS_MODE_WRITE) continue;
    out.push_back(dictionary::FormOf(*method, 12));
    out.back().set_name(method->full_name());
  }
  return out;
}

size_t Characters(const std::string& text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

TEST(Descriptions, EveryFieldHasALabelOrAComment) {
  EXPECT_THAT(Undescribed(Contracts::Get().commented_files()), IsEmpty());
}

TEST(Descriptions, AFieldWithoutEitherIsFound) {
  google::protobuf::FileDescriptorProto file;
  file.set_name("nowhere.proto");
  file.set_package("bangfu.nowhere.v1");
  file.set_syntax("proto3");
  google::protobuf::DescriptorProto& record = *file.add_message_type();
  record.set_name("Record");
  google::protobuf::DescriptorProto& part = *record.add_nested_type();
  part.set_name("Part");
  const auto add = [](google::protobuf::DescriptorProto& message, const char* name) {
    google::protobuf::FieldDescriptorProto& field = *message.add_field();
    field.set_name(name);
    field.set_number(message.field_size());
    field.set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
    field.set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  };
  for (const char* name : {"told", "untold", "told_behind"}) add(record, name);
  add(part, "inner");
  // The comments of the record's fields, by their path: message 0, field i.
  for (const int i : {0, 1, 2}) {
    auto& location = *file.mutable_source_code_info()->add_location();
    for (const int step : {4, 0, 2, i}) location.add_path(step);
    for (const int at : {i, 0, 1}) location.add_span(at);
    if (i == 0) location.set_leading_comments(" What it is.");
    if (i == 2) location.set_trailing_comments(" what it is");
  }
  DescriptorPool pool;
  const FileDescriptor* built = pool.BuildFile(file);
  ASSERT_NE(built, nullptr);
  EXPECT_THAT(Undescribed({built}), ElementsAre("bangfu.nowhere.v1.Record.Part.inner",
                                                "bangfu.nowhere.v1.Record.untold"));
}

TEST(Descriptions, WhatALabelLeavesOpenHasHelp) {
  std::set<std::string> without;
  int helped = 0;
  for (const dict::Form& form : WrittenForms()) {
    without.merge(Unhelped(form));
    for (const dict::FormField& field : form.fields()) helped += !field.help_zh().empty();
  }
  EXPECT_THAT(without, IsEmpty());
  EXPECT_GT(helped, 600);
}

TEST(Descriptions, AFieldThatWantsHelpAndHasNoneIsFound) {
  dict::Form form;
  form.set_name("f");
  const auto add = [&](const std::string& name, dict::FieldKind kind) {
    dict::FormField& field = *form.add_fields();
    field.set_path(name);
    field.set_json_name(name);
    field.set_kind(kind);
    field.set_purpose(dict::FIELD_PURPOSE_INPUT);
    return &field;
  };
  add("paid_fen", dict::FIELD_KIND_MONEY_FEN);
  add("share_bp", dict::FIELD_KIND_RATIO_BP);
  add("cause", dict::FIELD_KIND_CODE);
  add("mode", dict::FIELD_KIND_TEXT)->mutable_rules()->set_shape(options::v1::SHAPE_CODE);
  add("paid_on", dict::FIELD_KIND_DATE);
  add("evidence[]", dict::FIELD_KIND_EVIDENCE);
  add("blob_id", dict::FIELD_KIND_REFERENCE);
  add("reason", dict::FIELD_KIND_LONG_TEXT);
  add("void_reason", dict::FIELD_KIND_LONG_TEXT);
  add("name", dict::FIELD_KIND_TEXT);
  add("due_fen", dict::FIELD_KIND_MONEY_FEN)->set_purpose(dict::FIELD_PURPOSE_OUTPUT);
  EXPECT_EQ(Unhelped(form).size(), 9u);
  for (dict::FormField& field : *form.mutable_fields()) field.set_help_zh("说明");
  EXPECT_THAT(Unhelped(form), IsEmpty());
}

// One line under an input, which does not repeat what stands above it.
TEST(Descriptions, HelpIsOneShortLine) {
  for (const Descriptor* message : Contracts::MessagesOf(Contracts::Get().files())) {
    for (int i = 0; i < message->field_count(); ++i) {
      const options::v1::Label& label = contract::LabelOf(*message->field(i));
      if (label.help().empty()) continue;
      const std::string& name = message->field(i)->full_name();
      EXPECT_LE(Characters(label.help()), 60u) << name;
      EXPECT_FALSE(Ends(label.help(), "。")) << name;
      EXPECT_EQ(label.help().find('\n'), std::string::npos) << name;
      EXPECT_NE(label.help(), label.zh()) << name;
    }
  }
}

}  // namespace
}  // namespace bangfu
