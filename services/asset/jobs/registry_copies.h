// Follows the registry's feed: keeps the read copies and what they change in the facts, the work
// calendar, and the work that monthly reports tell of.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/feed/consumer.h"
#include "common/recode/tables.h"

namespace bangfu::asset {

// Aggregate types of the registry that are followed.
std::vector<std::string> RegistryAggregates();
// The work calendar is followed by a consumer of its own: a service that has followed the rest for
// long takes the days that were imported before from a snapshot of their own, and nothing anew.
inline constexpr char kCalendarConsumer[] = "asset.calendar";
std::vector<std::string> CalendarAggregates();
// The work that monthly reports tell of: by a consumer of its own, for the same reason.
inline constexpr char kReportsConsumer[] = "asset.operation_reports";
std::vector<std::string> ReportAggregates();

class RegistryCopies final : public feed::EffectHandler {
 public:
  // `parts`: what follows a region to another code. `clock` outlives the handler.
  RegistryCopies(recode::Parts parts, const Clock& clock)
      : parts_(std::move(parts)), clock_(clock) {}
  absl::Status Apply(mysql::Tx& tx, const feed::Batch& batch) override;
  absl::Status FinishSnapshot(mysql::Tx& tx, const std::string& source,
                              int64_t generation) override;

 private:
  const recode::Parts parts_;
  const Clock& clock_;
};

class ReportCopies final : public feed::EffectHandler {
 public:
  absl::Status Apply(mysql::Tx& tx, const feed::Batch& batch) override;
};

class CalendarCopies final : public feed::EffectHandler {
 public:
  absl::Status Apply(mysql::Tx& tx, const feed::Batch& batch) override;
};

}  // namespace bangfu::asset
