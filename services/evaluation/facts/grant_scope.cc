#include "services/evaluation/facts/grant_scope.h"

#include <algorithm>
#include <utility>

#include "bangfu/registry/v1/reference.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/facts/departments.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

// Codes of the categories above each code, in any version of the taxonomy.
using Parents = std::multimap<std::string, std::string>;

absl::StatusOr<Parents> LoadParents(mysql::Executor& db) {
  ASSIGN_OR_RETURN(const std::vector<ReferenceRow> rows, LoadReferences(db, kTaxonomyRef));
  Parents parents;
  for (const ReferenceRow& row : rows) {
    registry::v1::IndustryCategory category;
    if (category.ParseFromString(row.payload) && !category.parent_code().empty()) {
      parents.emplace(category.code(), category.parent_code());
    }
  }
  return parents;
}

std::vector<std::string> WithParents(const std::string& code, const Parents& parents) {
  std::vector<std::string> out;
  if (!code.empty()) out.push_back(code);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto [begin, end] = parents.equal_range(out[i]);
    for (auto it = begin; it != end; ++it) {
      if (std::find(out.begin(), out.end(), it->second) == out.end()) out.push_back(it->second);
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<GrantScope> GrantScope::Load(mysql::Executor& db, const auth::Caller& caller,
                                            const std::vector<Ulid>& subject_ids,
                                            absl::CivilDay day) {
  if (!caller.MindsFacets()) return GrantScope();
  return Load(db, subject_ids, day);
}

absl::StatusOr<GrantScope> GrantScope::Load(mysql::Executor& db,
                                            const std::vector<Ulid>& subject_ids,
                                            absl::CivilDay day) {
  GrantScope scope;
  if (subject_ids.empty()) return scope;
  ASSIGN_OR_RETURN(auto money, SourcesOfSubjects(db, subject_ids, day));
  ASSIGN_OR_RETURN(const SubjectMap subjects, LoadSubjects(db, subject_ids, std::nullopt));
  ASSIGN_OR_RETURN(const Parents parents, LoadParents(db));
  for (const auto& [id, subject] : subjects) {
    One one;
    one.facets.industries = WithParents(subject.industry_code, parents);
    if (auto found = money.find(id); found != money.end()) {
      one.facets.fund_sources = std::move(found->second.all);
      one.of_department = std::move(found->second.of_department);
    }
    scope.subjects_.emplace(id, std::move(one));
  }
  return scope;
}

auth::Facets GrantScope::Of(const Ulid& subject_id) const {
  const auto found = subjects_.find(subject_id);
  return found == subjects_.end() ? auth::Facets() : found->second.facets;
}

auth::Facets GrantScope::OfSigning(const Ulid& subject_id, const std::string& department) const {
  const auto found = subjects_.find(subject_id);
  if (found == subjects_.end()) return {};
  auth::Facets out = found->second.facets;
  // Whose sources are not known any more signs for the subject as a whole.
  const auto of = found->second.of_department.find(department);
  if (of != found->second.of_department.end() && !of->second.empty()) {
    out.fund_sources = of->second;
  }
  return out;
}

}  // namespace bangfu::evaluation
