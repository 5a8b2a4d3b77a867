#include "common/draft/service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "bangfu/draft/v1/draft_service.pb.h"
#include "common/auth/caller.h"
#include "common/base/page_token.h"
#include "common/base/strings.h"
#include "common/contract/access.h"
#include "common/draft/content.h"
#include "common/draft/store.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "google/protobuf/util/time_util.h"

namespace bangfu::draft {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::util::TimeUtil;
using rpc::CallContext;
using rpc::Mutation;

constexpr char kService[] = "bangfu.draft.v1.DraftService.";

google::protobuf::Timestamp Instant(absl::Time time) {
  return TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

v1::Draft Message(const Draft& draft) {
  v1::Draft out;
  out.set_id(draft.id.ToString());
  out.set_etag(Cat(draft.version));
  out.set_form(draft.form);
  out.set_title(draft.title);
  if (!draft.subject_id.is_zero()) out.set_subject_id(draft.subject_id.ToString());
  out.set_size_bytes(static_cast<int32_t>(draft.size_bytes));
  *out.mutable_created_at() = Instant(draft.created_at);
  *out.mutable_updated_at() = Instant(draft.updated_at);
  *out.mutable_expires_at() = Instant(draft.expires_at);
  return out;
}

void TellProblems(std::vector<v1::DraftProblem> problems, v1::Draft* out) {
  for (v1::DraftProblem& problem : problems) *out->add_problems() = std::move(problem);
}

absl::StatusOr<int64_t> VersionOf(const std::string& etag) {
  int64_t version = 0;
  if (!ParseInt(etag, &version)) return EtagMismatch().Build();
  return version;
}

absl::StatusOr<Ulid> OptionalId(const std::string& text) {
  if (text.empty()) return Ulid();
  return Ulid::Parse(text);
}

absl::Status CheckSize(std::string_view json, size_t most) {
  if (json.size() <= most) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, "DRAFT_TOO_LARGE")
      .Zh(Cat("草稿不能超过", most >> 10, "KiB"))
      .Field("request_json", Cat("不能超过", most, "字节"))
      .With("max_bytes", Cat(most));
}

// Whether the caller could submit the form at all; where and for what, its rpc decides.
absl::Status CheckCaller(const auth::Caller& caller, const contract::Method& form) {
  if (form.access.any_role()) return absl::OkStatus();
  const std::vector<std::string> served = contract::ClausesOf(*form.descriptor);
  const auto& roles = form.access.roles();
  bool has_role = false;
  for (const auth::Grant& grant : caller.grants) {
    if (std::find(roles.begin(), roles.end(), grant.role) == roles.end()) continue;
    if (grant.Serves(served)) return absl::OkStatus();
    has_role = true;
  }
  Error error(absl::StatusCode::kPermissionDenied, has_role ? "SCOPE_EXCLUDES" : "ROLE_REQUIRED");
  if (has_role) {
    return error.With("clauses", absl::StrJoin(served, ","))
        .Zh(Cat("您的授权不含此表单所属的政策条款（", absl::StrJoin(served, "、"), "）"));
  }
  return error
      .With("roles", absl::StrJoin(roles, ",",
                                   [](std::string* out, int role) {
                                     out->append(options::v1::Role_Name(
                                         static_cast<options::v1::Role>(role)));
                                   }))
      .Zh("您没有提交此表单所需的角色");
}

class Drafts {
 public:
  Drafts(const rpc::Router& router, ServiceOptions options)
      : router_(router), options_(std::move(options)) {}

