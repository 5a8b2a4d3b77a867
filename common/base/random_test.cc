#include "common/base/random.h"

#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace bangfu {
namespace {

TEST(SystemRandom, GivesNoNumberTwiceOnAnyThread) {
  std::vector<std::vector<uint64_t>> taken(4);
  std::vector<std::thread> threads;
  for (auto& mine : taken) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 1000; ++i) mine.push_back(SystemRandom());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<uint64_t> all;
  for (const auto& mine : taken) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 4000u);
}

// What a thread holds ready is its process's own: a child that used it would make the parent's
// keys.
TEST(SystemRandom, AChildDoesNotRepeatItsParent) {
  SystemRandom();  // this thread has a stock now
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const uint64_t value = SystemRandom();
    _exit(write(ends[1], &value, sizeof value) == sizeof value ? 0 : 1);
  }
  const uint64_t mine = SystemRandom();
  uint64_t its = 0;
  ASSERT_EQ(read(ends[0], &its, sizeof its), static_cast<ssize_t>(sizeof its));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(its, mine);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace bangfu
