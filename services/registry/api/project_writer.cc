#include "services/registry/api/project_writer.h"

#include <algorithm>

#include "bangfu/registry/v1/events.pb.h"
#include "common/audit/audit.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/contract/sensitive.h"
#include "common/feed/outbox.h"
#include "common/rpc/actor.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/industries.h"
#include "services/registry/api/notices.h"
#include "services/registry/api/report_work.h"
#include "services/registry/api/short_board_work.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/api/unit_reports.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/domain/project.h"
#include "services/registry/domain/project_actions.h"

namespace bangfu::registry {
namespace {

std::string SearchText(const v1::Project& p) {
  std::string text =
      Cat(p.name(), " ", p.content_text(), " ", p.implementing_org(), " ", p.operator_text());
  for (const v1::ContentItem& c : p.content_items()) text += Cat(" ", c.description());
  return text;
}

template <typename T>
bool SameList(const T& a, const T& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return SameContent(x, y); });
}

// What of the rows beside a project a change writes anew: those whose content it touches. By far
// the most are those of the search.
ProjectRow::Anew ChangedParts(const v1::Project& before, const v1::Project& after) {
  ProjectRow::Anew anew;
  if (before.region_path() != after.region_path()) return anew;  // in the keys of all
  anew.regions = !SameList(before.covered_regions(), after.covered_regions());
  // Where a site lies is the region list's to say, today's.
  anew.content =
      !SameList(before.content_items(), after.content_items()) ||
      std::any_of(after.content_items().begin(), after.content_items().end(),
                  [](const v1::ContentItem& c) { return !c.site_region_code().empty(); });
  anew.external_ids = !SameList(before.external_ids(), after.external_ids());
  anew.name = before.year() != after.year() || before.name() != after.name();
  anew.search_text = SearchText(before) != SearchText(after);
  return anew;
}

ProjectRow RowOf(const v1::Project& p, const ProjectReferences& references) {
  ProjectRow row;
  row.id = OptionalId(p.id()).value_or(Ulid());
  row.project_code = p.project_code();
  row.region_path = p.region_path();
  row.state = p.state();
  row.verification_state = p.verification_state();
  row.origin = p.origin();
  row.project_type = p.project_type();
  row.category = p.category();
  row.industry_code = p.industry_code();
  row.industry_id = OptionalId(p.industry_id());
  row.operator_id = OptionalId(p.operator_id());
  row.campaign_id = OptionalId(p.campaign_id());
  row.year = p.year();
  row.declared_total_fen = p.declared_total_fen();
  row.public_total_fen = p.public_total_fen();
  row.is_void = p.is_void();
  row.is_sample = p.is_sample();
  row.version = 1;
  (void)absl::SimpleAtoi(p.etag(), &row.version);
  row.updated_at = TimeOf(p.updated_at());
  const std::vector<FundingFact> facts = FundingFacts(references, p);
  for (int i = 0; i < p.declared_funding_size(); ++i) {
    const v1::DeclaredFunding& f = p.declared_funding(i);
    row.funding.push_back({f.source_code(), f.task_code(), f.year(), facts[i].exact_fen,
                           f.amount().parse_state(), facts[i].is_public});
  }
  row.regions.push_back({p.region_path(), true, 0});
  for (const v1::CoveredRegion& c : p.covered_regions()) {
    if (c.region_path() == p.region_path()) {
      row.regions[0].share_bp = c.share_bp();
    } else {
      row.regions.push_back({c.region_path(), false, c.share_bp()});
    }
  }
  for (const v1::ContentItem& c : p.content_items()) {
    std::string path;
    if (!c.site_region_code().empty()) path = PathOf(references, c.site_region_code());
    if (path.empty()) path = p.region_path();
    row.content.push_back(
        {OptionalId(c.item_id()).value_or(Ulid()), path, c.category_code(), c.budget_fen()});
  }
  row.external_ids = external::NumbersOf(p.external_ids());
  row.name = p.name();
  row.search_text = SearchText(p);
  v1::Project record = p;
  record.clear_etag();
  record.clear_allowed_actions();
  row.record = TakeBytes(&record);
  return row;
}

// What the projects come to name stays as it is until they are written: whoever makes it void
// meanwhile is before us, and the next run of the transaction finds it void, or after us, and finds
// who names it. What they named before is in use already.
absl::Status HoldNamed(mysql::Tx& tx, const std::vector<ProjectChange>& changes) {
  std::set<Ulid> operators, helpers, boards;
  for (const ProjectChange& c : changes) {
    if (c.project.is_void()) continue;
    const v1::Project& before = c.before ? *c.before : v1::Project::default_instance();
    const auto name = [](const std::string& now, const std::string& was, std::set<Ulid>* out) {
      if (now == was) return;
      if (const auto id = OptionalId(now)) out->insert(*id);
    };
    name(c.project.operator_id(), before.operator_id(), &operators);
    name(c.project.short_board_id(), before.short_board_id(), &boards);
    for (const std::string& helper : c.project.helper_org_ids()) {
      const auto& had = before.helper_org_ids();
      name(helper, std::find(had.begin(), had.end(), helper) == had.end() ? "" : helper, &helpers);
    }
  }
  for (const auto& [table, ids] :
       {std::pair(&OperatorTable(), &operators), std::pair(&HelperTable(), &helpers),
        std::pair(&ShortBoardTable(), &boards)}) {
    ASSIGN_OR_RETURN(const std::set<Ulid> held, table->Hold(tx, *ids));
    if (held.size() < ids->size()) return mysql::Conflict();
  }
  return absl::OkStatus();
}

}  // namespace

