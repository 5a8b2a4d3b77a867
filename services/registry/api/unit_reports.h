// Village reports as the contract shows them, and what a new subject does to them.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "bangfu/registry/v1/inventory.pb.h"
#include "common/workflow/workflow.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {

// The record with what columns decide; counts and allowed actions are the reader's.
v1::InventoryUnitReport UnitReportOf(const UnitReportRow& row);
// Who submitted the report; nobody where it waits to be submitted.
workflow::Person SubmitterOf(const UnitReportRow& row);
// The row's columns and record of a message whose state fields were changed.
void StoreUnitReport(const v1::InventoryUnitReport& report, UnitReportRow* row);

// A project was registered in these villages (rows locked): a report that was submitted is opened
// again, one that had not begun begins. Step, audit row and event each.
absl::Status ReopenForNewSubject(mysql::Tx& tx, const Author& author,
                                 std::vector<UnitReportRow> reports);

}  // namespace bangfu::registry
