// Debian's Abseil is built with assertions, and then looks for lock cycles at every Lock of a
// Mutex: in gRPC, a large part of the cost of a call. Our own locks are std::mutex.
#pragma once

#include "absl/synchronization/mutex.h"

namespace bangfu::rpc {

// For the whole process; before threads is best.
inline void UseQuickMutexes() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace bangfu::rpc
