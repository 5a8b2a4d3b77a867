// The present state of this service's records as events, for a new subscriber of its feed.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/feed/feed.h"

namespace bangfu::evaluation {

class Snapshots final : public feed::SnapshotSource {
 public:
  using PageFunction = std::function<absl::StatusOr<std::vector<feed::OutboxEvent>>(
      mysql::Executor&, const Ulid& after, int limit,
      const std::optional<feed::RegionPrefixes>& scope)>;

  // Evaluations and criteria sets; what else the service publishes is added.
  Snapshots();
  void Add(std::string aggregate_type, PageFunction page);

  std::vector<std::string> aggregate_types() const override;
  absl::StatusOr<std::vector<feed::OutboxEvent>> Page(
      mysql::Executor& db, const std::string& aggregate_type, const Ulid& after, int limit,
      const std::optional<feed::RegionPrefixes>& scope) override;

 private:
  std::vector<std::pair<std::string, PageFunction>> pages_;
};

}  // namespace bangfu::evaluation
