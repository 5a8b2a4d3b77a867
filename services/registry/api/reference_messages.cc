#include "services/registry/api/reference_messages.h"

#include "services/registry/api/convert.h"

namespace bangfu::registry {

v1::Region RegionMessage(const RegionRow& row) {
  v1::Region r;
  r.set_code(row.code);
  r.set_name(row.name);
  r.set_short_name(row.short_name);
  r.set_level(static_cast<v1::RegionLevel>(row.level));
  r.set_parent_code(row.parent_code);
  r.set_start_year(row.start_year);
  r.set_end_year(row.end_year);
  for (const RegionSuccessorRow& s : row.successors) {
    v1::RegionSuccessor& out = *r.add_successors();
    out.set_code(s.code);
    out.set_year(s.year);
  }
  r.set_is_extension(row.is_extension);
  for (const std::string& flag : row.flags) r.add_flags(flag);
  r.set_region_path(row.region_path);
  return r;
}

v1::RegionMove RegionMoveMessage(const recode::Move& move) {
  v1::RegionMove m;
  m.set_id(move.id.ToString());
  m.set_from_path(move.from);
  m.set_to_path(move.to);
  SetTime(move.at, m.mutable_moved_at());
  return m;
}

v1::Organisation OrganisationMessage(const OrganisationRow& row) {
  v1::Organisation o;
  o.set_id(row.id.ToString());
  o.set_org_code(row.org_code);
  o.set_name(row.name);
  o.set_org_type(static_cast<v1::OrgType>(row.org_type));
  o.set_region_code(row.region_code);
  o.set_region_path(row.region_path);
  o.set_uscc(row.uscc);
  for (const std::string& clause : row.clauses) o.add_clauses(clause);
  o.set_department_code(row.department_code);
  o.set_is_active(row.is_active);
  o.set_etag(EtagOf(row.version));
  return o;
}

v1::Code CodeMessage(const CodeRow& row) {
  v1::Code c;
  c.set_list(row.list);
  c.set_code(row.code);
  c.set_name_zh(row.name_zh);
  c.set_description_zh(row.description_zh);
  for (const auto& [name, value] : row.attributes) {
    v1::CodeAttribute& a = *c.add_attributes();
    a.set_name(name);
    a.set_value(value);
  }
  c.set_sort(row.sort);
  if (row.valid_from) SetDay(*row.valid_from, c.mutable_valid_from());
  if (row.valid_to) SetDay(*row.valid_to, c.mutable_valid_to());
  c.set_version(row.version);
  c.set_unconfirmed(row.unconfirmed);
  return c;
}

v1::Parameter ParameterMessage(const ParameterRow& row) {
  v1::Parameter p;
  p.set_code(row.code);
  p.set_name_zh(row.name_zh);
  p.set_value(row.value);
  p.set_unit(row.unit);
  p.set_day_kind(static_cast<v1::DayKind>(row.day_kind));
  p.set_unconfirmed(row.unconfirmed);
  p.set_etag(EtagOf(row.version));
  return p;
}

v1::FundSourceDepartment FundSourceDepartmentMessage(const FundSourceDepartmentRow& row) {
  v1::FundSourceDepartment f;
  f.set_id(row.id.ToString());
  f.set_source_code(row.rule.source_code);
  f.set_task_code(row.rule.task_code);
  f.set_department_code(row.rule.department_code);
  SetDay(row.rule.valid_from, f.mutable_valid_from());
  if (row.rule.valid_to) SetDay(*row.rule.valid_to, f.mutable_valid_to());
  f.set_unconfirmed(row.unconfirmed);
  f.set_etag(EtagOf(row.version));
  return f;
}

v1::IndustryCategory CategoryMessage(const CategoryRow& row) {
  v1::IndustryCategory c;
  c.set_taxonomy_version(row.taxonomy_version);
  c.set_code(row.code);
  c.set_name(row.name);
  c.set_level(static_cast<v1::IndustryLevel>(row.level));
  c.set_parent_code(row.parent_code);
  for (const std::string& link : row.applicable_links) c.add_applicable_links(link);
  c.set_cultivation_months(row.cultivation_months);
  for (const std::string& code : row.maps_from) c.add_maps_from(code);
  c.set_unconfirmed(row.unconfirmed);
  return c;
}

v1::Taxonomy TaxonomyMessage(const TaxonomyRow& row) {
  v1::Taxonomy t;
  t.set_taxonomy_version(row.taxonomy_version);
  t.set_name(row.name);
  if (row.valid_from) SetDay(*row.valid_from, t.mutable_valid_from());
  t.set_is_current(row.is_current);
  t.set_major_count(static_cast<int32_t>(row.majors));
  t.set_speciality_count(static_cast<int32_t>(row.specialities));
  t.set_chain_link_count(static_cast<int32_t>(row.chain_links));
  return t;
}

v1::WorkDay WorkDayMessage(const WorkDayRow& row) {
  v1::WorkDay d;
  SetDay(row.day, d.mutable_date());
  d.set_is_working(row.is_working);
  d.set_source(row.source);
  return d;
}

}  // namespace bangfu::registry
