#include "services/evaluation/facts/fact_loader.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/link_basis.h"
#include "services/evaluation/facts/measure_codes.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/snapshot_values.h"
#include "services/evaluation/store/argument_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {

namespace {

namespace reg = registry::v1;

absl::Status Damaged(std::string_view what, const Ulid& id) {
  return Error(absl::StatusCode::kDataLoss, "FACT_MALFORMED")
      .Message(Cat("stored facts cannot be read: ", what, " of ", id.ToString()))
      .Build();
}

template <typename Message, typename Rows>
std::vector<Message> Take(Rows* rows) {
  return {std::make_move_iterator(rows->begin()), std::make_move_iterator(rows->end())};
}

// Ten years: whatever the parameter says, a report's month has four digits of a year.
constexpr int64_t kDispatchMonthsLimit = 120;

// Whether a plan period "2021-2025" contains the year.
bool InPlan(std::string_view period, absl::CivilDay day) {
  int from = 0;
  int to = 0;
  return period.size() == 9 && absl::SimpleAtoi(AbslView(period.substr(0, 4)), &from) &&
         absl::SimpleAtoi(AbslView(period.substr(5, 4)), &to) && day.year() >= from &&
         day.year() <= to;
}

}  // namespace

struct FactLoader::Taxonomy {
  std::string current;
  std::map<std::string, reg::IndustryCategory> categories;  // "<version>/<code>"

  const reg::IndustryCategory* Find(const std::string& version, const std::string& code) const {
    auto it = categories.find(Cat(version.empty() ? current : version, "/", code));
    if (it == categories.end() && version != current) it = categories.find(Cat(current, "/", code));
    return it == categories.end() ? nullptr : &it->second;
  }
};

absl::Status FactLoader::LoadLists(mysql::Executor& db) {
  if (taxonomy_ != nullptr) return absl::OkStatus();
  auto taxonomy = std::make_shared<Taxonomy>();
  ASSIGN_OR_RETURN(std::vector<ReferenceRow> rows, LoadReferences(db, kTaxonomyRef));
  for (const ReferenceRow& row : rows) {
    reg::IndustryCategory category;
    if (category.ParseFromString(row.payload)) taxonomy->categories[row.key] = std::move(category);
  }
  ASSIGN_OR_RETURN(std::optional<ReferenceRow> current,
                   GetReference(db, kTaxonomyVersionRef, "current"));
  if (current) taxonomy->current = current->payload;
  ASSIGN_OR_RETURN(measures_, LoadMeasures(db, moment_.as_of));
  ASSIGN_OR_RETURN(
      const std::vector<int64_t> limits,
      ReadParameters(db, {kExpertScoresMinimum, kReportMonthsNeeded, kDispatchReportMonths}));
  limits_ = {limits[0], limits[1]};
  dispatch_months_ = std::clamp<int64_t>(limits[2], 1, kDispatchMonthsLimit);
  taxonomy_ = std::move(taxonomy);
  return absl::OkStatus();
}

absl::Status FactLoader::LoadLeading(mysql::Executor& db, const std::string& county) {
  if (county.empty() || leading_.contains(county)) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<ReferenceRow> rows, LoadReferencesInRegion(db, kLeadingRef, county));
  std::vector<reg::LeadingIndustry>& list = leading_[county];
  for (const ReferenceRow& row : rows) {
    reg::LeadingIndustry leading;
    if (leading.ParseFromString(row.payload) && leading.is_active() &&
        InPlan(leading.plan_period(), moment_.as_of)) {
      list.push_back(std::move(leading));
    }
  }
  return absl::OkStatus();
}

IndustryContext FactLoader::ContextOf(const std::string& county, const std::string& code,
                                      const std::string& taxonomy_version) const {
  IndustryContext context;
  const reg::IndustryCategory* category = taxonomy_->Find(taxonomy_version, code);
  if (category == nullptr) return context;
  context.known = true;
  context.speciality = category->level() == reg::INDUSTRY_LEVEL_SPECIALITY;
  context.taxonomy_record = Cat("industry_category/", category->taxonomy_version(), "/", code);
  context.cultivation_months = category->cultivation_months();
  const reg::IndustryCategory* links = category;
  if (links->applicable_links().empty() && !category->parent_code().empty()) {
    const reg::IndustryCategory* parent =
        taxonomy_->Find(category->taxonomy_version(), category->parent_code());
    if (parent != nullptr) links = parent;
  }
  context.applicable_links.assign(links->applicable_links().begin(),
                                  links->applicable_links().end());
  auto leading = leading_.find(county);
  if (leading != leading_.end()) {
    for (const reg::LeadingIndustry& l : leading->second) {
      // A county that leads with a major leads with its specialities too.
      if (l.industry_code() == code || l.industry_code() == category->parent_code()) {
        context.leading_record = Cat("leading_industry/", l.id());
      }
    }
  }
  return context;
}

