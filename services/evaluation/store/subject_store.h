// Subjects (评估对象): the projects and county industries that are evaluated, as columns. All SQL
// on table `subject` and the roll-up of latest results is here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

inline constexpr int kProjectSubject = 1;  // as type.v1.SubjectType
inline constexpr int kIndustrySubject = 2;
// As evaluation.v1.EvaluationResult.
inline constexpr int kInsufficientData = 5;

struct SubjectRow {
  Ulid id;
  int type = 0;
  std::string code;
  std::string name;
  std::string region_code;
  std::string region_path;
  std::string county;  // first six digits of region_path; "" above a county
  std::optional<Ulid> industry_id;
  std::string industry_code;
  std::vector<std::string> chain_links;
  std::string project_type;
  std::string stage;  // name as in the domain: "OPERATING"
  bool verified = false;
  bool is_void = false;
  bool sample = false;
  int64_t invested_fen = 0;
  int64_t asset_value_fen = 0;
  int64_t operating_value_fen = 0;
  int64_t facts_version = 0;
  std::optional<Ulid> latest_evaluation_id;
  int latest_result = 0;  // 0: never evaluated, or the latest is void
  std::optional<Ulid> effective_evaluation_id;
  int effective_class = 0;  // 0: none in force
  absl::Time updated_at;
  bool supplied = false;  // the latest evaluation lacked data, and facts have changed since
};
// Whether the county has to verify it (again): projects only, an industry is as its projects are.
inline bool IsUnverified(const SubjectRow& subject) {
  return subject.type == kProjectSubject && !subject.verified;
}

using SubjectMap = absl::flat_hash_map<Ulid, SubjectRow>;

// Those of `ids` that exist (in `scope`, region prefixes; nullopt: anywhere).
absl::StatusOr<SubjectMap> LoadSubjects(mysql::Executor& db, const std::vector<Ulid>& ids,
                                        const std::optional<std::vector<std::string>>& scope);
// The same, locked in the order of their ids until the transaction ends. At most some thousands.
absl::StatusOr<SubjectMap> LockSubjects(mysql::Tx& tx, const std::vector<Ulid>& ids);

// At most `limit` of a county's subjects of a type with id > `after`, by id. Void ones are left
// out.
absl::StatusOr<std::vector<SubjectRow>> ListCountySubjects(mysql::Executor& db,
                                                           const std::string& county, int type,
                                                           const std::optional<Ulid>& after,
                                                           int limit);
// Industries that are not void, by id.
absl::StatusOr<std::vector<Ulid>> IndustriesAfter(mysql::Executor& db, const Ulid& after,
                                                  int limit);
// Counties (six digits) with subjects inside the region, sorted, and how many subjects each has.
absl::StatusOr<std::vector<std::pair<std::string, int64_t>>> ListCounties(
    mysql::Executor& db, const std::string& region);

// Inserts or replaces what the feeds say: everything but facts_version (counts up by one; where
// data were lacking, they may be there now), the latest and the effective evaluation, which stay.
// Keeps the roll-up of results. The rows that exist must be locked and given in `before`.
absl::Status PutSubjects(mysql::Tx& tx, const std::vector<SubjectRow>& rows,
                         const SubjectMap& before);
// What stands of a subject after that.
SubjectRow AsPut(SubjectRow row, const SubjectMap& before);
// Facts of these subjects changed. Unknown ids do nothing.
absl::Status BumpFactsVersion(mysql::Tx& tx, const std::vector<Ulid>& ids, absl::Time now);
// Those of the county industries whose latest evaluation lacked data, as they were, locked; from
// now on somebody has supplied some: their projects' evaluations are what an industry is evaluated
// by.
absl::StatusOr<std::vector<SubjectRow>> SupplyIndustries(mysql::Tx& tx,
                                                         const std::vector<Ulid>& ids);
// The latest evaluations of these subjects hold with the facts as they are now.
absl::Status ClearSupplied(mysql::Tx& tx, const std::vector<Ulid>& ids);

// The newest evaluation of each (locked) subject; keeps the roll-up of results.
struct LatestEvaluation {
  Ulid subject_id;
  Ulid evaluation_id;
  int result = 0;
};
absl::Status SetLatestEvaluations(mysql::Tx& tx, const std::vector<LatestEvaluation>& latest,
                                  const SubjectMap& before, absl::Time now);
// What is in force for each of the (locked) subjects; keeps the roll-up of results.
struct EffectiveChange {
  Ulid subject_id;
  std::optional<Ulid> evaluation_id;  // nullopt: nothing is in force
  int effective_class = 0;
};
absl::Status SetEffectives(mysql::Tx& tx, const std::vector<EffectiveChange>& changes,
                           const SubjectMap& before, absl::Time now);

// The slot of a subject in the roll-ups: 0 … kRollupSlots-1. As many writers of one county and
// class need not wait for each other; each is a row of every such cell that a province's answer
// adds up.
inline constexpr int kRollupSlots = 4;
int RollupSlot(const Ulid& subject_id);

// Where a subject stands in the roll-up of results, so that each stands in one place. Without a
// class in force: its latest result, 0 when it was never evaluated or that is void. With one:
// kInForceCell, whatever the result was on which the class was decided; but kInForceCell plus the
// latest result where a later evaluation came to none of the four classes and is not decided.
inline constexpr int kInForceCell = 16;
int ResultCell(const SubjectRow& subject);
// The same as an SQL expression over the columns of `subject`.
std::string ResultCellSql();

// Adds rows of county, subject type, cell, slot, subjects and the two amounts to result_rollup.
absl::Status AddToResults(mysql::Tx& tx, const std::vector<mysql::Params>& values);

// Sums to add to result_rollup, by county, type, cell and slot. Sorted, so that transactions lock
// its rows in one order.
class ResultRollup {
 public:
  void Add(const SubjectRow& row, int sign);
  // Rows whose change is zero are left alone.
  absl::Status Write(mysql::Tx& tx) const;

 private:
  struct Sum {
    int64_t subjects = 0;
    int64_t invested_fen = 0;
    int64_t asset_value_fen = 0;
  };
  std::map<std::tuple<std::string, int, int, int>, Sum> sums_;
};

// One industry's links that projects in operation bring: link code -> a project that has it.
using LinksOfIndustry = absl::flat_hash_map<Ulid, std::map<std::string, std::string>>;
absl::StatusOr<LinksOfIndustry> ListOperatingLinks(mysql::Executor& db,
                                                   const std::vector<Ulid>& industry_ids);

// A project's newest evaluation as it counts for its industry.
struct IndustryMember {
  Ulid industry_id;
  Ulid subject_id;
  bool verified = false;
  int64_t operating_value_fen = 0;
  std::string details;  // of the newest evaluation; "" = never evaluated
};
// Projects of these industries that are not void.
absl::StatusOr<std::vector<IndustryMember>> ListIndustryMembers(
    mysql::Executor& db, const std::vector<Ulid>& industry_ids);

}  // namespace bangfu::evaluation
