// Long work (imports, exports, batch evaluations, sweeps) as rows: started in the caller's
// transaction, run by whichever process takes it up, resumed by the next one when that process
// dies, cancelled at a safe point.
//
// One process at a time works on an operation: a lease with a fence. What a kind commits, it
// commits together with its own cursor (OperationContext::SaveCursor) under that fence, so that a
// process that was thought dead commits nothing and the next one goes on from the last commit.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::operation {

inline constexpr absl::Duration kRetention = absl::Hours(24 * 90);

struct NewOperation {
  Ulid id;
  std::string kind;  // a kind that the service's runner knows
  std::string region_path;
  type::v1::Actor created_by;
  const google::protobuf::Message& request;  // what to do; given back to the kind when it runs
  int64_t total = 0;                         // steps, when known
  absl::Time now;
};

// Inserts the operation as PENDING and gives it as the contract shows it. It runs once the
// transaction is committed and a runner finds it (OperationRunner::Wake makes that at once).
absl::StatusOr<operation::v1::Operation> Start(mysql::Tx& tx, const NewOperation& operation);

// By id within the regions; NOT_FOUND outside.
absl::StatusOr<operation::v1::Operation> Get(mysql::Executor& db, const Ulid& id,
                                             const std::vector<std::string>& scope);

struct ListQuery {
  std::vector<std::string> scope;
  std::string kind;                                                                  // empty: all
  operation::v1::OperationState state = operation::v1::OPERATION_STATE_UNSPECIFIED;  // all
  // Keyset: the last row of the page before; empty: first page. Newest first within a region.
  std::string after_region_path;
  Ulid after_id;
  int limit = 50;
};
absl::StatusOr<std::vector<operation::v1::Operation>> List(mysql::Executor& db,
                                                           const ListQuery& query);

// PENDING: cancelled at once. RUNNING: asked to stop at its next safe point. FAILED_PRECONDITION
// STATE_NOT_ALLOWED when it has ended.
absl::Status Cancel(mysql::Tx& tx, const Ulid& id, absl::Time now);
// FAILED or CANCELLED: PENDING again, to go on from its cursor. FAILED_PRECONDITION
// STATE_NOT_ALLOWED otherwise.
absl::Status Resume(mysql::Tx& tx, const Ulid& id, absl::Time now);
// Whether work in this state can be cancelled or resumed; as Cancel and Resume refuse.
absl::Status CheckCancel(v1::OperationState state);
absl::Status CheckResume(v1::OperationState state);

// Deletes some ended operations older than `retention`; gives how many. 0: nothing left to do.
absl::StatusOr<int64_t> SweepRetention(mysql::Session& session, absl::Time now,
                                       absl::Duration retention = kRetention);

class OperationRunner;

// What a kind works with while it runs. Lives on one thread; from others that the kind runs, what
// is const may be asked and SaveCursor be called, in transactions of their own sessions.
class OperationContext {
 public:
  const Ulid& id() const { return id_; }
  const std::string& region_path() const { return region_path_; }
  const type::v1::Actor& created_by() const { return created_by_; }
  // What Start was given. INTERNAL when it is another message.
  absl::Status Request(google::protobuf::Message* request) const;
  // Empty at first; after a crash or a resume what SaveCursor stored last.
  const std::string& resume_cursor() const { return resume_cursor_; }
  int64_t done() const { return done_; }
  // The runner's session; the kind's while it runs.
  mysql::Session& db() { return session_; }
  const Clock& clock() const { return clock_; }
  absl::Time now() const { return clock_.Now(); }

  // Tells how far the work is; call it at least every third of the lease (10 s). Stored about once
  // a second, in its own transaction: not inside one. Errors end the run, just return them:
  //   CANCELLED OPERATION_CANCELLED       somebody asked to stop
  //   ABORTED OPERATION_INTERRUPTED       the process ends; the next one goes on
  //   ABORTED OPERATION_FROZEN            no writes are taken; it goes on afterwards
  //   ABORTED OPERATION_LEASE_LOST        another process works on it already
  absl::Status Progress(int64_t done, int64_t total, std::string_view text_zh);

