#include "common/runtime/runtime.h"

#include "common/base/backoff.h"
#include "common/base/random.h"
#include "common/base/strings.h"
#include "common/log/log.h"
#include "common/status/macros.h"

namespace bangfu::runtime {

void Jobs::Add(std::string name, Body body) {
  auto job = std::make_unique<Job>();
  job->name = std::move(name);
  job->body = std::move(body);
  jobs_.push_back(std::move(job));
}

void Jobs::AddPeriodic(std::string name, absl::Duration interval,
                       std::function<absl::Status(mysql::Session&)> step) {
  metrics::Counter failures = metrics_.AddCounter("bangfu_job_failures_total",
                                                  "Steps of jobs that failed", {{"job", name}});
  Add(name, [name, interval, step = std::move(step), failures](mysql::Session& session,
                                                               Loop& loop) mutable {
    Backoff backoff({.initial = absl::Seconds(2), .max = absl::Minutes(1)}, SystemRandom);
    loop.Run([&]() -> absl::Duration {
      const absl::Status status = step(session);
      if (status.ok()) {
        backoff.Reset();
        return interval;
      }
      failures.Increment();
      log::Warning("job failed", {{"job", name}, {"status", status}});
      return std::min(interval, std::max(backoff.Next(), absl::Seconds(1)));
    });
  });
}

void Jobs::Wake(std::string_view name) {
  for (auto& job : jobs_) {
    if (job->name == name) job->loop.Wake();
  }
}

void Jobs::Start() {
  if (started_) return;
  started_ = true;
  for (auto& job : jobs_) {
    job->thread = std::thread([this, job = job.get()] {
      std::unique_ptr<mysql::Session> session = sessions_();
      try {
        job->body(*session, job->loop);
      } catch (const std::exception& e) {
        log::Error("job ended by an exception", {{"job", job->name}, {"what", e.what()}});
      }
      if (!job->loop.stopped()) log::Error("job ended by itself", {{"job", job->name}});
    });
  }
}

void Jobs::Stop() {
  for (auto& job : jobs_) job->loop.Stop();
  for (auto& job : jobs_) {
    if (job->thread.joinable()) job->thread.join();
  }
}

void Readiness::Add(std::string name, Check check) {
  checks_.emplace_back(std::move(name), std::move(check));
}

void Readiness::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Readiness::Run() {
  const std::unique_ptr<mysql::Session> session = sessions_();
  loop_.Run([&]() -> absl::Duration {
    for (const auto& [name, check] : checks_) {
      if (absl::Status status = check(*session); !status.ok()) {
        Set(false, Cat(name, ": ", StdView(status.message())));
        return std::min(interval_, absl::Seconds(1));
      }
    }
    Set(true, "ready");
    return interval_;
  });
}

void Readiness::Set(bool ready, std::string reason) {
  {
    std::lock_guard lock(mu_);
    if (draining_) return;
    const bool changed = ready != ready_;
    const bool news = changed || reason != reason_;
    ready_ = ready;
    reason_ = std::move(reason);
    if (news) {
      log::Write(ready ? log::Level::kInfo : log::Level::kWarning, ready ? "ready" : "not ready",
                 {{"reason", reason_}});
    }
    if (!changed) return;
  }
  on_change_(ready);
}

void Readiness::StartDraining() {
  bool was = false;
  {
    std::lock_guard lock(mu_);
    draining_ = true;
    was = ready_;
    ready_ = false;
    reason_ = "draining";
  }
  if (was) on_change_(false);
}

void Readiness::Stop() {
  StartDraining();
  loop_.Stop();
  if (thread_.joinable()) thread_.join();
}

bool Readiness::ready() const {
  std::lock_guard lock(mu_);
  return ready_;
}

std::string Readiness::reason() const {
  std::lock_guard lock(mu_);
  return reason_;
}

}  // namespace bangfu::runtime
