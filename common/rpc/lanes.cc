#include "common/rpc/lanes.h"

#include <algorithm>
#include <cmath>

#include "common/status/error.h"

namespace bangfu::rpc {

Lane::Lane(std::string name, LaneOptions options, const SessionFactory& sessions,
           metrics::Registry& metrics)
    : name_(std::move(name)),
      options_(options),
      per_caller_(std::max<size_t>(
          1, static_cast<size_t>(
                 std::ceil(options.caller_share * static_cast<double>(options.queue))))),
      wait_(metrics.AddLatency("bangfu_lane_wait_seconds", "Time that calls wait for a worker",
                               {{"lane", name_}})),
      refused_full_(metrics.AddCounter("bangfu_lane_refused_total", "Calls refused before they ran",
                                       {{"lane", name_}, {"why", "full"}})),
      refused_share_(metrics.AddCounter("bangfu_lane_refused_total",
                                        "Calls refused before they ran",
                                        {{"lane", name_}, {"why", "share"}})) {
  const int workers = std::max(1, options_.workers);
  for (int i = 0; i < workers; ++i) sessions_.push_back(sessions());
  for (auto& session : sessions_) {
    threads_.emplace_back([this, &session] { Work(*session); });
  }
}

Lane::~Lane() { Stop(); }

absl::Duration Lane::RetryAfterLocked() const {
  const double seconds =
      mean_run_seconds_ * static_cast<double>(queued_) / static_cast<double>(sessions_.size());
  return std::clamp(absl::Seconds(seconds), absl::Milliseconds(50), absl::Seconds(5));
}

absl::Status Lane::Submit(std::string_view caller, Task task) {
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
    auto& mine = waiting_[std::string(caller)];
    if (mine.size() >= per_caller_) {
      refused_share_.Increment();
      return Error(absl::StatusCode::kResourceExhausted, "CALLER_SHARE_FULL")
          .Message("too many calls of this caller are waiting")
          .With("lane", name_)
          .Zh("您的请求过于频繁，请稍后重试")
          .RetryAfter(RetryAfterLocked());
    }
    if (mine.empty()) turns_.emplace_back(caller);
    mine.push_back({std::move(task), std::chrono::steady_clock::now()});
    ++queued_;
  }
  ready_.notify_one();
  return absl::OkStatus();
}

void Lane::Work(mysql::Session& session) {
  std::unique_lock lock(mu_);
  for (;;) {
    ready_.wait(lock, [&] { return stopped_ || !turns_.empty(); });
    if (turns_.empty()) return;
    std::string caller = std::move(turns_.front());
    turns_.pop_front();
    auto it = waiting_.find(caller);
    Waiting next = std::move(it->second.front());
    it->second.pop_front();
    if (it->second.empty()) {
      waiting_.erase(it);
    } else {
      turns_.push_back(std::move(caller));
    }
    --queued_;
    lock.unlock();
    const auto start = std::chrono::steady_clock::now();
    wait_.Observe(absl::FromChrono(start - next.since));
    next.task(session);
    next.task = nullptr;  // what it holds goes before the next wait
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    lock.lock();
    mean_run_seconds_ += (took.count() - mean_run_seconds_) / 16;
  }
}

void Lane::Stop() {
  {
    std::lock_guard lock(mu_);
    stopped_ = true;
  }
  ready_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  threads_.clear();
  sessions_.clear();
}

size_t Lane::queued() const {
  std::lock_guard lock(mu_);
  return queued_;
}

}  // namespace bangfu::rpc
