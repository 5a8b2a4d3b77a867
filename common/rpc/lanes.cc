#include "common/rpc/lanes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/status/error.h"

namespace bangfu::rpc {

Lane::Lane(std::string name, LaneOptions options, const SessionFactory& sessions,
           metrics::Registry& metrics)
    : name_(std::move(name)),
      options_(options),
      per_caller_(std::max<size_t>(
          1, static_cast<size_t>(
                 std::ceil(options.caller_share * static_cast<double>(options.queue))))),
      workers_per_caller_(options.for_others <= 0
                              ? std::numeric_limits<int>::max()
                              : std::max(1, options.workers - options.for_others)),
      wait_(metrics.AddLatency("bangfu_lane_wait_seconds", "Time that calls wait for a worker",
                               {{"lane", name_}})),
      waiting_now_(metrics.AddGauge("bangfu_lane_waiting", "Calls that wait for a worker",
                                    {{"lane", name_}})),
      refused_full_(metrics.AddCounter("bangfu_lane_refused_total", "Calls refused before they ran",
                                       {{"lane", name_}, {"why", "full"}})),
      refused_share_(metrics.AddCounter("bangfu_lane_refused_total",
                                        "Calls refused before they ran",
                                        {{"lane", name_}, {"why", "share"}})) {
  const int workers = std::max(1, options_.workers);
  for (int i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->session = sessions();
  }
  for (auto& worker : workers_) {
    worker->thread = std::thread([this, &self = *worker] { Work(self); });
  }
}

Lane::~Lane() { Stop(); }

absl::Duration Lane::RetryAfterLocked() const {
  const double seconds =
      mean_run_seconds_ * static_cast<double>(queued_) / static_cast<double>(workers_.size());
  return std::clamp(absl::Seconds(seconds), absl::Milliseconds(50), absl::Seconds(5));
}

absl::Status Lane::Submit(std::string_view caller, Task task) {
  return Add(caller, {std::move(task), nullptr, std::chrono::steady_clock::now()});
}

absl::Status Lane::Submit(std::string_view caller, std::shared_ptr<Piece> piece) {
  return Add(caller, {nullptr, std::move(piece), std::chrono::steady_clock::now()});
}

absl::Status Lane::Add(std::string_view caller, Waiting waiting) {
  Worker* woken = nullptr;
  {
    std::lock_guard lock(mu_);
    if (stopped_) {
      return Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN")
          .Message("the server is shutting down")
          .Zh("服务正在重启，请稍后重试");
    }
    if (queued_ >= options_.queue) {
      refused_full_.Increment();
      return Error(absl::StatusCode::kResourceExhausted, "LANE_FULL")
          .Message("too many calls are waiting")
          .With("lane", name_)
          .Zh("系统繁忙，请稍后重试")
          .RetryAfter(RetryAfterLocked());
    }
    Caller& mine = *callers_.try_emplace(std::string(caller)).first;
    if (mine.second.waiting.size() >= per_caller_) {
      refused_share_.Increment();
      return Error(absl::StatusCode::kResourceExhausted, "CALLER_SHARE_FULL")
          .Message("too many calls of this caller are waiting")
          .With("lane", name_)
          .Zh("您的请求过于频繁，请稍后重试")
          .RetryAfter(RetryAfterLocked());
    }
    const bool had_turn = EligibleLocked(mine);
    mine.second.waiting.push_back(std::move(waiting));
    if (!had_turn && EligibleLocked(mine)) turns_.push_back(&mine);
    ++queued_;
    waiting_now_.Add(1);
    woken = WakeLocked();
  }
  if (woken != nullptr) woken->ready.notify_one();
  return absl::OkStatus();
}

Lane::Worker* Lane::WakeLocked() {
  if (turns_.empty() || on_the_way_ > 0 || resting_.empty()) return nullptr;
  Worker* worker = resting_.back();
  resting_.pop_back();
  worker->woken = true;
  ++on_the_way_;
  return worker;
}

Lane::Waiting Lane::TakeLocked(Caller* caller) {
  Waiting next = std::move(caller->second.waiting.front());
  caller->second.waiting.pop_front();
  if (EligibleLocked(*caller)) {
    turns_.push_back(caller);
  } else if (caller->second.waiting.empty() && caller->second.workers == 0) {
    callers_.erase(callers_.find(caller->first));
  }
  --queued_;
  waiting_now_.Add(-1);
  return next;
}

std::vector<Lane::Waiting> Lane::TakeRunLocked(Caller** caller) {
  const auto turn = [&] {
    Caller* next = turns_.front();
    turns_.pop_front();
    return next;
  };
  std::vector<Waiting> run;
  *caller = turn();
  ++(*caller)->second.workers;
  run.push_back(TakeLocked(*caller));
  if (run[0].piece == nullptr) return run;
  const void* kind = run[0].piece->kind();
  while (!turns_.empty() && static_cast<int>(run.size()) < options_.run_of_kind) {
    const Waiting& next = turns_.front()->second.waiting.front();
    if (next.piece == nullptr || next.piece->kind() != kind) break;  // nobody is overtaken
    run.push_back(TakeLocked(turn()));
  }
  return run;
}

void Lane::EndRunLocked(Caller* caller) {
  const bool had_turn = EligibleLocked(*caller);
  --caller->second.workers;
  if (!had_turn && EligibleLocked(*caller)) {
    turns_.push_back(caller);
  } else if (caller->second.waiting.empty() && caller->second.workers == 0) {
    callers_.erase(callers_.find(caller->first));
  }
}

void Lane::Work(Worker& self) {
  std::unique_lock lock(mu_);
  for (;;) {
    while (turns_.empty()) {
      if (stopped_) return;
      self.woken = false;
      resting_.push_back(&self);
      self.ready.wait(lock, [&] { return self.woken; });
      --on_the_way_;
    }
    Caller* caller = nullptr;
    std::vector<Waiting> run = TakeRunLocked(&caller);
    Worker* next = WakeLocked();
    lock.unlock();
    if (next != nullptr) next->ready.notify_one();
    const auto start = std::chrono::steady_clock::now();
    for (const Waiting& one : run) wait_.Observe(absl::FromChrono(start - one.since));
    if (run[0].piece == nullptr) {
      run[0].task(*self.session);
    } else {
      std::vector<std::shared_ptr<Piece>> all;
      all.reserve(run.size());
      for (Waiting& one : run) all.push_back(std::move(one.piece));
      Piece& first = *all[0];
      first.RunAll(*self.session, std::move(all));
    }
    const double count = static_cast<double>(run.size());
    run.clear();  // what it holds goes before the next wait
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    lock.lock();
    mean_run_seconds_ += (took.count() / count - mean_run_seconds_) / 16;
    EndRunLocked(caller);  // what that lets in is taken by this worker, if by no other
  }
}

void Lane::Stop() {
  {
    std::lock_guard lock(mu_);
    stopped_ = true;
    for (Worker* worker : resting_) {
      worker->woken = true;
      ++on_the_way_;
      worker->ready.notify_one();
    }
    resting_.clear();
  }
  for (auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
  std::lock_guard lock(mu_);
  for (auto& worker : workers_) worker->session.reset();
}

size_t Lane::queued() const {
  std::lock_guard lock(mu_);
  return queued_;
}

}  // namespace bangfu::rpc
