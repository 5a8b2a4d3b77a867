// Writing projects: their numbers, the rows beside them, and what their verification was before.
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/status/macros.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/statement.h"

namespace bangfu::registry {
namespace {

constexpr char kInsertColumns[] =
    "(id, project_code, region_path, county_path, state, verification_state, origin, project_type, "
    "category, "
    "industry_code, industry_id, operator_id, campaign_id, year, declared_total_fen, "
    "public_total_fen, is_void, "
    "is_sample, version, updated_at, record)";

mysql::Params Values(const ProjectRow& p) {
  return {p.id,
          p.project_code,
          p.region_path,
          p.region_path.substr(0, 6),
          p.state,
          p.verification_state,
          p.origin,
          p.project_type,
          p.category,
          p.industry_code,
          p.industry_id,
          p.operator_id,
          p.campaign_id,
          p.year,
          p.declared_total_fen,
          p.public_total_fen,
          p.is_void,
          p.is_sample,
          p.version,
          p.updated_at,
          p.record};
}

struct Gram {
  std::string gram;
  const ProjectRow* project;
};

// The rows beside the project, those that are written anew.
absl::Status InsertParts(mysql::Tx& tx, const std::vector<ProjectRow>& rows) {
  std::vector<mysql::Params> funding, regions, content, grams, names;
  std::vector<std::pair<Ulid, external::Number>> numbers;
  std::vector<Gram> pairs;
  for (const ProjectRow& p : rows) {
    int seq = 0;
    for (const FundingRow& f : p.funding) {
      funding.push_back({p.id, ++seq, p.region_path, f.source_code, f.task_code, f.year,
                         f.exact_fen, f.parse_state, f.is_public});
    }
    if (p.anew.regions) {
      std::set<std::string> seen;
      for (const CoveredRow& c : p.regions) {
        if (seen.insert(c.region_path).second) {
          regions.push_back({c.region_path, p.id, c.is_lead, c.share_bp});
        }
      }
    }
    if (p.anew.content) {
      seq = 0;
      for (const ContentRow& c : p.content) {
        content.push_back({c.id, p.id, ++seq, c.region_path, c.category_code, c.budget_fen});
      }
    }
    if (p.anew.external_ids) {
      for (const external::Number& number : p.external_ids) numbers.emplace_back(p.id, number);
    }
    if (p.anew.name) names.push_back({NameHash(p.year, p.name), p.region_path, p.id});
    if (p.anew.search_text) {
      for (std::string& gram : Bigrams(p.search_text)) pairs.push_back({std::move(gram), &p});
    }
  }
  // By far the most rows: in the order of their index each of its pages is visited once.
  std::sort(pairs.begin(), pairs.end(), [](const Gram& x, const Gram& y) {
    return std::tie(x.gram, x.project->region_path, x.project->id) <
           std::tie(y.gram, y.project->region_path, y.project->id);
  });
  grams.reserve(pairs.size());
  for (Gram& pair : pairs) {
    grams.push_back({std::move(pair.gram), pair.project->region_path, pair.project->id});
  }
  const auto insert = [&](std::string_view table, std::string_view columns,
                          const std::vector<mysql::Params>& values,
                          std::string_view verb) -> absl::Status {
    if (values.empty()) return absl::OkStatus();
    return mysql::BulkInsert(tx, table, columns, values, "", verb).status();
  };
  RETURN_IF_ERROR(insert(
      "project_funding",
      "(project_id, seq, region_path, source_code, task_code, year, amount_fen, parse_state, "
      "is_public)",
      funding, "INSERT INTO"));
  RETURN_IF_ERROR(insert("project_region", "(region_path, project_id, is_lead, share_bp)", regions,
                         "INSERT INTO"));
  RETURN_IF_ERROR(insert("content_item",
                         "(id, project_id, seq, region_path, category_code, budget_fen)", content,
                         "INSERT INTO"));
  RETURN_IF_ERROR(external::InsertExternalIds(tx, kProjectExternal, numbers));
  RETURN_IF_ERROR(
      insert("project_name", "(name_hash, region_path, project_id)", names, "INSERT INTO"));
  return insert("project_gram", "(gram, region_path, project_id)", grams, "INSERT IGNORE INTO");
}

}  // namespace

absl::StatusOr<int64_t> ClaimSequence(mysql::Tx& tx, const std::string& county, int year,
                                      int64_t count) {
  RETURN_IF_ERROR(
      tx.Execute("INSERT INTO project_sequence (county_code, year, last_no) VALUES (?, ?, ?) ON "
                 "DUPLICATE KEY UPDATE last_no = last_no + VALUES(last_no)",
                 {county, year, count})
          .status());
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query("SELECT last_no FROM project_sequence WHERE county_code = ? AND year = ?",
               {county, year}));
  return rows[0].Int(0) - count + 1;
}

