#include "services/evaluation/jobs/registry_effects.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "bangfu/asset/v1/events.pb.h"
#include "bangfu/registry/v1/events.pb.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/blob/blob.h"
#include "common/recode/recode.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/domain/types.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/facts/snapshot_builder.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/argument_work.h"
#include "services/evaluation/jobs/dispatch_work.h"
#include "services/evaluation/jobs/evaluation_work.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/jobs/outstanding_work.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/move_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

namespace reg = registry::v1;

absl::Status BadEvent(const feed::v1::Event& event, std::string_view why) {
  return Error(absl::StatusCode::kInvalidArgument, "EVENT_MALFORMED")
      .Message(Cat(event.aggregate_type(), "/", event.aggregate_id(), ": ", why))
      .Build();
}

template <typename Message>
absl::StatusOr<Message> Payload(const feed::v1::Event& event) {
  Message message;
  if (!event.payload().UnpackTo(&message)) {
    return BadEvent(event, Cat("not a ", std::string_view(message.GetTypeName())));
  }
  return message;
}

std::string CountyOf(const std::string& region_path) {
  return RegionAncestor(region_path, RegionLevel::kCounty);
}

// "2026-10-01".
std::string DateKey(const google::type::Date& d) {
  return absl::FormatCivilTime(absl::CivilDay(d.year(), d.month(), d.day()));
}

// The changes of one batch, each record in its last state.
struct Changes {
  std::map<Ulid, std::pair<reg::Project, int64_t>> projects;
  std::map<Ulid, std::pair<reg::Industry, int64_t>> industries;
  std::map<Ulid, std::map<std::string, reg::OperationReport>> reports;     // by month
  std::map<Ulid, std::map<std::string, reg::ShortBoard>> short_boards;     // by id
  std::map<Ulid, std::map<std::string, reg::BrandCertification>> brands;   // by id
  std::map<std::pair<std::string, std::string>, ReferenceRow> references;  // by kind and key
  std::vector<RegionRow> regions;  // in the order in which they were told
  std::vector<recode::Move> moves;
  std::map<std::pair<Ulid, std::string>, UnitReportRow> unit_reports;
  std::map<Ulid, int64_t> sequence;  // the newest event that spoke of the subject
  std::map<std::string, reg::Code> evidence_kinds;
  std::map<std::string, int64_t> parameters;
};

// What the uploads of this service go by.
absl::Status PutEvidenceRules(mysql::Tx& tx, const Changes& c, absl::CivilDay today) {
  for (const auto& [code, kind] : c.evidence_kinds) {
    std::string formats;
    int64_t max_mib = 0;
    for (const reg::CodeAttribute& attribute : kind.attributes()) {
      if (attribute.name() == "formats") formats = attribute.value();
      if (attribute.name() == "max_mib") ParseInt(attribute.value(), &max_mib);
    }
    const google::type::Date& to = kind.valid_to();
    const bool ended =
        kind.has_valid_to() && absl::CivilDay(to.year(), to.month(), to.day()) < today;
    RETURN_IF_ERROR(blob::PutKind(tx, code, kind.name_zh(), formats, max_mib, !ended));
  }
  for (const auto& [code, value] : c.parameters) RETURN_IF_ERROR(blob::PutSetting(tx, code, value));
  return absl::OkStatus();
}

void PutReference(Changes& c, std::string_view kind, std::string key, std::string region_path,
                  std::string payload, int64_t sequence) {
  ReferenceRow row{std::string(kind), std::move(key), std::move(region_path), std::move(payload),
                   sequence};
  auto at = std::make_pair(row.kind, row.key);
  c.references[at] = std::move(row);
}

absl::StatusOr<Ulid> IdOf(const feed::v1::Event& event, const std::string& text) {
  absl::StatusOr<Ulid> id = Ulid::Parse(text);
  if (!id.ok()) return BadEvent(event, Cat("no id: ", text));
  return id;
}

