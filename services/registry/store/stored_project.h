// How a row of table project is selected and read; inside this folder only.
#pragma once

#include <vector>

#include "common/mysql/session.h"
#include "services/registry/store/project_store.h"

namespace bangfu::registry {

// Of `project p`, in the order in which ProjectFrom reads them; what is selected besides follows.
inline constexpr char kProjectColumns[] =
    "p.id, p.project_code, p.region_path, p.state, p.verification_state, p.origin, p.project_type, "
    "p.category, p.industry_code, p.industry_id, p.operator_id, p.campaign_id, p.year, "
    "p.declared_total_fen, p.public_total_fen, p.is_void, p.is_sample, p.version, p.updated_at, "
    "p.record";

ProjectRow ProjectFrom(const mysql::Row& row);
std::vector<ProjectRow> ProjectsFrom(const mysql::Rows& rows);

}  // namespace bangfu::registry
