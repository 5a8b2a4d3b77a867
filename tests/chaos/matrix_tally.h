// What came of every rpc for those who may call it inside of the region: it is done, or refused for
// a reason that somebody has accounted for (matrix_exemptions.h).
#pragma once

#include <map>
#include <set>
#include <string>

namespace bangfu::probe {

class MatrixTally {
 public:
  // `outcome`: OK, or code and reason as Describe has them. `detail` is told where nobody could.
  void Add(const std::string& service, const std::string& rpc, int role, const std::string& outcome,
           const std::string& detail);
  bool Done(const std::string& service, const std::string& rpc) const;
  // Prints how many are done and for which reasons others are not; then each that nobody has
  // accounted for, and what is accounted for in vain. The number of both.
  int Report() const;

 private:
  struct Outcomes {
    std::map<std::string, std::string> details;  // by outcome, of whom it came to first
    std::map<int, std::set<std::string>> by_role;
  };
  std::map<std::string, std::map<std::string, Outcomes>> rpcs_;  // by rpc and service
};

}  // namespace bangfu::probe