bool VerifiedFieldChanged(const v1::Project& before, const v1::Project& after) {
  v1::Project a = before;
  v1::Project b = after;
  const auto* type = v1::Project::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    if (IsVerifiedField(field->name()) && !IsImmutableField(field->name())) continue;
    a.GetReflection()->ClearField(&a, field);
    b.GetReflection()->ClearField(&b, field);
  }
  return !SameContent(a, b);
}

absl::Status WriteProjects(mysql::Tx& tx, const Author& author, const ProjectReferences& references,
                           std::vector<ProjectChange>* changes) {
  RETURN_IF_ERROR(HoldNamed(tx, *changes));
  // Reports before all that is written: who submits one at this moment is before or after us, never
  // beside.
  struct Edit {
    int level = 0;
    bool covers = false;  // from elsewhere
  };
  std::map<Ulid, Edit> editors;  // the lowest editor of each report
  std::set<Ulid> registered_in;  // reports that get a new subject
  std::set<Ulid> touched;        // locked by id: two that are here wait in one order
  for (const ProjectChange& c : *changes) {
    const auto edits = [&](const OpenUnit& unit, int level, bool covers) {
      Edit& edit = editors[unit.unit_report_id];
      if (level > edit.level) edit = {level, covers};
    };
    if (const OpenUnit* lead = LeadUnit(references.open_units, c.project)) {
      edits(*lead, c.editor_level, /*covers=*/false);
    }
    std::set<std::string> before;
    if (c.before) before = RegionsBefore(references, *c.before);
    const std::set<std::string> after = RegionsOf(c.project);
    const auth::Facets thing = FacetsOf(c.project, references.categories);
    for (const std::string& path : after) {
      const auto unit = references.open_units.find(path);
      if (unit == references.open_units.end()) continue;
      touched.insert(unit->second.unit_report_id);
      if (before.count(path) > 0 || c.project.is_void()) continue;
      // Who may edit where the project is led from need not be anybody in a village that it covers.
      const bool covers = path != c.project.region_path();
      edits(unit->second,
            covers ? EditorLevelAt(author.caller, author.roles, path, thing) : c.editor_level,
            covers);
      registered_in.insert(unit->second.unit_report_id);
    }
    // Whose money a village's departments answer for is less without it.
    for (const std::string& path : before) {
      const auto unit = references.open_units.find(path);
      if (unit != references.open_units.end()) touched.insert(unit->second.unit_report_id);
    }
  }
  ASSIGN_OR_RETURN(std::vector<UnitReportRow> locked,
                   LockUnitReports(tx, {touched.begin(), touched.end()}));
  std::vector<UnitReportRow> reopen, waiting;
  for (UnitReportRow& report : locked) {
    const auto unit = references.open_units.find(report.region_path);
    if (unit == references.open_units.end()) continue;
    if (const auto editor = editors.find(report.id); editor != editors.end()) {
      EditWindow window = unit->second.window;
      window.report_state = report.state;
      const absl::Status open = CheckEditWindow(window, editor->second.level);
      if (!open.ok()) {
        return editor->second.covers ? CoveredVillageLocked(open, report.region_path) : open;
      }
    }
    if (registered_in.count(report.id) > 0) {
      reopen.push_back(std::move(report));
    } else if (HasProjectWork(report)) {
      waiting.push_back(std::move(report));
    }
  }
  RETURN_IF_ERROR(ReopenForNewSubject(tx, author, std::move(reopen)));

  std::set<std::pair<std::string, std::string>> wanted;
  for (const ProjectChange& c : *changes) {
    if (!c.project.industry_code().empty()) {
      wanted.insert({c.project.region_path().substr(0, 6), c.project.industry_code()});
    }
  }
  ASSIGN_OR_RETURN(const auto industries, EnsureIndustries(tx, author, references, wanted));

  std::map<std::pair<std::string, int>, int64_t>
      numbers;  // county and year -> how many, then the next
  for (const ProjectChange& c : *changes) {
    if (!c.before) ++numbers[{c.project.region_path().substr(0, 6), c.project.year()}];
  }
  for (auto& [key, count] : numbers) {
    ASSIGN_OR_RETURN(count, ClaimSequence(tx, key.first, key.second, count));
  }

  std::vector<ProjectRow> inserts, replaces;
  std::vector<std::pair<Ulid, int>> verification;  // another one than before
  std::vector<audit::Entry> audits;
  std::vector<feed::OutboxEvent> events;
  std::set<std::string> running;  // regions in which other projects run than before
  for (ProjectChange& c : *changes) {
    v1::Project& p = c.project;
    AddRegionsOfRunning(c.before ? &*c.before : nullptr, p, &running);
    const audit::Actor audited = rpc::ActorOf(author.caller, author.roles, p.region_path(),
                                              FacetsOf(p, references.categories));
    const type::v1::Actor actor = rpc::ActorMessage(audited);
    p.clear_industry_id();
    if (!p.industry_code().empty()) {
      p.set_industry_id(
          industries.at({p.region_path().substr(0, 6), p.industry_code()}).ToString());
    }
    if (c.before) {
      int64_t version = 0;
      (void)absl::SimpleAtoi(c.before->etag(), &version);
      p.set_etag(EtagOf(version + 1));
    } else {
      if (!OptionalId(p.id())) p.set_id(author.ids.Next().ToString());
      const std::string county = p.region_path().substr(0, 6);
      p.set_project_code(FormatProjectCode(county, p.year(), numbers[{county, p.year()}]++));
      p.set_etag(EtagOf(1));
      *p.mutable_created_by() = actor;
      SetTime(author.now, p.mutable_created_at());
    }
    *p.mutable_updated_by() = actor;
    SetTime(author.now, p.mutable_updated_at());
    p.clear_allowed_actions();
    ProjectRow row = RowOf(p, references);
    if (c.before) row.anew = ChangedParts(*c.before, p);
    if (c.before && c.before->verification_state() != p.verification_state()) {
      verification.emplace_back(row.id, row.verification_state);
    }

    audit::Entry entry;
    entry.aggregate_type = "project";
    entry.aggregate_id = row.id;
    entry.region_path = row.region_path;
    entry.action = author.action;
    entry.actor = audited;
    if (c.before) entry.before_json = audit::ToJson(*c.before);
    entry.after_json = audit::ToJson(p);
    entry.reason = c.reason;
    entry.request_id = author.request_id;
    entry.source_system = author.caller.source_system;
    entry.client_ip = author.caller.client_ip;
    entry.occurred_at = author.now;
    audits.push_back(std::move(entry));

    v1::ProjectChanged event;
    *event.mutable_project() = PublicProject(p);
    events.push_back(feed::MakeEvent("project", row.id, row.region_path, event, author.now));
    (c.before ? replaces : inserts).push_back(std::move(row));
  }
  RETURN_IF_ERROR(NoteVerificationChanges(tx, verification, author.now));
  absl::Status written = InsertProjects(tx, inserts);
  if (written.ok()) written = ReplaceProjects(tx, replaces);
  // Every other key is new or this project's own.
  if (mysql::IsDuplicateKey(written)) return ExternalIdTaken();
  RETURN_IF_ERROR(written);
  RETURN_IF_ERROR(audit::AppendBatch(tx, audits));
  RETURN_IF_ERROR(feed::PublishBatch(tx, events));
  if (!waiting.empty()) {
    RETURN_IF_ERROR(SyncUnitReports(
        tx, waiting, {author.ids, author.now, &author.caller, "update", InboxCalendar()}));
  }
  std::set<Ulid> others;  // whose short boards and notices are others' work than before
  for (const ProjectChange& c : *changes) {
    if (!c.before || !OtherFacets(*c.before, c.project)) continue;
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(c.project.id()));
    others.insert(id);
  }
  RETURN_IF_ERROR(SyncShortBoardsOfProjects(
      tx, others, {author.ids, author.now, &author.caller, "update", InboxCalendar()}));
  RETURN_IF_ERROR(FollowNotices(tx, others));
  const bool voids = std::all_of(changes->begin(), changes->end(),
                                 [](const ProjectChange& c) { return c.project.is_void(); });
  return SyncMonthlyReportsAt(
      tx, running,
      {author.ids, author.now, &author.caller, voids ? "void" : "update", InboxCalendar()});
}

