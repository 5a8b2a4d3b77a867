#include "common/metrics/metrics.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "common/log/log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu::metrics {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, ExposesWhatWasCounted) {
  Registry registry;
  Counter calls = registry.AddCounter("bangfu_calls_total", "Calls", {{"method", "Get"}});
  Gauge queue = registry.AddGauge("bangfu_queue", "Waiting");
  Histogram latency = registry.AddLatency("bangfu_latency_seconds", "Latency");
  calls.Increment();
  calls.Increment(2);
  queue.Set(5);
  queue.Add(-2);
  latency.Observe(absl::Milliseconds(3));
  latency.Observe(absl::Seconds(100));
  EXPECT_EQ(calls.Value(), 3);
  EXPECT_EQ(queue.Value(), 3);
  const std::string text = registry.Expose();
  EXPECT_THAT(text, HasSubstr("# HELP bangfu_calls_total Calls\n# TYPE bangfu_calls_total counter\n"
                              "bangfu_calls_total{method=\"Get\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\nbangfu_queue 3\n"));
  EXPECT_THAT(text, HasSubstr("bangfu_latency_seconds_bucket{le=\"0.0025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("bangfu_latency_seconds_bucket{le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bangfu_latency_seconds_bucket{le=\"60\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bangfu_latency_seconds_bucket{le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("bangfu_latency_seconds_count 2\n"));
}

TEST(Metrics, SameNameAndLabelsAreOneMetric) {
  Registry registry;
  Counter a = registry.AddCounter("bangfu_x_total", "X", {{"k", "v"}});
  Counter b = registry.AddCounter("bangfu_x_total", "X", {{"k", "v"}});
  Counter other = registry.AddCounter("bangfu_x_total", "X", {{"k", "w"}});
  a.Increment();
  b.Increment();
  EXPECT_EQ(a.Value(), 2);
  EXPECT_EQ(other.Value(), 0);
}

TEST(Metrics, ABadNameIsLoggedAndCountsNothing) {
  Registry registry;
  log::Capture capture;
  Counter bad = registry.AddCounter("not a name", "Bad");
  bad.Increment();
  EXPECT_EQ(bad.Value(), 0);
  EXPECT_TRUE(capture.Contains("metric refused"));
  registry.AddCounter("bangfu_y", "Y");
  Gauge clash = registry.AddGauge("bangfu_y", "Y");
  clash.Set(1);
  EXPECT_EQ(clash.Value(), 0);
  EXPECT_EQ(capture.lines().size(), 2u);
}

TEST(Metrics, CountsFromManyThreads) {
  Registry registry;
  Counter counter = registry.AddCounter("bangfu_z_total", "Z");
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([counter]() mutable {
        for (int i = 0; i < 1000; ++i) counter.Increment();
      });
    }
  }
  EXPECT_EQ(counter.Value(), 4000);
}

TEST(Metrics, LatencyBucketsRise) {
  const auto buckets = LatencyBuckets();
  EXPECT_TRUE(std::is_sorted(buckets.begin(), buckets.end()));
}

}  // namespace
}  // namespace bangfu::metrics
