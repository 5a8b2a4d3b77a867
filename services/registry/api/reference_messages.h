// Rows of reference data as the contract shows them.
#pragma once

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "common/recode/tables.h"
#include "services/registry/store/calendar_store.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/fund_source_store.h"
#include "services/registry/store/organisation_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/region_store.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {

v1::Region RegionMessage(const RegionRow& row);
v1::RegionMove RegionMoveMessage(const recode::Move& move);
v1::Organisation OrganisationMessage(const OrganisationRow& row);
v1::Code CodeMessage(const CodeRow& row);
v1::Parameter ParameterMessage(const ParameterRow& row);
v1::FundSourceDepartment FundSourceDepartmentMessage(const FundSourceDepartmentRow& row);
v1::IndustryCategory CategoryMessage(const CategoryRow& row);
v1::Taxonomy TaxonomyMessage(const TaxonomyRow& row);
v1::WorkDay WorkDayMessage(const WorkDayRow& row);

}  // namespace bangfu::registry