absl::Status FactLoader::LoadContexts(mysql::Executor& db, const std::vector<Ulid>& industry_ids) {
  std::set<Ulid> wanted;
  for (const Ulid& id : industry_ids) {
    if (!contexts_.contains(id.ToString())) wanted.insert(id);
  }
  if (wanted.empty()) return absl::OkStatus();
  std::vector<Ulid> ids(wanted.begin(), wanted.end());
  ASSIGN_OR_RETURN(std::vector<FactSourceRow> rows,
                   LoadFactSources(db, ids, {kIndustryFacts, kBrandFacts}));
  ASSIGN_OR_RETURN(LinksOfIndustry links, ListOperatingLinks(db, ids));
  for (const FactSourceRow& row : rows) {
    if (row.kind != kIndustryFacts) continue;
    reg::Industry& industry = industries_[row.subject_id.ToString()];
    if (!industry.ParseFromString(row.payload)) return Damaged(row.kind, row.subject_id);
    RETURN_IF_ERROR(LoadLeading(db, industry.region_path().substr(0, 6)));
  }
  for (const Ulid& id : ids) {
    auto record = industries_.find(id.ToString());
    if (record == industries_.end()) continue;  // not heard of yet: by code alone
    const reg::Industry& industry = record->second;
    IndustryContext context = ContextOf(industry.region_path().substr(0, 6),
                                        industry.industry_code(), industry.taxonomy_version());
    if (context.applicable_links.empty()) {
      context.applicable_links.assign(industry.applicable_links().begin(),
                                      industry.applicable_links().end());
    }
    ASSIGN_OR_RETURN(const LinkBasis basis, LinkBasis::Load(db, industry, moment_.as_of));
    for (const reg::PresentLink& link : industry.links()) {
      std::optional<absl::CivilDay> since = DayOf(link.since());
      if (since && *since > moment_.as_of) continue;
      std::string record = Cat("industry/", id.ToString(), "#", link.reference());
      if (!basis.Holds(link)) {
        context.lapsed_links[link.link_code()].push_back(
            Cat(record, "（", basis.WhyNot(link), "，不计）"));
        continue;
      }
      context.present_links.try_emplace(link.link_code(), std::move(record));
    }
    if (auto operating = links.find(id); operating != links.end()) {
      for (const auto& [link, project] : operating->second) {
        context.present_links.try_emplace(link, Cat("project/", project));
      }
    }
    contexts_[id.ToString()] = std::move(context);
  }
  for (const FactSourceRow& row : rows) {
    if (row.kind != kBrandFacts) continue;
    auto context = contexts_.find(row.subject_id.ToString());
    if (context == contexts_.end()) continue;
    reg::ListBrandCertificationsResponse list;
    if (!list.ParseFromString(row.payload)) return Damaged(row.kind, row.subject_id);
    context->second.brands = Take<reg::BrandCertification>(list.mutable_brands());
    for (const reg::BrandCertification& b : context->second.brands) {
      // A valid brand is the BRAND link of the chain.
      if (BrandValid(b, moment_.as_of)) {
        context->second.present_links.try_emplace("BRAND", Cat("brand_certification/", b.id()));
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<IndustryContext> FactLoader::LoadIndustryContext(mysql::Executor& db,
                                                                const Ulid& id) {
  RETURN_IF_ERROR(LoadLists(db));
  RETURN_IF_ERROR(LoadContexts(db, {id}));
  auto found = contexts_.find(id.ToString());
  return found == contexts_.end() ? IndustryContext() : found->second;
}

absl::StatusOr<absl::flat_hash_map<Ulid, EnteredFacts>> FactLoader::LoadEntered(
    mysql::Executor& db, const std::vector<Ulid>& ids) {
  absl::flat_hash_map<Ulid, EnteredFacts> out;
  ASSIGN_OR_RETURN(std::vector<ExpertScoreRow> scores, LoadExpertScores(db, ids, moment_.as_of));
  for (const ExpertScoreRow& row : scores) {
    v1::ExpertScore& score = out[row.subject_id].scores.emplace_back();
    if (!score.ParseFromString(row.payload)) return Damaged("expert_score", row.subject_id);
    SetDay(row.scored_on, score.mutable_scored_on());
  }
  ASSIGN_OR_RETURN(std::vector<AppraisalRow> appraisals, LoadAppraisals(db, ids));
  for (const AppraisalRow& row : appraisals) {
    if (!out[row.subject_id].appraisals.emplace_back().ParseFromString(row.payload)) {
      return Damaged("appraisal", row.subject_id);
    }
  }
  ASSIGN_OR_RETURN(std::vector<ArgumentRow> arguments, LoadArguments(db, ids));
  for (const ArgumentRow& row : arguments) {
    // What its panel has not signed is no fact yet, and what was withdrawn becomes none.
    if (row.state == v1::ARGUMENT_STATE_SIGNING || row.state == v1::ARGUMENT_STATE_WITHDRAWN) {
      continue;
    }
    v1::ArgumentRecord& argument = out[row.subject_id].arguments.emplace_back();
    if (!argument.ParseFromString(row.payload)) return Damaged("argument_record", row.subject_id);
    argument.set_state(static_cast<v1::ArgumentState>(row.state));
  }
  return out;
}

absl::StatusOr<std::vector<SubjectFacts>> FactLoader::LoadProjects(
    mysql::Executor& db, const std::vector<SubjectRow>& subjects) {
  std::vector<SubjectFacts> out;
  if (subjects.empty()) return out;
  RETURN_IF_ERROR(LoadLists(db));
  std::vector<Ulid> ids;
  std::vector<Ulid> industry_ids;
  for (const SubjectRow& s : subjects) {
    if (s.type != kProjectSubject) return absl::InternalError("LoadProjects: not a project");
    ids.push_back(s.id);
    if (s.industry_id) industry_ids.push_back(*s.industry_id);
  }
  RETURN_IF_ERROR(LoadContexts(db, industry_ids));
  ASSIGN_OR_RETURN(auto entered, LoadEntered(db, ids));
  ASSIGN_OR_RETURN(std::vector<FactSourceRow> rows, LoadFactSources(db, ids, {}));

  absl::flat_hash_map<Ulid, ProjectFacts> facts;
  facts.reserve(ids.size());
  std::vector<std::string> operators;
  for (FactSourceRow& row : rows) {
    ProjectFacts& f = facts[row.subject_id];
    bool parsed = true;
    if (row.kind == kProjectFacts) {
      parsed = f.project.ParseFromString(row.payload);
      if (!f.project.operator_id().empty()) operators.push_back(f.project.operator_id());
    } else if (row.kind == kAssetFacts) {
      parsed = f.assets.emplace().ParseFromString(row.payload);
    } else if (row.kind == kReportFacts) {
      reg::ListOperationReportsResponse list;
      parsed = list.ParseFromString(row.payload);
      f.reports = Take<reg::OperationReport>(list.mutable_reports());
    } else if (row.kind == kShortBoardFacts) {
      reg::ListShortBoardsResponse list;
      parsed = list.ParseFromString(row.payload);
      f.short_boards = Take<reg::ShortBoard>(list.mutable_short_boards());
    } else if (row.kind == kBrandFacts) {
      reg::ListBrandCertificationsResponse list;
      parsed = list.ParseFromString(row.payload);
      f.brands = Take<reg::BrandCertification>(list.mutable_brands());
    }
    if (!parsed) return Damaged(row.kind, row.subject_id);
  }
  std::map<std::string, reg::Operator> operator_records;
  ASSIGN_OR_RETURN(std::vector<ReferenceRow> operator_rows,
                   LoadReferences(db, kOperatorRef, operators));
  for (const ReferenceRow& row : operator_rows) {
    reg::Operator o;
    if (o.ParseFromString(row.payload) && !o.is_void()) operator_records[row.key] = std::move(o);
  }

  out.reserve(subjects.size());
  for (const SubjectRow& s : subjects) {
    ProjectFacts& f = facts[s.id];
    if (f.project.id().empty()) f.project.set_id(s.id.ToString());
    if (auto it = entered.find(s.id); it != entered.end()) f.entered = std::move(it->second);
    if (auto it = operator_records.find(f.project.operator_id()); it != operator_records.end()) {
      f.operator_record = it->second;
    }
    if (s.industry_id) {
      if (auto it = contexts_.find(s.industry_id->ToString()); it != contexts_.end()) {
        f.industry = &it->second;
      }
    }
    if (f.industry == nullptr && !s.industry_code.empty()) {
      const std::string key =
          Cat(s.county, "/", f.project.taxonomy_version(), "/", s.industry_code);
      auto it = contexts_.find(key);
      if (it == contexts_.end()) {
        RETURN_IF_ERROR(LoadLeading(db, s.county));
        it = contexts_
                 .emplace(key, ContextOf(s.county, s.industry_code, f.project.taxonomy_version()))
                 .first;
      }
      f.industry = &it->second;
    }
    SubjectFacts& o = out.emplace_back();
    o.subject = s;
    f.measures = &measures_;
    f.limits = limits_;
    o.snapshot = BuildProjectSnapshot(f, moment_);
  }
  return out;
}

absl::StatusOr<std::vector<SubjectFacts>> FactLoader::LoadIndustries(
    mysql::Executor& db, const CriteriaSet& criteria, const std::vector<SubjectRow>& subjects) {
  std::vector<SubjectFacts> out;
  if (subjects.empty()) return out;
  RETURN_IF_ERROR(LoadLists(db));
  std::vector<Ulid> ids;
  for (const SubjectRow& s : subjects) {
    if (s.type != kIndustrySubject) return absl::InternalError("LoadIndustries: not an industry");
    ids.push_back(s.id);
  }
  RETURN_IF_ERROR(LoadContexts(db, ids));
  ASSIGN_OR_RETURN(auto entered, LoadEntered(db, ids));
  ASSIGN_OR_RETURN(std::vector<IndustryMember> members, ListIndustryMembers(db, ids));
  ASSIGN_OR_RETURN(std::vector<FactSourceRow> rows, LoadFactSources(db, ids, {kShortBoardFacts}));

  absl::flat_hash_map<Ulid, IndustryFacts> facts;
  for (FactSourceRow& row : rows) {
    reg::ListShortBoardsResponse list;
    if (!list.ParseFromString(row.payload)) return Damaged(row.kind, row.subject_id);
    facts[row.subject_id].short_boards = Take<reg::ShortBoard>(list.mutable_short_boards());
  }
  // A figure that is collected once a quarter stands until the next; in the end it is old.
  const absl::CivilMonth last(moment_.as_of);
  ASSIGN_OR_RETURN(
      std::vector<DispatchReportRow> reports,
      LoadDispatchReports(db, ids, MonthText(last - (dispatch_months_ - 1)), MonthText(last)));
  for (const DispatchReportRow& row : reports) {
    if (!facts[row.industry_id].dispatch.emplace_back().ParseFromString(row.payload)) {
      return Damaged("dispatch_report", row.industry_id);
    }
  }
  v1::Evaluation evaluation;
  for (const IndustryMember& m : members) {
    IndustryFacts& f = facts[m.industry_id];
    f.has_verified_project |= m.verified;
    if (m.details.empty()) continue;
    if (!evaluation.ParseFromString(m.details)) return Damaged("evaluation", m.subject_id);
    IndustryProject& p = f.projects.emplace_back();
    p.contribution = ContributionOf(evaluation, m.operating_value_fen);
    for (const v1::KeyFigure& figure : evaluation.key_figures()) {
      int64_t number = 0;
      if (!absl::SimpleAtoi(figure.raw(), &number)) continue;
      if (figure.code() == "D1-02") p.utilisation_bp = number;
      if (figure.code() == "D1-03") p.output_ratio_bp = number;
    }
  }
  for (const SubjectRow& s : subjects) {
    IndustryFacts& f = facts[s.id];
    if (auto it = industries_.find(s.id.ToString()); it != industries_.end()) {
      f.industry = it->second;
    }
    f.industry.set_id(s.id.ToString());
    if (auto it = contexts_.find(s.id.ToString()); it != contexts_.end()) f.context = it->second;
    if (auto it = entered.find(s.id); it != entered.end()) f.entered = std::move(it->second);
    SubjectFacts& o = out.emplace_back();
    o.subject = s;
    f.measures = &measures_;
    f.limits = limits_;
    o.snapshot = BuildIndustrySnapshot(criteria, f, moment_);
    o.snapshot.is_void = s.is_void;
  }
  return out;
}

}  // namespace bangfu::evaluation
