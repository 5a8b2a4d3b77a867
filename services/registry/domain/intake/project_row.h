// A row of T1 as it was understood, every raw text kept beside it, and what its cells say: amounts,
// days, counts, words. What is unclear is asked for in the row's report.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/printed/amount.h"
#include "common/printed/fund_source.h"
#include "common/printed/region_matcher.h"
#include "common/printed/villages.h"
#include "common/printed/vocabulary.h"
#include "services/registry/domain/intake/project_columns.h"
#include "services/registry/domain/intake/rows.h"

namespace bangfu::registry::intake {

struct ParsedProjectRow {
  int64_t row_no = 0;
  std::vector<int64_t> folded_rows;         // long form: the other rows of the project
  std::map<ProjectField, std::string> raw;  // the first filled cell of each field
  // Filled cells that no field takes: of unknown columns, of a second column for the same, of a
  // source that is not known. Each column once.
  struct OtherCell {
    std::string column;  // ProjectTableParser::ColumnName
    std::string text;
  };
  std::vector<OtherCell> others;
  RowKind kind = RowKind::kItem;
  std::string key;  // the same for the same project in any file

  printed::PlaceList townships, villages;
  // Share of each of `villages`, in bp: as printed, or by the amounts of each; 0: not stated. Empty
  // when the row states none.
  std::vector<int32_t> village_shares_bp;
  std::optional<int> year;
  printed::Amount planned_total;
  std::optional<printed::Amount> this_allocation;
  printed::DeclaredSources sources;
  std::string project_type;  // by code, as their cells say; empty = unknown
  std::string industry;
  // What the project's name speaks of, where the cell does not say: for whoever is asked, never a
  // value of the project.
  std::string type_proposal, industry_proposal;
  std::string nature;
  std::string claimed_class;  // what the source says; never an effective class
  std::string operator_name;  // without its code
  std::string operator_uscc;  // valid, and the only one that the row states
  printed::StageProposal stage;
  std::optional<printed::ParsedDay> completed_on, production_on;
  printed::Amount asset_value, annual_output, annual_income;
  // A figure that a cell expects ("预计突破50万元"): a goal, and not in the amounts above.
  struct Expected {
    ProjectField field;
    std::string indicator_zh;
    std::string raw;
  };
  std::vector<Expected> expected;
  printed::Count households, poor_households, monitored_households, workers, asset_quantity;
  printed::RegionMatch region;  // after MatchRegion
  std::vector<printed::RegionMatch>
      covered_regions;  // each village (or township) of the row, after MatchRegion
  RowReport report;

  // The raw text of a field; empty when the table has none.
  std::string_view Text(ProjectField field) const;
};

// Where a row says that it is a sum: 小计, 合计.
inline constexpr ProjectField kLabelFields[] = {ProjectField::kSerial,  ProjectField::kCity,
                                                ProjectField::kCounty,  ProjectField::kTownship,
                                                ProjectField::kVillage, ProjectField::kProjectName};

// The amount in a cell, in the unit that its header or the title of the table names.
printed::Amount AmountOf(const ColumnMap& columns, ProjectField field, const ParsedProjectRow& row);

// Asks for an amount that is not one exact number; for an empty cell only when it is `required`.
void AddAmountIssue(const printed::Amount& amount, std::string_view field, RowReport* report,
                    bool required);
// Asks for the day that a cell does not state in full.
void AddDayIssue(std::string_view cell, std::string_view field, RowReport* report);

// Reads the fields of a row that is a project, checks its money and asks for what is unclear. Its
// kind, its money and its places are read before.
void ReadValues(const ColumnMap& columns, const std::vector<printed::ClassSynonym>& class_synonyms,
                ParsedProjectRow* row);

}  // namespace bangfu::registry::intake
