#include "services/evaluation/jobs/ledger_work.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/jobs/argument_work.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/store/argument_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/ledger_unit_store.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {

namespace {

constexpr char kEntrySubject[] = "ledger_entry";
constexpr char kSigningSubject[] = "ledger";
constexpr std::string_view kUnitMark = "LEDG";
constexpr int32_t kAllDone = 10000;

std::string UnitOf(const Ulid& id) {
  const std::string bytes = id.bytes();
  const std::string_view text = bytes;
  if (text.substr(0, kUnitMark.size()) != kUnitMark) return "";
  const std::string region(text.substr(kUnitMark.size()));
  return region.substr(0, region.find('\0'));
}

workflow::RoleId SignerOf(const std::string& unit) {
  if (unit.size() == 6) return kCountyApprover;
  return unit.size() == 9 ? kTownshipApprover : kVillageReporter;
}

bool SupportsRevitalizing(const ArgumentRow& argument) {
  return argument.conclusion == v1::ARGUMENT_CONCLUSION_FEASIBLE ||
         argument.named_class == type::v1::FOUR_CLASS_REVITALIZE;
}

struct Terms {
  int plan = 0, review = 0;
};

// How far it is argued that a subject can be revitalised: kSigning while its panel is waited for.
enum class Argued { kNo, kSigning, kSigned };

// `due`: the subjects of those entries that are due for re-evaluation.
inbox::Subject Waiting(const EntryWork& entry, Argued argued, const Terms& terms,
                       const SubjectMap& due, const auth::Facets& facets) {
  const LedgerRow& row = *entry.row;
  const v1::LedgerEntry& m = *entry.message;
  inbox::Subject out{kEntrySubject, row.id, {}, {}};
  const EntryPhase phase = static_cast<EntryPhase>(m.state());
  EntrySubject subject;
  subject.phase = phase;
  if (const auto found = due.find(row.subject_id); found != due.end()) {
    subject.subject_void = found->second.is_void;
    subject.subject_unverified = IsUnverified(found->second);
  }
  for (const workflow::WaitingStep& step :
       workflow::WaitingSteps(EntryTable(), EntryWorks(), subject, {})) {
    inbox::Wanted w = inbox::WantedOf(step, row.region_path, m.subject_name());
    w.facets = facets;
    if (step.action == "plan_measures") {
      // A plan can be made anew at any time; it is work while there is none.
      if (phase != EntryPhase::kOpen) continue;
      w.term_days = terms.plan;
      if (row.four_class == type::v1::FOUR_CLASS_REVITALIZE && argued != Argued::kSigned) {
        // The panel's signatures are what is waited for.
        if (argued == Argued::kSigning) continue;
        w.kind = "LEDGER_ARGUE";
        w.action = "record_argument";
        w.roles = {kCountyOperator, kCountyApprover};
      }
    } else if (step.action == "evaluate") {
      // It can be done at any time; it is the county's work once the override has ended, until
      // another class is in force.
      if (!m.reevaluation_due()) continue;
      w.roles = {kCountyOperator, kCountyApprover};
      w.term_days = terms.review;
    } else {
      const bool done =
          std::all_of(m.plan().measures().begin(), m.plan().measures().end(),
                      [](const v1::PlannedMeasure& p) { return p.progress_bp() >= kAllDone; });
      if (done) continue;
      w.due_on = DayOf(m.plan().due());
    }
    out.wanted.push_back(std::move(w));
  }
  return out;
}

}  // namespace

std::vector<inbox::Kind> LedgerKinds() {
  return {{"MEASURE_PLAN", "制定措施", kEntrySubject},
          {"MEASURE_PROGRESS", "落实措施并填报进展", kEntrySubject},
          {"LEDGER_ARGUE", "组织盘活论证", kEntrySubject},
          {"LEDGER_REEVALUATE", "人工调整到期重新评估", kEntrySubject},
          {"LEDGER_SIGN", "台账签字", kSigningSubject}};
}

