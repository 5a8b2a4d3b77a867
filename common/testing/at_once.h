// Several callers at one moment, and how each of them fared.
//
//   EXPECT_EQ(Outcomes(AtOnce(2, [&](int i) { return Sign(person[i]); })),
//             (Tally{{"OK", 1}, {"FAILED_PRECONDITION/ALREADY_SIGNED", 1}}));
#pragma once

#include <latch>
#include <map>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace bangfu::testing {

// Results of call(0) … call(callers - 1), each on a thread of its own that waits for all the others
// before it calls. absl::Status(int) or absl::StatusOr<T>(int).
template <typename F>
auto AtOnce(int callers, F call) {
  using Result = std::invoke_result_t<F, int>;
  std::vector<Result> results(callers, Result(absl::UnknownError("not called")));
  std::latch start(callers);
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      results[i] = call(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return results;
}

using Tally = std::map<std::string, int>;

// How often each answer came: "OK", "ABORTED/ETAG_MISMATCH" …
template <typename Result>
Tally Outcomes(const std::vector<Result>& results) {
  Tally tally;
  for (const Result& result : results) {
    absl::Status status;
    if constexpr (std::is_same_v<Result, absl::Status>) {
      status = result;
    } else {
      status = result.status();
    }
    ++tally[status.ok()
                ? "OK"
                : absl::StrCat(absl::StatusCodeToString(status.code()), "/", ReasonOf(status))];
  }
  return tally;
}

}  // namespace bangfu::testing
