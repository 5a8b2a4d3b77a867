// Every column with a region in it follows the region to another code, or says why not.
#include "common/testing/region_columns.h"

#include <gtest/gtest.h>

#include "services/evaluation/app.h"

namespace bangfu::evaluation {
namespace {

TEST(RegionColumns, AreAllDeclared) {
  testing::ExpectRegionColumnsDeclared(Definition().migrations, RegionParts());
}

}  // namespace
}  // namespace bangfu::evaluation
