#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "bangfu/evaluation/v1/criteria.pb.h"
#include "bangfu/evaluation/v1/events.pb.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/inbox/service.h"
#include "common/rpc/mutation.h"
#include "common/rpc/whole.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/evaluation/api/actors.h"
#include "services/evaluation/api/deps.h"
#include "services/evaluation/convert/criteria_message.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/domain/criteria_refinement.h"
#include "services/evaluation/domain/engine.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/criteria_work.h"
#include "services/evaluation/store/criteria_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;

// What does not hang on the day of activation; the rpc and allowed_actions refuse by it alike.
absl::Status CheckActivation(const CallContext& context, const CriteriaRow& row) {
  RETURN_IF_ERROR(workflow::CheckWhole(context.caller, {auth::Role::ROLE_PROV_ADMIN},
                                       row.region_code, "启用评价标准"));
  if (!context.caller.May({auth::Role::ROLE_PROV_ADMIN}, row.region_code)) {
    return Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED")
        .Zh("您的角色不能启用评价标准")
        .Build();
  }
  if (row.state != kCriteriaDraft) {
    return FailedPrecondition("STATE_NOT_ALLOWED", "只有草稿可以启用").Build();
  }
  v1::CriteriaSet drafted;
  if (!drafted.ParseFromString(row.payload)) return absl::DataLossError("a stored criteria set");
  if (workflow::OnePerson(
          {row.created_by, drafted.created_by().delegated_by()},
          workflow::PersonAt(context.caller, {auth::Role::ROLE_PROV_ADMIN}, row.region_code))) {
    return FailedPrecondition("SAME_PERSON", "起草人不得启用自己起草的标准").Build();
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::CriteriaSet> Shown(const CallContext& context, const CriteriaRow& row) {
  ASSIGN_OR_RETURN(v1::CriteriaSet m, ToMessage(row));
  workflow::FillAllowedActions(
      {workflow::ActionOf("activate", "启用", CheckActivation(context, row))},
      m.mutable_allowed_actions());
  return m;
}

absl::StatusOr<std::string> RegionOf(const std::string& text, const char* field) {
  absl::StatusOr<std::string> code = NormalizeRegionCode(text);
  if (!code.ok()) return InvalidField(field, "区划代码无效").Build();
  return code;
}

absl::StatusOr<v1::CriteriaSet> GetActiveCriteria(CallContext& context,
                                                  const v1::GetActiveCriteriaRequest& request) {
  std::string region = kProvinceCode;
  if (!request.region_code().empty()) {
    ASSIGN_OR_RETURN(region, RegionOf(request.region_code(), "region_code"));
  }
  absl::CivilDay on = DayOf(request.on()).value_or(ShanghaiDay(context.now));
  ASSIGN_OR_RETURN(std::optional<CriteriaRow> row, FindCriteriaInForce(context.db, region, on));
  if (!row) return NotFound("criteria_set", Cat(region, "@", absl::FormatCivilTime(on)));
  return Shown(context, *row);
}

absl::StatusOr<v1::CriteriaSet> GetCriteriaSet(CallContext& context,
                                               const v1::GetCriteriaSetRequest& request) {
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(CriteriaRow row, GetCriteria(context.db, id));
  return Shown(context, row);
}

absl::StatusOr<v1::ListCriteriaSetsResponse> ListCriteriaSets(
    CallContext& context, const v1::ListCriteriaSetsRequest& request) {
  ASSIGN_OR_RETURN(int limit, ResolvePageSize(request.page_size()));
  ASSIGN_OR_RETURN(std::vector<std::string> key, DecodePageToken(request.page_token(), "criteria"));
  std::optional<std::pair<std::string, int32_t>> after;
  if (!key.empty()) {
    int32_t version = 0;
    if (key.size() != 2 || !absl::SimpleAtoi(key[1], &version)) {
      return InvalidField("page_token", "分页标记无效").Build();
    }
    after = {key[0], version};
  }
  ASSIGN_OR_RETURN(std::vector<CriteriaRow> rows, ListCriteria(context.db, after, limit + 1));
  v1::ListCriteriaSetsResponse response;
  for (size_t i = 0; i < rows.size() && i < static_cast<size_t>(limit); ++i) {
    ASSIGN_OR_RETURN(*response.add_criteria_sets(), Shown(context, rows[i]));
  }
  if (rows.size() > static_cast<size_t>(limit)) {
    const CriteriaRow& last = rows[limit - 1];
    response.set_next_page_token(
        EncodePageToken({last.region_code, Cat(last.version_no)}, "criteria"));
  }
  return response;
}

absl::Status Publish(rpc::Mutation& m, const CriteriaRow& row, const v1::CriteriaSet* before) {
  v1::CriteriaSetChanged changed;
  ASSIGN_OR_RETURN(*changed.mutable_criteria_set(), ToMessage(row));
  RETURN_IF_ERROR(m.Audit("criteria_set", row.id, row.region_code, before, changed.criteria_set()));
  return m.Publish("criteria_set", row.id, row.region_code, changed);
}

// Checks the content on its own, and a region's set against the baseline that it refines.
absl::Status CheckContent(mysql::Executor& db, const std::string& region, const CriteriaSet& set,
                          absl::CivilDay today) {
  if (region == kProvinceCode) return Validate(set);
  ASSIGN_OR_RETURN(std::optional<CriteriaRow> baseline,
                   FindCriteriaInForce(db, kProvinceCode, today));
  if (!baseline) return FailedPrecondition("NO_CRITERIA", "省级基准尚未生效，不能细化");
  ASSIGN_OR_RETURN(CriteriaSet parent, ParseCriteria(baseline->content));
  return CheckRefinement(parent, set);
}

absl::StatusOr<v1::CriteriaSet> CreateCriteriaDraft(CallContext& context,
                                                    const v1::CreateCriteriaDraftRequest& request) {
  ASSIGN_OR_RETURN(std::string region, RegionOf(request.region_code(), "region_code"));
  if (!auth::InScope(context.scope, region)) return NotFound("region", region);
  RETURN_IF_ERROR(workflow::CheckWhole(context.caller, context.roles, region, "起草评价标准"));
  absl::StatusOr<CriteriaSet> parsed = ParseCriteria(request.content_json());
  if (!parsed.ok()) {
    return Error(absl::StatusCode::kInvalidArgument, "CRITERIA_INVALID")
        .Zh("评价标准内容不是规定的格式")
        .Field("content_json", GetErrorDetail(parsed.status()).message_zh.empty()
                                   ? "内容不是规定的格式"
                                   : GetErrorDetail(parsed.status()).message_zh)
        .Build();
  }
  return rpc::Mutate<v1::CriteriaSet>(
      context, request, [&](rpc::Mutation& m) -> absl::StatusOr<v1::CriteriaSet> {
        // Numbers are given out under the claim row: no two drafts get the same.
        RETURN_IF_ERROR(ClaimCriteriaScope(m.tx(), region));
        CriteriaSet set = *parsed;
        ASSIGN_OR_RETURN(set.version_no, NextCriteriaVersion(m.tx(), region));
        set.scope_region = region + std::string(12 - region.size(), '0');
        if (!request.note_zh().empty()) set.note = request.note_zh();
        RETURN_IF_ERROR(CheckContent(m.tx(), region, set, ShanghaiDay(context.now)));
        CriteriaRow row;
        row.id = context.ids.Next();
        row.region_code = region;
        row.version_no = set.version_no;
        row.content = CanonicalJson(set);
        row.content_sha256 = ContentHash(set);
        row.note_zh = set.note;
        row.created_by = context.caller.subject;
        v1::CriteriaSet message;
        *message.mutable_created_by() = ToMessage(m.ActorAt(region));
        SetTime(context.now, message.mutable_created_at());
        StoreActors(message, row);
        RETURN_IF_ERROR(InsertCriteria(m.tx(), row));
        RETURN_IF_ERROR(Publish(m, row, nullptr));
        RETURN_IF_ERROR(SyncCriteria(m.tx(), {row}, inbox::ActOf(m, "create_draft", WorkCalendar)));
        return Shown(context, row);
      });
}

absl::StatusOr<v1::CriteriaSet> ActivateCriteria(CallContext& context,
                                                 const v1::ActivateCriteriaRequest& request) {
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(request.id()));
  std::optional<absl::CivilDay> from = DayOf(request.effective_from());
  if (!from) return InvalidField("effective_from", "请填写启用日期").Build();
  if (*from < ShanghaiDay(context.now)) {
    return InvalidField("effective_from", "启用日期不得早于今天，已评估的期间不受影响").Build();
  }
  return rpc::Mutate<v1::CriteriaSet>(
      context, request, [&](rpc::Mutation& m) -> absl::StatusOr<v1::CriteriaSet> {
        ASSIGN_OR_RETURN(CriteriaRow seen, GetCriteria(m.tx(), id));
        if (!auth::InScope(context.scope, seen.region_code)) {
          return NotFound("criteria_set", request.id());
        }
        // The claim comes first: whoever is second sees what the first has put in force.
        RETURN_IF_ERROR(ClaimCriteriaScope(m.tx(), seen.region_code));
        ASSIGN_OR_RETURN(CriteriaRow row, LockCriteria(m.tx(), id));
        if (!request.etag().empty() && request.etag() != Cat(row.version)) return EtagMismatch();
        RETURN_IF_ERROR(CheckActivation(context, row));
        ASSIGN_OR_RETURN(CriteriaSet set, ParseCriteria(row.content));
        RETURN_IF_ERROR(CheckContent(m.tx(), row.region_code, set, *from));
        ASSIGN_OR_RETURN(std::vector<CriteriaRow> active,
                         ListActiveCriteria(m.tx(), row.region_code));
        for (CriteriaRow& other : active) {
          const bool ended = other.effective_to && *other.effective_to <= *from;
          if (ended) continue;
          if (other.effective_from >= from) {
            return FailedPrecondition(
                       "CRITERIA_OVERLAP",
                       Cat("第", other.version_no, "版自",
                           absl::FormatCivilTime(*other.effective_from), "起生效，与启用日期重叠"))
                .With("id", other.id.ToString())
                .Build();
          }
          ASSIGN_OR_RETURN(v1::CriteriaSet before, ToMessage(other));
          other.effective_to = from;
          RETURN_IF_ERROR(UpdateCriteria(m.tx(), other));
          RETURN_IF_ERROR(Publish(m, other, &before));
        }
        ASSIGN_OR_RETURN(v1::CriteriaSet before, ToMessage(row));
        v1::CriteriaSet actors = before;
        *actors.mutable_activated_by() = ToMessage(m.ActorAt(row.region_code));
        StoreActors(actors, row);
        row.state = kCriteriaActive;
        row.effective_from = from;
        RETURN_IF_ERROR(UpdateCriteria(m.tx(), row));
        RETURN_IF_ERROR(Publish(m, row, &before));
        RETURN_IF_ERROR(SyncCriteria(m.tx(), {row}, inbox::ActOf(m, "activate", WorkCalendar)));
        return Shown(context, row);
      });
}

}  // namespace

void RegisterCriteriaHandlers(rpc::Router& router, const Deps&) {
  const std::string service = "bangfu.evaluation.v1.CriteriaService.";
  router.Unary<v1::GetActiveCriteriaRequest, v1::CriteriaSet>(service + "GetActiveCriteria",
                                                              rpc::OfWhole(GetActiveCriteria));
  router.Unary<v1::GetCriteriaSetRequest, v1::CriteriaSet>(service + "GetCriteriaSet",
                                                           rpc::OfWhole(GetCriteriaSet));
  router.Unary<v1::ListCriteriaSetsRequest, v1::ListCriteriaSetsResponse>(
      service + "ListCriteriaSets", rpc::OfWhole(ListCriteriaSets));
  router.Unary<v1::CreateCriteriaDraftRequest, v1::CriteriaSet>(service + "CreateCriteriaDraft",
                                                                rpc::OfWhole(CreateCriteriaDraft));
  router.Unary<v1::ActivateCriteriaRequest, v1::CriteriaSet>(service + "ActivateCriteria",
                                                             rpc::OfWhole(ActivateCriteria));
}

}  // namespace bangfu::evaluation
