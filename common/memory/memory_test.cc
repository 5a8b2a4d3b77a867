#include "common/memory/memory.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace bangfu::memory {
namespace {

// What the process holds of the machine's memory now, in KiB: all of it, or RssFile, RssAnon.
int64_t ResidentKib(const std::string& of = "VmRSS") {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(of + ":")) return std::stoll(line.substr(of.size() + 1));
  }
  return -1;
}

TEST(Memory, WhatIsFreeGoesBackAtOnce) {
  if (!IsJemalloc()) GTEST_SKIP() << "a sanitizer's allocator keeps what is freed";
  Trim();
  const int64_t before = ResidentKib();
  ASSERT_GT(before, 0);
  constexpr int kBlocks = 64 << 10;
  constexpr size_t kBytes = 1000;
  {
    std::vector<std::unique_ptr<char[]>> blocks;
    for (int i = 0; i < kBlocks; ++i) {
      blocks.push_back(std::make_unique<char[]>(kBytes));
      std::memset(blocks.back().get(), i, kBytes);
    }
    ASSERT_GT(ResidentKib(), before + 50 * 1024);
  }
  Trim();
  EXPECT_LT(ResidentKib(), before + 4 * 1024);
}

TEST(Memory, ProgramTextThatIsLetGoIsThereAgainWhenItRuns) {
  static std::string written = "before";
  written = "after";
  const int64_t before = ResidentKib("RssFile");
  ASSERT_GT(before, 0);
  ReleaseProgramText();
  EXPECT_LT(ResidentKib("RssFile"), before);
  EXPECT_EQ(written, "after");  // data stays
  std::vector<std::string> texts(1000, "text");
  EXPECT_EQ(texts[999] + std::to_string(texts.size()), "text1000");
}

// The C library's allocator must not be the one that serves: then linking went wrong.
TEST(Memory, MallocIsServedByTheAllocatorThatIsLinked) {
  if (!IsJemalloc()) GTEST_SKIP() << "a sanitizer's allocator serves";
  const size_t before = mallinfo2().uordblks;
  const auto block = std::make_unique<char[]>(100 << 10);
  block[0] = 1;
  EXPECT_LT(mallinfo2().uordblks, before + (50 << 10));
}

}  // namespace
}  // namespace bangfu::memory