absl::Status InsertProjects(mysql::Tx& tx, const std::vector<ProjectRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  for (const ProjectRow& p : rows) values.push_back(Values(p));
  RETURN_IF_ERROR(mysql::BulkInsert(tx, "project", kInsertColumns, values).status());
  return InsertParts(tx, rows);
}

absl::Status NoteVerificationChanges(mysql::Tx& tx, const std::vector<std::pair<Ulid, int>>& to,
                                     absl::Time now) {
  std::map<int, std::vector<Ulid>> by_state;
  for (const auto& [id, state] : to) by_state[state].push_back(id);
  for (const auto& [state, ids] : by_state) {
    mysql::Params params{now, state};
    const std::string in = InList("id", ids, &params);
    // Of two changes in one instant the first tells what stood before it.
    RETURN_IF_ERROR(
        tx.Execute(Cat("INSERT INTO project_verification_change (project_id, changed_at, "
                       "from_state) SELECT id, ?, verification_state FROM project WHERE "
                       "verification_state <> ? AND ",
                       in,
                       " ON DUPLICATE KEY UPDATE from_state = "
                       "project_verification_change.from_state"),
                   params)
            .status());
  }
  return absl::OkStatus();
}

absl::Status ReplaceProjects(mysql::Tx& tx, const std::vector<ProjectRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  std::map<std::string_view, std::vector<Ulid>> anew;  // by table
  std::vector<Ulid> renumbered;
  for (const ProjectRow& p : rows) {
    values.push_back(Values(p));
    anew["project_funding"].push_back(p.id);
    if (p.anew.regions) anew["project_region"].push_back(p.id);
    if (p.anew.content) anew["content_item"].push_back(p.id);
    if (p.anew.external_ids) renumbered.push_back(p.id);
    if (p.anew.name) anew["project_name"].push_back(p.id);
    if (p.anew.search_text) anew["project_gram"].push_back(p.id);
  }
  RETURN_IF_ERROR(
      mysql::BulkInsert(
          tx, "project", kInsertColumns, values,
          "ON DUPLICATE KEY UPDATE region_path = VALUES(region_path), county_path = "
          "VALUES(county_path), state = VALUES(state), verification_state = "
          "VALUES(verification_state), project_type = VALUES(project_type), category = "
          "VALUES(category), industry_code = VALUES(industry_code), industry_id = "
          "VALUES(industry_id), operator_id = VALUES(operator_id), campaign_id = "
          "VALUES(campaign_id), year = VALUES(year), declared_total_fen = "
          "VALUES(declared_total_fen), public_total_fen = VALUES(public_total_fen), is_void = "
          "VALUES(is_void), version = VALUES(version), updated_at = VALUES(updated_at), record "
          "= VALUES(record)")
          .status());
  for (const auto& [table, ids] : anew) {
    mysql::Params params;
    const std::string in = InList("project_id", ids, &params);
    RETURN_IF_ERROR(tx.Execute(Cat("DELETE FROM ", table, " WHERE ", in), params).status());
  }
  RETURN_IF_ERROR(external::DeleteExternalIds(tx, kProjectExternal, renumbered));
  return InsertParts(tx, rows);
}

}  // namespace bangfu::registry