Ulid LedgerUnitId(const std::string& region_path) {
  std::string bytes = Cat(kUnitMark, region_path);
  bytes.resize(16, '\0');
  return Ulid::FromBytes(bytes).value_or(Ulid());
}

std::vector<std::string> SigningUnits(const std::string& region_path) {
  std::vector<std::string> out;
  for (const size_t digits : {12, 9, 6}) {
    if (region_path.size() >= digits) out.push_back(region_path.substr(0, digits));
  }
  return out;
}

absl::Status ClaimUnits(mysql::Tx& tx, const std::vector<std::string>& units) {
  std::vector<Ulid> ids;
  for (const std::string& unit : units) ids.push_back(LedgerUnitId(unit));
  return inbox::Claim(tx, std::move(ids));
}

absl::Status SyncEntries(mysql::Tx& tx, const std::vector<EntryWork>& entries,
                         const inbox::Act& act) {
  if (entries.empty()) return absl::OkStatus();
  std::vector<Ulid> to_argue, to_evaluate, subject_ids;
  for (const EntryWork& e : entries) {
    subject_ids.push_back(e.row->subject_id);
    if (e.message->reevaluation_due()) to_evaluate.push_back(e.row->subject_id);
    if (e.row->four_class == type::v1::FOUR_CLASS_REVITALIZE &&
        e.message->state() == v1::LEDGER_ENTRY_STATE_OPEN) {
      to_argue.push_back(e.row->subject_id);
    }
  }
  std::map<Ulid, Argued> argued;
  ASSIGN_OR_RETURN(const std::vector<ArgumentRow> arguments, LoadArguments(tx, to_argue));
  ASSIGN_OR_RETURN(const std::set<Ulid> awaited, Awaited(tx, arguments, act.now));
  std::set<Ulid> not_carried;
  for (const ArgumentRow& a : arguments) {
    // What is older than one that was not carried carries no plan.
    if (a.state == v1::ARGUMENT_STATE_NOT_CARRIED) not_carried.insert(a.subject_id);
    if (not_carried.contains(a.subject_id) || !SupportsRevitalizing(a)) continue;
    Argued& how = argued[a.subject_id];
    if (a.state == v1::ARGUMENT_STATE_SIGNED) how = Argued::kSigned;
    if (awaited.contains(a.id)) how = std::max(how, Argued::kSigning);
  }
  ASSIGN_OR_RETURN(const SubjectMap due, LoadSubjects(tx, to_evaluate, std::nullopt));
  ASSIGN_OR_RETURN(const std::vector<int64_t> days,
                   ReadParameters(tx, {kMeasurePlanDays, kReviewDays}));
  const Terms terms{static_cast<int>(days[0]), static_cast<int>(days[1])};
  ASSIGN_OR_RETURN(const GrantScope scope, GrantScope::Load(tx, subject_ids, ShanghaiDay(act.now)));
  std::vector<inbox::Subject> subjects;
  for (const EntryWork& e : entries) {
    const auto how = argued.find(e.row->subject_id);
    subjects.push_back(Waiting(e, how == argued.end() ? Argued::kNo : how->second, terms, due,
                               scope.Of(e.row->subject_id)));
  }
  return inbox::Sync(tx, subjects, act);
}

absl::Status SyncEntriesOf(mysql::Tx& tx, const std::vector<Ulid>& subject_ids,
                           const inbox::Act& act) {
  ASSIGN_OR_RETURN(const auto open, LockOpenEntries(tx, subject_ids));
  std::vector<v1::LedgerEntry> messages;
  messages.reserve(open.size());
  std::vector<EntryWork> entries;
  for (const auto& [id, row] : open) {
    ASSIGN_OR_RETURN(v1::LedgerEntry message, ToMessage(row));
    messages.push_back(std::move(message));
    entries.push_back({&row, &messages.back()});
  }
  return SyncEntries(tx, entries, act);
}

