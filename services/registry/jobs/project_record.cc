#include "services/registry/jobs/project_record.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/base/bp.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/intake/parse_state.h"
#include "common/printed/amount.h"
#include "common/printed/chinese.h"
#include "common/printed/fund_source.h"
#include "common/printed/region_matcher.h"
#include "services/registry/api/convert.h"
#include "services/registry/domain/project.h"

namespace bangfu::registry {
namespace {

using F = intake::ProjectField;
using intake::IssueSeverity;
using intake::ParsedProjectRow;

// A project has a type. Where the table does not tell it, it stands as 其他 until somebody chooses,
// and what somebody chose stays.
constexpr char kTypeNotTold[] = "OTHER";

std::string Cut(std::string_view text, size_t characters) { return Utf8Truncate(text, characters); }

v1::ProjectState StageOf(std::string_view stage) {
  static const std::map<std::string, v1::ProjectState, std::less<>> kStages = {
      {"UNDER_CONSTRUCTION", v1::PROJECT_STATE_UNDER_CONSTRUCTION},
      {"PAUSED", v1::PROJECT_STATE_PAUSED},
      {"COMPLETED", v1::PROJECT_STATE_COMPLETED},
      {"ACCEPTED", v1::PROJECT_STATE_ACCEPTED},
      {"OPERATING", v1::PROJECT_STATE_OPERATING},
      {"IDLE", v1::PROJECT_STATE_IDLE},
      {"TERMINATED", v1::PROJECT_STATE_TERMINATED},
  };
  const auto found = kStages.find(stage);
  return found == kStages.end() ? v1::PROJECT_STATE_UNSPECIFIED : found->second;
}

// Nothing for a cell that holds nothing.
bool SetAmount(const printed::Amount& amount, v1::PrintedAmount* out) {
  out->set_parse_state(::bangfu::intake::ParseStateOf(amount.state));
  if (amount.fen) {
    out->set_fen(*amount.fen);
  } else if (amount.low_fen) {
    out->set_fen(*amount.low_fen);
  }
  if (amount.high_fen) out->set_upper_fen(*amount.high_fen);
  out->set_text(Cut(amount.raw, 200));
  return !amount.raw.empty();
}

// 1000, 1,000.5 -> thousandths; false when it is no such number.
bool ParseMilli(std::string_view text, int64_t* milli) {
  std::string digits;
  for (const char c : text) {
    if (c != ',') digits.push_back(c);
  }
  const size_t dot = digits.find('.');
  std::string fraction = dot == std::string::npos ? "" : digits.substr(dot + 1);
  const std::string whole = digits.substr(0, dot);
  if (whole.empty() || whole.size() > 12 || fraction.size() > 3) return false;
  fraction.resize(3, '0');
  int64_t a = 0, b = 0;
  if (whole.find_first_not_of("0123456789") != std::string::npos ||
      fraction.find_first_not_of("0123456789") != std::string::npos || !ParseInt(whole, &a) ||
      !ParseInt(fraction, &b)) {
    return false;
  }
  *milli = a * 1000 + b;
  return true;
}

// The codes that a cell names; a word that is not known is asked for.
std::vector<std::string> CodesIn(std::string_view cell,
                                 const std::map<std::string, std::string>& words,
                                 std::string_view field, std::string_view proposal,
                                 ParsedProjectRow* row) {
  std::vector<std::string> out;
  for (const std::string& word : printed::SplitOutsideBrackets(
           printed::Normalize(cell), {",", "，", "、", ";", "；", "/", "+", " "})) {
    auto found = words.find(word);
    if (found == words.end()) {
      // 分红 for 收益分红: the one name that holds the word.
      for (auto it = words.begin(); it != words.end(); ++it) {
        if (!StrContains(it->first, word)) continue;
        if (found != words.end() && found->second != it->second) {
          found = words.end();
          break;
        }
        found = it;
      }
    }
    if (found == words.end()) {
      row->report.Add({std::string(field), "WORD_UNKNOWN", word, "", std::string(proposal),
                       IssueSeverity::kWarn});
    } else if (std::find(out.begin(), out.end(), found->second) == out.end()) {
      out.push_back(found->second);
    }
  }
  return out;
}

// A text beside the field that it was read into, once. `state` and `understood`: how far the field
// has it.
void KeepText(std::string_view key, std::string_view text, v1::Project* p,
              type::v1::AmountParseState state = type::v1::AMOUNT_PARSE_STATE_UNSPECIFIED,
              std::string_view understood = "") {
  if (text.empty() || std::any_of(p->raw_texts().begin(), p->raw_texts().end(),
                                  [&](const v1::RawText& raw) { return raw.field() == key; })) {
    return;
  }
  v1::RawText* raw = p->add_raw_texts();
  raw->set_field(std::string(key));
  raw->set_text(Cut(text, 4000));
  raw->set_parse_state(state);
  raw->set_understood(Cut(understood, 100));
}

void KeepRaw(F field, const ParsedProjectRow& row, v1::Project* p) {
  KeepText(intake::ProjectFieldKey(field), row.Text(field), p);
}

// An exact count is its field's value. Any other leaves the field unknown, the text beside it: what
// a class rests on is never an estimate, and never zero for what nobody counted.
template <typename Set>
void TakeCount(F field, const printed::Count& count, const ParsedProjectRow& row, v1::Project* p,
               Set set) {
  if (count.state == printed::ParseState::kExact) {
    set(static_cast<int32_t>(*count.value));
  } else {
    KeepText(intake::ProjectFieldKey(field), row.Text(field), p,
             ::bangfu::intake::ParseStateOf(count.state), printed::CountText(count));
  }
}

// The text of a day that is not stated in full.
void KeepDay(std::string_view key, std::string_view cell, v1::Project* p) {
  const auto day = printed::ParseDay(cell);
  if (cell.empty() || (day && day->day_stated)) return;
  const std::string understood = printed::DayText(cell);
  KeepText(key, cell, p,
           understood.empty() ? type::v1::AMOUNT_PARSE_STATE_ABSENT
                              : type::v1::AMOUNT_PARSE_STATE_APPROXIMATE,
           understood);
}

type::v1::FourClass ClassOf(std::string_view code) {
  type::v1::FourClass out = type::v1::FOUR_CLASS_UNSPECIFIED;
  (void)type::v1::FourClass_Parse(Cat("FOUR_CLASS_", code), &out);
  return out;
}

// What a code is called, for whoever is asked; the code itself where it has no name.
std::string NameOf(const std::map<std::string, std::string>& names, std::string_view code) {
  for (const auto& [name, of] : names) {
    if (of == code && name != code) return Cat("「", name, "」");
  }
  return std::string(code);
}

// Whether a word says no more than the code that was made of it.
bool SaysTheCode(const std::map<std::string, std::string>& names, std::string_view text,
                 std::string_view code) {
  const auto found = names.find(std::string(Trim(text)));
  return found != names.end() && found->second == code;
}

}  // namespace

ExtraField ExtraFieldOf(std::string_view header) {
  static const std::map<std::string, ExtraField, std::less<>> kHeaders = {
      {"计划开工", ExtraField::kPlannedStart}, {"计划开工时间", ExtraField::kPlannedStart},
      {"计划竣工", ExtraField::kPlannedEnd},   {"计划竣工时间", ExtraField::kPlannedEnd},
      {"计划完工", ExtraField::kPlannedEnd},   {"计划完工时间", ExtraField::kPlannedEnd},
      {"种植时间", ExtraField::kPlanting},     {"定植时间", ExtraField::kPlanting},
      {"设计产能", ExtraField::kCapacity},     {"产能单位", ExtraField::kCapacityUnit},
      {"产业链环节", ExtraField::kChainLinks}, {"联农带农方式", ExtraField::kLinkageModes},
      {"绩效目标", ExtraField::kGoal},         {"外部编号", ExtraField::kExternalId},
      {"批复年度", ExtraField::kApprovedYear},
  };
  const auto found = kHeaders.find(MatchKey(printed::WithoutBrackets(printed::Normalize(header))));
  return found == kHeaders.end() ? ExtraField::kNone : found->second;
}

v1::Project ProjectFromRow(const std::map<ExtraField, std::string>& extra, const ImportWords& words,
                           ParsedProjectRow* row) {
  v1::Project p;
  // What the field has no room for stays beside it.
  const auto text = [&](F field, size_t characters) {
    std::string cut = Cut(row->Text(field), characters);
    if (cut.size() < row->Text(field).size()) KeepRaw(field, *row, &p);
    return cut;
  };
  const auto extra_text = [&](ExtraField field) -> std::string_view {
    const auto found = extra.find(field);
    return found == extra.end() ? std::string_view() : std::string_view(found->second);
  };
  p.set_name(text(F::kProjectName, 200));
  p.set_region_code(row->region.code);
  std::string place;
  for (F field : {F::kCity, F::kCounty, F::kTownship, F::kVillage})
    place += Cat(row->Text(field), row->Text(field).empty() ? "" : " ");
  p.set_region_text(Cut(Trim(place), 200));
  if (p.region_text().size() < Trim(place).size()) {
    KeepRaw(F::kTownship, *row, &p);
    KeepRaw(F::kVillage, *row, &p);
  }
  std::map<std::string, int> covered;  // by code, its place in the list; -1: the one that leads
  if (row->covered_regions.size() > 1) {
    // Before the villages there may be the township that leads, by its code.
    const size_t villages = row->villages.names.size();
    const size_t before =
        row->covered_regions.size() > villages ? row->covered_regions.size() - villages : 0;
    for (size_t i = 0; i < row->covered_regions.size(); ++i) {
      const printed::RegionMatch& match = row->covered_regions[i];
      if (match.code.empty()) continue;
      const bool leads = i < before && villages > 0;
      const auto [known, is_new] =
          covered.emplace(match.code, leads ? -1 : p.covered_regions_size());
      if (leads) continue;
      const int32_t share = row->village_shares_bp.empty() ? 0 : row->village_shares_bp[i - before];
      if (!is_new) {
        if (known->second < 0) continue;  // known no closer than the township that leads
        // Two villages of the table that are one by now.
        v1::CoveredRegion* c = p.mutable_covered_regions(known->second);
        c->set_share_bp(c->share_bp() + share);
        continue;
      }
      v1::CoveredRegion* c = p.add_covered_regions();
      c->set_region_code(match.code);
      c->set_share_bp(share);
      if (villages > 0) c->set_name_text(Cut(row->villages.names[i - before].name, 100));
    }
  }
  // A speciality by its name, else the major that the words speak of. The county's industry rests
  // on it: what the project's name speaks of is proposed, not taken.
  const auto industry = words.industries.find(std::string(Trim(row->Text(F::kIndustry))));
  p.set_industry_code(industry != words.industries.end() ? industry->second : row->industry);
  const auto likely = [&](const std::map<std::string, std::string>& names, std::string_view code) {
    return code.empty() ? "" : Cat("，从项目名称看可能是", NameOf(names, code));
  };
  if (p.industry_code().empty()) {
    const std::string_view cell = row->Text(F::kIndustry);
    row->report.Add({std::string(intake::ProjectFieldKey(F::kIndustry)),
                     cell.empty() ? "INDUSTRY_MISSING" : "INDUSTRY_UNCLEAR", std::string(cell), "",
                     Cat(cell.empty() ? "产业类别未填，请选择" : "产业类别未能识别，请选择",
                         likely(words.industries, row->industry_proposal)),
                     IssueSeverity::kWarn});
  }
  if (const auto type = words.types.find(std::string(Trim(row->Text(F::kProjectType))));
      type != words.types.end()) {
    row->project_type = type->second;
  }
  p.set_project_type(row->project_type.empty() ? kTypeNotTold : row->project_type);
  if (row->project_type.empty()) {
    row->report.Add({"project_type", "PROJECT_TYPE_UNCLEAR", text(F::kProjectType, 200),
                     kTypeNotTold,
                     Cat("项目类型未填或未能识别，新登记的暂记为其他，请选择",
                         likely(words.types, row->type_proposal)),
                     IssueSeverity::kWarn});
  }
  p.set_nature(row->nature);
  if (row->year) p.set_year(*row->year);
  if (const std::string_view cell = extra_text(ExtraField::kApprovedYear); !cell.empty()) {
    if (const auto year = printed::ParseYear(cell)) {
      p.set_approved_year(*year);
    } else {
      KeepText("approved_year", cell, &p, type::v1::AMOUNT_PARSE_STATE_ABSENT);
      row->report.Add({"approved_year", "YEAR_UNCLEAR", std::string(cell), "",
                       "请按 2021 填写批复年度", IssueSeverity::kWarn});
    }
  }
  if (SetAmount(row->planned_total, p.mutable_planned_total()) == false) p.clear_planned_total();
  for (const printed::DeclaredSource& source : row->sources.items) {
    if (source.source_code.empty()) continue;  // asked for; the text is kept below
    v1::DeclaredFunding* f = p.add_declared_funding();
    f->set_source_code(source.source_code);
    f->set_task_code(source.task_code);
    if (row->year) f->set_year(*row->year);
    SetAmount(source.amount, f->mutable_amount());
    f->set_source_text(Cut(source.raw, 500));
  }
  const std::string content = text(F::kContent, 4000);
  p.set_content_text(content);
  if (!content.empty()) {
    v1::ContentItem* item = p.add_content_items();
    item->set_category_code("OTHER");
    for (const auto& [word, code] : words.content) {
      if (StrContains(content, word)) {
        item->set_category_code(code);
        break;
      }
    }
    item->set_description(Cut(content, 2000));
  }
  p.set_implementing_org(text(F::kImplementingOrg, 200));
  if (p.implementing_org().empty()) {
    row->report.Add(
        {"implementing_org", "ORG_MISSING", "", "", "请补填实施单位", IssueSeverity::kWarn});
  }
  p.set_supervising_dept(text(F::kSupervisingDept, 200));
  // Where the code says who it is, the name stands alone and the cell beside it.
  if (row->operator_uscc.empty()) KeepRaw(F::kOperatorUscc, *row, &p);
  if (row->operator_uscc.empty() || row->operator_name.empty()) {
    p.set_operator_text(text(F::kOperator, 200));
  } else {
    p.set_operator_text(Cut(row->operator_name, 200));
    if (p.operator_text() != row->Text(F::kOperator)) KeepRaw(F::kOperator, *row, &p);
  }
  if (row->completed_on) SetDay(row->completed_on->day, p.mutable_actual_end());
  if (row->production_on) SetDay(row->production_on->day, p.mutable_production_start_date());
  for (F field : {F::kCompletedOn, F::kProductionOn}) {
    KeepDay(intake::ProjectFieldKey(field), row->Text(field), &p);
  }
  const auto extra_day = [&](ExtraField field, std::string_view key, auto mutable_day) {
    const std::string_view cell = extra_text(field);
    if (cell.empty()) return;
    if (const auto day = printed::ParseDay(cell)) SetDay(day->day, mutable_day());
    intake::AddDayIssue(cell, key, &row->report);
    KeepDay(key, cell, &p);
  };
  extra_day(ExtraField::kPlannedStart, "planned_start", [&] { return p.mutable_planned_start(); });
  extra_day(ExtraField::kPlannedEnd, "planned_end", [&] { return p.mutable_planned_end(); });
  extra_day(ExtraField::kPlanting, "planting_date", [&] { return p.mutable_planting_date(); });
  if (const std::string_view cell = extra_text(ExtraField::kCapacity); !cell.empty()) {
    int64_t milli = 0;
    if (ParseMilli(printed::Normalize(cell), &milli)) {
      p.mutable_design_capacity()->set_value_milli(milli);
      p.mutable_design_capacity()->set_unit(Cut(Trim(extra_text(ExtraField::kCapacityUnit)), 16));
      p.mutable_design_capacity()->set_text(Cut(cell, 200));
    } else {
      const printed::Count about = printed::ParsePrintedCount(cell);
      row->report.Add({"design_capacity", "QUANTITY_UNCLEAR", std::string(cell),
                       printed::CountText(about), "请填写数字，单位另填", IssueSeverity::kWarn});
      KeepText("design_capacity", Trim(Cat(cell, " ", Trim(extra_text(ExtraField::kCapacityUnit)))),
               &p, ::bangfu::intake::ParseStateOf(about.state), printed::CountText(about));
    }
  }
  if (const std::string_view cell = extra_text(ExtraField::kChainLinks); !cell.empty()) {
    for (std::string& code :
         CodesIn(cell, words.links, "chain_links", "产业链环节未能识别，请选择", row)) {
      p.add_chain_links(std::move(code));
    }
    if (row->report.Has("WORD_UNKNOWN")) KeepText("chain_links", cell, &p);
  }
  v1::LinkageMechanism* linkage = p.mutable_linkage();
  if (const std::string_view cell = extra_text(ExtraField::kLinkageModes); !cell.empty()) {
    for (std::string& code :
         CodesIn(cell, words.modes, "linkage_modes", "联农带农方式未能识别，请选择", row)) {
      linkage->add_modes(std::move(code));
    }
    linkage->set_description(Cut(cell, 2000));
    if (linkage->description().size() < cell.size()) KeepText("linkage_modes", cell, &p);
  }
  TakeCount(F::kHouseholds, row->households, *row, &p,
            [&](int32_t n) { linkage->set_beneficiary_households(n); });
  TakeCount(F::kPoorHouseholds, row->poor_households, *row, &p,
            [&](int32_t n) { linkage->set_beneficiary_poor_households(n); });
  TakeCount(F::kMonitoredHouseholds, row->monitored_households, *row, &p,
            [&](int32_t n) { linkage->set_beneficiary_monitored_households(n); });
  linkage->set_beneficiaries_text(text(F::kBeneficiaries, 1000));
  if (linkage->ByteSizeLong() == 0) p.clear_linkage();
  TakeCount(F::kWorkers, row->workers, *row, &p, [&](int32_t n) { p.set_workers(n); });
  p.set_state(StageOf(row->stage.stage));
  p.set_state_text(text(F::kStatus, 500));
  if (!SetAmount(row->annual_output, p.mutable_annual_output_value()))
    p.clear_annual_output_value();
  if (!SetAmount(row->annual_income, p.mutable_annual_income())) p.clear_annual_income();
  if (const std::string_view cell = extra_text(ExtraField::kGoal); !cell.empty()) {
    v1::PerformanceGoal* goal = p.add_performance_goals();
    goal->set_indicator("绩效目标");
    goal->set_text(Cut(cell, 500));
  }
  for (const auto& expected : row->expected) {
    v1::PerformanceGoal* goal = p.add_performance_goals();
    goal->set_indicator(expected.indicator_zh);
    goal->set_text(Cut(expected.raw, 500));
    if (expected.field != F::kAssetValue) KeepRaw(expected.field, *row, &p);  // that is always kept
  }
  if (const std::string_view cell = Trim(extra_text(ExtraField::kExternalId)); !cell.empty()) {
    type::v1::ExternalId* id = p.add_external_ids();
    const size_t colon = cell.find(':');
    id->set_system(colon == std::string_view::npos ? "import" : Cut(cell.substr(0, colon), 64));
    id->set_id(Cut(colon == std::string_view::npos ? cell : cell.substr(colon + 1), 128));
  }
  p.set_problems(text(F::kProblems, 2000));
  p.set_filler_name(text(F::kPreparer, 50));
  p.set_filler_phone(text(F::kPhone, 32));
  p.set_note(text(F::kNotes, 2000));
  // What no field took as it stands.
  for (F field : {F::kSourceId, F::kThisAllocation, F::kAssetQuantity, F::kAssetValue, F::kClass}) {
    KeepRaw(field, *row, &p);
  }
  p.set_claimed_class(ClassOf(row->claimed_class));
  const auto& sources = row->sources.items;
  if (row->sources.incomplete ||
      std::any_of(sources.begin(), sources.end(), [](const printed::DeclaredSource& s) {
        return s.source_code.empty() || Cut(s.raw, 500).size() < s.raw.size();
      })) {
    KeepRaw(F::kFundSource, *row, &p);
  }
  for (const auto& [field, amount] : {std::pair(F::kPlannedTotal, &row->planned_total),
                                      std::pair(F::kAnnualOutput, &row->annual_output),
                                      std::pair(F::kAnnualIncome, &row->annual_income)}) {
    if (Cut(amount->raw, 200).size() < amount->raw.size()) KeepRaw(field, *row, &p);
  }
  if (!SaysTheCode(words.types, row->Text(F::kProjectType), row->project_type))
    KeepRaw(F::kProjectType, *row, &p);
  if (!SaysTheCode(words.natures, row->Text(F::kNature), row->nature))
    KeepRaw(F::kNature, *row, &p);
  if (industry == words.industries.end()) KeepRaw(F::kIndustry, *row, &p);
  for (const ParsedProjectRow::OtherCell& other : row->others) {
    KeepText(other.column, other.text, &p);
  }
  return p;
}

// Texts that the row brings replace those of the same column. Where the row has the value itself,
// the text of an earlier table that could not give it has had its day.
void MergeRawTexts(const v1::Project& row, v1::Project* out) {
  const std::map<std::string_view, bool> settled = {
      {"households", row.linkage().has_beneficiary_households()},
      {"poor_households", row.linkage().has_beneficiary_poor_households()},
      {"monitored_households", row.linkage().has_beneficiary_monitored_households()},
      {"workers", row.has_workers()},
      {"completed_on", row.has_actual_end()},
      {"production_on", row.has_production_start_date()},
      {"planned_start", row.has_planned_start()},
      {"planned_end", row.has_planned_end()},
      {"planting_date", row.has_planting_date()},
      {"design_capacity", row.has_design_capacity()},
      {"approved_year", row.approved_year() != 0},
      {"operator_uscc", !row.operator_id().empty()},
  };
  google::protobuf::RepeatedPtrField<v1::RawText> merged;
  std::set<std::string> taken;
  const auto of_row = [&](const std::string& field) {
    return std::find_if(row.raw_texts().begin(), row.raw_texts().end(),
                        [&](const v1::RawText& raw) { return raw.field() == field; });
  };
  for (const v1::RawText& old : out->raw_texts()) {
    if (const auto found = of_row(old.field()); found != row.raw_texts().end()) {
      if (taken.insert(old.field()).second) *merged.Add() = *found;
      continue;
    }
    const auto one = settled.find(old.field());
    if (one == settled.end() || !one->second) *merged.Add() = old;
  }
  for (const v1::RawText& raw : row.raw_texts()) {
    if (taken.insert(raw.field()).second) *merged.Add() = raw;
  }
  out->mutable_raw_texts()->Swap(&merged);
}

namespace {

// Shares that a table does not state leave those that are known, as long as both go together.
void KeepKnownShares(const v1::Project& stored, v1::Project* taken) {
  google::protobuf::RepeatedPtrField<v1::CoveredRegion> regions = taken->covered_regions();
  int64_t sum = 0;
  for (v1::CoveredRegion& region : regions) {
    if (region.share_bp() == 0) {
      for (const v1::CoveredRegion& known : stored.covered_regions()) {
        // As it was filed, or what became of it.
        if (known.region_code() == region.region_code() ||
            known.region_path() == region.region_code()) {
          region.set_share_bp(region.share_bp() + known.share_bp());
        }
      }
    }
    sum += region.share_bp();
  }
  if (sum <= kBpOne) taken->mutable_covered_regions()->Swap(&regions);
}

}  // namespace

v1::Project MergeProject(const v1::Project& stored, const v1::Project& row) {
  v1::Project out = stored;
  const auto* reflection = row.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(row, &fields);
  v1::Project taken = row;
  // Items keep their ids where nothing about them changed.
  for (int i = 0; i < taken.content_items_size() && i < stored.content_items_size(); ++i) {
    v1::ContentItem& item = *taken.mutable_content_items(i);
    v1::ContentItem old = stored.content_items(i);
    item.set_item_id(old.item_id());
    item.set_seq(old.seq());
  }
  KeepKnownShares(stored, &taken);
  for (const auto* field : fields) {
    const std::string& name = field->name();
    if (IsImmutableField(name) || name == "is_sample" || name == "campaign_id" ||
        name == "external_ids" || name == "raw_texts")
      continue;
    if (name == "project_type" && row.project_type() == kTypeNotTold) continue;
    // A count that the table does not give leaves the one that is known.
    if (name == "linkage") {
      v1::LinkageMechanism linkage = stored.linkage();
      if (row.linkage().modes_size() > 0) linkage.clear_modes();
      linkage.MergeFrom(row.linkage());
      *out.mutable_linkage() = std::move(linkage);
      continue;
    }
    v1::Project one = taken;
    out.GetReflection()->ClearField(&out, field);
    out.GetReflection()->SwapFields(&out, &one, {field});
  }
  MergeRawTexts(row, &out);
  // A word that is not known takes the place of the claim before it.
  if (std::any_of(row.raw_texts().begin(), row.raw_texts().end(), [](const v1::RawText& raw) {
        return raw.field() == intake::ProjectFieldKey(F::kClass);
      })) {
    out.set_claimed_class(row.claimed_class());
  }
  // Other systems' numbers are added, never taken away.
  for (const type::v1::ExternalId& id : row.external_ids()) {
    if (std::none_of(out.external_ids().begin(), out.external_ids().end(), [&](const auto& e) {
          return e.system() == id.system() && e.id() == id.id();
        })) {
      *out.add_external_ids() = id;
    }
  }
  return out;
}

}  // namespace bangfu::registry
