// Metrics in Prometheus' model. Handles are created once and kept (a lookup costs 25 times an
// increment); labels come from fixed sets, never from what callers send. Names:
// bangfu_<room>_<what> with the unit last (_seconds, _bytes), counters end in _total. Thread safe.
//
//   metrics::Counter refused = registry.AddCounter("bangfu_rpc_refused_total", "Calls refused",
//                                                  {{"lane", "read"}});
//   refused.Increment();
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "absl/time/time.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace bangfu::metrics {

using Labels = std::map<std::string, std::string>;

// Upper bounds in seconds of every latency histogram of this tree, so that they can be compared and
// summed: 1 ms … 60 s.
std::span<const double> LatencyBuckets();

// Handles are small copies that refer to the registry and must not outlive it. A handle that was
// made by default, or refused for a bad name, counts nothing.
class Counter {
 public:
  void Increment(double by = 1);  // by >= 0
  double Value() const;

 private:
  friend class Registry;
  prometheus::Counter* metric_ = nullptr;
};

class Gauge {
 public:
  void Set(double value);
  void Add(double by);  // may be negative
  double Value() const;

 private:
  friend class Registry;
  prometheus::Gauge* metric_ = nullptr;
};

class Histogram {
 public:
  void Observe(absl::Duration latency);

 private:
  friend class Registry;
  prometheus::Histogram* metric_ = nullptr;
};

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Same name and labels give the same metric. A name that is invalid or belongs to another kind is
  // a mistake of the caller: it is logged, and the handle counts nothing.
  Counter AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge AddGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram AddLatency(const std::string& name, const std::string& help, const Labels& labels = {});

  // The text format of /metrics (content type "text/plain; version=0.0.4").
  std::string Expose() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bangfu::metrics
