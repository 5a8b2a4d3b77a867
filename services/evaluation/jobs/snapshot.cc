#include "services/evaluation/jobs/snapshot.h"

#include <utility>

#include "bangfu/evaluation/v1/events.pb.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/criteria_message.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/store/criteria_store.h"
#include "services/evaluation/store/evaluation_store.h"

namespace bangfu::evaluation {

namespace {

absl::StatusOr<std::vector<feed::OutboxEvent>> PageEvaluations(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<feed::RegionPrefixes>& scope) {
  ASSIGN_OR_RETURN(std::vector<EvaluationRow> rows, PageEvaluationsById(db, after, limit, scope));
  std::vector<feed::OutboxEvent> out;
  v1::EvaluationChanged changed;
  for (const EvaluationRow& row : rows) {
    ASSIGN_OR_RETURN(*changed.mutable_evaluation(), ToMessage(row));
    out.push_back(feed::MakeEvent("evaluation", row.id, row.region_path, changed, row.computed_at));
  }
  return out;
}

absl::StatusOr<std::vector<feed::OutboxEvent>> PageCriteria(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<feed::RegionPrefixes>& scope) {
  ASSIGN_OR_RETURN(std::vector<CriteriaRow> rows, PageCriteriaById(db, after, limit, scope));
  std::vector<feed::OutboxEvent> out;
  v1::CriteriaSetChanged changed;
  for (const CriteriaRow& row : rows) {
    ASSIGN_OR_RETURN(*changed.mutable_criteria_set(), ToMessage(row));
    out.push_back(feed::MakeEvent("criteria_set", row.id, row.region_code, changed,
                                  TimeOf(changed.criteria_set().created_at())));
  }
  return out;
}

}  // namespace

Snapshots::Snapshots() {
  Add("criteria_set", PageCriteria);
  Add("evaluation", PageEvaluations);
}

void Snapshots::Add(std::string aggregate_type, PageFunction page) {
  pages_.emplace_back(std::move(aggregate_type), std::move(page));
}

std::vector<std::string> Snapshots::aggregate_types() const {
  std::vector<std::string> out;
  for (const auto& [type, page] : pages_) out.push_back(type);
  return out;
}

absl::StatusOr<std::vector<feed::OutboxEvent>> Snapshots::Page(
    mysql::Executor& db, const std::string& aggregate_type, const Ulid& after, int limit,
    const std::optional<feed::RegionPrefixes>& scope) {
  for (const auto& [type, page] : pages_) {
    if (type == aggregate_type) return page(db, after, limit, scope);
  }
  return std::vector<feed::OutboxEvent>();
}

}  // namespace bangfu::evaluation
