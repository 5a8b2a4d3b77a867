// What of subjects the scope of a grant is asked about: the sources of their money, their industry.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/auth/caller.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

class GrantScope {
 public:
  // Of these subjects, in a handful of queries.
  static absl::StatusOr<GrantScope> Load(mysql::Executor& db, const std::vector<Ulid>& subject_ids,
                                         absl::CivilDay day);
  // The same; none where no grant of the caller is narrowed by source or industry.
  static absl::StatusOr<GrantScope> Load(mysql::Executor& db, const auth::Caller& caller,
                                         const std::vector<Ulid>& subject_ids, absl::CivilDay day);

  // Every source and the industry of the subject.
  auth::Facets Of(const Ulid& subject_id) const;
  // For a department's signature: the sources by which that department has to sign.
  auth::Facets OfSigning(const Ulid& subject_id, const std::string& department) const;

 private:
  struct One {
    auth::Facets facets;
    std::map<std::string, std::vector<std::string>> of_department;
  };
  absl::flat_hash_map<Ulid, One> subjects_;
};

}  // namespace bangfu::evaluation
