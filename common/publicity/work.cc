#include "common/publicity/work.h"

#include <utility>

#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/status/macros.h"

namespace bangfu::publicity {
namespace {

constexpr char kSubjectType[] = "publicity";

struct OpenObjection {
  Ulid id;
  workflow::Person recorder;
  absl::CivilDay answer_due;
};

absl::StatusOr<std::vector<OpenObjection>> ReadOpenObjections(mysql::Executor& db,
                                                              const Ulid& publicity_id) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT id, recorded_subject, recorded_delegated_by, answer_due FROM objection "
               "WHERE publicity_id = ? AND state = ? ORDER BY id",
               {publicity_id, static_cast<int>(v1::OBJECTION_STATE_OPEN)}));
  std::vector<OpenObjection> out;
  for (const mysql::Row& row : rows) {
    out.push_back({row.Id(0), {row.String(1), row.String(2)}, row.Day(3)});
  }
  return out;
}

}  // namespace

std::vector<inbox::Kind> WorkKinds() {
  return {{"OBJECTION_ANSWER", "答复公示异议", kSubjectType},
          {"PUBLICITY_EVIDENCE", "补充公示材料", kSubjectType},
          {"PUBLICITY_CONCLUDE", "结束公示", kSubjectType}};
}

const std::vector<workflow::Work>& Works() {
  static const auto* works =
      new std::vector<workflow::Work>{{"add_evidence", "PUBLICITY_EVIDENCE"},
                                      {"decide_objection", "OBJECTION_ANSWER"},
                                      {"conclude", "PUBLICITY_CONCLUDE"}};
  return *works;
}

absl::Status SyncWork(mysql::Tx& tx, const v1::Publicity& publicity, const std::string& title,
                      const auth::Facets& facets, int64_t evidence_wanted, const inbox::Act& act) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(publicity.id()));
  inbox::Subject work{kSubjectType, id, {}, {}};
  std::vector<OpenObjection> open;
  if (publicity.state() == v1::PUBLICITY_STATE_OBJECTED ||
      publicity.state() == v1::PUBLICITY_STATE_ENDED) {
    ASSIGN_OR_RETURN(open, ReadOpenObjections(tx, id));
  }
  Subject subject;
  subject.state = publicity.state();
  subject.to = DayFrom(publicity.to());
  subject.open_objections = static_cast<int>(open.size());
  subject.evidence = publicity.evidence_size();
  subject.evidence_wanted = evidence_wanted;
  // Concluding is work of the day after the last; until then the item lies hidden. While files of
  // the showing are missing it is not there: what waits is to bring them, by the last day.
  subject.today = subject.to + 1;
  for (const OpenObjection& objection : open) subject.recorders.push_back(objection.recorder);
  for (const workflow::WaitingStep& step :
       workflow::WaitingSteps(Transitions(), Works(), subject, {})) {
    inbox::Wanted w = inbox::WantedOf(step, publicity.region_path(), title);
    w.facets = facets;
    if (step.action == "add_evidence") {
      if (subject.evidence >= subject.evidence_wanted) continue;
      w.due_on = subject.to;
      w.provisional = publicity.provisional();
      work.wanted.push_back(std::move(w));
      continue;
    }
    if (step.action == "conclude") {
      w.starts_on = subject.today;
      w.term_days = kConcludeDays;
      work.wanted.push_back(std::move(w));
      continue;
    }
    for (const OpenObjection& objection : open) {
      subject.recorders = {objection.recorder};
      for (const workflow::WaitingStep& one : workflow::WaitingSteps(
               Transitions(), {{step.action, step.kind}}, subject, {objection.recorder})) {
        inbox::Wanted answer = w;
        answer.slot = objection.id.ToString();
        answer.excluded = one.excluded;
        answer.due_on = objection.answer_due;
        work.wanted.push_back(std::move(answer));
      }
    }
  }
  return inbox::Sync(tx, {work}, act);
}

inbox::Source WorkSource(TitleOf title, FacetsOf facets, EvidenceWantedOf evidence_wanted) {
  return {
      kSubjectType,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(
            const mysql::Rows rows,
            db.Query("SELECT id FROM publicity WHERE id > ? AND state IN (?, ?, ?) ORDER BY "
                     "id LIMIT ?",
                     {after, static_cast<int>(v1::PUBLICITY_STATE_RUNNING),
                      static_cast<int>(v1::PUBLICITY_STATE_OBJECTED),
                      static_cast<int>(v1::PUBLICITY_STATE_ENDED), limit}));
        std::vector<Ulid> ids;
        for (const mysql::Row& row : rows) ids.push_back(row.Id(0));
        return ids;
      },
      [title = std::move(title), facets = std::move(facets),
       evidence_wanted = std::move(evidence_wanted)](mysql::Tx& tx, const std::vector<Ulid>& ids,
                                                     const inbox::Act& act) -> absl::Status {
        for (const Ulid& id : ids) {
          ASSIGN_OR_RETURN(const mysql::Rows rows,
                           tx.Query("SELECT region_path FROM publicity WHERE id = ?", {id}));
          if (rows.empty()) continue;
          ASSIGN_OR_RETURN(const v1::Publicity publicity,
                           GetForUpdate(tx, id, {rows[0].String(0)}, ""));
          std::string text = publicity.subject_type();
          if (title) {
            ASSIGN_OR_RETURN(text, title(tx, publicity));
          }
          std::vector<auth::Facets> of(1);
          if (facets) {
            ASSIGN_OR_RETURN(of, facets(tx, {&publicity}, act.now));
          }
          int64_t wanted = 0;
          if (evidence_wanted) {
            ASSIGN_OR_RETURN(wanted, evidence_wanted(tx, publicity.kind()));
          }
          RETURN_IF_ERROR(SyncWork(tx, publicity, text, of[0], wanted, act));
        }
        return absl::OkStatus();
      }};
}

}  // namespace bangfu::publicity
