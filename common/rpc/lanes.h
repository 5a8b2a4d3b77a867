// Bounded worker lanes. A lane is a few threads, each with a database session of its own, and a
// short queue before them: what does not fit is refused at once, with the time after which trying
// again makes sense. Callers take turns, and one caller holds at most a share of the queue, so that
// a caller who sends a thousand calls delays himself and nobody else. Turns do not help where a
// call runs for long: there one caller never has all of the workers.
//
// std::mutex, so that TSan sees what is here.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/mysql/session.h"

namespace bangfu::rpc {

using SessionFactory = std::function<std::unique_ptr<mysql::Session>()>;

struct LaneOptions {
  int workers = 4;            // threads, and database sessions; at least 1
  size_t queue = 64;          // tasks that wait, beside those that run
  double caller_share = 0.5;  // of the queue, rounded up; (0, 1]
  int run_of_kind = 16;       // pieces of one kind that a worker takes at once; at least 1
  // Workers that a single caller leaves to others, whether they are there or not; he has one in any
  // case. For lanes whose calls run for long: an import, a large table, a peer that answers late.
  int for_others = 0;
};

class Lane {
 public:
  using Task = std::function<void(mysql::Session&)>;

  // Work that a worker does together with more of its kind where they wait one behind the other:
  // many reads by key cost one query then.
  class Piece {
   public:
    virtual ~Piece() = default;
    // Equal for pieces that may be done together; never null.
    virtual const void* kind() const = 0;
    // Does all of them; this is the first. Must not throw.
    virtual void RunAll(mysql::Session& session, std::vector<std::shared_ptr<Piece>> all) = 0;
  };

  // Starts the workers. `metrics` must outlive the lane.
  Lane(std::string name, LaneOptions options, const SessionFactory& sessions,
       metrics::Registry& metrics);
  ~Lane();  // Stop()
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // RESOURCE_EXHAUSTED with RetryInfo when the queue is full (LANE_FULL) or the caller holds his
  // share of it (CALLER_SHARE_FULL); UNAVAILABLE SHUTTING_DOWN after Stop. The task must not throw.
  absl::Status Submit(std::string_view caller, Task task);
  absl::Status Submit(std::string_view caller, std::shared_ptr<Piece> piece);

  // Runs what is queued, then ends the workers and closes their sessions.
  void Stop();

  const std::string& name() const { return name_; }
  size_t queued() const;

 private:
  struct Waiting {
    Task task;                     // or
    std::shared_ptr<Piece> piece;  // one of both
    std::chrono::steady_clock::time_point since;
  };
  struct Calls {
    std::list<Waiting> waiting;
    int workers = 0;  // that run something of this caller
  };
  using Caller = std::pair<const std::string, Calls>;
  struct Worker {
    std::unique_ptr<mysql::Session> session;
    std::condition_variable ready;
    bool woken = false;
    std::thread thread;
  };

  absl::Status Add(std::string_view caller, Waiting waiting);
  void Work(Worker& self);
  Waiting TakeLocked(Caller* caller);
  // What comes next, with what follows of its kind. The worker counts for the first's caller.
  std::vector<Waiting> TakeRunLocked(Caller** caller);
  void EndRunLocked(Caller* caller);
  // May have a turn: has something waiting, and not as many workers as one may have.
  bool EligibleLocked(const Caller& caller) const {
    return !caller.second.waiting.empty() && caller.second.workers < workers_per_caller_;
  }
  // Wakes a worker for what waits; null when none is needed. To be notified without the lock.
  Worker* WakeLocked();
  absl::Duration RetryAfterLocked() const;

  const std::string name_;
  const LaneOptions options_;
  const size_t per_caller_;
  const int workers_per_caller_;
  metrics::Histogram wait_;
  metrics::Gauge waiting_now_;
  metrics::Counter refused_full_, refused_share_;

  mutable std::mutex mu_;
  // Those who are eligible, in the order of their turns.
  std::deque<Caller*> turns_;
  std::unordered_map<std::string, Calls> callers_;  // with something waiting or running
  size_t queued_ = 0;
  double mean_run_seconds_ = 0.005;  // moving mean, for RetryInfo
  bool stopped_ = false;
  std::vector<std::unique_ptr<Worker>> workers_;
  // Those who rest; the last to lie down is the first to be woken, while its memory is warm.
  std::vector<Worker*> resting_;
  // Woken and not yet here. While one is on the way no other is woken: it takes all that it can,
  // and wakes the next for what is left.
  int on_the_way_ = 0;
};

struct LanesOptions {
  LaneOptions read{.workers = 8, .queue = 256};
  LaneOptions write{.workers = 8, .queue = 128};
  LaneOptions long_running{.workers = 3, .queue = 32, .for_others = 1};
  LaneOptions outbound{.workers = 4, .queue = 64, .for_others = 1};
};

}  // namespace bangfu::rpc
