#include "common/intake/import_service.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/base/clock.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/inbox/service.h"
#include "common/memory/memory.h"
#include "common/operation/request.h"
#include "common/operation/stopped.h"
#include "common/rpc/actor.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"

namespace bangfu::intake {
namespace {

constexpr char kService[] = "bangfu.intake.v1.ImportService.";
constexpr char kAggregate[] = "import";

v1::Import ToProto(const JobRow& job) {
  v1::Import out;
  out.set_id(job.id.ToString());
  out.set_kind(job.kind);
  out.set_batch_id(job.batch_id);
  out.set_state(job.state);
  out.set_policy(job.policy);
  out.set_file_name(job.file_name);
  out.set_format(static_cast<type::v1::FileFormat>(job.format));
  out.set_size_bytes(job.size_bytes);
  out.set_sha256(job.sha256);
  out.set_region_code(job.region_code);
  for (const std::string& column : job.fill_down) out.add_fill_down_columns(column);
  out.set_rows_total(job.total);
  out.set_rows_created(job.created);
  out.set_rows_updated(job.updated);
  out.set_rows_unchanged(job.unchanged);
  out.set_rows_warned(job.warned);
  out.set_rows_held(job.held);
  out.set_rows_refused(job.refused);
  out.set_committed_through(job.committed_through);
  if (!job.operation_id.is_zero()) out.set_operation_id(job.operation_id.ToString());
  out.mutable_created_by()->set_subject(job.created_by);
  out.mutable_created_by()->set_name(job.created_by_name);
  SetTime(job.created_at, out.mutable_created_at());
  return out;
}

// The longest path that all of a scope lies in.
std::string CommonPath(const auth::RegionScope& scope) {
  if (scope.empty()) return "";
  std::string path = scope.front();
  for (const std::string& other : scope) {
    while (!RegionContains(path, other)) path = RegionParent(path);
  }
  return path;
}

absl::Status Unknown(const Ulid& id) { return NotFound("import", id.ToString()).Build(); }

// An import that the caller began.
absl::StatusOr<JobRow> Own(mysql::Executor& db, const rpc::CallContext& context, const Ulid& id,
                           bool for_update) {
  ASSIGN_OR_RETURN(std::optional<JobRow> job, FindJob(db, id, for_update));
  if (!job || job->created_by != context.caller.subject) return Unknown(id);
  return *std::move(job);
}

// An import that the caller began, or one of the caller's regions.
absl::StatusOr<JobRow> Visible(mysql::Executor& db, const rpc::CallContext& context,
                               const Ulid& id) {
  ASSIGN_OR_RETURN(std::optional<JobRow> job, FindJob(db, id));
  if (!job) return Unknown(id);
  if (job->created_by == context.caller.subject) return *std::move(job);
  for (const std::string& prefix : context.scope) {
    if (RegionContains(prefix, job->region_path)) return *std::move(job);
  }
  return Unknown(id);
}

type::v1::Actor ToActor(const auth::Caller& caller, const std::vector<auth::Role>& roles,
                        std::string_view region_path) {
  return rpc::ActorMessage(rpc::ActorOf(caller, roles, region_path));
}

// The step's operation has ended without an end of the step: it may be asked for again.
absl::StatusOr<bool> HasStopped(mysql::Executor& db, const JobRow& job) {
  if (job.operation_id.is_zero()) return true;
  absl::StatusOr<operation::v1::Operation> op =
      operation::Get(db, job.operation_id, {job.region_path});
  if (absl::IsNotFound(op.status())) return true;
  RETURN_IF_ERROR(op.status());
  return operation::HasStopped(*op);
}

// Whether the caller, who did not begin the import, may take on its commit where it stopped:
// whoever began it may have lost the right to.
absl::StatusOr<bool> MayTakeOn(mysql::Executor& db, const JobRow& job, const Kinds& kinds,
                               const auth::Caller& caller) {
  const Kind* const kind = kinds.Find(job.kind);
  if (job.state != v1::IMPORT_STATE_COMMITTING || kind == nullptr ||
      !ServedBy(*kind, caller).May(kind->roles(), job.region_path)) {
    return false;
  }
  return HasStopped(db, job);
}

// An import that is the caller's to commit, locked.
absl::StatusOr<JobRow> ToCommit(mysql::Tx& tx, const rpc::CallContext& context, const Kinds& kinds,
                                const Ulid& id) {
  ASSIGN_OR_RETURN(std::optional<JobRow> job, FindJob(tx, id, /*for_update=*/true));
  if (!job) return Unknown(id);
  if (job->created_by != context.caller.subject) {
    ASSIGN_OR_RETURN(const bool may, MayTakeOn(tx, *job, kinds, context.caller));
    if (!may) return Unknown(id);
  }
  return *std::move(job);
}

absl::Status WrongState(const JobRow& job) {
  return FailedPrecondition("IMPORT_STATE_WRONG", "导入任务当前状态不允许此操作")
      .With("state", v1::ImportState_Name(job.state));
}

// Whether the caller, who began the import, may have it checked now.
absl::Status CheckValidate(mysql::Executor& db, const JobRow& job) {
  if (!job.upload_complete) {
    return FailedPrecondition("UPLOAD_INCOMPLETE", "文件尚未上传完毕").Build();
  }
  switch (job.state) {
    case v1::IMPORT_STATE_UPLOADING:
    case v1::IMPORT_STATE_VALIDATED:
    case v1::IMPORT_STATE_REFUSED:
      return absl::OkStatus();
    case v1::IMPORT_STATE_VALIDATING: {
      ASSIGN_OR_RETURN(const bool stopped, HasStopped(db, job));
      return stopped ? absl::OkStatus() : WrongState(job);
    }
    default:
      return WrongState(job);
  }
}

absl::Status CheckCommit(mysql::Executor& db, const JobRow& job) {
  if (job.state == v1::IMPORT_STATE_COMMITTING) {
    ASSIGN_OR_RETURN(const bool stopped, HasStopped(db, job));
    return stopped ? absl::OkStatus() : WrongState(job);
  }
  return job.state == v1::IMPORT_STATE_VALIDATED ? absl::OkStatus() : WrongState(job);
}

// `grants`: what people may do now; null: a right once held holds to the end of the step.
Progress ProgressOf(operation::OperationContext& context, const auth::GrantSource* grants) {
  Progress progress;
  if (grants != nullptr) {
    // As a call of theirs would find them now; the rpcs of imports serve every clause, the kind
    // perhaps not.
    progress.renew = [&context, grants](auth::Caller* caller) {
      return auth::LookUpGrants(*grants, context.now(), caller);
    };
  }
  progress.report = [&context](int64_t done, int64_t total, std::string_view zh) {
    return context.Progress(done, total, zh);
  };
  progress.fence = [&context](mysql::Tx& tx, int64_t done) {
    return context.SaveCursor(tx, "", done);
  };
  return progress;
}

// A validated import waits for whoever began it, as long as its rows are kept.
absl::Status SyncImport(mysql::Tx& tx, const JobRow& job, const Kinds& kinds,
                        const inbox::Act& act) {
  inbox::Subject subject{kImportSubject, job.id, {}, {}};
  const Kind* const kind = kinds.Find(job.kind);
  if (job.state == v1::IMPORT_STATE_VALIDATED && kind != nullptr) {
    inbox::Wanted w;
    w.kind = "IMPORT_COMMIT";
    w.action = "commit";
    w.title = Cat(job.file_name.empty() ? job.batch_id : job.file_name, "，", job.total, "行");
    w.region_path = job.region_path;
    for (const auth::Role role : kind->roles()) w.roles.push_back(role);
    w.assignee = job.created_by;
    w.due_on = ShanghaiDay(job.created_at + kKeepStaging);
    subject.wanted.push_back(std::move(w));
  }
  return inbox::Sync(tx, {subject}, act);
}

constexpr char kCommit[] = "commit_import";

// The import that a commit was started for, while its rows are there.
absl::StatusOr<std::optional<JobRow>> JobOf(mysql::Executor& db,
                                            const operation::v1::Operation& commit) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(commit.id()));
  v1::CommitImportRequest request;
  RETURN_IF_ERROR(operation::ReadRequest(db, id, &request));
  ASSIGN_OR_RETURN(const Ulid import, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(const bool swept, IsSwept(db, import));
  if (swept) return std::optional<JobRow>();
  return FindJob(db, import);
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Result(absl::StatusOr<JobRow> job) {
  memory::Trim();  // a large file has used much: the next step begins small
  if (!job.ok()) return job.status();
  return std::make_unique<v1::Import>(ToProto(*job));
}

}  // namespace

ImportService::ImportService(std::vector<std::unique_ptr<Kind>> kinds, ImportServiceOptions options,
                             operation::OperationRunner& runner)
    : kinds_(std::move(kinds)), options_(std::move(options)), runner_(runner) {
  runner_.Register(
      "validate_import",
      [this](operation::OperationContext& context)
          -> absl::StatusOr<std::unique_ptr<google::protobuf::Message>> {
        v1::ValidateImportRequest request;
        RETURN_IF_ERROR(context.Request(&request));
        ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
        Progress progress = ProgressOf(context, options_.grants);
        UlidGenerator ids(context.clock());
        progress.validated = [&](mysql::Tx& tx, const JobRow& job) {
          return SyncImport(tx, job, kinds_, {ids, context.now(), nullptr, "validated", {}});
        };
        return Result(Validate(context.db(), kinds_, id, progress));
      });
  runner_.Register(
      kCommit,
      [this](operation::OperationContext& context)
          -> absl::StatusOr<std::unique_ptr<google::protobuf::Message>> {
        v1::CommitImportRequest request;
        RETURN_IF_ERROR(context.Request(&request));
        ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
        const Progress progress = ProgressOf(context, options_.grants);
        return Result(Commit(context.db(), kinds_, id, progress));
      },
      inbox::StandOf(StoppedCommit(options_), options_.calendar));
}

inbox::StoppedKind StoppedCommit(const ImportServiceOptions& options) {
  return {.operation = kCommit,
          .code = "IMPORT_COMMIT_RESUME",
          .label_zh = "继续中断的导入入库",
          .title = [](mysql::Executor& db,
                      const operation::v1::Operation& commit) -> absl::StatusOr<std::string> {
            ASSIGN_OR_RETURN(const std::optional<JobRow> job, JobOf(db, commit));
            if (!job) return std::string("导入");
            return Cat(job->file_name.empty() ? job->batch_id : job->file_name, "，入库中断");
          },
          .is_wanted = [](mysql::Executor& db,
                          const operation::v1::Operation& commit) -> absl::StatusOr<bool> {
            ASSIGN_OR_RETURN(const std::optional<JobRow> job, JobOf(db, commit));
            return job && job->state == v1::IMPORT_STATE_COMMITTING &&
                   job->operation_id.ToString() == commit.id();
          },
          .days = options.resume_days};
}

inbox::Source WorkSource(std::vector<std::unique_ptr<Kind>> kinds) {
  return {kImportSubject, ValidatedAfter,
          [kinds = std::make_shared<const Kinds>(std::move(kinds))](
              mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
            for (const Ulid& id : ids) {
              ASSIGN_OR_RETURN(const std::optional<JobRow> job,
                               FindJob(tx, id, /*for_update=*/true));
              ASSIGN_OR_RETURN(const bool swept, IsSwept(tx, id));
              if (!job || swept) {  // nothing is left to be committed
                RETURN_IF_ERROR(inbox::Sync(tx, {{kImportSubject, id, {}, {}}}, act));
                continue;
              }
              RETURN_IF_ERROR(SyncImport(tx, *job, *kinds, act));
            }
            return absl::OkStatus();
          }};
}

void ImportService::Register(rpc::Router& router) {
  router.Unary<v1::BeginImportRequest, v1::Import>(
      Cat(kService, "BeginImport"),
      [this](rpc::CallContext& c, const v1::BeginImportRequest& r) { return Begin(c, r); });
  router.Unary<v1::UploadChunkRequest, v1::Import>(
      Cat(kService, "UploadChunk"),
      [this](rpc::CallContext& c, const v1::UploadChunkRequest& r) { return Upload(c, r); });
  router.Unary<v1::ValidateImportRequest, operation::v1::Operation>(
      Cat(kService, "ValidateImport"),
      [this](rpc::CallContext& c, const v1::ValidateImportRequest& r) {
        return StartValidate(c, r);
      });
  router.Unary<v1::CommitImportRequest, operation::v1::Operation>(
      Cat(kService, "CommitImport"),
      [this](rpc::CallContext& c, const v1::CommitImportRequest& r) { return StartCommit(c, r); });
  router.Unary<v1::GetImportRequest, v1::Import>(
      Cat(kService, "GetImport"),
      [this](rpc::CallContext& c, const v1::GetImportRequest& r) { return Get(c, r); });
  router.Unary<v1::ListImportRowsRequest, v1::ListImportRowsResponse>(
      Cat(kService, "ListImportRows"),
      [this](rpc::CallContext& c, const v1::ListImportRowsRequest& r) { return ListRows(c, r); });
}

absl::StatusOr<v1::Import> ImportService::Begin(rpc::CallContext& context,
                                                const v1::BeginImportRequest& request) {
  const Kind* const kind = kinds_.Find(request.kind());
  if (kind == nullptr) {
    return Error(absl::StatusCode::kInvalidArgument, "IMPORT_KIND_UNKNOWN")
        .Zh("没有这种导入表")
        .Field("kind", Cat("可用：", kinds_.Names()))
        .Build();
  }
  const auth::RegionScope scope = ServedBy(*kind, context.caller).Scope(kind->roles());
  if (scope.empty()) {
    if (!context.caller.Scope(kind->roles()).empty()) {
      return workflow::ScopeExcludes("导入该表")
          .With("clauses", absl::StrJoin(kind->clauses(), ","))
          .Build();
    }
    return Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED")
        .Zh("您的角色不能导入该表")
        .Build();
  }
  std::string region_path = CommonPath(scope);
  if (!request.region_code().empty()) {
    if (options_.region_path) {
      ASSIGN_OR_RETURN(region_path, options_.region_path(context.db, request.region_code()));
    } else {
      ASSIGN_OR_RETURN(region_path, NormalizeRegionCode(request.region_code()));
    }
    if (!auth::InScope(scope, region_path)) {
      return NotFound("region", request.region_code()).Build();
    }
  }
  Ulid campaign;
  if (!request.campaign_id().empty()) {
    ASSIGN_OR_RETURN(campaign, Ulid::Parse(request.campaign_id()));
  }
  const v1::ImportPolicy policy = request.policy() == v1::IMPORT_POLICY_UNSPECIFIED
                                      ? v1::IMPORT_POLICY_VALID_ROWS
                                      : request.policy();
  const std::vector<std::string> fill_down(request.fill_down_columns().begin(),
                                           request.fill_down_columns().end());
  if (!fill_down.empty()) RETURN_IF_ERROR(kind->CheckFillDown(fill_down));
  return rpc::Mutate<v1::Import>(
      context, request, [&](rpc::Mutation& m) -> absl::StatusOr<v1::Import> {
        ASSIGN_OR_RETURN(const std::optional<JobRow> there,
                         FindJobByBatch(m.tx(), context.caller.subject, request.batch_id()));
        if (there) {
          // All but the file's name: a file that was renamed is read no differently.
          if (there->kind != request.kind() ||
              there->format != static_cast<int>(request.format()) || there->policy != policy ||
              there->region_path != region_path ||
              there->default_money_unit != request.default_money_unit() ||
              there->campaign_id != campaign || there->sample != request.sample() ||
              there->fill_down != fill_down) {
            return Error(absl::StatusCode::kInvalidArgument, "BATCH_ID_REUSED")
                .Zh("该批次号已用于另一次导入")
                .Field("batch_id", "请换一个批次号")
                .Build();
          }
          return ToProto(*there);
        }
        JobRow job;
        job.id = context.ids.Next();
        job.version = 1;
        job.kind = request.kind();
        job.created_by = context.caller.subject;
        job.created_by_name = context.caller.name;
        job.batch_id = request.batch_id();
        job.state = v1::IMPORT_STATE_UPLOADING;
        job.policy = policy;
        job.format = static_cast<int>(request.format());
        job.file_name = request.file_name();
        job.region_code = request.region_code();
        job.region_path = region_path;
        job.default_money_unit = request.default_money_unit();
        job.fill_down = fill_down;
        job.campaign_id = campaign;
        job.sample = request.sample();
        job.caller = EncodeCaller(context.caller);
        job.step_at = context.now;
        job.created_at = context.now;
        RETURN_IF_ERROR(InsertJob(m.tx(), job));
        v1::Import out = ToProto(job);
        RETURN_IF_ERROR(m.Audit(kAggregate, job.id, job.region_path, nullptr, out));
        return out;
      });
}

absl::StatusOr<v1::Import> ImportService::Upload(rpc::CallContext& context,
                                                 const v1::UploadChunkRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  const auto size = static_cast<int64_t>(request.data().size());
  return mysql::Transact(context.db, [&](mysql::Tx& tx) -> absl::StatusOr<v1::Import> {
    ASSIGN_OR_RETURN(JobRow job, Own(tx, context, id, /*for_update=*/true));
    if (request.offset() < job.size_bytes) {
      // A retry of a chunk that is there: checked, not doubled.
      ASSIGN_OR_RETURN(const std::optional<std::string> there, ReadChunk(tx, id, request.offset()));
      if (there && *there == request.data()) return ToProto(job);
      if (there && there->size() == request.data().size()) {
        return Error(absl::StatusCode::kInvalidArgument, "UPLOAD_MISMATCH")
            .Zh("该位置已上传的内容不同")
            .Field("offset", "与已上传内容不一致")
            .Build();
      }
    }
    if (job.state != v1::IMPORT_STATE_UPLOADING || job.upload_complete) {
      return FailedPrecondition("UPLOAD_COMPLETE", "文件已上传完毕").Build();
    }
    if (request.offset() != job.size_bytes) {
      return Error(absl::StatusCode::kOutOfRange, "UPLOAD_OFFSET")
          .Zh("上传位置不连续")
          .With("expected", Cat(job.size_bytes))
          .Build();
    }
    if (job.size_bytes + size > kMaxFileBytes) {
      return Error(absl::StatusCode::kInvalidArgument, "IMPORT_TOO_LARGE")
          .Zh(Cat("文件不能超过", kMaxFileBytes >> 20, "MiB"))
          .Build();
    }
    RETURN_IF_ERROR(InsertChunk(tx, id, request.offset(), request.data()));
    job.size_bytes += size;
    if (request.last()) {
      job.upload_complete = true;
      job.sha256 = request.sha256();
    }
    RETURN_IF_ERROR(UpdateJob(tx, &job));
    return ToProto(job);
  });
}

absl::StatusOr<operation::v1::Operation> ImportService::StartValidate(
    rpc::CallContext& context, const v1::ValidateImportRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  auto result = rpc::Mutate<operation::v1::Operation>(
      context, request, [&](rpc::Mutation& m) -> absl::StatusOr<operation::v1::Operation> {
        ASSIGN_OR_RETURN(JobRow job, Own(m.tx(), context, id, /*for_update=*/true));
        const v1::Import before = ToProto(job);
        RETURN_IF_ERROR(CheckValidate(m.tx(), job));
        job.state = v1::IMPORT_STATE_VALIDATING;
        job.caller = EncodeCaller(context.caller);
        job.validated_by = job.caller;
        job.step_at = context.now;
        job.operation_id = context.ids.Next();
        RETURN_IF_ERROR(UpdateJob(m.tx(), &job));
        RETURN_IF_ERROR(SyncImport(m.tx(), job, kinds_, inbox::ActOf(m, "validate", {})));
        RETURN_IF_ERROR(m.Audit(kAggregate, job.id, job.region_path, &before, ToProto(job)));
        return operation::Start(
            m.tx(), {.id = job.operation_id,
                     .kind = "validate_import",
                     .region_path = job.region_path,
                     .created_by = ToActor(context.caller, context.roles, job.region_path),
                     .request = request,
                     .now = context.now});
      });
  if (result.ok()) runner_.Wake();
  return result;
}

absl::StatusOr<operation::v1::Operation> ImportService::StartCommit(
    rpc::CallContext& context, const v1::CommitImportRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  auto result = rpc::Mutate<operation::v1::Operation>(
      context, request, [&](rpc::Mutation& m) -> absl::StatusOr<operation::v1::Operation> {
        ASSIGN_OR_RETURN(JobRow job, ToCommit(m.tx(), context, kinds_, id));
        const v1::Import before = ToProto(job);
        RETURN_IF_ERROR(CheckCommit(m.tx(), job));
        job.state = v1::IMPORT_STATE_COMMITTING;
        job.caller = EncodeCaller(context.caller);
        job.step_at = context.now;
        const Ulid stopped = job.operation_id;
        job.operation_id = context.ids.Next();
        RETURN_IF_ERROR(UpdateJob(m.tx(), &job));
        RETURN_IF_ERROR(SyncImport(m.tx(), job, kinds_, inbox::ActOf(m, "commit", {})));
        if (before.state() == v1::IMPORT_STATE_COMMITTING) {
          // This one goes on where the one that stopped did not.
          RETURN_IF_ERROR(inbox::SyncStopped(m.tx(), StoppedCommit(options_), {stopped},
                                             inbox::ActOf(m, "commit", options_.calendar)));
        }
        RETURN_IF_ERROR(m.Audit(kAggregate, job.id, job.region_path, &before, ToProto(job)));
        return operation::Start(
            m.tx(), {.id = job.operation_id,
                     .kind = "commit_import",
                     .region_path = job.region_path,
                     .created_by = ToActor(context.caller, context.roles, job.region_path),
                     .request = request,
                     .total = job.created + job.updated + job.warned,
                     .now = context.now});
      });
  if (result.ok()) runner_.Wake();
  return result;
}

absl::StatusOr<v1::Import> ImportService::Get(rpc::CallContext& context,
                                              const v1::GetImportRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(const JobRow job, Visible(context.db, context, id));
  v1::Import import = ToProto(job);
  // Only who began an import takes it further, and who may take on a commit that stopped; to others
  // it is not there.
  if (job.created_by == context.caller.subject) {
    workflow::FillAllowedActions(
        {workflow::ActionOf("validate", "校验", CheckValidate(context.db, job)),
         workflow::ActionOf("commit", "入库", CheckCommit(context.db, job))},
        import.mutable_allowed_actions());
  } else {
    ASSIGN_OR_RETURN(const bool may, MayTakeOn(context.db, job, kinds_, context.caller));
    if (may) {
      workflow::FillAllowedActions({workflow::ActionOf("commit", "入库", absl::OkStatus())},
                                   import.mutable_allowed_actions());
    }
  }
  return import;
}

absl::StatusOr<v1::ListImportRowsResponse> ImportService::ListRows(
    rpc::CallContext& context, const v1::ListImportRowsRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(const JobRow job, Visible(context.db, context, id));
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(request.page_size(), 100, 1000));
  const std::string query = Cat(request.id(), "/", static_cast<int>(request.outcome()));
  absl::StatusOr<std::vector<std::string>> key = DecodePageToken(request.page_token(), query);
  int64_t after = 0;
  if (!key.ok() || (!key->empty() && !absl::SimpleAtoi(key->front(), &after))) {
    return InvalidField("page_token", "页码标记无效").Build();
  }
  ASSIGN_OR_RETURN(std::vector<StagedRow> rows, ReadRows(context.db, id, after, size + 1,
                                                         /*committable=*/false, request.outcome()));
  v1::ListImportRowsResponse response;
  if (rows.size() > static_cast<size_t>(size)) {
    rows.resize(static_cast<size_t>(size));
    response.set_next_page_token(EncodePageToken({Cat(rows.back().row_no)}, query));
  }
  for (StagedRow& row : rows) {
    v1::ImportRow* out = response.add_rows();
    out->set_row_no(row.row_no);
    out->set_key(row.key);
    out->set_outcome(row.outcome);
    for (Issue& issue : row.issues) *out->add_issues() = std::move(issue);
    if (!row.record_id.is_zero() && job.state == v1::IMPORT_STATE_COMMITTED) {
      out->set_record_id(row.record_id.ToString());
    }
  }
  return response;
}

}  // namespace bangfu::intake
