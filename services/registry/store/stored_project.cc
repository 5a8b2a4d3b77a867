#include "services/registry/store/stored_project.h"

#include <cstddef>
#include <optional>

#include "common/base/ulid.h"

namespace bangfu::registry {
namespace {

std::optional<Ulid> OptId(const mysql::Row& row, size_t i) {
  if (row.IsNull(i)) return std::nullopt;
  return row.Id(i);
}

}  // namespace

ProjectRow ProjectFrom(const mysql::Row& r) {
  ProjectRow p;
  p.id = r.Id(0);
  p.project_code = r.String(1);
  p.region_path = r.String(2);
  p.state = static_cast<int>(r.Int(3));
  p.verification_state = static_cast<int>(r.Int(4));
  p.origin = static_cast<int>(r.Int(5));
  p.project_type = r.String(6);
  p.category = r.String(7);
  p.industry_code = r.String(8);
  p.industry_id = OptId(r, 9);
  p.operator_id = OptId(r, 10);
  p.campaign_id = OptId(r, 11);
  p.year = static_cast<int>(r.Int(12));
  p.declared_total_fen = r.Int(13);
  p.public_total_fen = r.Int(14);
  p.is_void = r.Bool(15);
  p.is_sample = r.Bool(16);
  p.version = r.Int(17);
  p.updated_at = r.Time(18);
  p.record = r.String(19);
  return p;
}

std::vector<ProjectRow> ProjectsFrom(const mysql::Rows& rows) {
  std::vector<ProjectRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(ProjectFrom(row));
  return out;
}

}  // namespace bangfu::registry
