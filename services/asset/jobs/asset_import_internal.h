// The steps of an asset table's import, a file each, and what they share; for its files only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "bangfu/asset/v1/imported_asset.pb.h"
#include "common/auth/caller.h"
#include "common/base/clock.h"
#include "common/base/ulid.h"
#include "common/intake/kind.h"
#include "common/mysql/session.h"
#include "common/printed/amount.h"
#include "common/printed/chinese.h"
#include "common/printed/region_matcher.h"
#include "common/recode/tables.h"
#include "common/table/table.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/intake/asset_table.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset::imports {

using ::bangfu::intake::CommittedRow;
using ::bangfu::intake::Job;
using ::bangfu::intake::MakeIssue;
using ::bangfu::intake::StagedRow;
using ::bangfu::intake::v1::ROW_OUTCOME_CREATED;
using ::bangfu::intake::v1::ROW_OUTCOME_HELD;
using ::bangfu::intake::v1::ROW_OUTCOME_REFUSED;
using ::bangfu::intake::v1::ROW_OUTCOME_UNCHANGED;
using ::bangfu::intake::v1::ROW_OUTCOME_UPDATED;
using ::bangfu::intake::v1::ROW_OUTCOME_WARNED;
using tables::Field;

// asset_import_scope.cc: what the importer's grants leave out. An import does nothing that the rpc
// for the same step refuses to the same caller.
//
// Who may import assets.
std::vector<auth::Role> Roles();
// The clauses of who may: those of RegisterAsset.
std::vector<std::string> Clauses();

// The importer's grants cover the money of the asset.
absl::Status ScopeOf(const Job& job, std::string_view region_path, const v1::AssetDetails& details);

// Of a row whose code is that of an asset elsewhere.
inline constexpr char kForeignAssetZh[] = "该编码的资产不在您的管辖范围内";

// What of a row is not the importer's to write, and why.
struct Excluded {
  Field field = Field::kName;
  absl::Status why;
};
// What a row says beside its asset, which is written when the asset is new: contract, income and
// dividend of the asset's money, links of all that their project is. And of which projects the
// asset is. Lives within a batch of rows or a chunk.
class NewAssetScope {
 public:
  explicit NewAssetScope(mysql::Executor& db) : change_(db) {}
  // A project that need not be looked up.
  void Know(const store::ProjectCopy& project) { change_.Know(project); }
  // `project`: the first that the row names; null: none.
  absl::StatusOr<std::optional<Excluded>> Of(const Job& job, const v1::ImportedAsset& row,
                                             const store::ProjectCopy* project);
  // What the grants are asked about where the asset changes so (api::ChangeScope); nothing where
  // none is narrowed.
  absl::StatusOr<std::vector<auth::Facets>> ThingsOf(const Job& job, const v1::AssetDetails& before,
                                                     const v1::AssetDetails& after);

 private:
  api::ChangeScope change_;
};
// The first of them that the grants leave out, the project's.
std::optional<Excluded> LeftOut(const Job& job, std::string_view region_path,
                                const std::vector<auth::Facets>& things);

// So many texts of one asset, as of one project.
inline constexpr int kMostRawTexts = 100;

// What every row of a file is read with.
struct Sheet {
  explicit Sheet(const Job& of)
      : job(of), today(ShanghaiDay(of.now)), year_end(today.year() - 1, 12, 31) {}

  const Job& job;
  const absl::CivilDay today;
  // What a table calls the year's income is that of the last full year.
  const absl::CivilDay year_end;
  std::string title;  // the line above the header that names the unit of money
  api::FundSources sources;
  std::map<std::string, store::CodeCopy> modes;
  std::map<std::string, store::CodeCopy> categories;
};

// One row while it is read: its cells by field, what it becomes, what is said of it.
class Draft {
 public:
  Draft(const tables::Header& header, const table::InputRow& row) : header_(header), row_(row) {
    staged.row_no = row.row_no;
    staged.outcome = ROW_OUTCOME_CREATED;
  }

  std::string Text(Field field) const { return printed::Normalize(Printed(field)); }
  // As it came.
  std::string_view Printed(Field field) const {
    const auto it = header_.columns.find(field);
    if (it == header_.columns.end() || it->second >= row_.cells.size()) return "";
    return printed::WithoutFormulaGuard(row_.cells[it->second].text);
  }
  bool Has(Field field) const { return !Text(field).empty(); }
  bool Damaged(Field field) const {
    const auto it = header_.columns.find(field);
    return it != header_.columns.end() && it->second < row_.cells.size() &&
           row_.cells[it->second].precision_lost;
  }
  std::string HeaderText(Field field) const {
    const auto it = header_.texts.find(field);
    return it == header_.texts.end() ? "" : it->second;
  }

