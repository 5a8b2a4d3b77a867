// A consumer of a service's change feed that stores each event as a row, its cursor in the same
// transaction: what another provincial system would do.
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/feed/consumer.h"
#include "common/feed/remote.h"
#include "common/feed/schema.h"
#include "common/mysql/session.h"
#include "common/status/macros.h"
#include "tests/bench/bench.h"

namespace bangfu::bench {
namespace {

constexpr char kTable[] =
    "CREATE TABLE followed (source VARCHAR(64) NOT NULL, sequence BIGINT NOT NULL, aggregate_type "
    "VARCHAR(64) "
    "NOT NULL, aggregate_id BINARY(16) NOT NULL, region_path VARCHAR(12) NOT NULL, payload_type "
    "VARCHAR(128) NOT "
    "NULL, payload MEDIUMBLOB NOT NULL, occurred_at DATETIME(6) NOT NULL, PRIMARY KEY (source, "
    "sequence)) "
    "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

class Store : public feed::EffectHandler {
 public:
  absl::Status Apply(mysql::Tx& tx, const feed::Batch& batch) override {
    std::vector<mysql::Params> rows;
    rows.reserve(batch.events.size());
    for (const feed::v1::Event* e : batch.events) {
      const auto id = Ulid::Parse(e->aggregate_id());
      if (!id.ok()) return absl::InvalidArgumentError("aggregate id");
      rows.push_back({batch.source, e->sequence(), e->aggregate_type(), *id, e->region_path(),
                      e->payload().type_url(), e->payload().value(),
                      absl::FromUnixSeconds(e->occurred_at().seconds()) +
                          absl::Nanoseconds(e->occurred_at().nanos())});
    }
    events += static_cast<int64_t>(rows.size());
    return mysql::BulkInsert(
               tx, "followed",
               "(source, sequence, aggregate_type, aggregate_id, region_path, payload_type, "
               "payload, occurred_at)",
               rows, "", "INSERT IGNORE INTO")
        .status();
  }
  int64_t events = 0;
};

}  // namespace

// --into SCHEMA (its tables are made anew), --target, --source, --limit events a pull. Ends when
// level.
Json Follow(const Flags& flags) {
  mysql::Options options;
  options.host = flags.Text("socket");
  options.user = flags.Text("user", "root");
  options.schema = flags.Text("into");
  auto session = mysql::Session::Create(options);
  for (const char* table :
       {"followed", "feed_outbox", "feed_event", "feed_meta", "feed_cursor", "feed_parked"}) {
    auto dropped = session->ExecuteOnce(Cat("DROP TABLE IF EXISTS ", table));
    if (!dropped.ok()) Die(dropped.status().ToString());
  }
  for (const auto& migration : feed::Schema()) {
    for (const std::string& statement : mysql::SplitStatements(migration.sql)) {
      auto made = session->ExecuteOnce(statement);
      if (!made.ok()) Die(made.status().ToString());
    }
  }
  if (auto made = session->ExecuteOnce(kTable); !made.ok()) Die(made.status().ToString());

  auto client = Connect(flags);
  Store store;
  CpuClock cpu(flags.Text("pids", ""));
  cpu.Restart();
  const double start = Now();
  {
    feed::Consumer consumer(*session, SystemClock(),
                            {.consumer = "bench",
                             .source = flags.Text("source"),
                             .holder = "bench",
                             .limit = static_cast<int>(flags.Number("limit", 1000)),
                             .prefetch = true},
                            feed::RemotePull(*client, absl::Seconds(30)), store);
    while (true) {
      auto step = consumer.StepOnce();
      if (!step.ok()) Die(step.status().ToString());
      if (*step == feed::StepResult::kIdle) break;
      if (*step != feed::StepResult::kApplied) Die("the consumer was stopped");
    }
  }
  Outcome outcome;
  outcome.seconds = Now() - start;
  outcome.calls = store.events;
  outcome.cpu = cpu.Used();
  return Report(outcome);
}

}  // namespace bangfu::bench
