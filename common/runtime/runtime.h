// The life of a process: what it watches to be ready, which jobs it runs, and the order in which it
// goes down.
//
// Up: HTTP (alive, not ready) → gRPC (NOT_SERVING) → checks pass → SERVING, jobs start.
// Down: not ready → a pause in which clients learn it → gRPC drains → jobs stop → sessions close →
// HTTP.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/loop.h"
#include "common/metrics/metrics.h"
#include "common/mysql/session.h"
#include "common/rpc/lanes.h"
#include "common/rpc/server.h"
#include "common/runtime/http.h"

namespace bangfu::runtime {

// Background threads, each with a database session and a loop of its own.
class Jobs {
 public:
  // Runs until the loop is stopped and returns soon after.
  using Body = std::function<void(mysql::Session& session, Loop& loop)>;

  Jobs(rpc::SessionFactory sessions, metrics::Registry& metrics)
      : sessions_(std::move(sessions)), metrics_(metrics) {}
  ~Jobs() { Stop(); }
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // A job that rules its own loop (sequencer, consumer). Before Start.
  void Add(std::string name, Body body);
  // `step` once every `interval`, at once when it fails no longer than the backoff after it (1 s to
  // 1 min). Failures are logged and counted (bangfu_job_failures_total). Before Start.
  void AddPeriodic(std::string name, absl::Duration interval,
                   std::function<absl::Status(mysql::Session&)> step);
  // Wakes the job of this name from its rest; nothing when there is none. Thread safe.
  void Wake(std::string_view name);

  void Start();
  // Asks all to stop, waits for them, closes their sessions. Also right when Start never came.
  void Stop();

 private:
  struct Job {
    std::string name;
    Body body;
    Loop loop;
    std::thread thread;
  };
  rpc::SessionFactory sessions_;
  metrics::Registry& metrics_;
  std::vector<std::unique_ptr<Job>> jobs_;
  bool started_ = false;
};

// Runs the readiness checks on a thread of its own and tells whoever wants to know. What asks for
// readiness never waits on a database.
class Readiness {
 public:
  using Check = std::function<absl::Status(mysql::Session&)>;

  Readiness(rpc::SessionFactory sessions, absl::Duration interval,
            std::function<void(bool ready)> on_change)
      : sessions_(std::move(sessions)), interval_(interval), on_change_(std::move(on_change)) {}
  ~Readiness() { Stop(); }

  // Before Start. Checks run in order; the first failure is the reason.
  void Add(std::string name, Check check);
  void Start();
  // Not ready from now on, for good; returns when no check runs any more.
  void Stop();
  void StartDraining();

  bool ready() const;
  // "ready", or why not.
  std::string reason() const;

 private:
  void Run();
  void Set(bool ready, std::string reason);

  rpc::SessionFactory sessions_;
  const absl::Duration interval_;
  const std::function<void(bool)> on_change_;
  std::vector<std::pair<std::string, Check>> checks_;
  Loop loop_;
  std::thread thread_;
  mutable std::mutex mu_;
  bool ready_ = false;
  bool draining_ = false;
  std::string reason_ = "starting";
};

}  // namespace bangfu::runtime
