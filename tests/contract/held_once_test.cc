// 力戒形式主义: a datum that is held anywhere is offered, and no form asks for it again (R129).
//
// Every field that a person fills, in every rpc that writes (of masks, bulk steps and imports too),
// is compared with what is held: what Get rpcs answer, what events of the feeds carry, and what
// other forms ask for. Data are the same when an official knows them by the same word, their zh
// label, or by two words of which `held_by` says that they are one. What a field of the record that
// the form makes or changes says is that field's own; where another record has the datum the field
// says which (`held_by`), and the services' tests prove that the form's prefill offers it
// (OfferedForms). Data that only share a word are told apart at the end, field by field.
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/options/v1/labels.pb.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/dictionary/form.h"
#include "tests/contract/contracts.h"
#include "tests/contract/forms.h"

namespace bangfu {
namespace {

using dictionary::v1::FieldKind;
using ::testing::IsEmpty;
using Field = const FieldDescriptor*;
using Form = const MethodDescriptor*;
using Messages = std::set<const Descriptor*>;

// As `held_by` names it: registry.v1.Project.name.
std::string NameOf(Field field) {
  return field->full_name().substr(std::string_view("bangfu.").size());
}
// The record and field that `held_by` names; null: there is none.
Field HeldBy(const std::string& held_by) {
  const size_t dot = held_by.rfind('.');
  const Descriptor* message = DescriptorPool::generated_pool()->FindMessageTypeByName(
      Cat("bangfu.", held_by.substr(0, dot)));
  return message == nullptr ? nullptr : message->FindFieldByName(held_by.substr(dot + 1));
}

// A message that is one value to a person: what it is a value of, the field says that holds it.
bool IsValue(const Descriptor& message) {
  static const auto& values = *new std::set<std::string>{
      "bangfu.type.v1.Quantity", "bangfu.type.v1.DateRange", "bangfu.registry.v1.PrintedAmount"};
  return values.count(message.full_name()) > 0;
}
// Not which record a form is about, not a file that comes with a step, not a group of fields.
bool IsDatum(const FieldDescriptor& field) {
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
bool IsFigureOrDay(const FieldDescriptor& field) {
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
};
void AddAsked(const Descriptor& message, Form form, const std::string& held_by, Messages* above,
              std::vector<Asked>* out) {
  for (int i = 0; i < message.field_count(); ++i) {
    Field field = message.field(i);
    if (dictionary::PurposeOf(*field) != dictionary::v1::FIELD_PURPOSE_INPUT) continue;
    const std::string held = held_by.empty() ? contract::LabelOf(*field).held_by() : held_by;
    const Descriptor* type = field->message_type();
    if (IsDatum(*field)) {
      out->push_back({field, form, held});
    } else if (type != nullptr && Starts(type->full_name(), "bangfu.") &&
               dictionary::KindOf(*field) == FieldKind::FIELD_KIND_MESSAGE &&
               above->insert(type).second) {
      AddAsked(*type, form, held, above, out);
      above->erase(type);
    }
  }
}

// The rpc, and of a bulk step the one that it takes for each of many records.
std::vector<Form> Steps(Form form) {
  std::vector<Form> out = {form};
  if (!Starts(form->name(), "Batch")) return out;
  const std::string one = form->name().substr(std::string_view("Batch").size());
  for (const std::string& name : {one, one.substr(0, one.size() - 1)}) {
    if (Form step = form->service()->FindMethodByName(name); step != nullptr) out.push_back(step);
  }
  return out;
}

// The records that a form makes or changes: those that its rpc answers with.
Messages RecordsOf(Form form) {
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
  size_t holders() const { return holders_; }

  // What else holds the datum that a form asks for: by name.
  std::map<std::string, Field> Elsewhere(const Asked& asked) const {
    std::map<std::string, Field> out;
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
    const Messages& own = own_.at(asked.form);
    for (Field holder : holders) {
      if (holder == asked.field || own.count(holder->containing_type()) > 0) continue;
      if (!Takes(holder, asked.field)) out.emplace(NameOf(holder), holder);
    }
    for (const Asked* other : asked_by_word_.at(word)) {
      if (other->field == asked.field || !other->held_by.empty()) continue;
      if (own.count(other->field->containing_type()) > 0 ||
          own_.at(other->form).count(asked.field->containing_type()) > 0 ||
          SameRecord(asked.form, other->form)) {
        continue;
      }
      out.emplace(NameOf(other->field), other->field);
    }
    // What the field names as its holder, and what has the datum from there, it does not ask for
    // again. Anything else would be left out by naming something.
    if (Field named = asked.held_by.empty() ? nullptr : HeldBy(asked.held_by); named != nullptr) {
      std::erase_if(out, [&](const auto& one) { return IsOneWith(one.second, named); });
    }
    return out;
  }
  // What a form says that it takes from the record that it makes or changes itself.
  bool NamesItself(const Asked& asked) const {
    Field named = HeldBy(asked.held_by);
    return named != nullptr && own_.at(asked.form).count(named->containing_type()) > 0;
  }

 private:
  static const std::string& Word(Field field) { return contract::LabelOf(*field).zh(); }

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
      if (!Starts(method->name(), "Get") && !Starts(method->name(), "BatchGet")) continue;
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
        ++holders_;
        std::set<std::string> words = words_[field];
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
    if (const std::string& own = contract::LabelOf(*holder).held_by(); !own.empty()) {
      from.insert(own);
    }
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
  std::map<std::string, std::set<Field>> held_by_word_, held_by_name_;
  std::map<std::string, std::vector<const Asked*>> asked_by_word_;
  size_t holders_ = 0;
};

TEST(HeldOnce, R129_WhatIsSaidToBeHeldIsThere) {
  int held = 0;
  for (const MethodDescriptor* method : Writes()) {
    const dictionary::v1::Form form = dictionary::FormOf(*method, 12);
    for (const dictionary::v1::FormField& field : form.fields()) {
      if (field.held_by().empty()) continue;
      ++held;
      if (field.held_by() == "caller.name") continue;
      EXPECT_NE(HeldBy(field.held_by()), nullptr) << field.path() << ": " << field.held_by();
    }
  }
  EXPECT_GT(held, 60);
}

// A service whose forms take what is held proves its prefills: these are the services that the
// tests with OfferedForms go through (registry's dictionary_test, asset's forms_test, evaluation's
// dashboard_test).
TEST(HeldOnce, R129_WhatTakesWhatIsHeldIsProvedToBeOffered) {
  const HeldOnce contracts;
  std::set<std::string> taking;
  for (const Asked& asked : contracts.asked()) {
    if (!asked.held_by.empty()) taking.insert(asked.form->service()->full_name());
  }
  EXPECT_THAT(
      taking,
      ::testing::UnorderedElementsAre(
          "bangfu.asset.v1.AssetService", "bangfu.asset.v1.ContractService",
          "bangfu.evaluation.v1.EvaluationService", "bangfu.evaluation.v1.FactService",
          "bangfu.evaluation.v1.LedgerService", "bangfu.registry.v1.IndustryService",
          "bangfu.registry.v1.InventoryService", "bangfu.registry.v1.OperationReportService",
          "bangfu.registry.v1.ProjectService", "bangfu.registry.v1.VerificationService"));
}

// Fields near in sense to another datum that are another one. They do not share its word, so that
// the comparison finds nothing that the list below could tell apart:
//
// asset.v1.StateDueBaseRequest.base_fen 计租基数: what the lessee's books show of all the business
// that the contract takes for its base, over the whole period of the due and audited at its end.
// output_value_fen, sales_fen, revenue_fen and cost_fen of registry.v1.OperationReport: what one
// source project reports of one month. They do not add up to the base.
//
// asset.v1.AssetDetails.formed_date 建成时间: of this one asset, by its acceptance or first use.
// registry.v1.Project.actual_end 实际完工: of all the works of the project.
//
// asset.v1.Maintenance.rules 管护制度: title or number of the document that the asset is kept by.
// registry.v1.Project.om_mechanism 管护机制: who keeps the whole project, with what money and how.
//
// asset.v1.AssetOwner.uscc, asset.v1.EquityTerms.investee_name and investee_uscc: who owns the
// asset and whom the money was put into. registry.v1.Operator.name and uscc: who runs a project.

// Fields with the word of another datum, why it is another one, and the messages that hold that.
struct Other {
  const char* why;
  std::vector<const char*> fields;
  std::set<std::string> holders;
};
const std::vector<Other>& OtherData() {
  static const auto& others = *new std::vector<Other>{
      {"why this one record is void: said of it when it is made void",
       {"asset.v1.VoidAssetRequest.reason", "asset.v1.VoidContractRequest.reason",
        "asset.v1.VoidDividendRequest.reason", "evaluation.v1.VoidEvaluationRequest.reason",
        "registry.v1.VoidHelperOrganisationRequest.reason",
        "registry.v1.VoidOperatorRequest.reason", "registry.v1.VoidProjectRequest.reason",
        "registry.v1.VoidShortBoardRequest.reason", "registry.v1.VoidTechPairingRequest.reason",
        "registry.v1.VoidTrainingRecordRequest.reason"},
       {"asset.v1.VoidAssetRequest", "asset.v1.VoidContractRequest", "asset.v1.VoidDividendRequest",
        "evaluation.v1.VoidEvaluationRequest", "registry.v1.HelperOrganisation",
        "registry.v1.Operator", "registry.v1.Project", "registry.v1.ShortBoard",
        "registry.v1.TechPairing", "registry.v1.TrainingRecord",
        "registry.v1.VoidHelperOrganisationRequest", "registry.v1.VoidOperatorRequest",
        "registry.v1.VoidProjectRequest", "registry.v1.VoidShortBoardRequest",
        "registry.v1.VoidTechPairingRequest", "registry.v1.VoidTrainingRecordRequest"}},
      {"the same step, taken for one evaluation or for many at once: never for one in both",
       {"evaluation.v1.BatchAdvanceRequest.channels", "evaluation.v1.BatchAdvanceRequest.reason",
        "evaluation.v1.BatchAdvanceRequest.department",
        "evaluation.v1.StartClassPublicityRequest.channels",
        "evaluation.v1.RejectOverrideRequest.reason"},
       {"evaluation.v1.BatchAdvanceRequest", "evaluation.v1.JointSignature",
        "evaluation.v1.RejectOverrideRequest", "evaluation.v1.StartClassPublicityRequest",
        "registry.v1.BatchSignVerificationsRequest", "registry.v1.Organisation",
        "registry.v1.RequiredDepartment"}},
      {"which department signs many reports at once: there is no one report to take it from",
       {"registry.v1.BatchSignVerificationsRequest.department_code"},
       {"evaluation.v1.BatchAdvanceRequest", "evaluation.v1.JointSignature",
        "registry.v1.Organisation"}},
      {"which county, month or version the form is about: chosen, as a record is",
       {"registry.v1.EnsureIndustryRequest.region_code",
        "registry.v1.SelectLeadingIndustryRequest.region_code",
        "registry.v1.TechPairing.region_code",
        "registry.v1.ActivateTaxonomyRequest.taxonomy_version",
        "evaluation.v1.EvaluateSubjectsRequest.period",
        "evaluation.v1.StartBatchEvaluationRequest.period"},
       {"evaluation.v1.EvaluateSubjectsRequest", "evaluation.v1.Evaluation",
        "evaluation.v1.StartBatchEvaluationRequest", "registry.v1.BrandCertification",
        "registry.v1.EnsureIndustryRequest", "registry.v1.Industry", "registry.v1.IndustryCategory",
        "registry.v1.LeadingIndustry", "registry.v1.Project",
        "registry.v1.SelectLeadingIndustryRequest", "registry.v1.TechPairing",
        "registry.v1.TrainingRecord"}},
      {"defines what the others refer to: this is where it is held",
       {"registry.v1.Region.code", "registry.v1.Region.name",
        "registry.v1.IndustryCategory.taxonomy_version",
        "registry.v1.Organisation.department_code"},
       {"evaluation.v1.T14Row", "registry.v1.ActivateTaxonomyRequest", "registry.v1.Completeness",
        "registry.v1.Industry", "registry.v1.RequiredDepartment", "type.v1.GrantRegion"}},
      {"since when, until when and how surely this one row of reference data holds",
       {"registry.v1.Code.valid_from", "registry.v1.Code.valid_to", "registry.v1.Code.unconfirmed",
        "registry.v1.FundSourceDepartment.valid_from", "registry.v1.FundSourceDepartment.valid_to",
        "registry.v1.FundSourceDepartment.unconfirmed", "registry.v1.IndustryCategory.unconfirmed"},
       {"dictionary.v1.DictionaryItem", "registry.v1.Code", "registry.v1.FundSourceDepartment",
        "registry.v1.IndustryCategory", "registry.v1.Parameter"}},
      {"the money of a project; the money that a rule is for",
       {"registry.v1.DeclaredFunding.source_code", "asset.v1.AssetFunding.source_code",
        "registry.v1.DeclaredFunding.task_code", "registry.v1.FundSourceDepartment.source_code",
        "registry.v1.FundSourceDepartment.task_code"},
       {"asset.v1.AssetFunding", "registry.v1.DeclaredFunding",
        "registry.v1.FundSourceDepartment"}},
      {"one project's amount; what a class of projects sums up to",
       {"registry.v1.DeclaredFunding.amount", "asset.v1.AssetFunding.amount_fen"},
       {"evaluation.v1.ClassFigure"}},
      {"told once when it is registered; its monthly reports are offered it and go on from there",
       {"registry.v1.Project.workers", "registry.v1.OperationReport.workers",
        "asset.v1.RecordEmploymentRequest.workers"},
       {"registry.v1.OperationReport", "registry.v1.Project"}},
      {"the first record of it: the other service counts it up from here",
       {"registry.v1.OperationReport.person_days", "registry.v1.OperationReport.poor_person_days",
        "registry.v1.OperationReport.wages_fen", "registry.v1.Project.planting_date",
        "asset.v1.UseReportInput.idle_since", "registry.v1.TechPairing.visits",
        "registry.v1.TrainingRecord.persons", "registry.v1.TrainingRecord.poor_labour_persons"},
       {"asset.v1.MonthlyFacts", "asset.v1.ProjectAssetFacts", "registry.v1.ServiceSummary"}},
      {"what the document of this project prints; an asset's row is another document's",
       {"registry.v1.RawText.field", "registry.v1.RawText.text", "registry.v1.RawText.parse_state",
        "registry.v1.RawText.understood"},
       {"asset.v1.AssetRawText"}},
      {"what others see of it, summed up out of what this form asks for",
       {"asset.v1.AssetDetails.planting_date", "asset.v1.RecordEmploymentRequest.person_days",
        "asset.v1.RecordEmploymentRequest.poor_person_days",
        "asset.v1.RecordEmploymentRequest.wages_fen", "asset.v1.RecordIncomeRequest.received_fen",
        "registry.v1.SubmitUnitReportRequest.is_nil"},
       {"asset.v1.MonthlyFacts", "asset.v1.OperatingContract", "asset.v1.ProjectAssetFacts",
        "evaluation.v1.T14Row", "registry.v1.Completeness", "registry.v1.Industry"}},
      {"the operator of this contract; another contract may be another one's",
       {"asset.v1.ContractTerms.operator_name", "asset.v1.ContractTerms.operator_uscc",
        "asset.v1.RecordLinkageRequest.operator_name",
        "asset.v1.RecordLinkageRequest.operator_uscc"},
       {"asset.v1.ContractTerms", "asset.v1.LinkageContract"}},
      {"which due of the contract the form is about: chosen, as a record is",
       {"asset.v1.RecordIncomeRequest.due_no"},
       {"asset.v1.StateDueBaseRequest"}},
      {"an expert's own opinion; what the panel then settles on",
       {"evaluation.v1.ExpertScore.cause"},
       {"evaluation.v1.ArgumentRecord", "evaluation.v1.MeasurePlan"}},
      {"which of the departments that this record waits for signs",
       {"evaluation.v1.SignJointlyRequest.department",
        "registry.v1.SignVerificationRequest.department_code"},
       {"evaluation.v1.BatchAdvanceRequest", "evaluation.v1.JointSignature",
        "registry.v1.BatchSignVerificationsRequest", "registry.v1.Organisation",
        "registry.v1.RequiredDepartment"}},
      {"where a project is as its document prints it; the name of a region",
       {"registry.v1.Project.region_text"},
       {"registry.v1.Completeness", "type.v1.GrantRegion"}},
      {"marks this record as made by the sample generator",
       {"intake.v1.BeginImportRequest.sample", "registry.v1.EnsureIndustryRequest.is_sample",
        "registry.v1.OperationReport.is_sample", "registry.v1.Operator.is_sample",
        "registry.v1.Project.is_sample"},
       {"intake.v1.BeginImportRequest", "registry.v1.EnsureIndustryRequest", "registry.v1.Industry",
        "registry.v1.OperationReport", "registry.v1.Operator", "registry.v1.Project"}},
  };
  return others;
}

TEST(HeldOnce, R129_NoFormAsksForWhatIsHeldElsewhere) {
  const HeldOnce contracts;
  EXPECT_GT(contracts.asked().size(), 600u);
  EXPECT_GT(contracts.holders(), 1000u);
  std::map<std::string, const Other*> others;
  for (const Other& other : OtherData()) {
    for (const char* field : other.fields) {
      EXPECT_TRUE(others.emplace(field, &other).second) << field << " is told apart twice";
    }
  }
  std::set<std::string> told_apart;
  std::map<const Other*, std::set<std::string>> told_apart_from;
  std::map<std::string, std::set<std::string>> again;
  for (const Asked& asked : contracts.asked()) {
    const std::string name = NameOf(asked.field);
    const auto known = others.find(name);
    for (const auto& [holder, field] : contracts.Elsewhere(asked)) {
      const std::string message = holder.substr(0, holder.rfind('.'));
      if (known == others.end() || known->second->holders.count(message) == 0) {
        again[name].insert(holder);
        continue;
      }
      told_apart.insert(name);
      told_apart_from[known->second].insert(message);
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
  for (const Other& other : OtherData()) {
    for (const std::string& holder : other.holders) {
      if (told_apart_from[&other].count(holder) == 0) unused.insert(Cat(holder, ": ", other.why));
    }
  }
  EXPECT_THAT(unused, IsEmpty()) << "told apart from nothing";
}

// A field of which its own record is said to be the holder is offered nothing new by that: each is
// one that the record carries on from an earlier step, or from an earlier record of its kind.
TEST(HeldOnce, R129_WhatNamesItsOwnRecordIsKnown) {
  const HeldOnce contracts;
  std::set<std::string> own;
  for (const Asked& asked : contracts.asked()) {
    if (contracts.NamesItself(asked)) own.insert(Cat(NameOf(asked.field), " of ", asked.held_by));
  }
  EXPECT_THAT(
      own,
      ::testing::UnorderedElementsAre(
          "asset.v1.PayDividendRequest.paid_fen of asset.v1.Dividend.declared_fen",
          "asset.v1.UpdateLinkageCountsRequest.households of asset.v1.LinkageContract.households",
          "asset.v1.UpdateLinkageCountsRequest.monitored_households of "
          "asset.v1.LinkageContract.monitored_households",
          "asset.v1.UpdateLinkageCountsRequest.poor_households of "
          "asset.v1.LinkageContract.poor_households",
          "evaluation.v1.DispatchFigure.code of evaluation.v1.DispatchFigure.code",
          "evaluation.v1.DispatchFigure.group of evaluation.v1.DispatchFigure.group",
          "evaluation.v1.DispatchFigure.unit of evaluation.v1.DispatchFigure.unit",
          "evaluation.v1.ExpertScore.cause of evaluation.v1.ExpertScore.cause",
          "evaluation.v1.ExpertScore.market_outlook of evaluation.v1.ExpertScore.market_outlook",
          "evaluation.v1.ExpertScore.opinion of evaluation.v1.ExpertScore.opinion",
          "evaluation.v1.ExpertScore.resource_basis of evaluation.v1.ExpertScore.resource_basis",
          "evaluation.v1.ExpertScore.tech_backward of evaluation.v1.ExpertScore.tech_backward",
          "evaluation.v1.SignJointlyRequest.department of evaluation.v1.JointSignature.department",
          "registry.v1.OperationReport.off_season of registry.v1.OperationReport.off_season",
          "registry.v1.OperationReport.poor_workers of registry.v1.OperationReport.poor_workers",
          "registry.v1.OperationReport.workers of registry.v1.OperationReport.workers",
          "registry.v1.SaveUnitReportDraftRequest.note of registry.v1.InventoryUnitReport.note",
          "registry.v1.SaveUnitReportDraftRequest.signatory of "
          "registry.v1.InventoryUnitReport.signatory",
          "registry.v1.SignVerificationRequest.department_code of "
          "registry.v1.RequiredDepartment.department_code",
          "registry.v1.SubmitUnitReportRequest.is_nil of "
          "registry.v1.InventoryUnitReport.project_count",
          "registry.v1.SubmitUnitReportRequest.note of registry.v1.InventoryUnitReport.note",
          "registry.v1.SubmitUnitReportRequest.signatory of "
          "registry.v1.InventoryUnitReport.signatory"));
}

// That a hole is found: had a form no `held_by` where it takes a datum from another record, the
// comparison would name that record.
TEST(HeldOnce, R129_WhatIsOfferedWouldBeFoundIfItWereNot) {
  const HeldOnce contracts;
  std::map<std::string, std::set<std::string>> found;
  for (Asked asked : contracts.asked()) {
    if (asked.held_by.empty()) continue;
    asked.held_by.clear();
    for (const auto& [name, holder] : contracts.Elsewhere(asked)) {
      found[NameOf(asked.field)].insert(name);
    }
  }
  for (const auto& [field, holder] : std::map<std::string, std::string>{
           // By one word, in what a Get answers and what an event carries.
           {"asset.v1.AssetDetails.latitude_e7", "registry.v1.Project.latitude_e7"},
           {"asset.v1.RecordEmploymentRequest.wages_fen", "registry.v1.OperationReport.wages_fen"},
           // By two words that are declared one.
           {"asset.v1.AssetDetails.planting_date", "registry.v1.Project.planting_date"},
           {"asset.v1.RecordLinkageRequest.operator_name", "registry.v1.Operator.name"},
           {"registry.v1.BrandCertification.holder", "registry.v1.Operator.name"},
       }) {
    EXPECT_EQ(found[field].count(holder), 1u) << field << " is held by " << holder;
  }
}

}  // namespace
}  // namespace bangfu
