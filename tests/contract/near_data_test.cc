// 力戒形式主义: a datum that is held anywhere is offered, whatever a form calls it (R129).
//
// held_once_test.cc compares what forms ask for with what is held by the same word. Here stand the
// data that are near without sharing it: what says who or where something is, whatever it is called
// (codes, positions, names, places); figures, days and short texts whose words are alike; and those
// whose words have nothing in common, which somebody who knows the records has to name. Each is
// told apart, with the reason and the records that hold it, or is offered from there (`held_by`).
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bangfu/options/v1/rules.pb.h"
#include "tests/contract/held_once.h"

namespace bangfu {
namespace {

using Found = std::map<std::string, Field>;

const options::v1::FieldRules& RulesOf(Field field) {
  return field->options().GetExtension(options::v1::rules);
}
bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// What a field identifies: "uscc", "phone", "id_card", "bank_account", "latitude", "longitude",
// "account", "person", or "party", which is an organisation or whoever may stand in its place;
// empty: none of these. By its shape where the contract gives one, else by its name or the word
// that forms have for it. A digest is none: the client takes it of the bytes that it sends.
std::string IdentityOf(Field field, const std::string& word) {
  const std::string& name = field->name();
  if (RulesOf(field).shape() == options::v1::SHAPE_USCC || Ends(name, "uscc") ||
      Ends(name, "usccs")) {
    return "uscc";
  }
  for (const char* degree : {"latitude", "longitude"}) {
    if (Has(name, degree)) return degree;
  }
  if (dictionary::KindOf(*field) != FieldKind::FIELD_KIND_TEXT ||
      RulesOf(field).shape() != options::v1::SHAPE_UNSPECIFIED || Has(name, "region") ||
      name == "id") {
    return "";
  }
  static const auto& numbers = *new std::vector<std::pair<const char*, const char*>>{
      {"电话", "phone"},       {"手机", "phone"},        {"身份证", "id_card"},
      {"证件号", "id_card"},   {"银行", "bank_account"}, {"账户", "bank_account"},
      {"卡号", "bank_account"}};
  for (const auto& [part, identity] : numbers) {
    if (Has(word, part)) return identity;
  }
  // 单位 is a unit of measure as well.
  if (name == "unit" || Ends(name, "money_unit")) return "";
  static const auto& ends = *new std::vector<std::pair<const char*, const char*>>{
      {"权人", "party"},     {"持有人", "party"},   {"人名称", "party"},   {"单位", "party"},
      {"单位名称", "party"}, {"主体", "party"},     {"主体名称", "party"}, {"主体原文", "party"},
      {"机构", "party"},     {"机构名称", "party"}, {"部门", "party"},     {"部门名称", "party"},
      {"团队", "party"},     {"甲方", "party"},     {"权属", "party"},     {"标识", "account"},
      {"账号", "account"},   {"人", "person"},      {"人员", "person"},    {"姓名", "person"}};
  for (const auto& [end, identity] : ends) {
    if (Ends(word, end)) return identity;
  }
  return "";
}

// The sort of figure, day or short text that a field holds; empty: another.
std::string SortOf(Field field) {
  switch (dictionary::KindOf(*field)) {
    case FieldKind::FIELD_KIND_MONEY_FEN:
      return "money";
    case FieldKind::FIELD_KIND_RATIO_BP:
      return "ratio";
    case FieldKind::FIELD_KIND_DATE:
    case FieldKind::FIELD_KIND_INSTANT:
      return "day";
    case FieldKind::FIELD_KIND_INTEGER:
      return contract::LabelOf(*field).unit() == "分" ? "money" : "count";
    case FieldKind::FIELD_KIND_TEXT:
      return "text";
    case FieldKind::FIELD_KIND_MESSAGE:
      if (field->message_type()->name() == "PrintedAmount") return "money";
      return field->message_type()->name() == "DateRange" ? "day" : "count";
    default:
      return "";
  }
}

// Two characters each that follow one another in a word, without what any datum could be called.
std::set<std::string> PairsOf(std::string word) {
  for (const std::string_view generic : {"时间", "日期", "期限", "时限", "金额", "名称", "编号",
                                         "情况", "说明", "其中", "（", "）", "(", ")"}) {
    for (size_t at = word.find(generic); at != std::string::npos; at = word.find(generic)) {
      word.erase(at, generic.size());
    }
  }
  std::vector<std::string> characters;
  for (const char byte : word) {
    const bool continues = (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
    if (!continues) characters.emplace_back();
    characters.back() += byte;
  }
  std::set<std::string> out;
  if (characters.size() == 1) out.insert(characters[0]);
  for (size_t i = 1; i < characters.size(); ++i) out.insert(characters[i - 1] + characters[i]);
  return out;
}
// Twice the pairs that both words have, of all that they have (Dice). A word with one character
// more is near (产值, 年产值: 0.67); with two more it is mostly another datum (人数, 培训人数:
// 0.5). At 0.5 three times as many fields would have to be told apart, from data that nobody takes
// for theirs.
constexpr double kNear = 0.6;
bool AreNear(const std::string& a, const std::string& b) {
  static auto& pairs = *new std::map<std::string, std::set<std::string>>;
  const auto of = [&](const std::string& word) -> const std::set<std::string>& {
    const auto it = pairs.find(word);
    return it != pairs.end() ? it->second : pairs.emplace(word, PairsOf(word)).first->second;
  };
  const std::set<std::string>& left = of(a);
  const std::set<std::string>& right = of(b);
  if (left.empty() || right.empty()) return false;
  const auto both = std::count_if(left.begin(), left.end(),
                                  [&](const std::string& pair) { return right.count(pair) > 0; });
  return 2.0 * static_cast<double>(both) >= kNear * static_cast<double>(left.size() + right.size());
}

// Of the shape of what the form asks for, in another record.
Found OfOneShape(const HeldOnce& contracts, const Asked& asked) {
  const std::string identity = IdentityOf(asked.field, HeldOnce::Word(asked.field));
  if (identity.empty()) return {};
  return contracts.Near(asked, [&](Field holder, const std::string& word) {
    return IdentityOf(holder, word) == identity;
  });
}
// The names of persons and organisations have no shape of their own: they are told apart by what
// the one who is named has to do with the record.
bool IsName(const Asked& asked) {
  const std::string identity = IdentityOf(asked.field, HeldOnce::Word(asked.field));
  return identity == "party" || identity == "person" || identity == "account";
}

// Called nearly as what the form asks for is, in another record; what is of one shape is above.
Found CalledAlike(const HeldOnce& contracts, const Asked& asked) {
  const std::string& asked_word = HeldOnce::Word(asked.field);
  const std::string sort = SortOf(asked.field);
  if (sort.empty() || asked_word.empty() || !IdentityOf(asked.field, asked_word).empty()) return {};
  return contracts.Near(asked, [&](Field holder, const std::string& word) {
    return word != asked_word && SortOf(holder) == sort && AreNear(asked_word, word);
  });
}
// What is called the same, or declared to be the same, is told apart in held_once_test.cc.
Found OfNearWords(const HeldOnce& contracts, const Asked& asked) {
  Found out = CalledAlike(contracts, asked);
  for (const auto& [name, holder] : contracts.Elsewhere(asked)) out.erase(name);
  return out;
}

// Whether the form names a record, which lies somewhere, and asks for a region besides.
bool AsksWhereARecordLies(const Asked& asked) {
  if (dictionary::KindOf(*asked.field) != FieldKind::FIELD_KIND_REGION || !asked.held_by.empty()) {
    return false;
  }
  for (const Descriptor* message : FilledMessages(asked.form->input_type())) {
    if (message->name() == "Evidence") continue;
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor& field = *message->field(i);
      if (dictionary::KindOf(field) == FieldKind::FIELD_KIND_REFERENCE && field.name() != "id" &&
          dictionary::PurposeOf(field) == dictionary::v1::FIELD_PURPOSE_INPUT) {
        return true;
      }
    }
  }
  return false;
}

// Codes and coordinates: whose or what they are is another than in the records named.
const std::vector<Other>& OtherIdentities() {
  static const auto& others = *new std::vector<Other>{
      {"whoever runs a project is offered from its record; an owner, a helper or a related party "
       "is another",
       {"asset.v1.AssetDetails.operator_uscc", "asset.v1.ContractTerms.operator_uscc",
        "asset.v1.RecordLinkageRequest.operator_uscc"},
       {"asset.v1.AssetOwner", "asset.v1.ContractTerms", "asset.v1.EquityTerms",
        "asset.v1.LinkageContract", "asset.v1.OperatorCompliance", "registry.v1.Organisation",
        "registry.v1.RelatedParty"}},
      {"who owns the asset, or whom the money was put into: not whoever runs a project or an "
       "office",
       {"asset.v1.AssetOwner.uscc", "asset.v1.EquityTerms.investee_uscc"},
       {"asset.v1.ContractTerms", "asset.v1.LinkageContract", "asset.v1.OperatorCompliance",
        "registry.v1.Operator", "registry.v1.Organisation", "registry.v1.RelatedParty"}},
      {"defines whom the other records refer to: an operator, an office, or a party related to an "
       "operator",
       {"registry.v1.Operator.uscc", "registry.v1.Organisation.uscc",
        "registry.v1.RelatedParty.uscc"},
       {"asset.v1.AssetDetails", "asset.v1.AssetOwner", "asset.v1.ContractTerms",
        "asset.v1.EquityTerms", "asset.v1.LinkageContract", "asset.v1.OperatorCompliance",
        "registry.v1.Operator", "registry.v1.Organisation", "registry.v1.RelatedParty"}},
      {"where a photograph was taken, by the camera; where the thing itself lies",
       {"blob.v1.BeginUploadRequest.latitude_e7", "blob.v1.BeginUploadRequest.longitude_e7",
        "registry.v1.Project.latitude_e7", "registry.v1.Project.longitude_e7"},
       {"asset.v1.AssetDetails", "blob.v1.BeginUploadRequest", "blob.v1.Blob",
        "registry.v1.ContentItem", "registry.v1.Project"}},
      {"where this one thing lies: a project has several works and assets, each at its own place",
       {"asset.v1.AssetDetails.latitude_e7", "asset.v1.AssetDetails.longitude_e7",
        "registry.v1.ContentItem.site_latitude_e7", "registry.v1.ContentItem.site_longitude_e7"},
       {"asset.v1.AssetDetails", "blob.v1.BeginUploadRequest", "blob.v1.Blob",
        "registry.v1.ContentItem"}},
  };
  return others;
}

// Names: what the one who is named has to do with this record, which no other record says.
const std::vector<Other>& OtherNames() {
  static const auto& others = *new std::vector<Other>{
      {"what this asset is to somebody: owned, used, kept, run, taken over or invested in. Its "
       "owner and its operator are offered from the project; nobody else is on record before",
       {"asset.v1.AssetDetails.operator_name", "asset.v1.AssetDetails.use_right_holder",
        "asset.v1.AssetOwner.name", "asset.v1.EquityTerms.investee_name",
        "asset.v1.IncomeRightHolder.name", "asset.v1.Maintenance.person",
        "asset.v1.BatchHandOverRequest.custodian", "asset.v1.HandOverRequest.custodian",
        "asset.v1.RegisterAssetRequest.custodian", "asset.v1.BatchHandOverRequest.accepted_by",
        "asset.v1.HandOverRequest.accepted_by"},
       {}},
      {"a party to this contract, link or brand: offered from the asset or the project; whoever "
       "another record names is another",
       {"asset.v1.ContractTerms.operator_name", "asset.v1.ContractTerms.owner_party",
        "asset.v1.PayeeShare.name", "asset.v1.RecordLinkageRequest.operator_name",
        "registry.v1.BrandCertification.holder"},
       {}},
      {"who appraises, signs or is to see to it in this one evaluation: chosen for it",
       {"evaluation.v1.Appraisal.appraiser_org", "evaluation.v1.BatchAdvanceRequest.department",
        "evaluation.v1.SignJointlyRequest.department",
        "evaluation.v1.MeasurePlan.responsible_person",
        "evaluation.v1.MeasurePlan.responsible_unit"},
       {}},
      {"whom a panel consists of: chosen expert by expert, with the name and the house that the "
       "record prints and they sign; a grant names a person for one role in one region",
       {"evaluation.v1.PanelMember.name", "evaluation.v1.PanelMember.organisation",
        "evaluation.v1.PanelMember.person"},
       {}},
      {"who stands in the documents of this project, as they print it",
       {"registry.v1.Project.implementing_org", "registry.v1.Project.operator_text",
        "registry.v1.Project.planned_owner", "registry.v1.Project.supervising_dept"},
       {}},
      {"who serves, teaches, fills in or signs here: offered from the caller or the draft where "
       "there is one",
       {"registry.v1.TechPairing.institution", "registry.v1.TechPairing.team_name",
        "registry.v1.PairingVisit.visitor", "registry.v1.Project.filler_name",
        "registry.v1.SaveUnitReportDraftRequest.signatory",
        "registry.v1.SubmitUnitReportRequest.signatory"},
       {}},
      {"defines whom the other records refer to",
       {"registry.v1.HelperOrganisation.name", "registry.v1.Operator.name",
        "registry.v1.Organisation.name", "type.v1.Grant.person", "type.v1.Grant.person_name"},
       {}},
      {"whom the caller chooses: to act in its place, or to look for in the audit",
       {"registry.v1.DelegateGrantRequest.person", "registry.v1.DelegateGrantRequest.person_name",
        "audit.v1.ExportAuditRequest.delegated_by", "audit.v1.ExportAuditRequest.subject"},
       {}},
      {"who objects: anybody, and seldom one whom a record names",
       {"publicity.v1.RaiseObjectionRequest.raised_by"},
       {}},
  };
  return others;
}
// The records that name somebody.
const std::set<std::string>& WhoAreNamed() {
  using Records = std::set<std::string>;
  static const auto& records = *new Records{"asset.v1.Asset",
                                            "asset.v1.AssetDetails",
                                            "asset.v1.AssetOwner",
                                            "asset.v1.BatchHandOverRequest",
                                            "asset.v1.ContractTerms",
                                            "asset.v1.EquityTerms",
                                            "asset.v1.HandOverRequest",
                                            "asset.v1.IncomeRightHolder",
                                            "asset.v1.LinkageContract",
                                            "asset.v1.Maintenance",
                                            "asset.v1.PayeeShare",
                                            "asset.v1.RegisterAssetRequest",
                                            "audit.v1.ExportAuditRequest",
                                            "evaluation.v1.Appraisal",
                                            "evaluation.v1.BatchAdvanceRequest",
                                            "evaluation.v1.JointSignature",
                                            "evaluation.v1.MeasurePlan",
                                            "evaluation.v1.PanelMember",
                                            "publicity.v1.Objection",
                                            "publicity.v1.RaiseObjectionRequest",
                                            "registry.v1.BrandCertification",
                                            "registry.v1.DelegateGrantRequest",
                                            "registry.v1.HelperOrganisation",
                                            "registry.v1.InventoryUnitReport",
                                            "registry.v1.Operator",
                                            "registry.v1.Organisation",
                                            "registry.v1.PairingVisit",
                                            "registry.v1.Project",
                                            "registry.v1.RequiredDepartment",
                                            "registry.v1.TechPairing",
                                            "type.v1.DelegationSource",
                                            "type.v1.Grant"};
  return records;
}

// Regions asked for beside a record, and why they are not where that record lies.
const std::map<std::string, std::string>& OtherPlaces() {
  static const auto& others = *new std::map<std::string, std::string>{
      {"audit.v1.ExportAuditRequest.region_code",
       "which entries are taken out: of a region, or of a record"},
      {"intake.v1.BeginImportRequest.region_code",
       "whose table it is: a campaign covers many regions"},
      {"notice.v1.IssueSupervisionNoticesRequest.region_codes",
       "who gets the notice: one at or above the place of the record"},
      {"registry.v1.ConfirmProvinceRequest.region_code",
       "which city's reports of the campaign are confirmed"},
      {"registry.v1.ContentItem.site_region_code",
       "where this one work is: left empty, it is where the project is"},
      {"registry.v1.CoveredRegion.region_code", "which further villages the project covers"},
      {"registry.v1.DrawSampleRequest.region_code", "whose reports of the campaign are sampled"},
      {"registry.v1.GrantLockExceptionRequest.region_code", "who may still report in the campaign"},
      {"registry.v1.Project.region_code",
       "where the project is: its campaign covers many villages, its operator is registered "
       "anywhere"},
  };
  return others;
}

const std::vector<Other>& OtherNearWords() {
  static const auto& others = *new std::vector<Other>{
      {"the voucher of this one payment: another payment has its own",
       {"asset.v1.PayDividendRequest.voucher_no", "asset.v1.RecordIncomeRequest.voucher_no"},
       {"asset.v1.IncomeRecord", "asset.v1.PayDividendRequest", "asset.v1.RecordIncomeRequest"}},
      {"of the persons or days that the other record counts, a part of its own, or days of persons",
       {"asset.v1.RecordEmploymentRequest.monitored_workers",
        "asset.v1.RecordEmploymentRequest.poor_person_days",
        "asset.v1.RecordEmploymentRequest.poor_workers", "asset.v1.RecordEmploymentRequest.workers",
        "registry.v1.OperationReport.person_days", "registry.v1.OperationReport.workers",
        "registry.v1.Project.workers"},
       {"asset.v1.EmploymentRecord", "asset.v1.RecordEmploymentRequest",
        "registry.v1.OperationReport", "registry.v1.Project"}},
      {"of one month, as it was; of a year, as the table of the inventory prints it",
       {"registry.v1.OperationReport.output_value_fen", "registry.v1.Project.annual_output_value"},
       {"registry.v1.OperationReport", "registry.v1.Project"}},
      {"since when, or from when to when, of two different things",
       {"asset.v1.UseReportInput.since", "audit.v1.ExportAuditRequest.from",
        "audit.v1.ExportAuditRequest.to"},
       {"asset.v1.UseReportInput", "audit.v1.ExportAuditRequest", "period.v1.Period"}},
      {"which kind of record is meant: chosen with the record",
       {"audit.v1.ExportAuditRequest.aggregate_type", "audit.v1.FlagRecordRequest.subject_type",
        "audit.v1.RevealSensitiveRequest.aggregate_type",
        "notice.v1.IssueSupervisionNoticesRequest.subject_type"},
       {"audit.v1.ExportAuditRequest", "audit.v1.FlagRecordRequest", "audit.v1.RecordFlag",
        "audit.v1.RevealSensitiveRequest", "notice.v1.IssueSupervisionNoticesRequest",
        "notice.v1.SupervisionNotice"}},
      {"until when, or from when, this one paper, permission or rule is good",
       {"evaluation.v1.Appraisal.valid_to", "evaluation.v1.ActivateCriteriaRequest.effective_from",
        "registry.v1.BrandCertification.expires_on", "registry.v1.Qualification.expires_on",
        "type.v1.Grant.valid_from"},
       {"evaluation.v1.ActivateCriteriaRequest", "evaluation.v1.Appraisal",
        "evaluation.v1.CriteriaSet", "evaluation.v1.Override", "registry.v1.BrandCertification",
        "registry.v1.Qualification", "type.v1.Grant"}},
      {"the client's name for one file; a campaign's own name",
       {"intake.v1.BeginImportRequest.batch_id", "registry.v1.InventoryCampaign.name"},
       {"intake.v1.BeginImportRequest", "intake.v1.Import", "registry.v1.InventoryCampaign"}},
      {"defines what the others refer to: this is where it is held",
       {"registry.v1.ActivateTaxonomyRequest.taxonomy_version",
        "registry.v1.IndustryCategory.taxonomy_version", "registry.v1.IndustryCategory.name",
        "registry.v1.IndustryCategory.parent_code", "registry.v1.Region.name",
        "registry.v1.Code.code", "registry.v1.Code.name_zh"},
       {"inbox.v1.WorkItem", "registry.v1.CodeList", "registry.v1.Industry",
        "registry.v1.LeadingIndustry", "registry.v1.Project"}},
      {"what the campaign lays down for all samples and reports; one sample departs from it, or a "
       "report was done on a day. Left empty, a sample's rate is the campaign's",
       {"registry.v1.DrawSampleRequest.rate_bp", "registry.v1.InventoryCampaign.city_sample_bp",
        "registry.v1.InventoryCampaign.province_sample_bp",
        "registry.v1.InventoryCampaign.issue_rate_limit_bp",
        "registry.v1.InventoryCampaign.county_deadline",
        "registry.v1.InventoryCampaign.township_deadline"},
       {"registry.v1.DrawSampleRequest", "registry.v1.InventoryCampaign",
        "registry.v1.InventoryUnitReport", "registry.v1.Sample"}},
      {"when a short board is, or is to be, made good; when a village's check was done, or its "
       "report is due",
       {"registry.v1.CompleteShortBoardRequest.completed_on", "registry.v1.ShortBoard.due_on"},
       {"registry.v1.OverdueUnit", "registry.v1.VerificationTask"}},
      {"what the project is called; which projects a check is of",
       {"registry.v1.Project.name"},
       {"registry.v1.MissingReport", "registry.v1.VerificationTask"}},
  };
  return others;
}

// Data that could be taken for one and whose words have nothing in common: what a form asks for,
// what is held, and why they are two.
struct Two {
  const char* why;
  std::vector<const char*> asked;
  std::vector<const char*> held;
};
const std::vector<Two>& OfOtherWords() {
  static const auto& two = *new std::vector<Two>{
      {"what the lessee's books show of all the business that the contract takes for its base, "
       "over the whole period of the due and audited at its end; what one source project reports "
       "of one month. They do not add up to the base",
       {"asset.v1.StateDueBaseRequest.base_fen"},
       {"registry.v1.OperationReport.output_value_fen", "registry.v1.OperationReport.sales_fen",
        "registry.v1.OperationReport.revenue_fen", "registry.v1.OperationReport.cost_fen"}},
      {"of this one asset, by its acceptance or first use; of all the works of the project",
       {"asset.v1.AssetDetails.formed_date", "asset.v1.UseReportInput.since"},
       {"registry.v1.Project.actual_end", "registry.v1.Project.production_start_date"}},
      {"the document that the asset is kept by, who keeps it and with what money; how the whole "
       "project is to be kept, in one text",
       {"asset.v1.Maintenance.rules", "asset.v1.Maintenance.person",
        "asset.v1.Maintenance.fund_source"},
       {"registry.v1.Project.om_mechanism"}},
      {"what this one asset is worth, without consumables; what was given or planned for the "
       "project, which forms several",
       {"asset.v1.AssetDetails.original_value_fen"},
       {"registry.v1.Project.declared_total_fen", "registry.v1.Project.public_total_fen",
        "registry.v1.Project.planned_total", "registry.v1.ContentItem.budget_fen"}},
      {"what and how much this one asset is; what and how much was to be built, item by item, and "
       "which items it came from is not on record",
       {"asset.v1.AssetDetails.category_code", "asset.v1.AssetDetails.quantity",
        "asset.v1.AssetDetails.storage_milli_cubic_metre",
        "asset.v1.AssetDetails.storage_milli_tonne"},
       {"registry.v1.ContentItem.category_code", "registry.v1.ContentItem.quantity",
        "registry.v1.Project.design_capacity"}},
      {"the way to the asset in its village; county, township and village as a document prints "
       "them",
       {"asset.v1.AssetDetails.address"},
       {"registry.v1.Project.region_text"}},
      {"who has which part of the income; how it is to be shared out, in one text",
       {"asset.v1.IncomeRightHolder.share_bp", "asset.v1.DeclareDividendRequest.use"},
       {"registry.v1.Project.distribution_plan"}},
      {"what the contract promises the owner; what the inventory's table prints of the project's "
       "year",
       {"asset.v1.ScheduleStep.fixed_fen_per_year"},
       {"registry.v1.Project.annual_income", "registry.v1.Project.annual_output_value"}},
      {"what the parties to this contract are to each other; who is related to the operator at all",
       {"asset.v1.ContractTerms.relation_note"},
       {"registry.v1.RelatedParty.relation", "registry.v1.RelatedParty.source"}},
      {"how long an operator is bound to households; how long the asset is let",
       {"asset.v1.RecordLinkageRequest.start_date", "asset.v1.RecordLinkageRequest.end_date"},
       {"asset.v1.ContractTerms.start_date", "asset.v1.ContractTerms.end_date"}},
      {"all that the households of one link got in a month, for whatever reason; the dividend of "
       "one asset, a month's wages in one project",
       {"asset.v1.RecordLinkageIncomeRequest.paid_fen"},
       {"asset.v1.Dividend.paid_fen", "asset.v1.EmploymentRecord.wages_fen",
        "registry.v1.OperationReport.wages_fen"}},
      {"the day on which the money came; the day on which it was due",
       {"asset.v1.RecordIncomeRequest.received_on"},
       {"asset.v1.IncomeDue.due_date"}},
      {"what the business took in a month or a year; what the owner of the asset received of it",
       {"registry.v1.OperationReport.revenue_fen", "registry.v1.Project.annual_income"},
       {"asset.v1.IncomeRecord.received_fen", "asset.v1.IncomeDue.due_fen"}},
      {"the year as a table prints it; the months as they were reported",
       {"registry.v1.Project.annual_income"},
       {"registry.v1.OperationReport.revenue_fen"}},
      {"days of the month on which the project stood still; since when an asset is not used",
       {"registry.v1.OperationReport.stop_days"},
       {"asset.v1.UseReport.idle_since"}},
      {"what building by 以工代赈 is to pay out; what running it paid in a month",
       {"registry.v1.Project.planned_labor_pay_fen"},
       {"registry.v1.OperationReport.wages_fen", "asset.v1.EmploymentRecord.wages_fen"}},
      {"what the village says is wrong; one short board, with its kind, its target and its day",
       {"registry.v1.Project.problems"},
       {"registry.v1.ShortBoard.description"}},
      {"how and by when one short board is made good; how and by when a project in the ledger gets "
       "out of its difficulty",
       {"registry.v1.ShortBoard.target", "registry.v1.ShortBoard.due_on"},
       {"evaluation.v1.PlannedMeasure.description", "evaluation.v1.MeasurePlan.due"}},
      {"when a short board was made good or a link of the chain was there, by whatever did it; "
       "when the works of one project ended or went into production",
       {"registry.v1.CompleteShortBoardRequest.completed_on", "registry.v1.PresentLink.since"},
       {"registry.v1.Project.actual_end", "registry.v1.Project.production_start_date"}},
      {"what one unit gave in a year, in money, purchases or persons; the money of a project, "
       "those who were taught",
       {"registry.v1.HelperContribution.amount_fen", "registry.v1.HelperContribution.persons"},
       {"registry.v1.DeclaredFunding.amount", "registry.v1.TrainingRecord.persons"}},
      {"what the measures need from now on; what the project was given or planned with",
       {"evaluation.v1.MeasurePlan.fund_need_fen"},
       {"registry.v1.Project.planned_total", "registry.v1.ContentItem.budget_fen"}},
      {"the class that a panel names or that is proposed in place of ours; the one that a table "
       "claims",
       {"evaluation.v1.ArgumentRecord.named_class",
        "evaluation.v1.ProposeOverrideRequest.to_class"},
       {"registry.v1.Project.claimed_class"}},
      {"the day of one expert's scores; the day of the panel",
       {"evaluation.v1.ExpertScore.scored_on"},
       {"evaluation.v1.ArgumentRecord.argued_on"}},
      {"a county's figure of the month that no record says: what records say is refused here "
       "(DISPATCH_FIGURE_HELD)",
       {"evaluation.v1.DispatchFigure.value"},
       {"registry.v1.OperationReport.sales_fen", "registry.v1.OperationReport.output_value_fen",
        "registry.v1.TrainingRecord.persons"}},
      {"a term of its own for what was sent back; the terms of the whole campaign",
       {"registry.v1.ReturnUnitReportRequest.due_on", "registry.v1.RecallUnitReportRequest.due_on"},
       {"registry.v1.InventoryCampaign.village_deadline",
        "registry.v1.InventoryCampaign.county_deadline"}},
      {"the certificate of a brand; a paper of its operator",
       {"registry.v1.BrandCertification.certificate_no",
        "registry.v1.BrandCertification.brand_type"},
       {"registry.v1.Qualification.number", "registry.v1.Qualification.kind"}},
  };
  return two;
}

TEST(NearData, R129_NoFormAsksAgainForACodeOrAPosition) {
  const HeldOnce contracts;
  ExpectToldApart(contracts, OtherIdentities(), [&](const Asked& asked) {
    return IsName(asked) ? Found() : OfOneShape(contracts, asked);
  });
}

TEST(NearData, R129_NoFormAsksAgainWhoSomebodyIs) {
  const HeldOnce contracts;
  ExpectToldApart(
      contracts, OtherNames(),
      [&](const Asked& asked) { return IsName(asked) ? OfOneShape(contracts, asked) : Found(); },
      WhoAreNamed());
}

TEST(NearData, R129_NoFormAsksAgainWhereARecordLies) {
  const HeldOnce contracts;
  std::set<std::string> asking;
  for (const Asked& asked : contracts.asked()) {
    if (AsksWhereARecordLies(asked)) asking.insert(NameOf(asked.field));
  }
  std::set<std::string> told_apart;
  for (const auto& [field, why] : OtherPlaces()) told_apart.insert(field);
  EXPECT_EQ(asking, told_apart);
}

TEST(NearData, R129_NoFormAsksForWhatIsHeldUnderANearWord) {
  const HeldOnce contracts;
  ExpectToldApart(contracts, OtherNearWords(),
                  [&](const Asked& asked) { return OfNearWords(contracts, asked); });
}

// Each is asked for and held by another record, and found by nothing else; otherwise it has nothing
// to say here.
TEST(NearData, R129_WhatIsNearWithoutSharingAWordIsToldApart) {
  const HeldOnce contracts;
  std::map<std::string, std::vector<const Asked*>> asked_by_name;
  for (const Asked& asked : contracts.asked()) {
    asked_by_name[NameOf(asked.field)].push_back(&asked);
  }
  std::set<std::string> seen;
  for (const Two& two : OfOtherWords()) {
    for (const char* field : two.asked) {
      EXPECT_EQ(asked_by_name.count(field), 1u) << "no form asks for " << field;
      for (const char* held : two.held) {
        const std::string both = Cat(field, " and ", held);
        EXPECT_TRUE(seen.insert(both).second) << both << " are told apart twice";
        bool is_held = false;
        bool is_found = false;
        for (const Asked* asked : asked_by_name[field]) {
          is_held |= !contracts
                          .Near(*asked, [&](Field holder,
                                            const std::string&) { return NameOf(holder) == held; })
                          .empty();
          is_found |= contracts.Elsewhere(*asked).count(held) > 0 ||
                      OfOneShape(contracts, *asked).count(held) > 0 ||
                      OfNearWords(contracts, *asked).count(held) > 0;
        }
        EXPECT_TRUE(is_held) << both << ": no other record holds it, or it is offered from there";
        EXPECT_FALSE(is_found) << both << " are told apart by their words or shape already";
      }
    }
  }
}

// That a hole is found: had a form no `held_by` where it takes a datum from another record, the
// shape or the near word would name that record.
TEST(NearData, R129_WhatIsOfferedWouldBeFoundIfItWereNot) {
  const HeldOnce contracts;
  std::map<std::string, std::set<std::string>> by_shape, by_word;
  std::set<std::string> places;
  for (Asked asked : contracts.asked()) {
    if (asked.held_by.empty()) continue;
    asked.held_by.clear();
    asked.also_held_by.clear();
    for (const auto& [name, holder] : OfOneShape(contracts, asked)) {
      by_shape[NameOf(asked.field)].insert(name);
    }
    for (const auto& [name, holder] : CalledAlike(contracts, asked)) {
      by_word[NameOf(asked.field)].insert(name);
    }
    if (AsksWhereARecordLies(asked)) places.insert(NameOf(asked.field));
  }
  for (const auto& [field, holder] : std::map<std::string, std::string>{
           {"asset.v1.AssetDetails.operator_uscc", "registry.v1.Operator.uscc"},
           {"asset.v1.AssetDetails.longitude_e7", "registry.v1.Project.longitude_e7"},
           {"asset.v1.ContractTerms.owner_party", "asset.v1.AssetOwner.name"},
           {"registry.v1.BrandCertification.holder", "registry.v1.Operator.name"},
       }) {
    EXPECT_EQ(by_shape[field].count(holder), 1u) << field << " is held by " << holder;
  }
  for (const auto& [field, holder] : std::map<std::string, std::string>{
           {"asset.v1.RecordLinkageRequest.poor_households",
            "registry.v1.LinkageMechanism.beneficiary_poor_households"},
           {"asset.v1.RecordLinkageRequest.monitored_households",
            "registry.v1.LinkageMechanism.beneficiary_monitored_households"},
       }) {
    EXPECT_EQ(by_word[field].count(holder), 1u) << field << " is held by " << holder;
  }
  EXPECT_THAT(places, ::testing::IsSupersetOf({"asset.v1.AssetDetails.region_code",
                                               "registry.v1.BrandCertification.region_code",
                                               "registry.v1.TrainingRecord.region_code"}));
}

}  // namespace
}  // namespace bangfu
