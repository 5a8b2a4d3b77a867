#include "common/contract/field_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bangfu/testing/v1/sample.pb.h"
#include "common/status/error.h"

namespace bangfu::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

const google::protobuf::Descriptor& Sample() { return *bangfu::testing::v1::Sample::descriptor(); }
std::string Said(const absl::Status& status) {
  const ErrorDetail detail = GetErrorDetail(status);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  if (detail.violations.size() != 1) return "";
  EXPECT_EQ(detail.violations[0].field, "reasons[0].field");
  return detail.violations[0].description;
}

TEST(FieldNames, APathHasTheLabelsOfItsFields) {
  EXPECT_THAT(LabelOfPath(Sample(), "name"), Optional(std::string("名称")));
  // A group without a label adds nothing; elements of lists may be named by their place.
  for (const char* path :
       {"parts.name", "parts[].name", "parts[12].name", "parts[0].parts[].name"}) {
    EXPECT_THAT(LabelOfPath(Sample(), path), Optional(std::string("名称"))) << path;
  }
  EXPECT_THAT(LabelOfPath(Sample(), "serial"), Optional(std::string("serial")));
  for (const char* path : {"", "nothing", "name.more", "name[0]", "name[]", "parts[x].name",
                           "parts[0", "[0]", "parts..name", ".name", "parts[0].", "名称"}) {
    EXPECT_FALSE(LabelOfPath(Sample(), path)) << path;
  }
}

TEST(FieldNames, WhatClientsSetIsOffered) {
  std::vector<std::string> paths;
  for (const NamedField& one : NamedFields(Sample())) paths.push_back(one.path);
  EXPECT_THAT(paths, ElementsAre("name", "region_code"));
}

TEST(FieldNames, AFieldIsNamedByItsPathOrItsLabel) {
  for (const char* named : {"name", "名称", "parts[1].name"}) {
    const auto path = PathOfName({&Sample()}, named, "reasons[0].field");
    ASSERT_TRUE(path.ok()) << path.status();
    EXPECT_EQ(*path, named == std::string("名称") ? "name" : named);
  }
  EXPECT_THAT(Said(PathOfName({&Sample()}, "所在区", "reasons[0].field").status()),
              HasSubstr("所在区域（region_code）"));
}

TEST(FieldNames, WhatIsNotThereIsRefusedByNameWithAProposal) {
  EXPECT_EQ(Said(NoSuchField({&Sample()}, "nmae", "reasons[0].field")),
            "没有字段“nmae”，是否指：名称（name）");
  EXPECT_EQ(Said(NoSuchField({&Sample()}, "区域", "reasons[0].field")),
            "没有字段“区域”，是否指：所在区域（region_code）");
  const absl::Status far = NoSuchField({&Sample()}, "完全不同的东西", "reasons[0].field");
  EXPECT_EQ(Said(far), "没有字段“完全不同的东西”，请从表单的字段中选");
  EXPECT_EQ(
      GetErrorDetail(NoSuchField({&Sample()}, "region", "reasons[0].field")).metadata["proposals"],
      "region_code");
}

}  // namespace
}  // namespace bangfu::contract
