// The random walks that compare the items of an inbox with the states they stand for, and which
// kinds of work they compare: so that no kind is added that no walk goes by.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/inbox/inbox.h"
#include "common/mysql/session.h"
#include "common/testing/status_matchers.h"

namespace bangfu::inbox {

// A walk of the test program, declared beside its test as an object of the file.
class Walk {
 public:
  // What it compares; of these those that it comes by only where chance has it (`rare`).
  explicit Walk(std::set<std::string> kinds, std::set<std::string> rare = {})
      : kinds_(std::move(kinds)), rare_(std::move(rare)) {
    Walked().insert(kinds_.begin(), kinds_.end());
  }

  const std::set<std::string>& kinds() const { return kinds_; }
  // As an SQL list: 'A', 'B'.
  std::string Quoted() const {
    std::string out;
    for (const std::string& kind : kinds_) out += (out.empty() ? "'" : ", '") + kind + "'";
    return out;
  }

  // At the end of the walk: each of its kinds did wait at some time.
  void ExpectSeen(mysql::Executor& db) const {
    const auto rows = db.Query("SELECT DISTINCT kind FROM work_item");
    EXPECT_OK(rows);
    if (!rows.ok()) return;
    std::set<std::string> seen;
    for (const mysql::Row& row : *rows) seen.insert(row.String(0));
    for (const std::string& kind : kinds_) {
      if (rare_.count(kind) > 0) continue;
      EXPECT_EQ(seen.count(kind), 1u) << "the walk never met " << kind;
    }
  }

  // The kinds of all walks of this program.
  static std::set<std::string>& Walked() {
    static auto* const kinds = new std::set<std::string>();
    return *kinds;
  }

 private:
  std::set<std::string> kinds_, rare_;
};

// That a walk of this program goes by every one of these kinds. `excused`: by kind, why none does;
// an excuse that is not needed any more has to go.
inline void ExpectAllWalked(const std::vector<Kind>& all,
                            const std::map<std::string, std::string>& excused = {}) {
  EXPECT_FALSE(all.empty());
  std::set<std::string> codes;
  for (const Kind& kind : all) {
    codes.insert(kind.code);
    const bool walked = Walk::Walked().count(kind.code) > 0;
    const auto excuse = excused.find(kind.code);
    if (excuse == excused.end()) {
      EXPECT_TRUE(walked) << "no walk compares the items of " << kind.code << " with the states";
    } else {
      EXPECT_FALSE(walked) << kind.code << " is excused, but walked";
      EXPECT_FALSE(excuse->second.empty()) << kind.code << " is excused without a reason";
    }
  }
  for (const std::string& kind : Walk::Walked()) {
    EXPECT_EQ(codes.count(kind), 1u) << kind << " is walked, but no kind of this service";
  }
  for (const auto& [kind, reason] : excused) {
    EXPECT_EQ(codes.count(kind), 1u) << kind << " is excused, but no kind of this service";
  }
}

}  // namespace bangfu::inbox
