#include "common/base/random.h"

#include <pthread.h>
#include <sys/random.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>

namespace bangfu {
namespace {

// Forks so far, as a child sees them: what the parent still holds is not the child's to use.
std::atomic<uint64_t>& Forks() {
  static std::atomic<uint64_t> forks = [] {
    pthread_atfork(nullptr, nullptr, [] { Forks().fetch_add(1, std::memory_order_relaxed); });
    return uint64_t{0};
  }();
  return forks;
}

struct Stock {
  std::array<uint64_t, 32> words;  // 256 bytes: what getrandom gives whole
  size_t left = 0;
  uint64_t forks = 0;
};

void Fill(Stock& stock) {
  // Only a signal before the pool is seeded interrupts.
  while (getrandom(stock.words.data(), sizeof stock.words, 0) !=
         static_cast<ssize_t>(sizeof stock.words)) {
    if (errno != EINTR) std::abort();  // no kernel randomness: identifiers would collide
  }
  stock.left = stock.words.size();
}

}  // namespace

uint64_t SystemRandom() {
  thread_local Stock stock;
  const uint64_t forks = Forks().load(std::memory_order_relaxed);
  if (stock.left == 0 || stock.forks != forks) {
    Fill(stock);
    stock.forks = forks;
  }
  uint64_t& word = stock.words[--stock.left];
  const uint64_t value = word;
  word = 0;  // it may become a key: no second copy stays
  return value;
}

}  // namespace bangfu
