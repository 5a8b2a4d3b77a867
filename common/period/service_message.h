// Periods as the contract shows them; inside this room only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/contract/time.h"
#include "common/period/service.h"
#include "common/period/workflow.h"
#include "common/rpc/call_context.h"

namespace bangfu::period {

// nullptr: the service has no such table.
const Table* FindTable(const Tables& tables, std::string_view table_no);

// Submitted or accepted: what a table above counts on.
bool IsUp(int state);

// Names and lateness, for lists.
absl::Status FillPlain(mysql::Executor& db, const ServiceOptions& options, absl::Time now,
                       std::vector<v1::Period*> periods);

// What a Get shows of one revision, read together.
struct Whole {
  PeriodRow row;
  std::vector<UnitRow> units;
  SignBoard board;
  std::vector<ComponentState> components;
  bool freeze_running = false;
};
absl::StatusOr<Whole> LoadWhole(mysql::Executor& db, PeriodRow row);
// Names, lateness, who has not signed, what it is made of.
absl::Status FillWhole(mysql::Executor& db, const ServiceOptions& options, absl::Time now,
                       Whole& whole);
// After FillWhole: components are named as there.
Subject SubjectOf(const Whole& whole);
// The same for a signature of `unit` by this caller over the rows that he was shown.
absl::StatusOr<Subject> SignSubject(mysql::Executor& db, const ServiceOptions& options,
                                    const Whole& whole, const std::string& unit,
                                    std::string_view shown_sha256, const auth::Caller& caller);

// What is read at one moment of a table: its rows, packed, and where they came from.
struct Taken {
  FrozenRows rows;
  std::vector<Component> components;
  std::vector<type::v1::Watermark> watermarks;
};
absl::StatusOr<Taken> TakeRows(mysql::Session& db, const Table& table,
                               const std::string& region_path, const std::string& period);
// A county and below signs its tables; a city's and the province's are made of signed ones.
inline bool HasSigners(std::string_view region_path) { return region_path.size() >= 6; }

// DiffPeriod (service_difference.cc).
absl::StatusOr<v1::DiffPeriodResponse> DiffPeriod(const ServiceOptions& options,
                                                  rpc::CallContext& context,
                                                  const v1::DiffPeriodRequest& request);

}  // namespace bangfu::period
