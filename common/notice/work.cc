#include "common/notice/work.h"

#include <map>
#include <string>
#include <utility>

#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/contract/time.h"
#include "common/status/macros.h"

namespace bangfu::notice {
namespace {

constexpr char kGoingOn[] = "state IN (?, ?, ?)";

mysql::Params GoingOn() {
  return {static_cast<int>(v1::NOTICE_STATE_OPEN), static_cast<int>(v1::NOTICE_STATE_ANSWERED),
          static_cast<int>(v1::NOTICE_STATE_RETURNED)};
}

}  // namespace

std::vector<inbox::Kind> WorkKinds() {
  return {{"NOTICE_ANSWER", "答复督办通知", kAggregate},
          {"NOTICE_REVIEW", "审阅通知答复", kAggregate}};
}

const std::vector<workflow::Work>& Works() {
  static const auto* works =
      new std::vector<workflow::Work>{{"answer", "NOTICE_ANSWER"}, {"close", "NOTICE_REVIEW"}};
  return *works;
}

namespace {

absl::StatusOr<inbox::Subject> WorkOf(const v1::SupervisionNotice& notice,
                                      const auth::Facets& facets) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(notice.id()));
  inbox::Subject work{kAggregate, id, {}, {}};
  const Subject subject = SubjectOf(notice);
  const auto* kind = v1::NoticeKind_descriptor()->FindValueByNumber(notice.kind());
  const std::string title =
      Cat(kind == nullptr ? "" : contract::LabelOf(*kind).zh(), "通知：", notice.title());
  for (const workflow::WaitingStep& step : workflow::WaitingSteps(
           Transitions(), Works(), subject, {subject.issued_by, subject.answered_by})) {
    inbox::Wanted wanted = inbox::WantedOf(step, notice.region_path(), title);
    wanted.facets = facets;
    const bool answers = step.action == "answer";
    if (answers || notice.has_review_due()) {
      wanted.due_on = DayFrom(answers ? notice.answer_due() : notice.review_due());
      wanted.provisional = notice.provisional();
    }
    work.wanted.push_back(std::move(wanted));
  }
  return work;
}

}  // namespace

absl::Status SyncWork(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                      const auth::Facets& facets, const inbox::Act& act) {
  ASSIGN_OR_RETURN(const inbox::Subject work, WorkOf(notice, facets));
  return inbox::Sync(tx, {work}, act);
}

absl::Status FollowSubjects(mysql::Tx& tx, const std::map<Ulid, auth::Facets>& subjects) {
  if (subjects.empty()) return absl::OkStatus();
  mysql::Params params = GoingOn();
  for (const auto& [subject, facets] : subjects) params.emplace_back(subject);
  // Locked: a step of such a notice that goes on meanwhile has read what the record was before.
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   tx.Query(Cat("SELECT id, subject_id FROM supervision_notice FORCE INDEX "
                                "(supervision_notice_by_subject) WHERE ",
                                kGoingOn, " AND subject_id IN (",
                                mysql::Placeholders(subjects.size()), ") ORDER BY id FOR UPDATE"),
                            params));
  std::map<Ulid, auth::Facets> notices;
  for (const mysql::Row& row : rows) notices.emplace(row.Id(0), subjects.at(row.Id(1)));
  return notices.empty() ? absl::OkStatus() : inbox::SetFacets(tx, notices);
}

inbox::Source WorkSource(FacetsOf facets) {
  return {
      kAggregate,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        mysql::Params params = GoingOn();
        params.emplace(params.begin(), after);
        params.emplace_back(limit);
        ASSIGN_OR_RETURN(const mysql::Rows rows,
                         db.Query(Cat("SELECT id FROM supervision_notice WHERE id > ? AND ",
                                      kGoingOn, " ORDER BY id LIMIT ?"),
                                  params));
        std::vector<Ulid> ids;
        for (const mysql::Row& row : rows) ids.push_back(row.Id(0));
        return ids;
      },
      [facets](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const std::vector<v1::SupervisionNotice> notices, Lock(tx, ids));
        if (notices.empty()) return absl::OkStatus();
        std::vector<auth::Facets> things(notices.size());
        if (facets) {
          std::vector<const v1::SupervisionNotice*> asked;
          for (const v1::SupervisionNotice& notice : notices) asked.push_back(&notice);
          ASSIGN_OR_RETURN(things, facets(tx, asked, act.now));
        }
        std::vector<inbox::Subject> subjects;
        for (size_t i = 0; i < notices.size(); ++i) {
          ASSIGN_OR_RETURN(inbox::Subject subject, WorkOf(notices[i], things[i]));
          subjects.push_back(std::move(subject));
        }
        return inbox::Sync(tx, subjects, act);
      }};
}

}  // namespace bangfu::notice
