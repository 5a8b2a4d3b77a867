#include "services/asset/jobs/asset_import.h"

#include <set>
#include <utility>
#include <vector>

#include "common/base/region.h"
#include "common/printed/chinese.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/api/checks.h"
#include "services/asset/intake/asset_table.h"
#include "services/asset/jobs/asset_import_internal.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset {
namespace {

using imports::CommittedRow;
using imports::Draft;
using imports::Job;
using imports::StagedRow;

class Reader final : public ::bangfu::intake::RowReader {
 public:
  Reader(const Job& job, mysql::Session& db, UlidGenerator& ids)
      : db_(db), sheet_(job), check_(job, db, ids) {}

  absl::Status Prepare() {
    ASSIGN_OR_RETURN(sheet_.sources, store::CodesOf(db_, "FUND_SOURCE"));
    ASSIGN_OR_RETURN(sheet_.modes, store::CodesOf(db_, "LINKAGE_MODE"));
    ASSIGN_OR_RETURN(sheet_.categories, store::CodesOf(db_, "ASSET_CATEGORY"));
    return absl::OkStatus();
  }

  absl::Status AddRows(const std::vector<table::InputRow>& rows,
                       std::vector<StagedRow>* out) override {
    std::vector<Draft> drafts;
    for (const table::InputRow& row : rows) {
      if (!header_.usable()) {
        std::vector<std::string> cells;
        for (const table::InputCell& cell : row.cells) {
          cells.push_back(cell.text);
          const std::string text = printed::Normalize(cell.text);
          if (text.find("单位") != std::string::npos && text.find("元") != std::string::npos) {
            sheet_.title = text;
          }
        }
        header_ = tables::ReadHeader(cells);
        if (!header_.usable() && ++skipped_ > 20) break;
        continue;
      }
      drafts.emplace_back(header_, row);
      imports::Understand(sheet_, &drafts.back());
      imports::KeepOthers(&told_, &drafts.back());
    }
    if (!header_.usable() && skipped_ > 20) return NoHeader();
    RETURN_IF_ERROR(check_.Resolve(&drafts));
    for (Draft& draft : drafts) out->push_back(std::move(draft.staged));
    return absl::OkStatus();
  }

  absl::Status Finish(std::vector<StagedRow>*) override {
    return header_.usable() ? absl::OkStatus() : NoHeader();
  }

 private:
  static absl::Status NoHeader() {
    return Error(absl::StatusCode::kInvalidArgument, "TABLE_HEADER_UNKNOWN")
        .Domain(kErrorDomain)
        .Zh("没有找到资产台账的表头（资产名称、原值、使用状态 …）")
        .Build();
  }

  mysql::Session& db_;
  imports::Sheet sheet_;
  imports::Checker check_;
  tables::Header header_;
  std::set<size_t> told_;  // columns that no field takes, told of by now
  int skipped_ = 0;
};

class AssetImport final : public ::bangfu::intake::Kind {
 public:
  AssetImport(UlidGenerator& ids, api::HandlerOptions options) : ids_(ids), options_(options) {}
  std::string_view name() const override { return "assets"; }
  std::vector<auth::Role> roles() const override { return imports::Roles(); }
  std::vector<std::string> clauses() const override { return imports::Clauses(); }

  absl::StatusOr<std::unique_ptr<::bangfu::intake::RowReader>> NewReader(
      const Job& job, mysql::Session& db) override {
    RETURN_IF_ERROR(api::CheckReferenceFresh(db, job.now, options_.max_reference_lag));
    auto reader = std::make_unique<Reader>(job, db, ids_);
    RETURN_IF_ERROR(reader->Prepare());
    return reader;
  }

  absl::StatusOr<std::vector<CommittedRow>> CommitChunk(
      mysql::Tx& tx, const Job& job, const std::vector<StagedRow>& rows) override {
    return imports::WriteRows(tx, job, rows, ids_);
  }

 private:
  UlidGenerator& ids_;
  const api::HandlerOptions options_;
};

}  // namespace

std::unique_ptr<::bangfu::intake::Kind> NewAssetImport(UlidGenerator& ids,
                                                       api::HandlerOptions options) {
  return std::make_unique<AssetImport>(ids, options);
}

absl::StatusOr<std::string> RegionPathOf(mysql::Executor& db, std::string_view code) {
  ASSIGN_OR_RETURN(const std::string normalised, NormalizeRegionCode(code));
  ASSIGN_OR_RETURN(const std::optional<std::string> path, store::RegionPath(db, normalised));
  if (!path || path->empty()) {
    return InvalidField("region_code", "未知的行政区划代码").Build();
  }
  return *path;
}

}  // namespace bangfu::asset