  absl::StatusOr<v1::Draft> Save(CallContext& context, const v1::SaveDraftRequest& request) {
    ASSIGN_OR_RETURN(const Descriptor* form, FormFor(context.caller, request.form()));
    ASSIGN_OR_RETURN(const Ulid id, OptionalId(request.id()));
    ASSIGN_OR_RETURN(const Ulid subject_id, OptionalId(request.subject_id()));
    if (!id.is_zero() && request.etag().empty()) return InvalidField("etag", "必填").Build();
    ASSIGN_OR_RETURN(const size_t most, MostBytes(context.db));
    RETURN_IF_ERROR(CheckSize(request.request_json(), most));
    ASSIGN_OR_RETURN(const Content content, ReadContent(*form, request.request_json()));
    RETURN_IF_ERROR(CheckSize(content.json, most));
    return rpc::Mutate<v1::Draft>(context, request, [&](Mutation& m) -> absl::StatusOr<v1::Draft> {
      ASSIGN_OR_RETURN(const int64_t days, Parameter(m.tx(), kKeepDays, kDefaultKeepDays));
      Draft draft;
      draft.form = request.form();
      draft.created_at = context.now;
      if (!id.is_zero()) {
        ASSIGN_OR_RETURN(draft, Own(m.tx(), context, id));
        if (draft.form != request.form()) {
          return Error(absl::StatusCode::kInvalidArgument, "DRAFT_OTHER_FORM")
              .Zh("该草稿属于另一表单")
              .Field("form", Cat("该草稿的表单是", draft.form))
              .Build();
        }
      }
      draft.title = request.title();
      draft.subject_id = subject_id;
      draft.content = content.json;
      draft.size_bytes = static_cast<int64_t>(content.json.size());
      draft.updated_at = context.now;
      draft.expires_at = context.now + absl::Hours(24 * std::max<int64_t>(days, 1));
      RETURN_IF_ERROR(id.is_zero() ? Add(m, &draft) : Replace(m, request.etag(), &draft));
      v1::Draft answer = Message(draft);
      TellProblems(content.problems, &answer);
      return answer;
    });
  }

  absl::StatusOr<v1::Draft> Get(CallContext& context, const v1::GetDraftRequest& request) {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
    ASSIGN_OR_RETURN(Draft draft, Own(context.db, context, id));
    v1::Draft answer = Message(draft);
    // By the rules of today: a release may have changed the form.
    if (const std::optional<contract::Method> form = FormNamed(draft.form)) {
      absl::StatusOr<Content> content = ReadContent(*form->descriptor->input_type(), draft.content);
      if (content.ok()) {
        TellProblems(std::move(content->problems), &answer);
      } else {
        for (const FieldViolation& one : GetErrorDetail(content.status()).violations) {
          v1::DraftProblem& problem = *answer.add_problems();
          problem.set_path(one.field);
          problem.set_problem_zh(one.description);
        }
      }
    } else {
      answer.add_problems()->set_problem_zh("系统已不再有此表单");
    }
    answer.set_request_json(std::move(draft.content));
    return answer;
  }

  static absl::StatusOr<v1::ListDraftsResponse> ListOwn(CallContext& context,
                                                        const v1::ListDraftsRequest& request) {
    ListQuery query;
    ASSIGN_OR_RETURN(const int size, ResolvePageSize(request.page_size()));
    query.limit = size + 1;
    query.form = request.form();
    ASSIGN_OR_RETURN(query.subject_id, OptionalId(request.subject_id()));
    const std::string filter =
        Cat(context.caller.subject, "/", request.form(), "/", request.subject_id());
    ASSIGN_OR_RETURN(const std::vector<std::string> key,
                     DecodePageToken(request.page_token(), filter));
    if (!key.empty()) {
      absl::StatusOr<Ulid> before =
          key.size() == 1 ? Ulid::Parse(key[0]) : absl::InvalidArgumentError("");
      if (!before.ok()) return InvalidField("page_token", "分页标记无效").Build();
      query.before = *before;
    }
    ASSIGN_OR_RETURN(std::vector<Draft> page,
                     List(context.db, context.caller.subject, query, context.now));
    v1::ListDraftsResponse response;
    if (page.size() > static_cast<size_t>(size)) {
      page.resize(static_cast<size_t>(size));
      response.set_next_page_token(EncodePageToken({page.back().id.ToString()}, filter));
    }
    for (const Draft& draft : page) *response.add_drafts() = Message(draft);
    return response;
  }

  static absl::StatusOr<v1::DeleteDraftResponse> Delete(CallContext& context,
                                                        const v1::DeleteDraftRequest& request) {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
    return rpc::Mutate<v1::DeleteDraftResponse>(
        context, request, [&](Mutation& m) -> absl::StatusOr<v1::DeleteDraftResponse> {
          ASSIGN_OR_RETURN(const Draft draft, Own(m.tx(), context, id));
          std::optional<int64_t> version;
          if (!request.etag().empty()) {
            ASSIGN_OR_RETURN(version, VersionOf(request.etag()));
          }
          ASSIGN_OR_RETURN(const bool removed, Remove(m.tx(), context.caller.subject, id, version));
          if (!removed) {
            return version ? EtagMismatch().Build() : NotFound("draft", id.ToString()).Build();
          }
          return v1::DeleteDraftResponse();
        });
  }

