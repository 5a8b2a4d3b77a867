// The proof that every query of a service's reads is served by an index, over all rpcs of the
// contract: a new list is covered without a test of its own, or the test fails.
//
// The service is composed as its program does it, every table is filled with invented rows of which
// a twentieth lie in one county, and each reading rpc is called over gRPC as an official of that
// county: with its required fields, with each optional field alone, and its second page. EXPLAIN is
// asked about each SELECT that runs meanwhile.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/mysql/value.h"
#include "common/runtime/service_main.h"
#include "common/testing/database.h"

namespace bangfu::testing {

struct ListQueryOptions {
  // Further requests by rpc, "XService.ListX", in text format over the required fields; "{id}" is
  // the id of a record in the county. For fields that mean something only together.
  std::map<std::string, std::vector<std::string>> requests;
  // What "table.column" (or "*.column") holds where invented text would not be read, or where many
  // rows have one parent.
  std::map<std::string, mysql::Param> values;
  // What request fields of this name hold where invented text would be refused.
  std::map<std::string, std::string> samples;
  // Runs after the rows were invented.
  std::function<void(TestDatabase&)> setup = {};
  // Tables that stay small whatever the province holds: no index need serve them.
  std::map<std::string, std::string> small;  // table -> why
  // Plans that are as they should be although they look otherwise: "XService.ListX table" -> why;
  // "XService.ListX": a list that needs no query.
  std::map<std::string, std::string> accepted;
  // Fields that no request can set alone: "XService.ListX.field" -> why.
  std::map<std::string, std::string> unset;
};

// The id of the i-th invented row of every table; the first lies in the county.
Ulid InventedId(int i = 0);

// Test failures for each list whose plan reads what it does not give: no key, a sort, or a key
// without the region on a table that has one. Reads that are no lists may not scan a table.
void ExpectListsServedByIndexes(const runtime::ServiceDefinition& definition,
                                const ListQueryOptions& options = {});

}  // namespace bangfu::testing
