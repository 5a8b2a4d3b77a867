// Every query behind a read of this service is served by an index; of a list, by one with the
// region.
#include "common/testing/list_queries.h"

#include <gtest/gtest.h>

#include "services/asset/app.h"

namespace bangfu::asset {
namespace {

TEST(ListQueries, AreServedByAnIndexWithTheRegion) {
  testing::ListQueryOptions options;
  options.values = {{"import_row.import_id", testing::InventedId()}};
  options.requests = {
      {"ContractService.ListContracts", {"external_system: 'sanzi' external_id: '7'"}}};
  testing::ExpectListsServedByIndexes(Definition(), options);
}

}  // namespace
}  // namespace bangfu::asset
