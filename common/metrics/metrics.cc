#include "common/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <exception>

#include "common/log/log.h"

namespace bangfu::metrics {
namespace {

constexpr std::array<double, 15> kLatencyBuckets = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

}  // namespace

struct Registry::Impl {
  prometheus::Registry registry;

  // The library throws on a bad name or a clash of kinds; nothing throws out of this room.
  template <typename Make>
  auto Try(const std::string& name, Make make) -> decltype(&make()) {
    try {
      return &make();
    } catch (const std::exception& e) {
      log::Error("metric refused", {{"metric", name}, {"cause", e.what()}});
      return nullptr;
    }
  }
};

std::span<const double> LatencyBuckets() { return kLatencyBuckets; }

void Counter::Increment(double by) {
  if (metric_ != nullptr) metric_->Increment(by);
}
double Counter::Value() const { return metric_ == nullptr ? 0 : metric_->Value(); }

void Gauge::Set(double value) {
  if (metric_ != nullptr) metric_->Set(value);
}
void Gauge::Add(double by) {
  if (metric_ != nullptr) metric_->Increment(by);
}
double Gauge::Value() const { return metric_ == nullptr ? 0 : metric_->Value(); }

void Histogram::Observe(absl::Duration latency) {
  if (metric_ != nullptr) metric_->Observe(absl::ToDoubleSeconds(latency));
}

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter Registry::AddCounter(const std::string& name, const std::string& help,
                             const Labels& labels) {
  Counter handle;
  handle.metric_ = impl_->Try(name, [&]() -> prometheus::Counter& {
    return prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry).Add(labels);
  });
  return handle;
}

Gauge Registry::AddGauge(const std::string& name, const std::string& help, const Labels& labels) {
  Gauge handle;
  handle.metric_ = impl_->Try(name, [&]() -> prometheus::Gauge& {
    return prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry).Add(labels);
  });
  return handle;
}

Histogram Registry::AddLatency(const std::string& name, const std::string& help,
                               const Labels& labels) {
  Histogram handle;
  handle.metric_ = impl_->Try(name, [&]() -> prometheus::Histogram& {
    return prometheus::BuildHistogram()
        .Name(name)
        .Help(help)
        .Register(impl_->registry)
        .Add(labels, prometheus::Histogram::BucketBoundaries(kLatencyBuckets.begin(),
                                                             kLatencyBuckets.end()));
  });
  return handle;
}

std::string Registry::Expose() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace bangfu::metrics
