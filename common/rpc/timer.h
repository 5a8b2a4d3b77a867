// Calls back who waits for an instant. Inside common/rpc.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace bangfu::rpc {

class Timed {
 public:
  virtual ~Timed() = default;
  virtual void OnTimer() = 0;  // on the timer's thread: waits for nothing
};

class Timer {
 public:
  using Steady = std::chrono::steady_clock;

  Timer() : thread_([this] { Run(); }) {}
  ~Timer() { Stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void At(Steady::time_point when, std::weak_ptr<Timed> who) {
    {
      std::lock_guard lock(mu_);
      due_.emplace(when, std::move(who));
    }
    changed_.notify_one();
  }
  void Stop() {
    {
      std::lock_guard lock(mu_);
      stopped_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    std::unique_lock lock(mu_);
    while (!stopped_) {
      if (due_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const auto when = due_.begin()->first;
      if (Steady::now() < when) {
        changed_.wait_until(lock, when);
        continue;
      }
      auto who = due_.begin()->second.lock();
      due_.erase(due_.begin());
      if (who == nullptr) continue;
      lock.unlock();
      who->OnTimer();
      who.reset();
      lock.lock();
    }
  }

  std::mutex mu_;
  std::condition_variable changed_;
  std::multimap<Steady::time_point, std::weak_ptr<Timed>> due_;
  bool stopped_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace bangfu::rpc
