#include "services/evaluation/jobs/outstanding_work.h"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/store/outstanding_store.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {

namespace {

constexpr char kRunSubject[] = "evaluation_runs";
constexpr char kDataSubject[] = "evaluation_data";
constexpr std::string_view kRunMark = "ERUN";
constexpr std::string_view kDataMark = "EDAT";
constexpr size_t kCountyDigits = 6;
constexpr size_t kIdBytes = 16;

// A region is the subject of its item: its code in a shape that tells the two kinds apart.
Ulid IdOf(std::string_view mark, const std::string& region) {
  std::string bytes = Cat(mark, region);
  bytes.resize(kIdBytes, '\0');
  return Ulid::FromBytes(bytes).value_or(Ulid());
}

std::string RegionOf(std::string_view mark, const Ulid& id) {
  const std::string bytes = id.bytes();
  if (std::string_view(bytes).substr(0, mark.size()) != mark) return "";
  const std::string region = bytes.substr(mark.size());
  return region.substr(0, region.find('\0'));
}

absl::StatusOr<std::map<std::string, std::string>> NamesOf(mysql::Executor& db,
                                                           const std::vector<std::string>& codes) {
  ASSIGN_OR_RETURN(const std::vector<RegionRow> regions, GetRegions(db, codes));
  std::map<std::string, std::string> names;
  for (const std::string& code : codes) names[code] = code;
  for (const RegionRow& region : regions) names[region.code] = region.name;
  return names;
}

absl::Status SyncToEvaluate(mysql::Tx& tx, const std::vector<std::string>& counties,
                            const inbox::Act& act) {
  if (counties.empty()) return absl::OkStatus();
  std::vector<Ulid> claims;
  for (const std::string& county : counties) claims.push_back(IdOf(kRunMark, county));
  // Two that evaluate in a county at once wait for each other; the second counts both.
  RETURN_IF_ERROR(inbox::Claim(tx, claims));
  ASSIGN_OR_RETURN(const auto counts, CountToEvaluate(tx, counties));
  ASSIGN_OR_RETURN(const auto names, NamesOf(tx, counties));
  ASSIGN_OR_RETURN(const int64_t days, ReadParameter(tx, kEvaluationRunDays));
  std::vector<inbox::Subject> subjects;
  for (const std::string& county : counties) {
    inbox::Subject& subject = subjects.emplace_back();
    subject.type = kRunSubject;
    subject.id = IdOf(kRunMark, county);
    const auto count = counts.find(county);
    if (count == counts.end()) continue;
    inbox::Wanted& w = subject.wanted.emplace_back();
    w.kind = "EVALUATION_RUN";
    w.action = "evaluate";
    w.title = Cat(names.at(county), count->second, "个对象待评价");
    w.region_path = county;
    w.roles = {kCountyOperator, kCountyApprover};
    w.term_days = static_cast<int>(days);
  }
  return inbox::Sync(tx, subjects, act);
}

absl::Status SyncLackingData(mysql::Tx& tx, const std::vector<std::string>& regions,
                             const inbox::Act& act) {
  if (regions.empty()) return absl::OkStatus();
  std::vector<Ulid> claims;
  for (const std::string& region : regions) claims.push_back(IdOf(kDataMark, region));
  RETURN_IF_ERROR(inbox::Claim(tx, claims));
  ASSIGN_OR_RETURN(const auto counts, CountLackingData(tx, regions));
  ASSIGN_OR_RETURN(const auto names, NamesOf(tx, regions));
  std::vector<inbox::Subject> subjects;
  for (const std::string& region : regions) {
    inbox::Subject& subject = subjects.emplace_back();
    subject.type = kDataSubject;
    subject.id = IdOf(kDataMark, region);
    const auto count = counts.find(region);
    if (count == counts.end()) continue;
    inbox::Wanted& w = subject.wanted.emplace_back();
    w.kind = "EVALUATION_DATA";
    w.action = "supply_data";
    w.title = Cat(names.at(region), count->second, "个对象数据不足，待补数据");
    w.region_path = region;
    // Reports and records are the township's and the county's to complete, scores the experts'.
    if (region.size() > kCountyDigits) w.roles.push_back(kTownshipReviewer);
    w.roles.push_back(kCountyOperator);
    w.roles.push_back(kAppraiser);
  }
  return inbox::Sync(tx, subjects, act);
}

// The industry that is verified by the project; none.
std::optional<Ulid> Verifies(const SubjectRow& s) {
  if (s.type != kProjectSubject || s.is_void || !s.verified) return std::nullopt;
  return s.industry_id;
}

}  // namespace

