// Rules that hold for what people fill and for what they may do, read from the descriptors: labels,
// dry runs, allowed actions and bulk steps.
#include "tests/contract/forms.h"

#include <gmock/gmock.h>

#include <map>

#include "bangfu/options/v1/labels.pb.h"
#include "bangfu/options/v1/rules.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/base/strings.h"
#include "common/contract/access.h"
#include "common/contract/labels.h"
#include "common/dictionary/form.h"
#include "tests/contract/contracts.h"

namespace bangfu {
namespace {

using ::testing::IsEmpty;
namespace dict = dictionary::v1;

TEST(Forms, EveryFieldThatAPersonFillsHasALabel) {
  std::set<std::string> without;
  int fields = 0;
  for (const MethodDescriptor* method : Writes()) {
    const dict::Form form = dictionary::FormOf(*method, 12);
    for (const dict::FormField& field : form.fields()) {
      if (field.purpose() != dict::FIELD_PURPOSE_INPUT) continue;
      ++fields;
      if (field.label_zh().empty()) without.insert(Cat(method->full_name(), ": ", field.path()));
    }
  }
  EXPECT_GT(fields, 1000);
  EXPECT_THAT(without, IsEmpty());
}

// Money and ratios say their unit, so that no frontend guesses it.
TEST(Forms, EveryNumberOfMoneyAndRatioNamesItsUnit) {
  std::set<std::string> without;
  for (const MethodDescriptor* method : Writes()) {
    const dict::Form form = dictionary::FormOf(*method, 12);
    for (const dict::FormField& field : form.fields()) {
      if (field.purpose() == dict::FIELD_PURPOSE_INPUT && field.unit().empty() &&
          (field.kind() == dict::FIELD_KIND_MONEY_FEN ||
           field.kind() == dict::FIELD_KIND_RATIO_BP)) {
        without.insert(Cat(method->full_name(), ": ", field.path()));
      }
    }
  }
  EXPECT_THAT(without, IsEmpty());
}

// A frontend offers the codes: every field that holds one names its list, or stands here with what
// else its codes are.
TEST(Forms, EveryFieldOfACodeNamesItsList) {
  const std::map<std::string, std::string> no_list = {
      {"evaluation.v1.DispatchFigure.code",
       "of the indicators of the criteria in force, or of the county's own"},
      {"period.v1.OpenPeriodRequest.table_no", "the tables that this service reports"},
      {"registry.v1.Code.code", "is itself the code that is being defined"},
      {"registry.v1.Code.list", "is itself the list that is being defined"},
      {"registry.v1.IndustryCategory.code", "is itself the category that is being defined"},
      {"registry.v1.IndustryCategory.maps_from", "of the version of the catalogue before"},
      {"registry.v1.IndustryCategory.parent_code", "of the version that is being imported"},
      {"registry.v1.Organisation.org_code", "is itself the organisation that is being defined"},
      {"registry.v1.SetParameterRequest.code", "a parameter (ListParameters)"},
      {"type.v1.Grant.org_code", "an organisation (ListOrganisations)"},
  };
  std::set<std::string> without;
  std::map<std::string, std::string> unused = no_list;
  int fields = 0;
  for (const MethodDescriptor* method : Writes()) {
    for (const Descriptor* message : FilledMessages(method->input_type())) {
      for (int i = 0; i < message->field_count(); ++i) {
        const FieldDescriptor& field = *message->field(i);
        const auto& rules = field.options().GetExtension(options::v1::rules);
        if (rules.shape() != options::v1::SHAPE_CODE ||
            dictionary::PurposeOf(field) != dict::FIELD_PURPOSE_INPUT) {
          continue;
        }
        ++fields;
        if (!rules.code_list().empty()) continue;
        const std::string name(field.full_name().substr(std::string_view("bangfu.").size()));
        unused.erase(name);
        if (no_list.count(name) == 0) without.insert(name);
      }
    }
  }
  EXPECT_GT(fields, 40);
  EXPECT_THAT(without, IsEmpty());
  EXPECT_THAT(unused, IsEmpty());
}

// A field of a list's codes takes what can be a code, in answers as in requests.
TEST(Forms, EveryFieldOfACodeListHasTheShapeOfACode) {
  std::set<std::string> without;
  int fields = 0;
  for (const Descriptor* message : Contracts::MessagesOf(Contracts::Get().files())) {
    for (int i = 0; i < message->field_count(); ++i) {
      const auto& rules = message->field(i)->options().GetExtension(options::v1::rules);
      if (rules.code_list().empty()) continue;
      ++fields;
      if (rules.shape() != options::v1::SHAPE_CODE) without.insert(message->field(i)->full_name());
    }
  }
  EXPECT_GT(fields, 40);
  EXPECT_THAT(without, IsEmpty());
}

// What the server sets is not required of the client.
TEST(Forms, WhatTheServerSetsIsNotAskedFor) {
  for (const Descriptor* message : Contracts::MessagesOf(Contracts::Get().files())) {
    for (int i = 0; i < message->field_count(); ++i) {
      const auto& rules = message->field(i)->options().GetExtension(options::v1::rules);
      EXPECT_FALSE(rules.output_only() && rules.required()) << message->field(i)->full_name();
    }
  }
}

TEST(Forms, WhatAFormSubmitsCanBeCheckedWithoutStoring) {
  const std::map<std::string, std::string> no_form = {
      {"ChangeFeed.RedriveParkedEvents", "an operator's command: nothing is filled"},
      {"OperationService.CancelOperation", "a command to running work"},
      {"OperationService.ResumeOperation", "a command to stopped work"},
      {"AuditService.ExportAudit", "reads; what it writes is that it was read"},
      {"AuditService.RevealSensitive", "a look; what it writes is that somebody looked"},
      {"ImportService.BeginImport", "opens an upload; ValidateImport checks its rows"},
      {"ImportService.UploadChunk", "bytes of an upload"},
      {"ImportService.ValidateImport", "is itself the check"},
      {"ImportService.CommitImport", "what it commits was checked by ValidateImport"},
      {"EvaluationService.EvaluateSubjects", "computes: a result per subject"},
      {"EvaluationService.StartBatchEvaluation", "starts long work"},
      {"BlobService.BeginUpload", "opens an upload; CompleteUpload checks its bytes"},
      {"BlobService.PutChunk", "bytes of an upload"},
      {"BlobService.CompleteUpload", "is itself the check"},
      {"BlobService.AbandonUpload", "a command to an upload"},
      {"InboxService.MarkRead", "nothing is filled"},
  };
  std::set<std::string> without;
  std::map<std::string, std::string> unused = no_form;
  for (const MethodDescriptor* method : Writes()) {
    if (method->input_type()->FindFieldByName("validate_only") != nullptr) continue;
    const std::string name = Cat(method->service()->name(), ".", method->name());
    unused.erase(name);
    if (no_form.count(name) == 0) without.insert(name);
  }
  EXPECT_THAT(without, IsEmpty());
  EXPECT_THAT(unused, IsEmpty());
}

// Has steps from state to state.
bool HasStates(const Descriptor& message) {
  const FieldDescriptor* state = message.FindFieldByName("state");
  return state != nullptr && state->enum_type() != nullptr;
}

// Has steps though it has no `state`: what stands or is void, what is frozen or not, what another
// record takes back.
bool StandsOrNot(const Descriptor& message) {
  for (const char* name : {"is_void", "is_frozen"}) {
    const FieldDescriptor* field = message.FindFieldByName(name);
    if (field != nullptr && field->type() == FieldDescriptor::TYPE_BOOL) return true;
  }
  for (const char* name : {"void_reason", "reversed_by_id"}) {
    const FieldDescriptor* field = message.FindFieldByName(name);
    if (field != nullptr && field->type() == FieldDescriptor::TYPE_STRING) return true;
  }
  return false;
}

// The records for which `is` holds that an rpc is about: its answer, or the answer's list of them.
std::set<const Descriptor*> AnsweredThings(const MethodDescriptor& method,
                                           bool (*is)(const Descriptor&)) {
  std::set<const Descriptor*> out;
  const Descriptor* answer = method.output_type();
  const auto add = [&](const Descriptor* message) {
    if (is(*message)) out.insert(message);
  };
  add(answer);
  if (!Ends(answer->name(), "Response")) return out;
  for (int i = 0; i < answer->field_count(); ++i) {
    if (answer->field(i)->message_type() != nullptr) add(answer->field(i)->message_type());
  }
  return out;
}
std::set<const Descriptor*> ThingsWithStates(const MethodDescriptor& method) {
  return AnsweredThings(method, HasStates);
}

bool TellsAllowedActions(const Descriptor& message) {
  const FieldDescriptor* actions = message.FindFieldByName("allowed_actions");
  return actions != nullptr && actions->is_repeated() &&
         actions->message_type() == type::v1::AllowedAction::descriptor();
}

TEST(Forms, AThingWithStatesTellsWhatIsAllowedNow) {
  std::set<std::string> without;
  std::set<const Descriptor*> with;
  int stand_or_not = 0;
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    if (!Starts(method->name(), "Get") && !Starts(method->name(), "BatchGet")) continue;
    const auto either = [](const Descriptor& m) { return HasStates(m) || StandsOrNot(m); };
    for (const Descriptor* message : AnsweredThings(*method, either)) {
      if (!TellsAllowedActions(*message)) {
        without.insert(message->full_name());
      } else if (with.insert(message).second && StandsOrNot(*message)) {
        ++stand_or_not;
      }
    }
  }
  EXPECT_THAT(without, IsEmpty());
  EXPECT_GE(with.size(), 16u);
  EXPECT_GE(stand_or_not, 10);
}

// A step of the record that its request names by `id` and that it answers with.
const Descriptor* RecordOfStep(const MethodDescriptor& method) {
  const auto has_id = [](const Descriptor& message) {
    const FieldDescriptor* id = message.FindFieldByName("id");
    return id != nullptr && id->type() == FieldDescriptor::TYPE_STRING && !id->is_repeated();
  };
  const bool is_step = has_id(*method.input_type()) && has_id(*method.output_type());
  return is_step ? method.output_type() : nullptr;
}

// Nobody has to look for it in a list: what a step changes is read alone, with what may be done. By
// its steps, whatever the field is called that says how it stands.
TEST(Forms, WhatAStepChangesIsReadAloneWithWhatMayBeDone) {
  const std::map<std::string, std::string> always_allowed = {
      {"bangfu.draft.v1.Draft", "its owner's alone, saved as often as they like"},
      {"bangfu.registry.v1.Industry", "its links come and go; it has no states"},
  };
  std::set<std::string> changed, read;
  std::set<std::string> silent;
  for (const MethodDescriptor* method : Writes()) {
    const Descriptor* record = RecordOfStep(*method);
    if (record == nullptr || !changed.insert(record->full_name()).second) continue;
    if (!TellsAllowedActions(*record)) silent.insert(record->full_name());
  }
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    if (Starts(method->name(), "Get")) read.insert(method->output_type()->full_name());
  }
  EXPECT_GE(changed.size(), 30u);
  EXPECT_EQ(changed.count("bangfu.asset.v1.IncomeRecord"), 1u);
  std::set<std::string> without;
  for (const std::string& name : changed) {
    if (read.count(name) == 0) without.insert(name);
  }
  EXPECT_THAT(without, IsEmpty());
  for (const auto& [name, reason] : always_allowed) {
    EXPECT_EQ(silent.erase(name), 1u) << name << " is told apart from nothing: " << reason;
  }
  EXPECT_THAT(silent, IsEmpty());
}