absl::Status Sort(const feed::v1::Event& event, Changes& c) {
  const std::string& type = event.aggregate_type();
  const int64_t sequence = event.sequence();
  if (type == "project") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::ProjectChanged>(event));
    ASSIGN_OR_RETURN(Ulid id, IdOf(event, changed.project().id()));
    reg::Project& p = *changed.mutable_project();
    // What no fact reads stays in the registry, persons' names first of all. Of the raw texts, a
    // fact reads those of the households that count.
    auto& raws = *p.mutable_raw_texts();
    raws.erase(std::remove_if(raws.begin(), raws.end(),
                              [](const reg::RawText& raw) {
                                return raw.field() != "poor_households" &&
                                       raw.field() != "monitored_households";
                              }),
               raws.end());
    p.clear_evidence();
    p.clear_allowed_actions();
    p.clear_filler_name();
    p.clear_filler_phone();
    p.clear_content_text();
    c.projects[id] = {std::move(p), sequence};
    c.sequence[id] = sequence;
  } else if (type == "industry") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::IndustryChanged>(event));
    ASSIGN_OR_RETURN(Ulid id, IdOf(event, changed.industry().id()));
    c.industries[id] = {std::move(*changed.mutable_industry()), sequence};
    c.sequence[id] = sequence;
  } else if (type == "operation_report") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::OperationReportChanged>(event));
    ASSIGN_OR_RETURN(Ulid id, IdOf(event, changed.report().project_id()));
    reg::OperationReport& r = *changed.mutable_report();
    if (!ParseMonth(r.period())) return BadEvent(event, "no month");
    r.clear_submitted_by();
    r.clear_note();
    std::string period = r.period();
    c.reports[id][period] = std::move(r);
    c.sequence[id] = sequence;
  } else if (type == "short_board") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::ShortBoardChanged>(event));
    ASSIGN_OR_RETURN(Ulid id, IdOf(event, changed.short_board().subject_id()));
    reg::ShortBoard& b = *changed.mutable_short_board();
    b.clear_evidence();
    std::string key = b.id();
    c.short_boards[id][key] = std::move(b);
    c.sequence[id] = sequence;
  } else if (type == "brand_certification") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::BrandCertificationChanged>(event));
    const reg::BrandCertification& b = changed.brand();
    for (const std::string* subject : {&b.project_id(), &b.industry_id()}) {
      if (subject->empty()) continue;
      ASSIGN_OR_RETURN(Ulid id, IdOf(event, *subject));
      c.brands[id][b.id()] = b;
      c.sequence[id] = sequence;
    }
  } else if (type == "leading_industry") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::LeadingIndustryChanged>(event));
    const reg::LeadingIndustry& l = changed.leading_industry();
    PutReference(c, kLeadingRef, l.id(), l.region_path(), l.SerializeAsString(), sequence);
  } else if (type == "operator") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::OperatorChanged>(event));
    reg::Operator& o = *changed.mutable_operator_();
    o.clear_related_parties();
    PutReference(c, kOperatorRef, o.id(), o.region_path(), o.SerializeAsString(), sequence);
  } else if (type == "region_batch") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::RegionsChanged>(event));
    for (const reg::Region& r : changed.regions()) {
      std::string parent = r.parent_code().empty() ? RegionParent(r.code()) : r.parent_code();
      c.regions.push_back({r.code(),
                           r.name(),
                           static_cast<int>(r.level()),
                           parent,
                           r.region_path(),
                           {r.start_year(), r.end_year()}});
    }
    for (const reg::RegionMove& told : changed.moves()) {
      ASSIGN_OR_RETURN(c.moves.emplace_back(), recode::MoveFrom(told));
    }
  } else if (type == "code_batch") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::CodesChanged>(event));
    for (const reg::Code& code : changed.codes()) {
      PutReference(c, kCodeRef, Cat(code.list(), "/", code.code()), "", code.SerializeAsString(),
                   sequence);
      if (code.list() == "EVIDENCE_KIND") c.evidence_kinds[code.code()] = code;
    }
  } else if (type == "parameter") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::ParameterChanged>(event));
    PutReference(c, kParameterRef, changed.parameter().code(), "",
                 changed.parameter().SerializeAsString(), sequence);
    c.parameters[changed.parameter().code()] = changed.parameter().value();
  } else if (type == "industry_category_batch") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::IndustryCategoriesChanged>(event));
    for (const reg::IndustryCategory& category : changed.categories()) {
      PutReference(c, kTaxonomyRef, Cat(category.taxonomy_version(), "/", category.code()), "",
                   category.SerializeAsString(), sequence);
    }
    if (!changed.current_taxonomy_version().empty()) {
      PutReference(c, kTaxonomyVersionRef, "current", "", changed.current_taxonomy_version(),
                   sequence);
    }
  } else if (type == "work_day_batch") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::WorkDaysChanged>(event));
    for (const reg::WorkDay& day : changed.days()) {
      PutReference(c, kWorkDayRef, DateKey(day.date()), "", day.SerializeAsString(), sequence);
    }
  } else if (type == "fund_source_department") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::FundSourceDepartmentChanged>(event));
    PutReference(c, kDepartmentRef, changed.row().id(), "", changed.row().SerializeAsString(),
                 sequence);
  } else if (type == "campaign") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::CampaignChanged>(event));
    PutReference(c, kCampaignRef, changed.campaign().id(), "",
                 changed.campaign().SerializeAsString(), sequence);
  } else if (type == "unit_report") {
    ASSIGN_OR_RETURN(auto changed, Payload<reg::UnitReportChanged>(event));
    const reg::InventoryUnitReport& u = changed.unit_report();
    ASSIGN_OR_RETURN(Ulid campaign, IdOf(event, u.campaign_id()));
    c.unit_reports[{campaign, u.region_path()}] = {
        campaign, u.region_path(), static_cast<int>(u.state()), u.is_nil(), sequence};
  }
  return absl::OkStatus();
}

