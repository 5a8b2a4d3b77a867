// What the consumer's files share; for them only.
#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/ulid.h"
#include "common/feed/consumer.h"
#include "common/mysql/session.h"

namespace bangfu::feed {

// Where the cursor goes with a range.
struct Consumer::Advance {
  bool snapshot = false;
  bool backfill = false;  // a snapshot of added types, beside a cursor that stays where it is
  std::string epoch;
  int64_t last = 0;  // after the whole range that ApplyRange was first called with
  int64_t source_last_sequence = 0;
  // Set on the last part only, when this pull makes the copy level.
  std::optional<absl::Time> level_at;
};

struct Consumer::Prefetched {
  int64_t after;
  std::string epoch;
  std::vector<std::string> types;
  std::future<absl::StatusOr<feed::v1::PullResponse>> response;
};

// consumer.cc: an error that says nothing about the event being applied.
bool IsTransient(const absl::Status& status);

// consumer_cursor.cc: the row is no longer what this consumer read; and an error as rows hold it.
absl::Status Moved();
std::string ErrorText(const absl::Status& status);

// consumer_snapshot.cc: the types that are followed; how feed_cursor names one that is covered,
// with the version of its copy (type, type#2), and the type of such a name; and a list of them
// there.
std::set<std::string> TypesOf(const ConsumerOptions& options);
std::string CoverOf(const ConsumerOptions& options, const std::string& type);
std::set<std::string> CoversOf(const ConsumerOptions& options, const std::set<std::string>& types);
std::string TypeOfCover(std::string_view cover);
std::string JoinTypes(const std::set<std::string>& types);

// consumer_parked.cc: the rows of feed_parked.
mysql::Params ParkedRow(const std::string& consumer, const std::string& source,
                        const feed::v1::Event& event, const Ulid& id, const std::string& error,
                        absl::Time now);
absl::Status Park(mysql::Tx& tx, const std::vector<mysql::Params>& rows);
// Their ids as text.
absl::StatusOr<std::set<std::string>> ParkedAggregates(mysql::Executor& db,
                                                       const std::string& consumer,
                                                       const std::string& source);
absl::StatusOr<std::set<std::string>> ParkedTypes(mysql::Executor& db, const std::string& consumer,
                                                  const std::string& source);
// Drops what waits of all types but `kept`: states that come supersede it.
absl::Status DropParked(mysql::Tx& tx, const std::string& consumer, const std::string& source,
                        const std::set<std::string>& kept);

}  // namespace bangfu::feed