// A list screen shows the actions of each row: what has states and a Get has a BatchGet too.
TEST(Forms, AThingWithStatesIsReadForAWholeListAtOnce) {
  const std::map<std::string, std::string> read_alone = {
      {"bangfu.blob.v1.Blob", "acted on where it is uploaded, by who began it"},
      {"bangfu.evaluation.v1.CriteriaSet", "a version at a time is decided on"},
      {"bangfu.inbox.v1.WorkItem", "acted on through the record that it is about"},
      {"bangfu.intake.v1.Import", "watched one at a time, by who opened it"},
      {"bangfu.operation.v1.Operation", "watched one at a time"},
      {"bangfu.registry.v1.InventoryCampaign", "few, opened and closed one at a time"},
  };
  std::set<std::string> alone, many;
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    for (const Descriptor* message : ThingsWithStates(*method)) {
      if (Starts(method->name(), "BatchGet")) many.insert(message->full_name());
      if (Starts(method->name(), "Get")) alone.insert(message->full_name());
    }
  }
  EXPECT_GE(many.size(), 8u);
  std::set<std::string> without;
  std::map<std::string, std::string> unused = read_alone;
  for (const std::string& name : alone) {
    if (many.count(name) > 0) continue;
    unused.erase(name);
    if (read_alone.count(name) == 0) without.insert(name);
  }
  EXPECT_THAT(without, IsEmpty());
  EXPECT_THAT(unused, IsEmpty());
}

TEST(Forms, BulkStepsHaveOneShape) {
  int steps = 0;
  for (const MethodDescriptor* method : Writes()) {
    const FieldDescriptor* items = method->input_type()->FindFieldByName("items");
    if (items == nullptr || items->message_type() != type::v1::BulkItem::descriptor()) continue;
    ++steps;
    const auto& rules = items->options().GetExtension(options::v1::rules);
    EXPECT_LE(rules.max_items(), 500u) << method->full_name();
    EXPECT_GE(rules.min_items(), 1u) << method->full_name();
    const FieldDescriptor* results = method->output_type()->FindFieldByName("results");
    ASSERT_NE(results, nullptr) << method->full_name();
    EXPECT_EQ(results->message_type(), type::v1::BulkResult::descriptor()) << method->full_name();
    EXPECT_EQ(contract::AccessOf(*method)->lane(), options::v1::LANE_LONG) << method->full_name();
    EXPECT_NE(method->input_type()->FindFieldByName("validate_only"), nullptr)
        << method->full_name();
  }
  EXPECT_GE(steps, 7);
}

}  // namespace
}  // namespace bangfu