SubjectRow SubjectOf(const Ulid& id, const reg::Project& p, absl::Time now) {
  SubjectRow s;
  s.id = id;
  s.type = kProjectSubject;
  s.code = p.project_code();
  s.name = p.name();
  s.region_code = p.region_code();
  s.region_path = p.region_path();
  s.county = CountyOf(p.region_path());
  if (absl::StatusOr<Ulid> industry = Ulid::Parse(p.industry_id()); industry.ok()) {
    s.industry_id = *industry;
  }
  s.industry_code = p.industry_code();
  s.chain_links.assign(p.chain_links().begin(), p.chain_links().end());
  s.project_type = p.project_type();
  s.stage = EnumName(StageOf(p.state()));
  s.verified = p.verification_state() == reg::VERIFICATION_STATE_COUNTY_VERIFIED;
  s.is_void = p.is_void();
  s.sample = p.is_sample();
  s.invested_fen = p.public_total_fen();
  s.updated_at = now;
  return s;
}

SubjectRow SubjectOf(const Ulid& id, const reg::Industry& i, absl::Time now) {
  SubjectRow s;
  s.id = id;
  s.type = kIndustrySubject;
  s.region_code = i.region_code();
  s.region_path = i.region_path();
  s.county = CountyOf(i.region_path());
  s.code = Cat(s.county, "-", i.industry_code());
  s.name = i.name();
  s.industry_code = i.industry_code();
  s.sample = i.is_sample();
  s.updated_at = now;
  return s;
}

