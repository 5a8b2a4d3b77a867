// Places for what stays open. Inside common/rpc.
#pragma once

#include <string>
#include <unordered_map>

namespace bangfu::rpc {

// How much is open, of each caller and in all.
class Places {
 public:
  Places(int all, int per_caller) : all_(all), per_caller_(per_caller) {}
  bool Take(const std::string& caller) {
    int& mine = callers_[caller];
    if (taken_ < all_ && mine < per_caller_) {
      ++mine;
      ++taken_;
      return true;
    }
    if (mine == 0) callers_.erase(caller);
    return false;
  }
  void Free(const std::string& caller) {
    auto it = callers_.find(caller);
    if (it == callers_.end()) return;
    --taken_;
    if (--it->second == 0) callers_.erase(it);
  }

 private:
  const int all_, per_caller_;
  int taken_ = 0;
  std::unordered_map<std::string, int> callers_;
};

}  // namespace bangfu::rpc
