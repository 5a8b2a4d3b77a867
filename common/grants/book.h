// The grants of everyone, in memory: no call costs a query for them. A job reads what changed, by
// the version that each change raises (copies.h).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bangfu/type/v1/grant.pb.h"
#include "common/auth/caller.h"
#include "common/mysql/session.h"

namespace bangfu::grants {

// How long a change may wait before the processes of a service look for it.
inline constexpr absl::Duration kLook = absl::Milliseconds(250);

class GrantBook final : public auth::GrantSource {
 public:
  std::shared_ptr<const auth::SubjectGrants> Of(std::string_view subject,
                                                bool is_client) const override;
  int64_t version() const override { return version_.load(std::memory_order_acquire); }

  // Brings the book up to the database: one point read when nothing changed. Thread safe.
  // Grants of people that have been over for a month are left out: nobody asks any more why they do
  // not hold.
  absl::Status Refresh(mysql::Session& session, absl::Time now);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  // Code and name. Few of them, in the grants of many: each is kept once, for as long as the book.
  using Organisation = std::pair<std::string, std::string>;
  // A right as it is kept, for tens of thousands of people; a call gets it as auth::Grant.
  struct Extra {
    std::vector<std::string> clauses, fund_sources, industries;
    std::string delegated_by;
  };
  struct Right {
    Ulid id;
    int64_t from_us = 0, to_us = 0;      // to_us of one without end: the largest
    std::unique_ptr<const Extra> extra;  // nullptr: of no narrower field, and not lent
    std::array<char, 12> region{};       // filled up with zeros
    uint8_t role = 0;
    bool revoked = false;
    const Organisation* organisation = nullptr;  // of organisations_; nullptr: none is named
  };
  struct Held {
    std::string name;
    std::vector<Right> rights;
  };
  using Subjects = std::unordered_map<std::string, Held, Hash, std::equal_to<>>;
  static auth::Grant Expand(const Right& right);

  absl::Status ReadAll(mysql::Session& session, absl::Time now);
  absl::Status ReadChanges(mysql::Session& session, int64_t after);
  // Puts the grant in the place of what it was; not a person's that has been over for long.
  absl::Status Put(std::string_view record, bool over, Subjects* people, Subjects* clients);

  std::mutex refreshing_;
  std::set<Organisation> organisations_;  // only a refresh adds to it, and nothing is taken out
  int64_t reloads_ = -1;
  mutable std::shared_mutex mu_;
  Subjects people_, clients_;
  std::atomic<int64_t> version_{0};
};

}  // namespace bangfu::grants