// Lays the changed items of a subject over those on record.
template <typename List, typename Item>
absl::Status Merge(const Ulid& id, std::string_view kind,
                   const std::map<std::string, Item>& changed,
                   const std::map<std::pair<Ulid, std::string>, FactSourceRow>& stored,
                   const feed::Batch& batch, int64_t sequence,
                   google::protobuf::RepeatedPtrField<Item>* (*items)(List*),
                   std::string (*key)(const Item&), size_t keep, std::vector<FactSourceRow>* out) {
  std::map<std::string, Item> all;
  auto old = stored.find({id, std::string(kind)});
  // What an earlier snapshot brought may be gone at the source.
  if (old != stored.end() && old->second.generation >= batch.generation) {
    List list;
    if (!list.ParseFromString(old->second.payload)) {
      return Error(absl::StatusCode::kDataLoss, "FACT_MALFORMED").With("id", id.ToString());
    }
    for (Item& item : *items(&list)) {
      std::string k = key(item);
      all[k] = std::move(item);
    }
  }
  for (const auto& [k, item] : changed) all[k] = item;
  while (keep > 0 && all.size() > keep) all.erase(all.begin());
  List list;
  for (auto& [k, item] : all) *items(&list)->Add() = std::move(item);
  out->push_back({id, std::string(kind), list.SerializeAsString(), batch.source, sequence,
                  batch.generation, batch.now});
  return absl::OkStatus();
}

// The money of a project as grants are narrowed by it, and departments sign for it.
std::set<std::pair<std::string, std::string>> MoneyOf(const reg::Project& project) {
  std::set<std::pair<std::string, std::string>> out;
  for (const reg::DeclaredFunding& funding : project.declared_funding()) {
    out.emplace(funding.source_code(), funding.task_code());
  }
  return out;
}

// The projects of these changes whose money is other than what is on record. Before they are put.
absl::StatusOr<std::set<Ulid>> OfOtherMoney(mysql::Tx& tx, const Changes& c,
                                            const SubjectMap& before) {
  std::vector<Ulid> known;
  for (const auto& [id, changed] : c.projects) {
    if (before.contains(id)) known.push_back(id);
  }
  ASSIGN_OR_RETURN(const std::vector<FactSourceRow> rows,
                   LoadFactSources(tx, known, {kProjectFacts}));
  std::set<Ulid> out;
  for (const FactSourceRow& row : rows) {
    reg::Project old;
    if (!old.ParseFromString(row.payload) ||
        MoneyOf(old) != MoneyOf(c.projects.at(row.subject_id).first)) {
      out.insert(row.subject_id);
    }
  }
  return out;
}

// The industry whose money a project's is: of verified ones that are not void.
std::optional<Ulid> PaysFor(const SubjectRow& s) {
  return s.verified && !s.is_void ? s.industry_id : std::nullopt;
}

// An industry's money is that of its projects: the industries for which it is other than it was
// with these subjects, or with those of them whose own money is other.
std::set<Ulid> IndustriesOfOtherMoney(const std::vector<SubjectRow>& subjects,
                                      const SubjectMap& before,
                                      const std::set<Ulid>& of_other_money) {
  std::set<Ulid> industries;
  for (const SubjectRow& s : subjects) {
    if (s.type != kProjectSubject) continue;
    const auto old = before.find(s.id);
    const std::optional<Ulid> was = old == before.end() ? std::nullopt : PaysFor(old->second);
    const std::optional<Ulid> is = PaysFor(s);
    if (was == is && !of_other_money.contains(s.id)) continue;
    for (const std::optional<Ulid>& industry : {was, is}) {
      if (industry) industries.insert(*industry);
    }
  }
  return industries;
}

// What waits on subjects (locked) goes with them: to another region, away while they are void or
// not verified, and to those whose grants cover their money and industry. `paths`: what they left
// and where they went.
absl::Status SyncWaiting(mysql::Tx& tx, const SubjectMap& subjects,
                         const std::vector<std::string>& paths, const inbox::Act& act) {
  if (subjects.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(SyncEvaluationsOf(tx, subjects, act));
  RETURN_IF_ERROR(SyncArgumentsOf(tx, subjects, act));
  std::vector<Ulid> ids;
  for (const auto& [id, subject] : subjects) ids.push_back(id);
  RETURN_IF_ERROR(SyncEntriesOf(tx, ids, act));
  return SyncSigning(tx, paths, act);
}

}  // namespace

std::vector<std::string> RegistryAggregates() {
  return {"region_batch",
          "code_batch",
          "parameter",
          "industry_category_batch",
          "work_day_batch",
          "fund_source_department",
          "operator",
          "industry",
          "leading_industry",
          "project",
          "operation_report",
          "short_board",
          "brand_certification",
          "campaign",
          "unit_report"};
}

