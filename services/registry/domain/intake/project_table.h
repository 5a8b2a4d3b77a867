// T1 帮扶产业项目摸排登记表 and what villages, townships and bureaus hand in instead: columns found
// by their headers, wide (one column per source) or long (one row per project and source), every
// raw text kept beside what was understood.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/printed/amount.h"
#include "common/printed/fund_source.h"
#include "common/printed/region_matcher.h"
#include "common/printed/villages.h"
#include "common/printed/vocabulary.h"
#include "services/registry/domain/intake/rows.h"

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

// Asks for the day that a cell does not state in full.
void AddDayIssue(std::string_view cell, std::string_view field, RowReport* report);

// The field of a header as printed (units and notes in brackets do not matter). kFundColumn for
// what names a source of money; kIgnored for what is not known.
ProjectField FieldOfHeader(std::string_view header);

struct ColumnMap {
  struct Column {
    ProjectField field = ProjectField::kIgnored;
    std::string header;  // as printed, the rows of a merged header joined by /
  };
  std::vector<Column> columns;
  std::string title;  // what stands above the header: 单位：万元
  bool wide() const;
  bool Has(ProjectField field) const;
};

// Looks for the header among the first rows of a table (one or two header rows, merged cells
// filled) and takes what stands above it as the title. `header_rows` is set to the number of rows
// up to and with the header. INVALID_ARGUMENT TABLE_HEADER_NOT_FOUND when no row names at least
// three fields, one of them the project's name.
absl::StatusOr<ColumnMap> FindHeader(const std::vector<std::vector<std::string>>& first_rows,
                                     int* header_rows);

// Whether empty cells of a column may take the value above: who, where, when and what is written
// once for a block of rows. An amount or a count is its row's own; repeated, it would count twice.
bool MayFillDown(ProjectField field);

// The fields of the columns that are to be filled down, each named by its header as printed (units
// and notes in brackets do not matter), a merged one also by its last part. INVALID_ARGUMENT
// FILL_DOWN_COLUMN_UNKNOWN for one that the table does not have, FILL_DOWN_NOT_ALLOWED for one that
// is not understood or may not be.
absl::StatusOr<std::vector<ProjectField>> FillDownFields(const ColumnMap& columns,
                                                         const std::vector<std::string>& headers);
// The same error, of the header alone.
absl::Status FillDownNotAllowed(std::string_view header);

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
  std::string project_type;  // proposals by code; empty = unknown
  std::string industry;
  std::string nature;
  std::string claimed_class;  // what the source says; never an effective class
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

class ProjectTableParser {
 public:
  struct Options {
    // CSV knows no merged cells: empty cells of these fields take the value above, marked in the
    // report. A block ends where what is wider changes (another county has other townships, another
    // project another code) and at the label of its sum.
    std::vector<ProjectField> fill_down;
    // Other names of the four classes.
    std::vector<printed::ClassSynonym> class_synonyms;
  };
  ProjectTableParser(ColumnMap columns, Options options);
  explicit ProjectTableParser(ColumnMap columns)
      : ProjectTableParser(std::move(columns), Options()) {}

  // Rows in the order of the table: subtotals are checked against the rows above them.
  ParsedProjectRow Parse(int64_t row_no, const std::vector<std::string>& cells);

  // What a column is called where its cells are kept: its header, else 第9列 (from 1). The same for
  // no two columns, and never the key of a field.
  std::string ColumnName(size_t column) const;
  // Keeps a cell of the row that no field takes, and says so once for the column. `taken`: the
  // header of the column that was taken in its place; empty: the column is not known.
  // Names, telephones and papers of people are no raw text of a project: those are read by
  // everybody.
  bool IsPersonal(size_t column) const;
  void KeepOther(size_t column, std::string_view text, std::string_view taken,
                 ParsedProjectRow* row);

 private:
  ColumnMap columns_;
  Options options_;
  // MatchKey(text), remembered for the field: places repeat from row to row.
  const std::string& KeyOf(ProjectField field, std::string_view text);

  std::vector<std::string> names_;  // of the columns
  std::set<size_t> told_;           // columns that were said to be left out
  void FillDown(ParsedProjectRow* row);

  std::map<ProjectField, std::string> last_;  // what the rows above say
  std::map<ProjectField, std::pair<std::string, std::string>> keys_;
  std::string last_source_text_;  // so do sources
  printed::DeclaredSources last_sources_;
  int64_t block_fen_ = 0, table_fen_ = 0;  // exact totals since the last 小计 and in all
  int block_rows_ = 0, table_rows_ = 0;
  bool block_exact_ = true, table_exact_ = true;
};

// Matches the row's place (and each of its villages) and writes what is asked into its report.
void MatchRegion(const printed::RegionMatcher& matcher, ParsedProjectRow* row);

// Long form: rows of one project, one per source, become one row. Rows of different villages are
// different projects. A row that repeats another in everything is held as a duplicate.
void FoldLongRows(std::vector<ParsedProjectRow>* rows);

// Rows that repeat one source with the money of the whole programme (68 villages of 10万元 and the
// words 发展基金680万元): the source is SPLIT_UNKNOWN in each of them, a warning instead of a wrong
// sum.
void MarkProgrammeSources(std::vector<ParsedProjectRow>* rows);

}  // namespace bangfu::registry::intake
