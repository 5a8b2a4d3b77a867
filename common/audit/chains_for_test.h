// Records with chains of entries in a database of their own, for the tests of the audit.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/audit/audit.h"
#include "common/audit/schema.h"
#include "common/base/ulid.h"
#include "common/recode/schema.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu::audit {

class ChainsTest : public ::testing::Test {
 protected:
  // The n-th of a record.
  Entry MakeEntry(const Ulid& id, int n, const std::string& region = "360733") {
    Entry e;
    e.aggregate_type = "project";
    e.aggregate_id = id;
    e.region_path = region;
    e.action = "ProjectService.UpdateProject";
    e.actor = {"zhang.san", "张三", "ROLE_COUNTY_OPERATOR", "360733"};
    if (n > 1) e.before_json = absl::StrCat("{\"n\":", n - 1, "}");
    e.after_json = absl::StrCat("{\"n\":", n, "}");
    e.reason = "更正";
    e.request_id = absl::StrCat("r-", n);
    e.source_system = "county-portal";
    e.client_ip = "10.1.2.3";
    e.occurred_at = clock_.Now();
    return e;
  }
  // Entries `from` to `to` of a record.
  void Write(const Ulid& id, int from, int to, const std::string& region = "360733") {
    for (int n = from; n <= to; ++n) {
      EXPECT_OK(mysql::Transact(
          db_, [&](mysql::Tx& tx) { return Append(tx, MakeEntry(id, n, region)); }));
    }
  }
  // A record with `n` entries.
  Ulid Chain(int n, const std::string& region = "360733") {
    const Ulid id = ids_.Next();
    Write(id, 1, n, region);
    return id;
  }

  Report VerifyIn(const VerifyScope& scope) {
    absl::StatusOr<Report> report = Verify(db_, scope);
    EXPECT_OK(report);
    return report.ok() ? *report : Report();
  }
  static std::vector<std::string> Texts(const Report& report) {
    std::vector<std::string> out;
    for (const Problem& p : report.problems) out.push_back(p.text);
    return out;
  }

  testing::FakeClock clock_;
  testing::SeededRandom random_;
  UlidGenerator ids_{clock_, random_.AsRandom()};
  testing::TestDatabase database_{migrate::Concat(Schema(), recode::Schema())};
  mysql::Session& db_ = database_.db();
};

}  // namespace bangfu::audit