absl::Status RegistryEffects::Apply(mysql::Tx& tx, const feed::Batch& batch) {
  Changes c;
  for (const feed::v1::Event* event : batch.events) RETURN_IF_ERROR(Sort(*event, c));
  RETURN_IF_ERROR(PutEvidenceRules(tx, c, ShanghaiDay(batch.now)));

  // Every subject that the batch speaks of, locked first: whoever evaluates one holds the same
  // lock.
  std::vector<Ulid> ids;
  for (const auto& [id, sequence] : c.sequence) ids.push_back(id);
  ASSIGN_OR_RETURN(SubjectMap before, LockSubjects(tx, ids));

  std::vector<FactSourceRow> facts;
  std::vector<SubjectRow> subjects;
  std::set<Ulid> put;
  std::vector<Ulid> fresh;
  for (const auto& [id, changed] : c.projects) {
    const auto& [project, sequence] = changed;
    if (project.region_path().empty()) {
      return Error(absl::StatusCode::kInvalidArgument, "EVENT_MALFORMED")
          .Message(Cat("project/", id.ToString(), ": no region"))
          .Build();
    }
    SubjectRow s = SubjectOf(id, project, batch.now);
    if (auto old = before.find(id); old != before.end()) {
      s.asset_value_fen = old->second.asset_value_fen;
      s.operating_value_fen = old->second.operating_value_fen;
    } else {
      fresh.push_back(id);
    }
    subjects.push_back(std::move(s));
    put.insert(id);
    facts.push_back({id, std::string(kProjectFacts), project.SerializeAsString(), batch.source,
                     sequence, batch.generation, batch.now});
  }
  // Asset facts may have come before their project.
  ASSIGN_OR_RETURN(std::vector<FactSourceRow> assets, LoadFactSources(tx, fresh, {kAssetFacts}));
  for (const FactSourceRow& row : assets) {
    asset::v1::ProjectAssetFacts message;
    if (!message.ParseFromString(row.payload)) continue;
    for (SubjectRow& s : subjects) {
      if (s.id != row.subject_id) continue;
      s.asset_value_fen = message.total_original_value_fen();
      s.operating_value_fen = message.operating_original_value_fen();
    }
  }
  for (const auto& [id, changed] : c.industries) {
    const auto& [industry, sequence] = changed;
    SubjectRow s = SubjectOf(id, industry, batch.now);
    subjects.push_back(std::move(s));
    put.insert(id);
    facts.push_back({id, std::string(kIndustryFacts), industry.SerializeAsString(), batch.source,
                     sequence, batch.generation, batch.now});
  }

  std::set<Ulid> merging;
  for (const auto& [id, x] : c.reports) merging.insert(id);
  for (const auto& [id, x] : c.short_boards) merging.insert(id);
  for (const auto& [id, x] : c.brands) merging.insert(id);
  ASSIGN_OR_RETURN(std::vector<FactSourceRow> rows,
                   LoadFactSources(tx, {merging.begin(), merging.end()},
                                   {kReportFacts, kShortBoardFacts, kBrandFacts}));
  std::map<std::pair<Ulid, std::string>, FactSourceRow> stored;
  for (FactSourceRow& row : rows) {
    auto at = std::make_pair(row.subject_id, row.kind);
    stored[at] = std::move(row);
  }
  for (const auto& [id, changed] : c.reports) {
    RETURN_IF_ERROR((Merge<reg::ListOperationReportsResponse, reg::OperationReport>(
        id, kReportFacts, changed, stored, batch, c.sequence[id],
        [](reg::ListOperationReportsResponse* l) { return l->mutable_reports(); },
        [](const reg::OperationReport& r) { return r.period(); }, kReportMonthsKept, &facts)));
  }
  for (const auto& [id, changed] : c.short_boards) {
    RETURN_IF_ERROR((Merge<reg::ListShortBoardsResponse, reg::ShortBoard>(
        id, kShortBoardFacts, changed, stored, batch, c.sequence[id],
        [](reg::ListShortBoardsResponse* l) { return l->mutable_short_boards(); },
        [](const reg::ShortBoard& b) { return b.id(); }, 0, &facts)));
  }
  for (const auto& [id, changed] : c.brands) {
    RETURN_IF_ERROR((Merge<reg::ListBrandCertificationsResponse, reg::BrandCertification>(
        id, kBrandFacts, changed, stored, batch, c.sequence[id],
        [](reg::ListBrandCertificationsResponse* l) { return l->mutable_brands(); },
        [](const reg::BrandCertification& b) { return b.id(); }, 0, &facts)));
  }

  ASSIGN_OR_RETURN(std::set<Ulid> narrowed_anew, OfOtherMoney(tx, c, before));
  RETURN_IF_ERROR(PutFactSources(tx, facts));
  RETURN_IF_ERROR(PutSubjects(tx, subjects, before));
  std::vector<std::pair<Ulid, std::string>> moved;
  std::map<std::string, std::string> counties;  // that projects left -> where to
  for (const SubjectRow& s : subjects) {
    auto old = before.find(s.id);
    if (old != before.end() && old->second.region_path != s.region_path) {
      moved.emplace_back(s.id, s.region_path);
      if (s.type == kProjectSubject) counties[old->second.county] = s.county;
    }
  }
  RETURN_IF_ERROR(MoveSubjects(tx, moved));
  RETURN_IF_ERROR(MoveIncome(tx, counties, batch.now));
  for (const SubjectRow& s : subjects) {
    const auto old = before.find(s.id);
    if (old != before.end() && old->second.industry_code != s.industry_code) {
      narrowed_anew.insert(s.id);
    }
  }
  const std::set<Ulid> of_other_money = IndustriesOfOtherMoney(subjects, before, narrowed_anew);
  ASSIGN_OR_RETURN(const SubjectMap industries,
                   LockSubjects(tx, {of_other_money.begin(), of_other_money.end()}));
  SubjectMap waiting_anew;
  for (const SubjectRow& s : subjects) {
    const auto old = before.find(s.id);
    if (old == before.end()) continue;
    if (old->second.region_path == s.region_path && old->second.is_void == s.is_void &&
        IsUnverified(old->second) == IsUnverified(s) && !narrowed_anew.contains(s.id)) {
      continue;
    }
    SubjectRow now = old->second;
    now.region_path = s.region_path;
    now.is_void = s.is_void;
    now.verified = s.verified;
    waiting_anew.emplace(s.id, std::move(now));
  }
  waiting_anew.insert(industries.begin(), industries.end());
  std::vector<std::string> paths;
  for (const auto& [id, path] : moved) {
    paths.push_back(path);
    paths.push_back(before.at(id).region_path);
  }
  const inbox::Act act{ids_, batch.now, nullptr, "subject_changed", WorkCalendar};
  RETURN_IF_ERROR(SyncWaiting(tx, waiting_anew, paths, act));
  std::vector<SubjectRow> reporting;
  for (const SubjectRow& s : subjects) {
    if (s.type != kIndustrySubject) continue;
    const auto old = before.find(s.id);
    if (old == before.end() || old->second.region_path != s.region_path ||
        old->second.is_void != s.is_void || old->second.name != s.name ||
        narrowed_anew.contains(s.id) || industries.contains(s.id)) {
      reporting.push_back(s);
    }
  }
  for (const auto& [id, industry] : industries) {
    if (!put.contains(id)) reporting.push_back(industry);
  }
  RETURN_IF_ERROR(SyncDispatchReports(tx, reporting, act));
  std::vector<Ulid> touched;
  for (const Ulid& id : ids) {
    if (!put.contains(id)) touched.push_back(id);
  }
  RETURN_IF_ERROR(BumpFactsVersion(tx, touched, batch.now));
  OutstandingChanges outstanding;
  outstanding.AddNewFacts(before, touched);
  for (const SubjectRow& s : subjects) {
    const auto old = before.find(s.id);
    outstanding.Add(old == before.end() ? nullptr : &old->second, AsPut(s, before));
  }

  std::vector<ReferenceRow> references;
  for (auto& [key, row] : c.references) references.push_back(std::move(row));
  RETURN_IF_ERROR(PutReferences(tx, references));
  RETURN_IF_ERROR(PutRegions(tx, c.regions));
  std::vector<UnitReportRow> units;
  for (auto& [key, row] : c.unit_reports) units.push_back(std::move(row));
  RETURN_IF_ERROR(PutUnitReports(tx, units));
  // Named after the regions.
  RETURN_IF_ERROR(outstanding.Sync(tx, act));
  // After the subjects: what waits on a unit itself has opened anew by now.
  return recode::ApplyAll(tx, parts_, std::move(c.moves), clock_);
}

