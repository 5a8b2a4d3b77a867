#include "common/seal/seal.h"

#include <sys/stat.h>

#include <thread>

#include "bangfu/testing/v1/sample.pb.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/testing/temporary_folder.h"

namespace bangfu::seal {
namespace {

constexpr char kTwoKeys[] =
    R"({"current":"b","keys":[
        {"kid":"a","alg":"A256GCM","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"kid":"b","alg":"A256GCM","key":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="}]})";
constexpr char kFirstKey[] =
    R"({"current":"a","keys":[{"kid":"a","alg":"A256GCM","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}]})";

std::shared_ptr<const Keyring> Parsed(std::string_view json) {
  auto ring = Keyring::Parse(json);
  EXPECT_TRUE(ring.ok()) << ring.status();
  return *ring;
}

TEST(Keyring, OpensWhatItSealed) {
  const auto ring = Parsed(kTwoKeys);
  for (const std::string& plain : {std::string(), std::string("13812345678"), std::string("张三"),
                                   std::string(100000, 'x'), std::string("\0\xff", 2)}) {
    const std::string sealed = ring->Seal(plain, "project.filler_phone");
    if (plain.size() > 2) {
      EXPECT_FALSE(StrContains(sealed, plain));
    }
    auto opened = ring->Open(sealed, "project.filler_phone");
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(*opened, plain);
  }
}

TEST(Keyring, EqualTextsSealEquallyInOnePlaceOnly) {
  const auto ring = Parsed(kTwoKeys);
  EXPECT_EQ(ring->Seal("13812345678", "a"), ring->Seal("13812345678", "a"));
  EXPECT_NE(ring->Seal("13812345678", "a"), ring->Seal("13812345679", "a"));
  EXPECT_NE(ring->Seal("13812345678", "a"), ring->Seal("13812345678", "b"));
  EXPECT_EQ(ReasonOf(ring->Open(ring->Seal("13812345678", "a"), "b").status()), "SEAL_BROKEN");
}

// What is looked for by its sealed form is found by those that sealed it years ago only if the way
// to the nonce stays: HMAC(HMAC(key, "6:nonces"), "20:project.filler_phone" + text), 12 bytes.
TEST(Keyring, TheNonceOfATextStaysTheSame) {
  const std::string sealed = Parsed(kFirstKey)->Seal("13812345678", "project.filler_phone");
  EXPECT_EQ(HexEncode(sealed.substr(3, 12)), "3aec1cfd9e2c269bf3deb58c");
}

TEST(Keyring, EveryChangedByteIsNoticed) {
  const auto ring = Parsed(kTwoKeys);
  const std::string sealed = ring->Seal("13812345678", "a");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(ReasonOf(ring->Open(changed, "a").status()), "SEAL_BROKEN") << i;
    EXPECT_FALSE(ring->Open(sealed.substr(0, i), "a").ok()) << i;
  }
}

TEST(Keyring, AnAddedKeyTakesOverAndTheOldOneStillOpens) {
  const std::string old = Parsed(kFirstKey)->Seal("13812345678", "a");
  const auto ring = Parsed(kTwoKeys);
  EXPECT_EQ(*ring->Open(old, "a"), "13812345678");
  EXPECT_NE(ring->Seal("13812345678", "a"), old);
  EXPECT_EQ(ReasonOf(Parsed(kFirstKey)->Open(ring->Seal("x", "a"), "a").status()), "SEAL_BROKEN");
}

TEST(Keyring, RefusesBadFilesWithoutShowingTheirKeys) {
  for (const char* json :
       {"", "[]", "{}", R"({"keys":[]})", R"({"current":"a","keys":[]})",
        R"({"current":"a","keys":[{"kid":"a","alg":"none","key":"c2VjcmV0"}]})",
        R"({"current":"a","keys":[{"kid":"a","alg":"A256GCM","key":"c2VjcmV0"}]})",
        R"({"current":1,"keys":[7]})"}) {
    auto ring = Keyring::Parse(json);
    EXPECT_EQ(ring.status().code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_FALSE(StrContains(StdView(ring.status().message()), "c2VjcmV0"));
  }
}

TEST(Keyring, TwoThatMakeAFileAtOnceGetOneKey) {
  const testing::TemporaryFolder folder("seal");
  const std::string file = Cat(folder.path(), "/seal-keys.json");
  std::string sealed[2];
  {
    std::thread other([&] { sealed[0] = (*Keyring::LoadOrCreate(file))->Seal("x", "a"); });
    sealed[1] = (*Keyring::LoadOrCreate(file))->Seal("x", "a");
    other.join();
  }
  EXPECT_EQ(sealed[0], sealed[1]);
  struct stat info {};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(Seal, SealsWhatTheContractMarks) {
  bangfu::testing::v1::Sample sample;
  sample.set_name("茶厂");
  sample.set_contact_phone("13812345678");
  sample.add_parts()->set_contact_phone("13900000000");
  const bangfu::testing::v1::Sample before = sample;
  SealSensitive(&sample);
  EXPECT_EQ(sample.name(), "茶厂");
  EXPECT_TRUE(HasPrefix(sample.contact_phone(), "sealed:"));
  EXPECT_FALSE(StrContains(sample.SerializeAsString(), "13812345678"));
  EXPECT_FALSE(StrContains(sample.SerializeAsString(), "13900000000"));
  ASSERT_TRUE(OpenSensitive(&sample).ok());
  EXPECT_EQ(sample.SerializeAsString(), before.SerializeAsString());
  // From before sealing: opens as itself.
  ASSERT_TRUE(OpenSensitive(&sample).ok());
  EXPECT_EQ(sample.SerializeAsString(), before.SerializeAsString());
}

TEST(Seal, WhatLooksSealedIsSealedLikeAnythingElse) {
  const std::string stored = SealText("sealed:abc", "a");
  EXPECT_EQ(*OpenText(stored, "a"), "sealed:abc");
  EXPECT_EQ(SealText("", "a"), "");
  EXPECT_EQ(*OpenBytes(SealBytes("行,行\n", "file"), "file"), "行,行\n");
  EXPECT_EQ(*OpenBytes("older", "file"), "older");
}

}  // namespace
}  // namespace bangfu::seal