  // Stores the kind's cursor (at most 4 MiB) and progress in the transaction of the work they stand
  // for. ABORTED OPERATION_LEASE_LOST when another process works on it: the transaction must not
  // commit.
  absl::Status SaveCursor(mysql::Tx& tx, std::string_view cursor, int64_t done);

 private:
  friend class OperationRunner;
  OperationContext(mysql::Session& session, const Clock& clock)
      : session_(session), clock_(clock) {}

  mysql::Session& session_;
  const Clock& clock_;
  Ulid id_;
  std::string kind_;
  std::string region_path_;
  type::v1::Actor created_by_;
  std::string request_type_;
  std::string request_;
  std::string resume_cursor_;
  int64_t done_ = 0;
  int64_t total_ = 0;
  int64_t attempts_ = 0;
  int64_t fence_ = 0;
  absl::Duration lease_;
  absl::Time stored_at_ = absl::InfinitePast();
  std::function<bool()> stopping_;
  std::function<absl::Status()> may_write_;
};

// One kind of work. The result (may be null) is stored as the operation's result. An error of code
// UNAVAILABLE, ABORTED, DEADLINE_EXCEEDED or RESOURCE_EXHAUSTED is tried again from the cursor, a
// few times; any other fails the operation.
using RunFunction =
    std::function<absl::StatusOr<std::unique_ptr<google::protobuf::Message>>(OperationContext&)>;

// Told of an operation in the transaction in which it stops short of its end (FAILED, CANCELLED) or
// is asked to stop or to go on: what waits for people meanwhile.
using StandFunction =
    std::function<absl::Status(mysql::Tx&, const operation::v1::Operation&, absl::Time now)>;

struct RunnerOptions {
  std::string holder;  // differs between processes
  int workers = 2;     // threads of Run, each with its own session
  absl::Duration lease = absl::Seconds(30);
  absl::Duration idle_rest = absl::Seconds(1);
  // Runs without any progress after which the operation fails: it takes its process down.
  int max_attempts = 5;
  // Whether the service takes writes now (freeze mode); quick, thread safe. While it refuses
  // nothing is taken up, and what runs rests at its next Progress. Empty: always.
  std::function<absl::Status()> may_write;
};

class OperationRunner {
 public:
  // `clock` outlives the runner.
  OperationRunner(const Clock& clock, RunnerOptions options);
  ~OperationRunner();  // Stop()
  OperationRunner(const OperationRunner&) = delete;
  OperationRunner& operator=(const OperationRunner&) = delete;

  // Before Run. Kinds that are not registered here wait for a process that knows them.
  void Register(std::string kind, RunFunction run, StandFunction stand = {});
  // The kind's StandFunction; nothing for kinds without one.
  absl::Status TellStand(mysql::Tx& tx, const operation::v1::Operation& operation,
                         absl::Time now) const;

  // Takes up and runs one operation, if there is one: true. For tests and for Run.
  absl::StatusOr<bool> StepOnce(mysql::Session& session);

  // Starts the workers.
  void Run(const std::function<std::unique_ptr<mysql::Session>()>& sessions,
           std::function<void(const absl::Status&)> on_error = {});
  // A worker looks for work now: after the commit of a Start.
  void Wake();
  // Interrupts what runs at its next Progress and ends the workers.
  void Stop();

 private:
  absl::StatusOr<bool> Claim(OperationContext& context);
  absl::Status Finish(OperationContext& context,
                      absl::StatusOr<std::unique_ptr<google::protobuf::Message>> result);

  struct Kind {
    RunFunction run;
    StandFunction stand;
  };

  const Clock& clock_;
  const RunnerOptions options_;
  std::map<std::string, Kind> kinds_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::unique_ptr<mysql::Session>> sessions_;
  std::vector<std::thread> threads_;
};

}  // namespace bangfu::operation