absl::Status RegistryEffects::FinishSnapshot(mysql::Tx& tx, const std::string& source,
                                             int64_t generation) {
  constexpr int kPage = 1000;
  for (std::string_view kind : {kReportFacts, kShortBoardFacts, kBrandFacts}) {
    while (true) {
      ASSIGN_OR_RETURN(std::vector<Ulid> gone,
                       DeleteOldFactSources(tx, source, kind, generation, kPage));
      if (gone.empty()) break;
    }
  }
  const inbox::Act act{ids_, ids_.Next().time(), nullptr, "subject_void", WorkCalendar};
  OutstandingChanges outstanding;
  std::vector<SubjectRow> changed;
  const auto make_void = [&](const SubjectMap& before) -> absl::Status {
    std::vector<SubjectRow> rows;
    for (const auto& [id, row] : before) {
      rows.push_back(row);
      rows.back().is_void = true;
      outstanding.Add(&row, rows.back());
    }
    RETURN_IF_ERROR(PutSubjects(tx, rows, before));
    changed.insert(changed.end(), rows.begin(), rows.end());
    return absl::OkStatus();
  };
  // All projects are locked before the first industry, as by whoever applies events of either: the
  // industries at once, those that are gone and those whose money is other.
  std::set<Ulid> industries, gone_industries;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<Ulid> gone,
                     DeleteOldFactSources(tx, source, kProjectFacts, generation, kPage));
    if (gone.empty()) break;
    ASSIGN_OR_RETURN(const SubjectMap before, LockSubjects(tx, gone));
    const size_t first = changed.size();
    RETURN_IF_ERROR(make_void(before));
    industries.merge(IndustriesOfOtherMoney(
        {changed.begin() + static_cast<std::ptrdiff_t>(first), changed.end()}, before, {}));
  }
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<Ulid> gone,
                     DeleteOldFactSources(tx, source, kIndustryFacts, generation, kPage));
    if (gone.empty()) break;
    gone_industries.insert(gone.begin(), gone.end());
  }
  industries.insert(gone_industries.begin(), gone_industries.end());
  ASSIGN_OR_RETURN(SubjectMap of_other_money,
                   LockSubjects(tx, {industries.begin(), industries.end()}));
  SubjectMap gone;
  for (const Ulid& id : gone_industries) {
    if (auto node = of_other_money.extract(id)) gone.insert(std::move(node));
  }
  RETURN_IF_ERROR(make_void(gone));
  for (const auto& [id, industry] : of_other_money) changed.push_back(industry);
  for (size_t begin = 0; begin < changed.size(); begin += kPage) {
    const size_t end = std::min(changed.size(), begin + kPage);
    const std::vector<SubjectRow> rows(changed.begin() + static_cast<std::ptrdiff_t>(begin),
                                       changed.begin() + static_cast<std::ptrdiff_t>(end));
    SubjectMap waiting;
    for (const SubjectRow& row : rows) waiting.emplace(row.id, row);
    RETURN_IF_ERROR(SyncWaiting(tx, waiting, {}, act));
    RETURN_IF_ERROR(SyncDispatchReports(tx, rows, act));
  }
  // Late, as it has others wait.
  return outstanding.Sync(tx, act);
}

}  // namespace bangfu::evaluation