std::vector<inbox::Kind> OutstandingKinds() {
  return {{"EVALUATION_RUN", "待评价", kRunSubject}, {"EVALUATION_DATA", "待补数据", kDataSubject}};
}

void OutstandingChanges::Add(const SubjectRow* before, const SubjectRow& after) {
  const Outstanding was = before == nullptr ? Outstanding::kNothing : OutstandingOf(*before);
  const Outstanding is = OutstandingOf(after);
  const bool moved = before != nullptr && before->region_path != after.region_path;
  const auto add = [this](Outstanding what, const SubjectRow& s) {
    if (s.county.empty()) return;
    if (what == Outstanding::kEvaluation) counties_.insert(s.county);
    if (what == Outstanding::kData) regions_.insert(DataRegionOf(s));
  };
  if (was != is || moved) {
    if (before != nullptr) add(was, *before);
    add(is, after);
  }
  // With its projects the county's industries are verified, or not any more.
  if ((before == nullptr ? std::nullopt : Verifies(*before)) == Verifies(after) && !moved) return;
  for (const SubjectRow* s : {before, &after}) {
    if (s == nullptr || s->county.empty() || !Verifies(*s)) continue;
    counties_.insert(s->county);
    regions_.insert(s->county);
  }
}

void OutstandingChanges::AddNewFacts(const SubjectMap& locked, const std::vector<Ulid>& ids) {
  for (const Ulid& id : ids) {
    const auto before = locked.find(id);
    if (before == locked.end()) continue;
    SubjectRow after = before->second;
    after.supplied = after.latest_result == kInsufficientData;
    Add(&before->second, after);
  }
}

absl::Status OutstandingChanges::Sync(mysql::Tx& tx, const inbox::Act& act) const {
  RETURN_IF_ERROR(SyncToEvaluate(tx, {counties_.begin(), counties_.end()}, act));
  return SyncLackingData(tx, {regions_.begin(), regions_.end()}, act);
}

absl::Status NoteNewFacts(mysql::Tx& tx, const SubjectMap& locked, const std::vector<Ulid>& ids,
                          absl::Time now, const inbox::Act& act) {
  RETURN_IF_ERROR(BumpFactsVersion(tx, ids, now));
  OutstandingChanges changes;
  changes.AddNewFacts(locked, ids);
  return changes.Sync(tx, act);
}

inbox::Source ToEvaluateSource() {
  return {
      kRunSubject,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const std::vector<std::string> counties,
                         CountiesAfter(db, RegionOf(kRunMark, after), limit));
        std::vector<Ulid> ids;
        for (const std::string& county : counties) ids.push_back(IdOf(kRunMark, county));
        return ids;
      },
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) {
        std::vector<std::string> counties;
        for (const Ulid& id : ids) counties.push_back(RegionOf(kRunMark, id));
        return SyncToEvaluate(tx, counties, act);
      }};
}

inbox::Source LackingDataSource() {
  return {
      kDataSubject,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const std::vector<std::string> regions,
                         DataRegionsAfter(db, RegionOf(kDataMark, after), limit));
        std::vector<Ulid> ids;
        for (const std::string& region : regions) ids.push_back(IdOf(kDataMark, region));
        return ids;
      },
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) {
        std::vector<std::string> regions;
        for (const Ulid& id : ids) regions.push_back(RegionOf(kDataMark, id));
        return SyncLackingData(tx, regions, act);
      }};
}

}  // namespace bangfu::evaluation
