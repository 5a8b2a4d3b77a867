// What the inbox's comparison does with imports.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/inbox/recount.h"
#include "common/inbox/schema.h"
#include "common/intake/import_service.h"
#include "common/intake/job_store.h"
#include "common/intake/schema.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"

namespace bangfu::intake {
namespace {

using ::bangfu::testing::FakeClock;
using ::bangfu::testing::TestDatabase;

// Only known by its name: nothing is read or committed here.
class NamedKind : public Kind {
 public:
  std::string_view name() const override { return "words"; }
  std::vector<auth::Role> roles() const override { return {options::v1::ROLE_COUNTY_OPERATOR}; }
  absl::StatusOr<std::unique_ptr<RowReader>> NewReader(const Job&, mysql::Session&) override {
    return absl::InternalError("not read");
  }
  absl::StatusOr<std::vector<CommittedRow>> CommitChunk(mysql::Tx&, const Job&,
                                                        const std::vector<StagedRow>&) override {
    return absl::InternalError("not committed");
  }
};

class WorkSourceTest : public ::testing::Test {
 protected:
  Ulid Validated(const std::string& batch) {
    JobRow job;
    job.id = ids_.Next();
    job.version = 1;
    job.kind = "words";
    job.created_by = "p1";
    job.batch_id = batch;
    job.state = v1::IMPORT_STATE_VALIDATED;
    job.region_code = job.region_path = "360733";
    job.step_at = job.created_at = clock_.Now();
    EXPECT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return InsertJob(tx, job); }));
    return job.id;
  }
  void Recount() {
    std::vector<std::unique_ptr<Kind>> kinds;
    kinds.push_back(std::make_unique<NamedKind>());
    ASSERT_OK(inbox::Recount(database_.db(), {WorkSource(std::move(kinds))}, ids_, clock_.Now(),
                             {.every = absl::ZeroDuration()}));
  }
  int64_t Open(const Ulid& id) {
    return database_.Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND subject_id = ?",
                         {id});
  }

  FakeClock clock_;
  TestDatabase database_{migrate::Concat(inbox::Schema(), Schema())};
  UlidGenerator ids_{clock_};
};

TEST_F(WorkSourceTest, NothingWaitsOnAnImportThatIsSweptOrGone) {
  const Ulid kept = Validated("b1");
  const Ulid swept = Validated("b2");
  const Ulid gone = Validated("b3");
  Recount();
  for (const Ulid& id : {kept, swept, gone}) EXPECT_EQ(Open(id), 1);
  ASSERT_OK(MarkSwept(database_.db(), swept));
  ASSERT_OK(database_.db().Execute("DELETE FROM import_job WHERE id = ?", {gone}));
  Recount();
  EXPECT_EQ(Open(kept), 1);
  EXPECT_EQ(Open(swept), 0);
  EXPECT_EQ(Open(gone), 0);
  Recount();
  EXPECT_EQ(Open(swept), 0);
}

}  // namespace
}  // namespace bangfu::intake
