#include "common/intake/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/inbox/stopped.h"
#include "common/intake/import_service.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/table/csv.h"
#include "common/table/xlsx_reader.h"

namespace bangfu::intake {
namespace {

constexpr int kDeleteBatch = 5000;
constexpr int kUnknownCommitRetries = 5;

absl::Status WrongState(const JobRow& job) {
  return FailedPrecondition("IMPORT_STATE_WRONG", "导入任务当前状态不允许此操作")
      .With("state", v1::ImportState_Name(job.state));
}

absl::StatusOr<JobRow> Load(mysql::Executor& db, const Ulid& id, bool for_update = false) {
  ASSIGN_OR_RETURN(std::optional<JobRow> job, FindJob(db, id, for_update));
  if (!job) return NotFound("import", id.ToString()).Build();
  return *std::move(job);
}

// Where the caller holds one of the kind's roles, cut to the job's region.
auth::RegionScope ScopeOf(const JobRow& row, const Kind& kind, const auth::Caller& caller) {
  auth::RegionScope scope;
  for (const std::string& prefix : caller.Scope(kind.roles())) {
    if (RegionContains(row.region_path, prefix)) {
      scope.push_back(prefix);
    } else if (RegionContains(prefix, row.region_path)) {
      return {row.region_path};
    }
  }
  return scope;
}

constexpr std::string_view kCommitRevokedZh =
    "导入人的授权已撤销或到期，导入已停止；已入库的行保留，可由本区域有权限的人员继续入库";
constexpr std::string_view kValidationRevokedZh =
    "导入人的授权已撤销或到期，校验已停止；恢复授权后可重新校验";

// The right is asked for as often as something is done by it. An error when none is left.
absl::Status AskAgain(const Progress& progress, const JobRow& row, const Kind& kind,
                      std::string_view revoked_zh, Job* job) {
  if (!progress.renew) return absl::OkStatus();
  auth::Caller& caller = job->caller;
  // As it was stored: what is not looked up again stays.
  std::move(caller.narrowed.begin(), caller.narrowed.end(), std::back_inserter(caller.grants));
  caller.narrowed.clear();
  RETURN_IF_ERROR(progress.renew(&caller));
  caller = ServedBy(kind, std::move(caller));
  job->scope = ScopeOf(row, kind, job->caller);
  if (!job->scope.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "GRANT_REVOKED")
      .Message("the importer holds no role of the import in its region any more")
      .Zh(revoked_zh);
}

absl::Status NotCovered(const StagedRow& row) {
  return Error(absl::StatusCode::kPermissionDenied, "IMPORT_NOT_COVERED")
      .Message("the grants of whoever commits do not cover a row that was found good")
      .Zh(Cat("第", row.row_no,
              "行不在入库人现有授权的资金来源、产业或区域范围内，入库已停止；已入库的行保留，"
              "可由授权覆盖其余各行的人员继续入库"))
      .With("row_no", Cat(row.row_no));
}

// A file of our own that is gone when the object is.
class TemporaryFile {
 public:
  TemporaryFile() {
    const char* directory = getenv("TMPDIR");
    path_ = Cat(directory != nullptr ? directory : "/tmp", "/bangfu-import-XXXXXX");
    const int fd = mkstemp(path_.data());
    if (fd >= 0) file_ = fdopen(fd, "wb");
  }
  ~TemporaryFile() {
    if (file_ != nullptr) fclose(file_);
    unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  absl::Status Write(std::string_view bytes) {
    if (file_ == nullptr || fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
      return absl::ResourceExhaustedError("cannot write a temporary file");
    }
    return absl::OkStatus();
  }
  absl::Status Close() {
    FILE* file = std::exchange(file_, nullptr);
    if (file == nullptr || fclose(file) != 0) {
      return absl::ResourceExhaustedError("cannot write a temporary file");
    }
    return absl::OkStatus();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  FILE* file_ = nullptr;
};

// Between the table reader and the kind: batches, staging, counts.
class Staging {
 public:
  // `ask`: before each batch, whether the importer may still have it read.
  Staging(mysql::Session& db, const Progress& progress, std::function<absl::Status()> ask,
          RowReader& reader, JobRow* job)
      : db_(db), progress_(progress), ask_(std::move(ask)), reader_(reader), job_(job) {}

  absl::Status OnRow(const table::InputRow& row) {
    const bool empty = std::all_of(row.cells.begin(), row.cells.end(),
                                   [](const table::InputCell& c) { return c.text.empty(); });
    if (empty) return absl::OkStatus();
    rows_.push_back(row);
    if (rows_.size() < kBatchRows) return absl::OkStatus();
    return Flush();
  }
  absl::Status Finish() {
    RETURN_IF_ERROR(Flush());
    std::vector<StagedRow> staged;
    RETURN_IF_ERROR(reader_.Finish(&staged));
    return Store(&staged);
  }

 private:
  absl::Status Flush() {
    if (rows_.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(ask_());
    std::vector<StagedRow> staged;
    RETURN_IF_ERROR(reader_.AddRows(rows_, &staged));
    read_ += static_cast<int64_t>(rows_.size());
    rows_.clear();
    RETURN_IF_ERROR(Store(&staged));
    if (progress_.report) {
      RETURN_IF_ERROR(progress_.report(read_, 0, Cat("正在校验，已读", read_, "行")));
    }
    return absl::OkStatus();
  }
  absl::Status Store(std::vector<StagedRow>* staged) {
    for (StagedRow& row : *staged) {
      if (row.outcome == v1::ROW_OUTCOME_HELD || row.outcome == v1::ROW_OUTCOME_REFUSED) {
        row.payload.clear();
      }
      job_->Count(row.outcome, 1);
    }
    absl::Status stored = InsertRows(db_, job_->id, *staged);
    // Another process is still at it: whoever holds the operation begins again.
    if (mysql::IsDuplicateKey(stored)) return absl::AbortedError("staged twice");
    return stored;
  }

  mysql::Session& db_;
  const Progress& progress_;
  const std::function<absl::Status()> ask_;
  RowReader& reader_;
  JobRow* job_;
  std::vector<table::InputRow> rows_;
  int64_t read_ = 0;
};

absl::Status ReadFile(mysql::Session& db, const JobRow& job, const table::RowCallback& on_row) {
  ASSIGN_OR_RETURN(const std::optional<std::string> head, ReadChunk(db, job.id, 0));
  if (!head) return FailedPrecondition("UPLOAD_INCOMPLETE", "文件尚未上传").Build();
  table::ReadLimits limits;
  limits.max_bytes = kMaxFileBytes;
  Sha256Stream digest;
  if (table::DetectFileKind(*head) == table::FileKind::kCsv) {
    table::CsvReader::Options options;
    options.limits = limits;
    table::CsvReader reader(options, on_row);
    RETURN_IF_ERROR(ForEachChunk(db, job.id, [&](std::string_view bytes) {
      digest.Update(bytes);
      return reader.Feed(bytes);
    }));
    RETURN_IF_ERROR(reader.Finish());
  } else {
    TemporaryFile file;
    RETURN_IF_ERROR(ForEachChunk(db, job.id, [&](std::string_view bytes) {
      digest.Update(bytes);
      return file.Write(bytes);
    }));
    RETURN_IF_ERROR(file.Close());
    table::XlsxReader::Options options;
    options.limits = limits;
    ASSIGN_OR_RETURN(const std::unique_ptr<table::XlsxReader> reader,
                     table::XlsxReader::OpenFile(file.path(), options));
    RETURN_IF_ERROR(reader->ReadSheet("", on_row));
  }
  if (const std::string hex = HexEncode(digest.Finish());
      !job.sha256.empty() && hex != job.sha256) {
    return Error(absl::StatusCode::kInvalidArgument, "UPLOAD_DIGEST_MISMATCH")
        .Zh("文件校验和不一致，请重新上传")
        .With("sha256", hex);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Kind::CheckFillDown(const std::vector<std::string>&) const {
  return Error(absl::StatusCode::kInvalidArgument, "FILL_DOWN_UNSUPPORTED")
      .Zh("该导入类别不支持向下填充")
      .Field("fill_down_columns", "该导入类别不支持，请逐行填写")
      .Build();
}

Kinds::Kinds(std::vector<std::unique_ptr<Kind>> kinds) {
  for (std::unique_ptr<Kind>& kind : kinds) {
    std::string name(kind->name());
    kinds_.emplace(std::move(name), std::move(kind));
  }
}

Kind* Kinds::Find(std::string_view name) const {
  const auto it = kinds_.find(name);
  return it == kinds_.end() ? nullptr : it->second.get();
}

std::string Kinds::Names() const {
  std::string names;
  for (const auto& [name, kind] : kinds_) names += Cat(names.empty() ? "" : ", ", name);
  return names;
}

auth::Caller ServedBy(const Kind& kind, auth::Caller caller) {
  const std::vector<std::string> clauses = kind.clauses();
  caller.narrowed.clear();
  const auto out =
      std::stable_partition(caller.grants.begin(), caller.grants.end(),
                            [&](const auth::Grant& grant) { return grant.Serves(clauses); });
  std::move(out, caller.grants.end(), std::back_inserter(caller.narrowed));
  caller.grants.erase(out, caller.grants.end());
  return caller;
}

absl::StatusOr<Job> MakeJob(const JobRow& row, const Kind& kind) {
  Job job;
  job.id = row.id;
  job.kind = row.kind;
  job.batch_id = row.batch_id;
  job.file_name = row.file_name;
  job.policy = row.policy;
  job.region_code = row.region_code;
  job.default_money_unit = row.default_money_unit;
  job.fill_down = row.fill_down;
  job.campaign_id = row.campaign_id;
  job.sample = row.sample;
  job.now = row.step_at;
  ASSIGN_OR_RETURN(auth::Caller caller, DecodeCaller(row.caller));
  job.caller = ServedBy(kind, std::move(caller));
  job.scope = ScopeOf(row, kind, job.caller);
  job.validator = job.caller;
  // Empty: validated before it was kept; what the caller held when asking for the step stands in.
  if (!row.validated_by.empty()) {
    ASSIGN_OR_RETURN(auth::Caller validator, DecodeCaller(row.validated_by));
    job.validator = ServedBy(kind, std::move(validator));
  }
  job.validator_scope = ScopeOf(row, kind, job.validator);
  return job;
}

std::vector<inbox::Kind> WorkKinds() {
  return {{"IMPORT_COMMIT", "提交已校验的导入", kImportSubject}};
}

absl::StatusOr<JobRow> Validate(mysql::Session& db, const Kinds& kinds, const Ulid& id,
                                const Progress& progress) {
  ASSIGN_OR_RETURN(JobRow row, Load(db, id));
  if (row.state == v1::IMPORT_STATE_VALIDATED) return row;  // done by a run that could not say so
  if (row.state != v1::IMPORT_STATE_VALIDATING) return WrongState(row);
  Kind* const kind = kinds.Find(row.kind);
  if (kind == nullptr) return absl::InternalError("the kind of the import is gone");
  ASSIGN_OR_RETURN(Job job, MakeJob(row, *kind));

  while (true) {
    ASSIGN_OR_RETURN(const int64_t deleted, DeleteRows(db, id, kDeleteBatch));
    if (deleted == 0) break;
  }
  row.ClearCounts();
  row.committed_through = 0;
  absl::Status read;
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<RowReader> reader, kind->NewReader(job, db));
    const auto ask = [&] { return AskAgain(progress, row, *kind, kValidationRevokedZh, &job); };
    Staging staging(db, progress, ask, *reader, &row);
    read = ReadFile(db, row, [&](const table::InputRow& r) { return staging.OnRow(r); });
    if (read.ok()) read = staging.Finish();
  }
  const bool file_is_wrong = read.code() == absl::StatusCode::kInvalidArgument ||
                             read.code() == absl::StatusCode::kOutOfRange ||
                             read.code() == absl::StatusCode::kFailedPrecondition;
  if (!read.ok() && !file_is_wrong) return read;
  const bool refused =
      !read.ok() || (row.policy == v1::IMPORT_POLICY_ALL_OR_NOTHING && row.held + row.refused > 0);
  row.state = refused ? v1::IMPORT_STATE_REFUSED : v1::IMPORT_STATE_VALIDATED;
  const JobRow decided = row;
  RETURN_IF_ERROR(mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
    row = decided;
    RETURN_IF_ERROR(UpdateJob(tx, &row));
    return progress.validated ? progress.validated(tx, row) : absl::OkStatus();
  }));
  if (!read.ok()) return read;
  return row;
}

absl::StatusOr<JobRow> Commit(mysql::Session& db, const Kinds& kinds, const Ulid& id,
                              const Progress& progress) {
  ASSIGN_OR_RETURN(JobRow row, Load(db, id));
  if (row.state == v1::IMPORT_STATE_COMMITTED) return row;
  if (row.state != v1::IMPORT_STATE_COMMITTING) return WrongState(row);
  Kind* const kind = kinds.Find(row.kind);
  if (kind == nullptr) return absl::InternalError("the kind of the import is gone");
  ASSIGN_OR_RETURN(Job job, MakeJob(row, *kind));

  ASSIGN_OR_RETURN(const int64_t committable, CountCommittable(db, id, 0));
  ASSIGN_OR_RETURN(const int64_t open, CountCommittable(db, id, row.committed_through));
  int64_t committed = committable - open;
  int unknown = 0;
  while (true) {
    if (progress.report) {
      RETURN_IF_ERROR(
          progress.report(committed, committable, Cat("正在入库，已完成", committed, "行")));
    }
    ASSIGN_OR_RETURN(const std::vector<StagedRow> rows,
                     ReadRows(db, id, row.committed_through, kChunkRows, /*committable=*/true));
    if (!rows.empty()) {
      RETURN_IF_ERROR(AskAgain(progress, row, *kind, kCommitRevokedZh, &job));
    }
    const JobRow before = row;
    absl::StatusOr<JobRow> after =
        mysql::Transact(db, [&](mysql::Tx& tx) -> absl::StatusOr<JobRow> {
          ASSIGN_OR_RETURN(JobRow now, Load(tx, id, /*for_update=*/true));
          // Another run has gone on from here: follow it.
          if (now.state != v1::IMPORT_STATE_COMMITTING ||
              now.committed_through != before.committed_through) {
            return now;
          }
          if (rows.empty()) {
            now.state = v1::IMPORT_STATE_COMMITTED;
            RETURN_IF_ERROR(UpdateJob(tx, &now));
            return now;
          }
          ASSIGN_OR_RETURN(const std::vector<CommittedRow> done, kind->CommitChunk(tx, job, rows));
          if (done.size() != rows.size()) return absl::InternalError("CommitChunk lost a row");
          for (size_t i = 0; i < rows.size(); ++i) {
            if (done[i].not_covered) return NotCovered(rows[i]);
          }
          std::vector<StagedRow> changed;
          for (size_t i = 0; i < rows.size(); ++i) {
            if (done[i].outcome == rows[i].outcome && done[i].record_id == rows[i].record_id &&
                done[i].more_issues.empty()) {
              continue;
            }
            StagedRow line = rows[i];
            now.Count(line.outcome, -1);
            now.Count(done[i].outcome, 1);
            line.outcome = done[i].outcome;
            line.record_id = done[i].record_id;
            line.issues.insert(line.issues.end(), done[i].more_issues.begin(),
                               done[i].more_issues.end());
            changed.push_back(std::move(line));
          }
          RETURN_IF_ERROR(RewriteRows(tx, id, changed));
          now.committed_through = rows.back().row_no;
          RETURN_IF_ERROR(UpdateJob(tx, &now));
          if (progress.fence) {
            RETURN_IF_ERROR(progress.fence(tx, committed + static_cast<int64_t>(rows.size())));
          }
          return now;
        });
    if (!after.ok()) {
      // The cursor says whether the chunk is in.
      if (ReasonOf(after.status()) != "COMMIT_UNKNOWN" || ++unknown > kUnknownCommitRetries) {
        return after.status();
      }
      ASSIGN_OR_RETURN(row, Load(db, id));
      continue;
    }
    row = *std::move(after);
    if (row.state == v1::IMPORT_STATE_COMMITTED) return row;
    if (row.state != v1::IMPORT_STATE_COMMITTING) return WrongState(row);
    committed += static_cast<int64_t>(rows.size());
  }
}

absl::StatusOr<bool> SweepExpired(mysql::Session& db, absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, ExpiredJobs(db, now - kKeepStaging, 20));
  for (const Ulid& id : ids) {
    ASSIGN_OR_RETURN(const int64_t rows, DeleteRows(db, id, kDeleteBatch));
    if (rows > 0) return true;
    ASSIGN_OR_RETURN(const int64_t chunks, DeleteChunks(db, id, 20));
    if (chunks > 0) return true;
    // What is not there any more does not wait to be committed.
    RETURN_IF_ERROR(mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
      RETURN_IF_ERROR(MarkSwept(tx, id));
      UlidGenerator none(SystemClock());
      const inbox::Act act{none, now, nullptr, "expire", {}};
      RETURN_IF_ERROR(inbox::Sync(tx, {{kImportSubject, id, {}, {}}}, act));
      ASSIGN_OR_RETURN(const std::optional<JobRow> job, FindJob(tx, id));
      if (!job || job->state != v1::IMPORT_STATE_COMMITTING) return absl::OkStatus();
      return inbox::SyncStopped(tx, StoppedCommit({}), {job->operation_id}, act);
    }));
  }
  return !ids.empty();
}

}  // namespace bangfu::intake
