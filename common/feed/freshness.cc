#include "common/feed/freshness.h"

#include <algorithm>
#include <string>

#include "common/feed/consumer.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::feed {
namespace {

absl::Status Stale(std::string_view source) {
  return Error(absl::StatusCode::kUnavailable, "REFERENCE_STALE")
      .Zh("授权与基础数据（项目、区划、代码）尚未与项目服务同步，暂不能写入")
      .With("source", source)
      .RetryAfter(absl::Seconds(5))
      .Build();
}

// InfinitePast: never yet.
absl::StatusOr<absl::Time> LevelAt(mysql::Executor& db, std::string_view consumer,
                                   std::string_view source) {
  const absl::StatusOr<ConsumerProgress> progress =
      ReadProgress(db, std::string(consumer), std::string(source));
  if (absl::IsNotFound(progress.status())) return absl::InfinitePast();
  if (!progress.ok()) return progress.status();
  return progress->level_at;
}

}  // namespace

absl::Status CheckFresh(mysql::Executor& db, std::string_view consumer, std::string_view source,
                        absl::Time now, absl::Duration limit) {
  ASSIGN_OR_RETURN(const absl::Time level_at, LevelAt(db, consumer, source));
  return now - level_at <= limit ? absl::OkStatus() : Stale(source);
}

absl::Status CopyGuard::Refresh(mysql::Executor& db) {
  absl::Time oldest = absl::InfiniteFuture();
  for (const std::string& consumer : consumers_) {
    ASSIGN_OR_RETURN(const absl::Time level_at, LevelAt(db, consumer, source_));
    oldest = std::min(oldest, level_at);
  }
  ASSIGN_OR_RETURN(const absl::Duration limit, limit_of_(db));
  good_until_us_ = absl::ToUnixMicros(oldest + limit);
  known_ = true;
  return absl::OkStatus();
}

absl::Status CopyGuard::Check() const {
  return absl::ToUnixMicros(clock_.Now()) <= good_until_us_ ? absl::OkStatus() : Stale(source_);
}

}  // namespace bangfu::feed
