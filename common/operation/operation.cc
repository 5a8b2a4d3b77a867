#include "common/operation/operation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/audit/actor_row.h"
#include "common/base/text.h"
#include "common/contract/time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/status/wire.h"

namespace bangfu::operation {
namespace {

using v1::OPERATION_STATE_CANCELLED;
using v1::OPERATION_STATE_FAILED;
using v1::OPERATION_STATE_PENDING;
using v1::OPERATION_STATE_RUNNING;
using v1::OPERATION_STATE_SUCCEEDED;

constexpr char kRests[] = "已冻结，解冻后接着办";
constexpr char kTypeUrlPrefix[] = "type.googleapis.com/";
constexpr char kColumns[] =
    "id, kind, state, region_path, created_subject, created_name, created_role, "
    "created_region_path, created_at, updated_at, done, total, progress_zh, error, result_type, "
    "result, cancel_requested, created_delegated_by, created_grant_id";

v1::Operation FromRow(const mysql::Row& row) {
  v1::Operation out;
  out.set_id(row.Id(0).ToString());
  out.set_kind(row.String(1));
  out.set_state(static_cast<v1::OperationState>(row.Int(2)));
  out.set_region_path(row.String(3));
  *out.mutable_created_by() = audit::ActorFromRow(row, 4, 17);
  SetTime(row.Time(8), out.mutable_created_at());
  SetTime(row.Time(9), out.mutable_updated_at());
  out.set_done(row.Int(10));
  out.set_total(row.Int(11));
  out.set_progress_zh(row.String(12));
  if (out.state() == OPERATION_STATE_FAILED) out.mutable_error()->ParseFromString(row.String(13));
  if (out.state() == OPERATION_STATE_SUCCEEDED && !row.String(14).empty()) {
    out.mutable_result()->set_type_url(absl::StrCat(kTypeUrlPrefix, row.String(14)));
    out.mutable_result()->set_value(row.String(15));
  }
  out.set_cancel_requested(row.Bool(16));
  return out;
}

absl::Status LeaseLost() {
  return Error(absl::StatusCode::kAborted, "OPERATION_LEASE_LOST").Zh("任务已由另一进程接手");
}

absl::Status StateNotAllowed(int64_t state, const std::string& verb) {
  const auto* value = v1::OperationState_descriptor()->FindValueByNumber(static_cast<int>(state));
  const std::string label =
      value == nullptr ? "" : value->options().GetExtension(options::v1::value_label).zh();
  return FailedPrecondition("STATE_NOT_ALLOWED", absl::StrCat("任务", label, "，不能", verb))
      .With("state", label);
}

bool IsTransient(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsAborted(status) ||
         absl::IsDeadlineExceeded(status) || absl::IsResourceExhausted(status);
}

}  // namespace

absl::StatusOr<v1::Operation> Start(mysql::Tx& tx, const NewOperation& operation) {
  RETURN_IF_ERROR(
      tx.Execute(
            "INSERT INTO operation (id, kind, state, region_path, created_subject, "
            "created_name, created_role, created_region_path, created_at, updated_at, "
            "request_type, request, resume_cursor, done, total, progress_zh, error, "
            "result_type, result, cancel_requested, attempts, holder, fence, lease_until, "
            "created_delegated_by, created_grant_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
            "'', 0, ?, '', '', '', '', 0, 0, '', 0, ?, ?, ?)",
            {operation.id, operation.kind, static_cast<int>(OPERATION_STATE_PENDING),
             operation.region_path, operation.created_by.subject(), operation.created_by.name(),
             operation.created_by.role(), operation.created_by.region_path(), operation.now,
             operation.now, operation.request.GetDescriptor()->full_name(),
             operation.request.SerializeAsString(), operation.total, operation.now,
             operation.created_by.delegated_by(), operation.created_by.grant_id()})
          .status());
  v1::Operation out;
  out.set_id(operation.id.ToString());
  out.set_kind(operation.kind);
  out.set_state(OPERATION_STATE_PENDING);
  out.set_region_path(operation.region_path);
  *out.mutable_created_by() = operation.created_by;
  out.set_total(operation.total);
  SetTime(operation.now, out.mutable_created_at());
  SetTime(operation.now, out.mutable_updated_at());
  return out;
}

absl::StatusOr<v1::Operation> Get(mysql::Executor& db, const Ulid& id,
                                  const std::vector<std::string>& scope) {
  mysql::Params params = {id};
  const std::string sql = absl::StrCat("SELECT ", kColumns, " FROM operation WHERE id = ? AND ",
                                       mysql::RegionClause(scope, "region_path", &params));
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(sql, params));
  if (rows.empty()) return NotFound("operation", id.ToString()).Build();
  return FromRow(rows[0]);
}