  void Hold(Field field, std::string_view reason, std::string_view proposal,
            std::string_view understood = "") {
    Say(field, reason, proposal, understood);
    if (staged.outcome != ROW_OUTCOME_REFUSED) staged.outcome = ROW_OUTCOME_HELD;
  }
  void Refuse(std::string_view field, std::string_view reason, std::string_view raw,
              std::string_view proposal) {
    staged.issues.push_back(MakeIssue(field, reason, raw, "", proposal));
    staged.outcome = ROW_OUTCOME_REFUSED;
  }
  void Warn(Field field, std::string_view reason, std::string_view proposal,
            std::string_view understood = "") {
    Say(field, reason, proposal, understood);
    warned = true;
  }
  // Keeps the printed text of a field beside what was made of it, once.
  void Keep(Field field, printed::ParseState state = printed::ParseState::kExact,
            std::string_view understood = "");
  // The cells that no field takes are kept, too; each such column is told of once in a file.
  void KeepOthers(std::set<size_t>* told);
  // A cell that is not what its field can hold: nothing is written of it, the text is kept and
  // asked for.
  void Unclear(Field field, std::string_view reason, std::string_view proposal,
               std::string_view understood = "",
               printed::ParseState state = printed::ParseState::kAbsent) {
    Keep(field, state, understood);
    Warn(field, reason, proposal, understood);
  }
  void Ask(std::string_view question) { open.insert(std::string(question)); }
  bool decided() const {
    return staged.outcome == ROW_OUTCOME_HELD || staged.outcome == ROW_OUTCOME_REFUSED;
  }

  StagedRow staged;
  v1::ImportedAsset asset;
  std::vector<std::string> project_keys;
  std::string region_code;  // as the row gives it; empty: by name
  // What it is known by: under the region's path of today first, then under those that it had; in
  // the same order, as it was known before its row named its project, or its year.
  struct Known {
    std::string natural_key;
    std::string region_path;
    bool less = false;  // of a row that said less
  };
  std::vector<Known> known;
  std::set<std::string> open;
  // Refused if the asset is new.
  std::optional<Excluded> excluded_if_new;
  bool warned = false;

 private:
  void Say(Field field, std::string_view reason, std::string_view proposal,
           std::string_view understood) {
    staged.issues.push_back(
        MakeIssue(tables::FieldName(field), reason, Text(field), understood, proposal));
  }
  void KeepText(std::string_view name, std::string_view text, printed::ParseState state,
                std::string_view understood);

  const tables::Header& header_;
  const table::InputRow& row_;
};

// asset_import_cells.cc: single cells. Blank is not stated: nothing is written and nothing asked.
// What is no exact value is kept as text and asked for, never guessed, never zero.
std::optional<absl::CivilDay> DayOf(const Draft& d, Field field);
// A day of the row, its text kept where the day is not stated in full.
std::optional<absl::CivilDay> DayIn(Draft* d, Field field);
printed::Amount Money(const Sheet& sheet, const Draft& d, Field field);
std::optional<int64_t> FenIn(const Sheet& sheet, Draft* d, Field field);
// Of a column that the asset has no field for: its text is kept, and no row waits for it.
void KeepMoney(const Sheet& sheet, Draft* d, Field field);
std::optional<int64_t> CountIn(Draft* d, Field field);

// asset_import_read.cc: everything that the row itself says.
void Understand(const Sheet& sheet, Draft* d);
// The cells of the row that no field takes; `told`: the columns that the file's report names by
// now.
void KeepOthers(std::set<size_t>* told, Draft* d);
// asset_import_owners.cc: owners, title, custody, upkeep.
void Owners(const Sheet& sheet, Draft* d);
// asset_import_income.cc: who runs it and what comes of it: contract, income, dividends,
// households.
void Operation(const Sheet& sheet, Draft* d);
void Links(const Sheet& sheet, Draft* d);

// asset_import_merge.cc: what a table says of an asset that is there already. What it does not give
// stays, and what was filled in by hand since is not asked for again.
v1::AssetDetails Merge(const v1::Asset& stored, const v1::Asset& table);
bool FundingAddsUp(const v1::AssetDetails& details);
// The table names other owners of an asset whose title is registered or disputed: these stay.
bool OwnersStand(const v1::Asset& stored, const v1::Asset& table);
// The table prints another value, and not exactly: the exact one on record stays, and is asked for.
bool ValueInDoubt(const v1::Asset& stored, const v1::Asset& table);

// asset_import_check.cc: what the database says of a file's rows: projects, regions, older rows.
class Checker {
 public:
  Checker(const Job& job, mysql::Session& db, UlidGenerator& ids) : job_(job), db_(db), ids_(ids) {}

  // A batch of rows, in a handful of queries: each that is not held or refused has its payload.
  absl::Status Resolve(std::vector<Draft>* drafts);

 private:
  absl::Status ResolveOne(Draft* d,
                          const std::multimap<std::string, const store::ProjectCopy*>& projects,
                          NewAssetScope* new_assets);
  // Whether no row of this file was the asset of that key by now; the row is held if one was.
  bool FirstOf(const std::string& natural_key, Draft* d);
  // Finds the asset that is there already, and says what becomes of the row.
  absl::Status Decide(const std::map<std::string, const store::AssetRow*>& by_key,
                      NewAssetScope* scope, Draft* d);
  absl::Status ResolveRegion(Draft* d, const store::ProjectCopy* project);
  absl::Status LoadMatcher();

  const Job& job_;
  mysql::Session& db_;
  UlidGenerator& ids_;
  std::map<std::string, std::optional<std::string>> region_paths_;
  std::unique_ptr<printed::RegionMatcher> matcher_;
  std::optional<std::vector<recode::Move>> moves_;
  std::unordered_set<uint64_t> seen_;  // natural keys of this file, 8 bytes of each digest
};

// asset_import_write.cc: a chunk of rows with all that belongs to them (intake::Kind::CommitChunk).
absl::StatusOr<std::vector<CommittedRow>> WriteRows(mysql::Tx& tx, const Job& job,
                                                    const std::vector<StagedRow>& rows,
                                                    UlidGenerator& ids);

}  // namespace bangfu::asset::imports
