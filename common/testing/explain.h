// Sessions that ask the server, before each SELECT, how it would find the rows.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/mysql/session.h"

namespace bangfu::testing {

// One line of a plan, as EXPLAIN gives it.
struct PlanStep {
  std::string table;   // alias; "<…>" for what the server derives
  std::string access;  // "ref", "range" … "ALL"
  std::string key;     // empty: none
  int64_t key_length = 0;
  int64_t rows = 0;
  std::string extra;
};

struct Plan {
  std::string sql;
  std::vector<PlanStep> steps;
};

// Collects the plans of all sessions that record into it. Thread safe.
class Plans {
 public:
  // What was recorded since the last call.
  std::vector<Plan> Take();
  void Add(Plan plan);

 private:
  std::mutex mu_;
  std::vector<Plan> plans_;
};

// A session that works as `inner` does and records the plan of every SELECT in `plans`, which must
// outlive it.
std::unique_ptr<mysql::Session> ExplainingSession(std::unique_ptr<mysql::Session> inner,
                                                  Plans& plans);

}  // namespace bangfu::testing
