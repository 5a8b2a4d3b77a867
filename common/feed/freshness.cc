#include "common/feed/freshness.h"

#include <string>

#include "common/feed/consumer.h"
#include "common/status/error.h"

namespace bangfu::feed {

absl::Status CheckFresh(mysql::Executor& db, std::string_view consumer, std::string_view source,
                        absl::Time now, absl::Duration limit, std::string_view domain) {
  const absl::StatusOr<ConsumerProgress> progress =
      ReadProgress(db, std::string(consumer), std::string(source));
  if (!progress.ok() && !absl::IsNotFound(progress.status())) return progress.status();
  if (progress.ok() && progress->Lag(now) <= limit) return absl::OkStatus();
  Error error(absl::StatusCode::kUnavailable, "REFERENCE_STALE");
  if (!domain.empty()) error.Domain(domain);
  return error.Zh("基础数据（项目、区划、代码）尚未与项目服务同步，暂不能写入")
      .With("source", source)
      .RetryAfter(absl::Seconds(5))
      .Build();
}

}  // namespace bangfu::feed
