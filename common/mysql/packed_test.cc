#include "common/mysql/packed.h"

#include "common/testing/random.h"
#include "common/testing/status_matchers.h"

namespace bangfu::mysql {
namespace {

using ::bangfu::testing::StatusIs;

TEST(Packed, BytesComeBack) {
  ::bangfu::testing::SeededRandom random;
  for (size_t size : {0u, 1u, 255u, 256u, 5000u, 100000u}) {
    std::string repetitive;
    std::string noise;
    while (repetitive.size() < size) repetitive += "{\"code\":\"D1-01\",\"score_bp\":";
    while (noise.size() < size) noise.push_back(static_cast<char>(random()));
    for (const std::string& text : {repetitive, noise}) {
      ASSERT_OK_AND_ASSIGN(std::string back, Unpack(Pack(text)));
      EXPECT_EQ(back, text);
    }
    if (size >= 5000) {
      EXPECT_LT(Pack(repetitive).size(), size / 5);
      EXPECT_EQ(Pack(noise).size(), noise.size() + 1);
    }
  }
  for (std::string bad :
       {"", "X123", "S", "S12", "S\x28\xb5\x2f\xfd\x20", "Z12", "Z\x01\x01\x01\x01zzzz"}) {
    EXPECT_THAT(Unpack(bad), StatusIs(absl::StatusCode::kDataLoss, "PACKED_MALFORMED"));
  }
  std::string cut = Pack(std::string(5000, 'a'));
  cut.resize(cut.size() - 3);
  EXPECT_THAT(Unpack(cut), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(Packed, EveryChangedByteIsNoticed) {
  std::string text;
  while (text.size() < 2000)
    text += "{\"code\":\"D1-01\",\"score_bp\":" + std::to_string(text.size());
  const std::string packed = Pack(text);
  for (size_t i = 1; i < packed.size(); ++i) {  // the first byte names another form
    std::string changed = packed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const absl::StatusOr<std::string> back = Unpack(changed);
    // A bit of the frame's head says nothing; then the bytes are those that were packed.
    EXPECT_TRUE(!back.ok() || *back == text) << i;
  }
}

TEST(Packed, WhatWasDeflatedStaysReadable) {
  ASSERT_OK_AND_ASSIGN(const std::string back,
                       Unpack(std::string("Z\x00\x00\x00\x08", 5) +
                              std::string("\x78\x01\x4b\x4c\x84\x00\x00\x0d\xac\x03\x09", 11)));
  EXPECT_EQ(back, "aaaaaaaa");
}

}  // namespace
}  // namespace bangfu::mysql
