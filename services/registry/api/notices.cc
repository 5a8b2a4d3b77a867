#include "services/registry/api/notices.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/store/facet_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/project_store.h"

namespace bangfu::registry {
namespace {

// Of the project or industry that each names.
absl::StatusOr<std::vector<auth::Facets>> FacetsOfNotices(
    mysql::Executor& db, const std::vector<const notice::v1::SupervisionNotice*>& notices,
    absl::Time) {
  std::set<Ulid> ids;
  for (const notice::v1::SupervisionNotice* one : notices) {
    if (const auto id = OptionalId(one->subject_id())) ids.insert(*id);
  }
  std::vector<auth::Facets> out(notices.size());
  if (ids.empty()) return out;
  ASSIGN_OR_RETURN(const auto codes, FacetCodesOf(db, ids));
  ASSIGN_OR_RETURN(const auto facets, WorkFacets(db, codes));
  for (size_t i = 0; i < notices.size(); ++i) {
    const auto id = OptionalId(notices[i]->subject_id());
    if (!id) continue;
    if (const auto found = facets.find(*id); found != facets.end()) out[i] = found->second;
  }
  return out;
}

}  // namespace

void RegisterNotices(rpc::Router& router) {
  notice::ServiceOptions options;
  options.region_path = [](mysql::Executor& db, std::string_view code, std::string_view field) {
    return ResolvePath(db, std::string(code), field);
  };
  options.calendar = InboxCalendar();
  options.parameter = ParameterValue;
  options.facets = FacetsOfNotices;
  options.subject_types = {"project", "industry"};
  options.lock_subject = [](mysql::Tx& tx, std::string_view type, const Ulid& id) -> absl::Status {
    if (type != "project") return absl::OkStatus();  // an industry stays what it is
    return LockProjects(tx, {id}).status();
  };
  notice::RegisterSupervisionNoticeService(router, std::move(options));
}

std::shared_ptr<feed::SnapshotSource> MakeStates() {
  return std::make_shared<feed::CombinedSnapshot>(
      std::vector<std::shared_ptr<feed::SnapshotSource>>{MakeSnapshotSource(),
                                                         notice::NoticeStates()});
}

absl::Status FollowNotices(mysql::Tx& tx, const std::set<Ulid>& projects) {
  if (projects.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto codes, FacetCodesOf(tx, projects));
  ASSIGN_OR_RETURN(const auto facets, WorkFacets(tx, codes));
  return notice::FollowSubjects(tx, facets);
}

inbox::Source NoticeSource() { return notice::WorkSource(FacetsOfNotices); }

}  // namespace bangfu::registry