absl::StatusOr<std::vector<v1::Operation>> List(mysql::Executor& db, const ListQuery& query) {
  mysql::Params params;
  std::string sql =
      absl::StrCat("SELECT ", kColumns, " FROM operation FORCE INDEX (operation_by_region) WHERE ",
                   mysql::RegionClause(query.scope, "region_path", &params));
  if (!query.kind.empty()) {
    sql += " AND kind = ?";
    params.emplace_back(query.kind);
  }
  if (query.state != v1::OPERATION_STATE_UNSPECIFIED) {
    sql += " AND state = ?";
    params.emplace_back(static_cast<int>(query.state));
  }
  if (!query.after_id.is_zero()) {
    sql += " AND region_path <= ? AND (region_path < ? OR id < ?)";
    params.emplace_back(query.after_region_path);
    params.emplace_back(query.after_region_path);
    params.emplace_back(query.after_id);
  }
  sql += " ORDER BY region_path DESC, id DESC LIMIT ?";
  params.emplace_back(query.limit);
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(sql, params));
  std::vector<v1::Operation> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  return out;
}

absl::Status CheckCancel(v1::OperationState state) {
  if (state == OPERATION_STATE_PENDING || state == OPERATION_STATE_RUNNING) return absl::OkStatus();
  return StateNotAllowed(state, "取消");
}

absl::Status CheckResume(v1::OperationState state) {
  if (state == OPERATION_STATE_FAILED || state == OPERATION_STATE_CANCELLED) {
    return absl::OkStatus();
  }
  return StateNotAllowed(state, "继续");
}

absl::Status Cancel(mysql::Tx& tx, const Ulid& id, absl::Time now) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   tx.Query("SELECT state FROM operation WHERE id = ? FOR UPDATE", {id}));
  if (rows.empty()) return NotFound("operation", id.ToString());
  const int64_t state = rows[0].Int(0);
  if (state == OPERATION_STATE_PENDING) {
    return tx
        .Execute(
            "UPDATE operation SET state = ?, cancel_requested = 1, fence = fence + 1, "
            "updated_at = ?, lease_until = ? WHERE id = ?",
            {static_cast<int>(OPERATION_STATE_CANCELLED), now, now, id})
        .status();
  }
  RETURN_IF_ERROR(CheckCancel(static_cast<v1::OperationState>(state)));
  return tx
      .Execute("UPDATE operation SET cancel_requested = 1, updated_at = ? WHERE id = ?", {now, id})
      .status();
}

absl::Status Resume(mysql::Tx& tx, const Ulid& id, absl::Time now) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   tx.Query("SELECT state FROM operation WHERE id = ? FOR UPDATE", {id}));
  if (rows.empty()) return NotFound("operation", id.ToString());
  RETURN_IF_ERROR(CheckResume(static_cast<v1::OperationState>(rows[0].Int(0))));
  return tx
      .Execute(
          "UPDATE operation SET state = ?, cancel_requested = 0, attempts = 0, error = '', "
          "holder = '', fence = fence + 1, updated_at = ?, lease_until = ? WHERE id = ?",
          {static_cast<int>(OPERATION_STATE_PENDING), now, now, id})
      .status();
}

absl::StatusOr<int64_t> SweepRetention(mysql::Session& session, absl::Time now,
                                       absl::Duration retention) {
  int64_t deleted = 0;
  for (const v1::OperationState state :
       {OPERATION_STATE_SUCCEEDED, OPERATION_STATE_FAILED, OPERATION_STATE_CANCELLED}) {
    // Of ended work the lease's end is the end of the work.
    ASSIGN_OR_RETURN(int64_t n,
                     session.Execute("DELETE FROM operation WHERE state = ? AND lease_until < ? "
                                     "ORDER BY lease_until LIMIT 500",
                                     {static_cast<int>(state), now - retention}));
    deleted += n;
  }
  return deleted;
}

absl::Status OperationContext::Request(google::protobuf::Message* request) const {
  if (request->GetDescriptor()->full_name() != request_type_ ||
      !request->ParseFromString(request_)) {
    return Error(absl::StatusCode::kInternal, "OPERATION_REQUEST_UNREADABLE")
        .Zh("任务参数无法读取")
        .With("type", request_type_);
  }
  return absl::OkStatus();
}

