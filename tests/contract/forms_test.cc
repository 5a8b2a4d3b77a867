// Rules that hold for what people fill and for what they may do, read from the descriptors: labels,
// dry runs, allowed actions, bulk steps, and that no datum is asked for twice.
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

std::vector<const MethodDescriptor*> Writes() {
  std::vector<const MethodDescriptor*> out;
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    const auto access = contract::AccessOf(*method);
    if (access.ok() && access->mode() == options::v1::ACCESS_MODE_WRITE) out.push_back(method);
  }
  return out;
}

// The messages that a person fills a part of: what only the server sets is not gone into.
std::set<const Descriptor*> FilledMessages(const Descriptor* root) {
  std::set<const Descriptor*> seen;
  std::vector<const Descriptor*> open = {root};
  while (!open.empty()) {
    const Descriptor* message = open.back();
    open.pop_back();
    if (!Starts(message->full_name(), "bangfu.") || !seen.insert(message).second) continue;
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor& field = *message->field(i);
      if (field.message_type() != nullptr &&
          dictionary::PurposeOf(field) == dict::FIELD_PURPOSE_INPUT) {
        open.push_back(field.message_type());
      }
    }
  }
  return seen;
}

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

// Has steps though it has no `state`: what stands or is void, what is frozen or not.
bool StandsOrNot(const Descriptor& message) {
  for (const char* name : {"is_void", "is_frozen"}) {
    const FieldDescriptor* field = message.FindFieldByName(name);
    if (field != nullptr && field->type() == FieldDescriptor::TYPE_BOOL) return true;
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
  EXPECT_GE(stand_or_not, 7);
}

// Nobody has to look for it in a list: what can be made void is read alone, with what may be done.
TEST(Forms, WhatCanBeVoidedIsReadAlone) {
  std::set<std::string> voided, read;
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    const bool is_step = Starts(method->name(), "Void");
    if (!is_step && !Starts(method->name(), "Get")) continue;
    (is_step ? voided : read).insert(method->output_type()->full_name());
  }
  EXPECT_GE(voided.size(), 8u);
  std::set<std::string> without;
  for (const std::string& name : voided) {
    if (read.count(name) == 0) without.insert(name);
  }
  EXPECT_THAT(without, IsEmpty());
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

// --- 力戒形式主义: a datum held anywhere is offered, never asked twice ---

// Forms that a person fills from nothing or from a record; not those that change a record by a mask
// (they show the record) nor those that carry many records of a file.
std::vector<const MethodDescriptor*> FilledByHand() {
  std::vector<const MethodDescriptor*> out;
  for (const MethodDescriptor* method : Writes()) {
    if (method->input_type()->FindFieldByName("update_mask") != nullptr) continue;
    if (Starts(method->name(), "Batch") || Starts(method->name(), "Import") ||
        Starts(method->name(), "Upsert") || Ends(method->service()->name(), "ImportService")) {
      continue;
    }
    out.push_back(method);
  }
  return out;
}

// The record and field that `held_by` names: "registry.v1.Project.name".
const FieldDescriptor* HeldBy(const std::string& held_by) {
  const size_t dot = held_by.rfind('.');
  const Descriptor* message = DescriptorPool::generated_pool()->FindMessageTypeByName(
      Cat("bangfu.", held_by.substr(0, dot)));
  return message == nullptr ? nullptr : message->FindFieldByName(held_by.substr(dot + 1));
}

TEST(Forms, R129_WhatIsSaidToBeHeldIsThere) {
  int held = 0;
  for (const MethodDescriptor* method : Writes()) {
    const dict::Form form = dictionary::FormOf(*method, 12);
    for (const dict::FormField& field : form.fields()) {
      if (field.held_by().empty()) continue;
      ++held;
      if (field.held_by() == "caller.name") continue;
      EXPECT_NE(HeldBy(field.held_by()), nullptr) << field.path() << ": " << field.held_by();
    }
  }
  EXPECT_GT(held, 25);
}

// Every field of every form is new information, or its form offers it from where it is held. Data
// are compared by their zh label, the name under which an official knows them: of two fields with
// one name, one is held by the other, or the two are told apart here.
TEST(Forms, R129_NoFormAsksAgainForWhatIsHeld) {
  const std::map<std::string, std::string> told_apart = {
      // What a step is about, and words about a step itself.
      {"作废原因", "why this record is void"},
      {"撤回原因", "of a leading industry's choice; of an argument"},
      {"不同意理由",
       "of an override that is not approved; of an expert's dissent from an argument"},
      {"终止日期", "of a contract; of a linkage"},
      {"终止原因", "of a contract; of a linkage"},
      {"处理结论", "of a dispute over a title; of an objection to a publicity"},
      {"备注", "a remark on this record"},
      {"说明", "an explanation of this record"},
      {"发现问题", "text of an inspection; the yes or no of a sample"},
      {"签字部门", "the department that signs here"},
      {"公示渠道", "of this publicity"},
      {"调整依据", "of this change of reference data"},
      {"名称", "of this operator, brand, code"},
      {"月份", "the month that the form is about"},
      {"所在区域", "where this project, organisation is"},
      {"县", "the county that the form is about"},
      {"产业", "the industry that the form is about"},
      {"启用日期", "of this row of reference data"},
      {"停用日期", "of this row of reference data"},
      {"有效期至", "of a brand; of a qualification; of an appraisal"},
      {"样例数据", "a mark of the sample generator"},
      {"待省厅确认", "a mark of this row of reference data"},
      {"依据", "what stands for a chain link; the notice behind a holiday"},
      {"统一社会信用代码", "of an operator; of an organisation"},
      {"责任条款", "clauses that name an office; clauses that bind a project"},
      {"环节", "the link that is present; the link that is missing"},
      {"数值", "of a parameter; of a quantity"},
      {"目录版本", "the version that is activated; that of a category"},
      // One occasion or the other, never both, for one record.
      {"权证号", "of legacy stock on entry; of a title when it is registered or settled"},
      {"确权日期", "of legacy stock on entry; of a title when it is registered or settled"},
      {"接收单位", "of legacy stock on entry; of a hand-over"},
      {"移交日期", "of legacy stock on entry; of a hand-over"},
      // One word for two things.
      {"份额", "an owner's share of an asset; a holder's of its income; a region's of a project"},
      {"金额", "what a project declares by source; what of it an asset was formed with"},
      {"资金来源", "of a project's money; of an asset's, which is offered from it; of a rule"},
      {"资金任务方向", "of a project's money; of a rule"},
      {"培育期", "the usual span of an industry; that of one plantation, which is offered from it"},
      {"使用状态", "of the asset; of a part of it"},
      {"文件摘要", "of an uploaded table; of a piece of evidence"},
      {"措施", "what is planned; on which of them is reported"},
      {"进度", "at the time of the plan; at the time of the report"},
      {"进展说明", "at the time of the plan; at the time of the report"},
      {"审核意见", "of this step"},
      {"整改时限", "of this return"},
      {"服务内容", "what a pairing is for; what was done on one visit"},
      {"答复内容", "to a flag of the audit; to an objection to a publicity"},
      {"记录类型", "of a record that is flagged; of one whose sensitive fields are looked at"},
  };
  std::map<std::string, std::map<std::string, bool>> by_label;  // label -> field -> held
  int fields = 0;
  for (const MethodDescriptor* method : FilledByHand()) {
    for (const Descriptor* message : FilledMessages(method->input_type())) {
      for (int i = 0; i < message->field_count(); ++i) {
        const FieldDescriptor& field = *message->field(i);
        if (dictionary::PurposeOf(field) != dict::FIELD_PURPOSE_INPUT) continue;
        switch (dictionary::KindOf(field)) {
          case dict::FIELD_KIND_MESSAGE:    // its fields are looked at
          case dict::FIELD_KIND_EVIDENCE:   // a file of this step
          case dict::FIELD_KIND_REFERENCE:  // which record the form is about
            continue;
          default:
            break;
        }
        ++fields;
        const options::v1::Label& label = contract::LabelOf(field);
        by_label[label.zh()][field.full_name()] = !label.held_by().empty();
      }
    }
  }
  ASSERT_GT(fields, 500);
  for (const auto& [label, fields_of] : by_label) {
    std::string open;
    int asked = 0;
    for (const auto& [field, held] : fields_of) {
      if (held) continue;
      ++asked;
      open += Cat(" ", field);
    }
    if (asked <= 1) continue;
    if (told_apart.count(label) > 0) continue;
    ADD_FAILURE() << label << " is asked for by" << open;
  }
}

}  // namespace
}  // namespace bangfu
