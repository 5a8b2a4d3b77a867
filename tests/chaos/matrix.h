// Every rpc × every role × inside and outside of the region: what the contract declares is what the
// server does. Outside, a record is not there: any answer but NOT_FOUND or PERMISSION_DENIED tells
// of it. Every write, too, by grants that are narrowed to other clauses, money and industries.
#pragma once

#include <map>
#include <string>

namespace bangfu::probe {

struct MatrixOptions {
  std::map<std::string, std::string> endpoints;
  std::string dev_key;
  std::string inside;   // a county with records
  std::string outside;  // another one
};

// Prints each answer that is not the contract's, and the rpcs for which no request could be made;
// the number of both that nobody has accounted for.
int RunMatrix(const MatrixOptions& options);

}  // namespace bangfu::probe