absl::Status OperationContext::Progress(int64_t done, int64_t total, std::string_view text_zh) {
  if (stopping_()) {
    return Error(absl::StatusCode::kAborted, "OPERATION_INTERRUPTED")
        .Zh("服务正在停止，任务稍后继续");
  }
  if (may_write_ && !may_write_().ok()) {
    return Error(absl::StatusCode::kAborted, "OPERATION_FROZEN").Zh(kRests);
  }
  const absl::Time now = clock_.Now();
  if (now - stored_at_ < std::min(absl::Seconds(1), lease_ / 3)) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      session_.Query("SELECT cancel_requested FROM operation WHERE id = ? AND fence = ?",
                     {id_, fence_}));
  if (rows.empty()) return LeaseLost();
  if (rows[0].Bool(0)) {
    return Error(absl::StatusCode::kCancelled, "OPERATION_CANCELLED").Zh("任务已取消");
  }
  ASSIGN_OR_RETURN(
      int64_t matched,
      session_.Execute("UPDATE operation SET done = ?, total = ?, progress_zh = ?, "
                       "updated_at = ?, lease_until = ? WHERE id = ? AND fence = ?",
                       {done, total, Utf8Truncate(text_zh, 200), now, now + lease_, id_, fence_}));
  if (matched != 1) return LeaseLost();
  stored_at_ = now;
  done_ = done;
  total_ = total;
  return absl::OkStatus();
}

absl::Status OperationContext::SaveCursor(mysql::Tx& tx, std::string_view cursor, int64_t done) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(int64_t matched,
                   tx.Execute("UPDATE operation SET resume_cursor = ?, done = ?, attempts = 0, "
                              "updated_at = ?, lease_until = ? WHERE id = ? AND fence = ?",
                              {cursor, done, now, now + lease_, id_, fence_}));
  return matched == 1 ? absl::OkStatus() : LeaseLost();
}

OperationRunner::OperationRunner(const Clock& clock, RunnerOptions options)
    : clock_(clock), options_(std::move(options)) {}

OperationRunner::~OperationRunner() { Stop(); }

void OperationRunner::Register(std::string kind, RunFunction run, StandFunction stand) {
  kinds_[std::move(kind)] = {std::move(run), std::move(stand)};
}

absl::Status OperationRunner::TellStand(mysql::Tx& tx, const v1::Operation& operation,
                                        absl::Time now) const {
  const auto kind = kinds_.find(operation.kind());
  if (kind == kinds_.end() || !kind->second.stand) return absl::OkStatus();
  return kind->second.stand(tx, operation, now);
}

absl::StatusOr<bool> OperationRunner::Claim(OperationContext& context) {
  if (kinds_.empty() || (options_.may_write && !options_.may_write().ok())) return false;
  const absl::Time now = clock_.Now();
  mysql::Session& session = context.session_;
  for (const v1::OperationState state : {OPERATION_STATE_RUNNING, OPERATION_STATE_PENDING}) {
    mysql::Params params = {static_cast<int>(state), now};
    for (const auto& [code, kind] : kinds_) params.emplace_back(code);
    ASSIGN_OR_RETURN(
        mysql::Rows rows,
        session.Query(
            absl::StrCat("SELECT id, fence, kind, region_path, created_subject, "
                         "created_name, created_role, created_region_path, request_type, "
                         "request, resume_cursor, done, total, attempts, cancel_requested, "
                         "created_delegated_by, created_grant_id "
                         "FROM operation FORCE INDEX (operation_by_lease) "
                         "WHERE state = ? AND lease_until <= ? AND kind IN (",
                         mysql::Placeholders(kinds_.size()), ") ORDER BY lease_until LIMIT 4"),
            params));
    for (const mysql::Row& row : rows) {
      const int64_t fence = row.Int(1);
      const int64_t attempts = row.Int(13) + 1;
      // Whoever read the same row finds another fence.
      ASSIGN_OR_RETURN(int64_t matched,
                       session.Execute("UPDATE operation SET state = ?, holder = ?, fence = ?, "
                                       "attempts = ?, updated_at = ?, lease_until = ? "
                                       "WHERE id = ? AND fence = ? AND state = ?",
                                       {static_cast<int>(OPERATION_STATE_RUNNING), options_.holder,
                                        fence + 1, attempts, now, now + options_.lease, row.Id(0),
                                        fence, static_cast<int>(state)}));
      if (matched != 1) continue;
      context.id_ = row.Id(0);
      context.fence_ = fence + 1;
      context.kind_ = row.String(2);
      context.region_path_ = row.String(3);
      context.created_by_ = audit::ActorFromRow(row, 4, 15);
      context.request_type_ = row.String(8);
      context.request_ = row.String(9);
      context.resume_cursor_ = row.String(10);
      context.done_ = row.Int(11);
      context.total_ = row.Int(12);
      context.attempts_ = attempts;
      context.lease_ = options_.lease;
      context.stopping_ = [this] { return stopping_.load(); };
      context.may_write_ = options_.may_write;
      return true;
    }
  }
  return false;
}

