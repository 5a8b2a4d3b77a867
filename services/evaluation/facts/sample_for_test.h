// A project with everything in order, as its services would tell of it: judged 巩固类 by the
// default criteria at the end of 2026-02. Tests take something away and see what follows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bangfu/asset/v1/events.pb.h"
#include "bangfu/evaluation/v1/fact.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "bangfu/registry/v1/project.pb.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "common/base/strings.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/moment.h"

namespace bangfu::evaluation::sample {

inline constexpr char kPeriod[] = "2026-02";
inline constexpr char kTaxonomy[] = "2025";
inline constexpr char kIndustryCode[] = "FRUIT_VEG";
inline constexpr char kVillage[] = "360733101201";
inline constexpr char kCounty[] = "360733";
inline constexpr absl::CivilDay kScoredOn(2026, 2, 10);
inline constexpr char kContract[] = "01JCNTRCT00000000000000001";

inline registry::v1::IndustryCategory Category() {
  registry::v1::IndustryCategory c;
  c.set_taxonomy_version(kTaxonomy);
  c.set_code(kIndustryCode);
  c.set_name("果蔬");
  c.set_level(registry::v1::INDUSTRY_LEVEL_MAJOR);
  for (const char* link : {"PLANT_BREED", "PRIMARY_PROC", "COLD_STORAGE", "SALES"}) {
    c.add_applicable_links(link);
  }
  return c;
}

// By an asset of the county, which LinkAsset is.
inline registry::v1::PresentLink Link(const std::string& code) {
  registry::v1::PresentLink link;
  link.set_link_code(code);
  link.set_kind(registry::v1::LINK_EVIDENCE_KIND_ASSET);
  link.set_reference(Cat("AS", code));
  return link;
}
inline void Operates(asset::v1::Asset* asset, std::optional<absl::CivilDay> from,
                     std::optional<absl::CivilDay> to) {
  asset::v1::UsePeriod* period = asset->mutable_use()->add_operated();
  if (from) SetDay(*from, period->mutable_from());
  if (to) SetDay(*to, period->mutable_to());
}
inline asset::v1::Asset LinkAsset(const std::string& id, const std::string& code,
                                  const std::string& county = kCounty) {
  asset::v1::Asset a;
  a.set_id(id);
  a.set_asset_code(code);
  a.set_region_path(county);
  a.set_state(asset::v1::ASSET_STATE_ACTIVE);
  a.mutable_use()->set_use_state(asset::v1::USE_STATE_IN_USE);
  a.mutable_use()->set_ever_used(true);
  SetDay(absl::CivilDay(2022, 1, 1), a.mutable_use()->mutable_since());
  Operates(&a, absl::CivilDay(2022, 1, 1), std::nullopt);
  return a;
}

inline registry::v1::Industry Industry(const std::string& id, const std::string& county = kCounty) {
  registry::v1::Industry i;
  i.set_id(id);
  i.set_region_code(county);
  i.set_region_path(county);
  i.set_industry_code(kIndustryCode);
  i.set_taxonomy_version(kTaxonomy);
  i.set_name("果蔬产业");
  for (const char* link : {"PRIMARY_PROC", "COLD_STORAGE", "SALES"}) *i.add_links() = Link(link);
  return i;
}

inline registry::v1::LeadingIndustry Leading(const std::string& id, const std::string& industry_id,
                                             const std::string& county = kCounty) {
  registry::v1::LeadingIndustry l;
  l.set_id(id);
  l.set_region_code(county);
  l.set_region_path(county);
  l.set_plan_period("2026-2030");
  l.set_industry_id(industry_id);
  l.set_industry_code(kIndustryCode);
  l.set_rank(1);
  l.set_is_active(true);
  return l;
}

inline registry::v1::Project Project(const std::string& id, const std::string& industry_id,
                                     const std::string& village = kVillage) {
  registry::v1::Project p;
  p.set_id(id);
  p.set_project_code(Cat("PJ", village.substr(0, 6), "-2021-", id.substr(20)));
  p.set_name("脐橙种植基地");
  p.set_region_code(village);
  p.set_region_path(village);
  p.set_industry_code(kIndustryCode);
  p.set_taxonomy_version(kTaxonomy);
  p.set_industry_id(industry_id);
  p.add_chain_links("PLANT_BREED");
  p.set_project_type("PLANTING");
  p.set_year(2021);
  auto* funding = p.add_declared_funding();
  funding->set_source_code("BRIDGE_CENTRAL");
  funding->set_task_code("ETHNIC");
  funding->mutable_amount()->set_fen(100'000'000);
  p.set_declared_total_fen(100'000'000);  // 1 M yuan
  p.set_public_total_fen(100'000'000);
  p.mutable_design_capacity()->set_value_milli(100'000);
  p.mutable_design_capacity()->set_unit("吨");
  SetDay(absl::CivilDay(2022, 5, 1), p.mutable_production_start_date());
  p.set_state(registry::v1::PROJECT_STATE_OPERATING);
  p.set_verification_state(registry::v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  SetTime(absl::FromCivil(absl::CivilDay(2026, 1, 15), absl::UTCTimeZone()),
          p.mutable_updated_at());
  return p;
}

// One month: 85 % of the capacity, 100,000 yuan of output and revenue, margin 12 %, 100
// person-days.
inline registry::v1::OperationReport Report(const std::string& project_id,
                                            const std::string& period) {
  registry::v1::OperationReport r;
  r.set_id(project_id.substr(0, 19) + period.substr(0, 4) + "M" + period.substr(5));
  r.set_project_id(project_id);
  r.set_period(period);
  r.set_output_value_fen(10'000'000);
  r.set_sales_fen(10'000'000);
  r.set_revenue_fen(10'000'000);
  r.set_cost_fen(8'800'000);
  r.set_person_days(200);
  r.set_poor_person_days(100);
  r.mutable_capacity_used()->set_value_milli(85'000);
  r.mutable_capacity_used()->set_unit("吨");
  return r;
}

inline std::vector<registry::v1::OperationReport> Reports(const std::string& project_id) {
  std::vector<registry::v1::OperationReport> out;
  for (absl::CivilMonth m : YearBefore(absl::CivilDay(2026, 2, 28))) {
    out.push_back(Report(project_id, MonthText(m)));
  }
  return out;
}

inline registry::v1::BrandCertification Brand(const std::string& id,
                                              const std::string& project_id) {
  registry::v1::BrandCertification b;
  b.set_id(id);
  b.set_region_path(kVillage);
  b.set_project_id(project_id);
  b.set_brand_type("GREEN");
  b.set_certificate_no(id);
  return b;
}

inline asset::v1::ProjectAssetFacts Assets(const std::string& project_id,
                                           const std::string& village = kVillage) {
  asset::v1::ProjectAssetFacts a;
  a.set_project_id(project_id);
  a.set_region_path(village);
  SetDay(absl::CivilDay(2026, 2, 20), a.mutable_as_of());
  a.set_asset_count(1);
  a.set_has_operating_assets(true);
  a.set_operating_asset_count(1);
  a.set_operating_original_value_fen(100'000'000);
  a.set_in_use_value_fen(100'000'000);
  a.set_operating_value_confirmed(true);
  a.set_total_original_value_fen(120'000'000);
  a.set_operating_status(asset::v1::OPERATING_STATUS_NORMAL);
  a.set_ever_used(true);
  auto* c = a.mutable_compliance();
  c->set_has_contract(true);
  c->set_operator_known(true);
  c->set_in_good_standing(true);
  c->set_qualified(true);
  c->add_operator_usccs("91350100M000100Y43");
  a.set_maintenance_person(true);
  a.set_maintenance_rules(true);
  a.set_maintenance_money(true);
  for (absl::CivilMonth month : YearBefore(absl::CivilDay(2026, 2, 28))) {
    a.add_months()->set_month(MonthText(month));
  }
  auto* m = a.mutable_months(9);
  m->set_received_fen(6'500'000);
  m->set_due_fen(6'500'000);
  m->set_received_of_due_fen(6'500'000);
  m->set_dividend_declared_fen(1'000'000);
  m->set_dividend_paid_fen(1'000'000);
  m->set_household_income_fen(9'000'000);
  m->set_poor_person_days(300);
  m->set_poor_post_days(300);
  a.set_income_reported(true);
  a.set_dividend_declared(true);
  a.set_linked_households(30);
  a.set_linked_poor_households(25);
  a.set_linked_monitored_households(5);
  a.set_linkage_mode_count(3);
  a.set_linkage_reported(true);
  a.set_employment_reported(true);
  a.set_household_income_reported(true);
  a.add_asset_ids("01JASSET000000000000000001");
  a.add_contract_ids(kContract);
  return a;
}

inline v1::ExpertScore Score(const std::string& subject_id, const std::string& expert, int outlook,
                             int resource) {
  v1::ExpertScore s;
  s.set_subject_id(subject_id);
  s.set_market_outlook(outlook);
  s.set_resource_basis(resource);
  s.mutable_expert()->set_subject(expert);
  SetDay(kScoredOn, s.mutable_scored_on());
  SetTime(absl::FromCivil(kScoredOn, absl::UTCTimeZone()), s.mutable_scored_at());
  return s;
}

}  // namespace bangfu::evaluation::sample
