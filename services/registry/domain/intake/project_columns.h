// The columns of T1 and of what stands in for it, found by their headers: which field a header as
// printed names, and where in a table the header is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace bangfu::registry::intake {

enum class ProjectField {
  kIgnored,
  kElsewhere,  // read by whoever made the map
  kSerial,
  kSourceId,
  kProvince,
  kCity,
  kCounty,
  kTownship,
  kVillage,
  kRegionCode,
  kProjectCode,
  kProjectName,
  kIndustry,
  kProjectType,
  kNature,
  kYear,
  kContent,
  kPlannedTotal,
  kThisAllocation,
  kFundSource,
  kFundAmount,  // long form: the amount of the row's source
  kFundColumn,  // wide form: the header names the source
  kImplementingOrg,
  kSupervisingDept,
  kOperator,
  kOperatorUscc,
  kCompletedOn,
  kProductionOn,
  kStatus,
  kAssetQuantity,
  kAssetValue,
  kAnnualOutput,
  kAnnualIncome,
  kHouseholds,
  kPoorHouseholds,
  kMonitoredHouseholds,
  kBeneficiaries,
  kWorkers,
  kProblems,
  kPreparer,
  kPhone,
  kClass,
  kNotes,
};
std::string_view ProjectFieldKey(ProjectField field);  // "planned_total"

// The field of a header as printed (units and notes in brackets do not matter). kFundColumn for
// what names a source of money; kIgnored for what is not known.
ProjectField FieldOfHeader(std::string_view header);
// A header, or a part of a merged one, as it is compared: without units and notes in brackets.
std::string HeaderKey(std::string_view part);

struct ColumnMap {
  struct Column {
    ProjectField field = ProjectField::kIgnored;
    std::string header;  // as printed, the rows of a merged header joined by /
  };
  std::vector<Column> columns;
  std::string title;  // what stands above the header: 单位：万元
  bool wide() const;
  bool Has(ProjectField field) const;
  std::string_view HeaderOf(ProjectField field) const;  // of its first column; empty: none
};

// Looks for the header among the first rows of a table (one or two header rows, merged cells
// filled) and takes what stands above it as the title. `header_rows` is set to the number of rows
// up to and with the header. INVALID_ARGUMENT TABLE_HEADER_NOT_FOUND when no row names at least
// three fields, one of them the project's name.
absl::StatusOr<ColumnMap> FindHeader(const std::vector<std::vector<std::string>>& first_rows,
                                     int* header_rows);

}  // namespace bangfu::registry::intake