v1::Project ProjectOf(const ProjectRow& row) {
  v1::Project p = FromBytes<v1::Project>(row.record);
  p.set_id(row.id.ToString());
  p.set_region_path(row.region_path);
  p.set_state(static_cast<v1::ProjectState>(row.state));
  p.set_verification_state(static_cast<v1::VerificationState>(row.verification_state));
  p.set_is_void(row.is_void);
  p.set_etag(EtagOf(row.version));
  return p;
}

v1::Project Masked(v1::Project project) {
  contract::MaskSensitive(&project);
  return project;
}

audit::SensitiveRecord SensitiveProjects() {
  audit::SensitiveRecord kind;
  kind.aggregate_type = "project";
  kind.read =
      [](mysql::Executor& db, const Ulid& id,
         const std::vector<std::string>& regions) -> absl::StatusOr<audit::SensitiveRecord::Read> {
    ASSIGN_OR_RETURN(const ProjectRow row, GetProject(db, id, regions));
    return audit::SensitiveRecord::Read{row.region_path,
                                        std::make_unique<v1::Project>(ProjectOf(row))};
  };
  return kind;
}

v1::Project PublicProject(v1::Project project) {
  project.clear_filler_name();
  project.clear_filler_phone();
  project.clear_allowed_actions();
  return project;
}

}  // namespace bangfu::registry
