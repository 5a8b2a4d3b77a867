// What queries cost: sessions that ask the server, before each SELECT, how it would find the rows;
// and how many rows it read.
#pragma once

#include <cstdint>
#include <functional>
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

// Rows that the server read for `work` on this session, of tables and indexes alike.
int64_t RowsRead(mysql::Session& session, const std::function<void()>& work);

}  // namespace bangfu::testing