 private:
  absl::StatusOr<int64_t> Parameter(mysql::Executor& db, const char* code, int64_t fallback) {
    if (!options_.parameter) return fallback;
    return options_.parameter(db, code, fallback);
  }

  absl::StatusOr<size_t> MostBytes(mysql::Executor& db) {
    ASSIGN_OR_RETURN(const int64_t kib, Parameter(db, kMaxKib, kDefaultMaxKib));
    return std::min(static_cast<size_t>(std::max<int64_t>(kib, 0)) << 10, kLargestBytes);
  }

  // The rpc of this service that has the name.
  std::optional<contract::Method> FormNamed(const std::string& name) const {
    const auto handler = router_.handlers().find(name);
    if (handler == router_.handlers().end()) return std::nullopt;
    const Descriptor* request = handler->second.request_prototype->GetDescriptor();
    const MethodDescriptor* rpc = request->file()->pool()->FindMethodByName(name);
    if (rpc == nullptr) return std::nullopt;
    const absl::StatusOr<options::v1::Access> access = contract::AccessOf(*rpc);
    if (!access.ok()) return std::nullopt;
    return contract::Method{rpc, *access};
  }

  // The request of a form that the caller could submit.
  absl::StatusOr<const Descriptor*> FormFor(const auth::Caller& caller, const std::string& name) {
    const std::optional<contract::Method> form = FormNamed(name);
    if (!form) {
      return Error(absl::StatusCode::kNotFound, "DRAFT_FORM_UNKNOWN")
          .Zh("本服务没有此表单")
          .With("form", name)
          .Build();
    }
    if (!form->writes() || HasPrefix(name, kService)) {
      return Error(absl::StatusCode::kInvalidArgument, "DRAFT_FORM_READS")
          .Zh("此操作没有可暂存的内容")
          .Field("form", "不是填报表单")
          .Build();
    }
    RETURN_IF_ERROR(CheckCaller(caller, *form));
    return form->descriptor->input_type();
  }

  // The caller's own; NOT_FOUND.
  static absl::StatusOr<Draft> Own(mysql::Executor& db, const CallContext& context,
                                   const Ulid& id) {
    ASSIGN_OR_RETURN(std::optional<Draft> draft, Find(db, context.caller.subject, id, context.now));
    if (!draft) return NotFound("draft", id.ToString()).Build();
    return *std::move(draft);
  }

  absl::Status Add(Mutation& m, Draft* draft) {
    const std::string& owner = m.context().caller.subject;
    ASSIGN_OR_RETURN(const int64_t limit, Parameter(m.tx(), kPerPerson, kDefaultPerPerson));
    ASSIGN_OR_RETURN(const int64_t have, ClaimAndCount(m.tx(), owner, m.context().now));
    if (have >= limit) {
      return Error(absl::StatusCode::kResourceExhausted, "DRAFT_LIMIT")
          .Zh(Cat("您已有", have, "份草稿，请先提交或删除一些"))
          .With("limit", Cat(limit));
    }
    draft->id = m.context().ids.Next();
    return Insert(m.tx(), owner, *draft);
  }

  static absl::Status Replace(Mutation& m, const std::string& etag, Draft* draft) {
    ASSIGN_OR_RETURN(const int64_t version, VersionOf(etag));
    draft->version = version + 1;
    ASSIGN_OR_RETURN(const bool replaced,
                     ::bangfu::draft::Replace(m.tx(), m.context().caller.subject, *draft, version));
    return replaced ? absl::OkStatus() : EtagMismatch().Build();
  }

  const rpc::Router& router_;
  const ServiceOptions options_;
};

}  // namespace

void RegisterDraftService(rpc::Router& router, ServiceOptions options) {
  const auto drafts = std::make_shared<Drafts>(router, std::move(options));
  const std::string service = kService;
  router.Unary<v1::SaveDraftRequest, v1::Draft>(
      service + "SaveDraft", [drafts](CallContext& context, const v1::SaveDraftRequest& request) {
        return drafts->Save(context, request);
      });
  router.Unary<v1::GetDraftRequest, v1::Draft>(
      service + "GetDraft", [drafts](CallContext& context, const v1::GetDraftRequest& request) {
        return drafts->Get(context, request);
      });
  router.Unary<v1::ListDraftsRequest, v1::ListDraftsResponse>(service + "ListDrafts",
                                                              Drafts::ListOwn);
  router.Unary<v1::DeleteDraftRequest, v1::DeleteDraftResponse>(service + "DeleteDraft",
                                                                Drafts::Delete);
}

}  // namespace bangfu::draft