absl::Status SyncSigning(mysql::Tx& tx, const std::vector<std::string>& paths,
                         const inbox::Act& act) {
  const std::set<std::string> changed(paths.begin(), paths.end());
  if (changed.empty()) return absl::OkStatus();
  std::set<std::string> claims = changed;
  for (const std::string& path : changed) {
    for (std::string& unit : SigningUnits(path)) claims.insert(std::move(unit));
  }
  RETURN_IF_ERROR(ClaimUnits(tx, {claims.begin(), claims.end()}));
  ASSIGN_OR_RETURN(const auto units, RefreshUnits(tx, changed));
  if (units.empty()) return absl::OkStatus();
  // Each level once those below it have signed, and nobody at two levels.
  std::vector<std::string> turns, above_others;
  for (const auto& [path, unit] : units) {
    if (!unit.is_unsigned() || unit.units_unsigned > 1) continue;
    turns.push_back(path);
    if (unit.units > 1) above_others.push_back(path);
  }
  std::map<std::string, std::string> names;
  int64_t days = 0;
  if (!turns.empty()) {
    ASSIGN_OR_RETURN(days, ReadParameter(tx, kLedgerSignDays));
    ASSIGN_OR_RETURN(const std::vector<RegionRow> regions, GetRegions(tx, turns));
    for (const RegionRow& region : regions) names[region.code] = region.name;
  }
  ASSIGN_OR_RETURN(const auto signers, SignersInside(tx, above_others));

  std::vector<inbox::Subject> subjects;
  for (const auto& [unit, state] : units) {
    inbox::Subject subject{kSigningSubject, LedgerUnitId(unit), {}, {}};
    if (std::binary_search(turns.begin(), turns.end(), unit)) {
      inbox::Wanted w;
      w.kind = "LEDGER_SIGN";
      w.action = "sign_ledger";
      w.region_path = unit;
      const auto name = names.find(unit);
      w.title = Cat(name == names.end() ? unit : name->second, "四个一批台账");
      w.roles = {SignerOf(unit)};
      w.facets = auth::Everything();
      w.term_days = static_cast<int>(days);
      for (auto it = signers.upper_bound(unit); it != signers.end() && it->first.starts_with(unit);
           ++it) {
        // A deputy's signature is the principal's, too.
        for (const std::string& name : {it->second.subject, it->second.delegated_by}) {
          if (!name.empty()) w.excluded.push_back(name);
        }
      }
      std::sort(w.excluded.begin(), w.excluded.end());
      w.excluded.erase(std::unique(w.excluded.begin(), w.excluded.end()), w.excluded.end());
      subject.wanted.push_back(std::move(w));
    }
    subjects.push_back(std::move(subject));
  }
  return inbox::Sync(tx, subjects, act);
}

inbox::Source EntrySource() {
  return {
      kEntrySubject,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const std::vector<LedgerRow> rows,
                         PageEntriesById(db, after, limit, std::nullopt));
        std::vector<Ulid> ids;
        for (const LedgerRow& row : rows) ids.push_back(row.id);
        return ids;
      },
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const std::vector<LedgerRow> rows, LockEntries(tx, ids));
        std::vector<v1::LedgerEntry> messages;
        messages.reserve(rows.size());
        std::vector<EntryWork> entries;
        for (const LedgerRow& row : rows) {
          ASSIGN_OR_RETURN(v1::LedgerEntry message, ToMessage(row));
          messages.push_back(std::move(message));
          entries.push_back({&row, &messages.back()});
        }
        return SyncEntries(tx, entries, act);
      }};
}

inbox::Source SigningSource() {
  return {
      kSigningSubject,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                         PathsWithEntries(db, UnitOf(after), limit));
        std::vector<Ulid> ids;
        for (const std::string& path : paths) ids.push_back(LedgerUnitId(path));
        return ids;
      },
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
        std::vector<std::string> paths;
        for (const Ulid& id : ids) paths.push_back(UnitOf(id));
        return SyncSigning(tx, paths, act);
      }};
}

}  // namespace bangfu::evaluation