absl::StatusOr<bool> OperationRunner::StepOnce(mysql::Session& session) {
  OperationContext context(session, clock_);
  ASSIGN_OR_RETURN(const bool claimed, Claim(context));
  if (!claimed) return false;
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> result =
      Error(absl::StatusCode::kInternal, "OPERATION_CRASHED").Zh("任务多次异常中断").Build();
  // Taken up this often without a step forward: its process died or its peer never answered.
  if (context.attempts_ <= options_.max_attempts) result = kinds_.at(context.kind_).run(context);
  RETURN_IF_ERROR(Finish(context, std::move(result)));
  return true;
}

absl::Status OperationRunner::Finish(
    OperationContext& context, absl::StatusOr<std::unique_ptr<google::protobuf::Message>> result) {
  const absl::Time now = clock_.Now();
  mysql::Session& session = context.session_;
  const absl::Status status = result.status();
  const std::string reason = ReasonOf(status);
  if (reason == "OPERATION_LEASE_LOST") return absl::OkStatus();  // another one's now
  const bool frozen = reason == "OPERATION_FROZEN";
  const bool interrupted = reason == "OPERATION_INTERRUPTED" || frozen;
  if (interrupted || (IsTransient(status) && context.attempts_ < options_.max_attempts)) {
    // Left as running with a lease that ends: at once for the next process, or after a rest.
    const absl::Duration rest =
        interrupted ? absl::ZeroDuration()
                    : std::min(absl::Seconds(1) * (1 << std::min<int64_t>(context.attempts_, 6)),
                               absl::Minutes(1));
    return session
        .Execute(
            "UPDATE operation SET holder = '', attempts = attempts - ?, updated_at = ?, "
            "lease_until = ?, progress_zh = IF(?, ?, progress_zh) WHERE id = ? AND fence = ?",
            {interrupted ? 1 : 0, now, now + rest, frozen, kRests, context.id_, context.fence_})
        .status();
  }
  v1::OperationState state = OPERATION_STATE_SUCCEEDED;
  std::string error;
  std::string result_type;
  std::string result_bytes;
  if (reason == "OPERATION_CANCELLED") {
    state = OPERATION_STATE_CANCELLED;
  } else if (!status.ok()) {
    state = OPERATION_STATE_FAILED;
    error = ToRpcStatus(status).SerializeAsString();
  } else if (*result != nullptr) {
    result_type = (*result)->GetDescriptor()->full_name();
    result_bytes = (*result)->SerializeAsString();
  }
  const auto write = [&](mysql::Executor& db) {
    return db.Execute(
        "UPDATE operation SET state = ?, error = ?, result_type = ?, result = ?, holder = '', "
        "done = IF(? = ?, GREATEST(done, total), done), updated_at = ?, lease_until = ? "
        "WHERE id = ? AND fence = ?",
        {static_cast<int>(state), error, result_type, result_bytes, static_cast<int>(state),
         static_cast<int>(OPERATION_STATE_SUCCEEDED), now, now, context.id_, context.fence_});
  };
  if (state == OPERATION_STATE_SUCCEEDED || !kinds_.at(context.kind_).stand) {
    return write(session).status();
  }
  return mysql::Transact(session, [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const int64_t matched, write(tx));
    if (matched != 1) return absl::OkStatus();  // another one's now
    ASSIGN_OR_RETURN(const v1::Operation stopped, Get(tx, context.id_, {context.region_path_}));
    return TellStand(tx, stopped, now);
  });
}

void OperationRunner::Run(const std::function<std::unique_ptr<mysql::Session>()>& sessions,
                          std::function<void(const absl::Status&)> on_error) {
  for (int i = 0; i < options_.workers; ++i) {
    loops_.push_back(std::make_unique<Loop>());
    sessions_.push_back(sessions());
  }
  for (int i = 0; i < options_.workers; ++i) {
    threads_.emplace_back([this, on_error, loop = loops_[i].get(), session = sessions_[i].get()] {
      loop->Run([&]() -> absl::Duration {
        absl::StatusOr<bool> ran = StepOnce(*session);
        if (!ran.ok()) {
          if (on_error) on_error(ran.status());
          return absl::Seconds(1);
        }
        return *ran ? absl::ZeroDuration() : options_.idle_rest;
      });
    });
  }
}

void OperationRunner::Wake() {
  for (const auto& loop : loops_) loop->Wake();
}

void OperationRunner::Stop() {
  stopping_ = true;
  for (const auto& loop : loops_) loop->Stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  loops_.clear();
  sessions_.clear();
}

}  // namespace bangfu::operation
