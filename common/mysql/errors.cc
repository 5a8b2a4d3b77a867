#include "common/mysql/errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/strings.h"
#include "common/mysql/session.h"
#include "common/status/error.h"

namespace bangfu::mysql {
namespace {

// The last quoted word of a message: "Duplicate entry 'x' for key 'PRIMARY'"; MySQL 8 says
// 'table.PRIMARY'.
std::string LastQuoted(std::string_view message, std::string_view quotes) {
  const size_t end = message.find_last_of(quotes);
  if (end == std::string_view::npos || end == 0) return "";
  const size_t begin = message.find_last_of(quotes, end - 1);
  if (begin == std::string_view::npos) return "";
  std::string_view word = message.substr(begin + 1, end - begin - 1);
  if (const size_t dot = word.rfind('.'); dot != std::string_view::npos)
    word.remove_prefix(dot + 1);
  return std::string(word);
}

Error Base(absl::StatusCode code, std::string_view reason, int mysql_code) {
  Error error(code, reason);
  error.With("mysql_code", absl::StrCat(mysql_code));
  return error;
}

}  // namespace

bool IsBroken(int code) {
  switch (code) {
    case 0:     // the driver's own complaint: nothing is known
    case 1047:  // Galera: node not in the primary component
    case 1053:  // server shutdown in progress
    case 1152:  // aborted connection
    case 1153:  // packet too large: the server hangs up
    case 1156:
    case 1157:
    case 1158:
    case 1159:
    case 1160:
    case 1161:  // network errors
    case 1927:  // connection was killed (MariaDB)
    case 3169:  // session was killed (MySQL)
    case 4031:  // disconnected by the server after idling (MySQL)
      return true;
    default:
      return code >= 2000 && code < 3000;  // the client library's
  }
}

bool IsConflict(const absl::Status& status) {
  return absl::IsAborted(status) && ReasonOf(status) == kConflictReason;
}

absl::Status MapError(int code, std::string_view sql_state, std::string_view message) {
  switch (code) {
    case 1062:
    case 1586:
      // The message holds the row's values; only the key's name goes on.
      return Base(absl::StatusCode::kAlreadyExists, "DUPLICATE_KEY", code)
          .Message("duplicate key")
          .With("key", LastQuoted(message, "'"))
          .Zh("记录已存在");
    case 4025:  // MariaDB: CONSTRAINT `x` failed for `schema`.`table`
    case 3819:  // MySQL: Check constraint 'x' is violated.
    {
      const size_t begin = message.find_first_of("`'");
      const size_t end =
          begin == std::string_view::npos ? begin : message.find_first_of("`'", begin + 1);
      std::string name;
      if (end != std::string_view::npos)
        name = std::string(message.substr(begin + 1, end - begin - 1));
      if (const size_t dot = name.rfind('.'); dot != std::string::npos) name = name.substr(dot + 1);
      return Base(absl::StatusCode::kFailedPrecondition, "CHECK_VIOLATION", code)
          .Message("check constraint violated")
          .With("constraint", name)
          .Zh("数据不符合约束条件");
    }
    case 1020:  // record has changed since last read
    case 1205:  // lock wait timeout: the statement is undone, we undo the rest
    case 1213:  // deadlock or Galera certification failure: the transaction is undone
    case 3101:  // Group Replication certification failure
    case 3572:  // NOWAIT (MySQL)
    case 6002:  // OceanBase: transaction set violation
    case 6235:  // OceanBase: transaction cannot be serialised
      return Base(absl::StatusCode::kAborted, kConflictReason, code)
          .Message(absl::StrCat("transaction conflict: MySQL error ", code))
          .Zh("与其他操作冲突，请重试")
          .RetryAfter(absl::Milliseconds(200));
    case 1969:  // max_statement_time (MariaDB)
    case 3024:  // max_execution_time (MySQL)
      return Base(absl::StatusCode::kDeadlineExceeded, "DATABASE_TIMEOUT", code)
          .Message("statement ran too long")
          .Zh("数据库查询超时");
    case 1040:
    case 1203:
    case 1226:  // too many connections
    case 1290:
    case 1792:
    case 1836:  // read only
    case 1317:  // interrupted by an operator
      return Base(absl::StatusCode::kUnavailable, kUnavailableReason, code)
          .Message(absl::StrCat("database unavailable: MySQL error ", code))
          .Zh("数据库暂不可用，请稍后重试")
          .RetryAfter(absl::Seconds(1));
    default:
      break;
  }
  if (code != 0 && IsBroken(code)) return MapConnectError(code, message);
  return Base(absl::StatusCode::kInternal, "DATABASE_ERROR", code)
      .Message(absl::StrCat("MySQL error ", code, " (", AbslView(sql_state),
                            "): ", AbslView(message.substr(0, 300))))
      .Zh("系统内部错误");
}

absl::Status MapConnectError(int code, std::string_view message) {
  return Base(absl::StatusCode::kUnavailable, kUnavailableReason, code)
      .Message(absl::StrCat("database unavailable: MySQL error ", code, ": ",
                            AbslView(message.substr(0, 200))))
      .Zh("数据库暂不可用，请稍后重试")
      .RetryAfter(absl::Seconds(1));
}

absl::Status Conflict() {
  return Error(absl::StatusCode::kAborted, kConflictReason)
      .Message("another transaction was quicker")
      .Zh("与其他操作冲突，请重试")
      .RetryAfter(absl::Milliseconds(200));
}

bool IsDuplicateKey(const absl::Status& status, std::string_view key) {
  if (!absl::IsAlreadyExists(status)) return false;
  const ErrorDetail detail = GetErrorDetail(status);
  if (detail.reason != "DUPLICATE_KEY") return false;
  if (key.empty()) return true;
  auto it = detail.metadata.find("key");
  return it != detail.metadata.end() && it->second == key;
}

}  // namespace bangfu::mysql
