#include "services/asset/api/contract_internal.h"

#include <algorithm>
#include <utility>

#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/api/checks.h"

namespace bangfu::asset::api {

absl::StatusOr<std::string> Prefix(mysql::Executor& db, const std::string& region_code) {
  if (region_code.empty()) return std::string();
  ASSIGN_OR_RETURN(const std::string code, NormalizeRegionCode(region_code));
  ASSIGN_OR_RETURN(const auto path, store::RegionPath(db, code));
  return path && !path->empty() ? *path : code;
}

absl::StatusOr<std::optional<Ulid>> OptionalId(const std::string& text) {
  if (text.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(text));
  return id;
}

absl::StatusOr<store::ProjectCopy> LoadProject(mysql::Executor& db, const std::string& id,
                                               const auth::RegionScope& scope) {
  ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
  ASSIGN_OR_RETURN(const auto found, store::FindProjects(db, {ulid}));
  if (found.empty() || !auth::InScope(scope, found.front().region_path)) {
    return NotFound("project", id).Build();
  }
  if (found.front().is_void) {
    return Refusal("PROJECT_VOID", "项目已作废").With("project_id", id).Build();
  }
  return found.front();
}

void CheckCounts(int64_t all, int64_t poor, int64_t monitored, std::string_view all_field,
                 std::string_view poor_field, std::string_view monitored_field,
                 std::vector<FieldViolation>* violations) {
  if (poor > all) violations->push_back({std::string(poor_field), Cat("不能多于", all_field)});
  if (monitored > all)
    violations->push_back({std::string(monitored_field), Cat("不能多于", all_field)});
}

Due AfterEnd(const store::DueRow& due, absl::CivilDay ended_on) {
  Due out = due.due;
  out.fixed_fen = due.received_fen;
  out.due_fen = due.received_fen;
  out.due_date = std::min(out.due_date, ended_on);
  return out;
}

}  // namespace bangfu::asset::api
