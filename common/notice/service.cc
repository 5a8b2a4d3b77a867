#include "common/notice/service.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/audit/audit.h"
#include "common/base/clock.h"
#include "common/base/page_token.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/contract/time.h"
#include "common/inbox/service.h"
#include "common/rpc/acting_by.h"
#include "common/rpc/actor.h"
#include "common/rpc/batch_get.h"
#include "common/rpc/bulk.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/rpc/page.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"

namespace bangfu::notice {
namespace {

using rpc::CallContext;
using rpc::Mutation;

// A term further away is a slip of the pen.
constexpr int kLongestTermDays = 366;

absl::StatusOr<std::vector<auth::Facets>> FacetsOfAll(
    mysql::Executor& db, const CallContext& context, const ServiceOptions& options,
    const std::vector<const v1::SupervisionNotice*>& notices) {
  if (!options.facets) return std::vector<auth::Facets>(notices.size());
  return options.facets(db, notices, context.now);
}

absl::Status AddAllowed(mysql::Executor& db, const CallContext& context,
                        const ServiceOptions& options,
                        const std::vector<v1::SupervisionNotice*>& notices) {
  std::vector<auth::Facets> facets(notices.size());
  if (context.caller.MindsFacets()) {
    ASSIGN_OR_RETURN(facets, FacetsOfAll(db, context, options, {notices.begin(), notices.end()}));
  }
  for (size_t i = 0; i < notices.size(); ++i) {
    v1::SupervisionNotice& notice = *notices[i];
    std::vector<workflow::AllowedAction> actions = Transitions().Allowed(
        SubjectOf(notice), workflow::ActorAt(context.caller, notice.region_path(), facets[i]));
    for (workflow::AllowedAction& action : actions) {
      if (action.action == "answer" && notice.needs_evidence()) {
        action.evidence_required.emplace_back(workflow::kAnyEvidence);
      }
    }
    workflow::FillAllowedActions(actions, notice.mutable_allowed_actions());
  }
  return absl::OkStatus();
}

absl::Status Record(Mutation& m, const v1::SupervisionNotice* before,
                    const v1::SupervisionNotice& after, const auth::Facets& facets,
                    std::string_view action, std::string_view reason,
                    const ServiceOptions& options) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(after.id()));
  RETURN_IF_ERROR(m.Audit(kAggregate, id, after.region_path(), before, after, reason));
  v1::SupervisionNoticeChanged event;
  *event.mutable_notice() = after;
  RETURN_IF_ERROR(m.Publish(kAggregate, id, after.region_path(), event));
  inbox::Act act = inbox::ActOf(m, action, options.calendar);
  act.fresh = before == nullptr;
  return SyncWork(m.tx(), after, facets, act);
}

// So many working days from today as the parameter says.
absl::StatusOr<workflow::Deadline> TermOf(mysql::Executor& db, absl::Time now,
                                          const char* parameter, int64_t days,
                                          const ServiceOptions& options) {
  if (options.parameter) {
    ASSIGN_OR_RETURN(days, options.parameter(db, parameter, days));
  }
  return inbox::TermFrom(db, ShanghaiDay(now), days, options.calendar);
}

// The day that the request names, or that which the parameter gives.
template <typename Request>
absl::StatusOr<workflow::Deadline> DueOf(mysql::Executor& db, const Request& request,
                                         absl::Time now, const ServiceOptions& options) {
  const absl::CivilDay today = ShanghaiDay(now);
  if (request.has_answer_due()) {
    const absl::CivilDay day = DayFrom(request.answer_due());
    if (day < today) {
      return Error(absl::StatusCode::kInvalidArgument, "NOTICE_DUE_PAST")
          .Zh("答复期限已过")
          .Field("answer_due", "答复期限不能早于今天")
          .Build();
    }
    if (day > today + kLongestTermDays) {
      return InvalidField("answer_due", "答复期限不能超过一年").Build();
    }
    return workflow::Deadline{day, false};
  }
  return TermOf(db, now, kAnswerDays, kDefaultAnswerDays, options);
}

struct Office {
  auth::Role role;
  std::string region_path;
};
// The nearest office above the region that the caller acts for.
std::optional<Office> OfficeOver(const auth::Caller& caller, std::string_view region) {
  for (const OfficeRole& issuing : IssuingRoles()) {
    std::string office = RegionAncestor(region, issuing.level);
    if (office.size() < region.size() && caller.May({issuing.role}, region)) {
      return Office{issuing.role, std::move(office)};
    }
  }
  return std::nullopt;
}

// Why no office of the caller's sends to the region.
absl::Status NotBelow(const auth::Caller& caller, std::string_view region, std::string_view field,
                      std::string_view code) {
  for (const OfficeRole& issuing : IssuingRoles()) {
    const bool held =
        std::any_of(caller.grants.begin(), caller.grants.end(),
                    [&](const auth::Grant& grant) { return grant.role == issuing.role; });
    if (held && LevelOfRegion(region) <= issuing.level) {
      return Error(absl::StatusCode::kPermissionDenied, "NOTICE_NOT_BELOW")
          .Zh("通知只能发给本级以下的地区")
          .Field(field, "不是本级以下的地区")
          .Build();
    }
  }
  return NotFound("region", code).Build();
}

absl::StatusOr<std::string> PathOf(mysql::Executor& db, const std::string& code,
                                   std::string_view field, const ServiceOptions& options) {
  if (options.region_path) return options.region_path(db, code, field);
  absl::StatusOr<std::string> path = NormalizeRegionCode(code);
  if (!path.ok()) return InvalidField(field, "区划代码无效").Build();
  return path;
}

absl::StatusOr<v1::SupervisionNotice> IssueOne(Mutation& m, v1::SupervisionNotice notice,
                                               std::string region, const std::string& code,
                                               std::string_view field,
                                               const ServiceOptions& options) {
  const CallContext& context = m.context();
  if (!OfficeOver(context.caller, region)) return NotBelow(context.caller, region, field, code);
  if (LevelOfRegion(region) == RegionLevel::kVillage) {
    return Error(absl::StatusCode::kInvalidArgument, "NOTICE_NO_OFFICE")
        .Zh("通知不直接发到村，请发给其乡镇")
        .Field(field, "请选择所在乡镇")
        .Build();
  }
  if (!notice.subject_id().empty()) {
    ASSIGN_OR_RETURN(const Ulid subject, Ulid::Parse(notice.subject_id()));
    if (options.lock_subject) {
      RETURN_IF_ERROR(options.lock_subject(m.tx(), notice.subject_type(), subject));
    }
    ASSIGN_OR_RETURN(const std::optional<std::string> place,
                     audit::RegionOfRecord(m.tx(), notice.subject_type(), subject));
    if (!place || !RegionContains(region, *place)) {
      return NotFound(notice.subject_type(), notice.subject_id()).Build();
    }
  }
  ASSIGN_OR_RETURN(const std::vector<auth::Facets> facets,
                   FacetsOfAll(m.tx(), context, options, {&notice}));
  const rpc::Covering covering(m, facets[0]);
  const std::optional<Office> office = OfficeOver(covering.caller(), region);
  if (!office) return workflow::ScopeExcludes("发出通知").Build();
  notice.set_id(context.ids.Next().ToString());
  notice.set_region_path(std::move(region));
  notice.set_issuer_region_path(office->region_path);
  rpc::ActingBy acting(covering.mutation(), {office->role});
  *notice.mutable_issued_by() = rpc::ActorMessage(acting.mutation().ActorAt(notice.region_path()));
  ASSIGN_OR_RETURN(v1::SupervisionNotice after, Insert(m.tx(), notice, context.now));
  RETURN_IF_ERROR(Record(acting.mutation(), nullptr, after, facets[0], "issue", "", options));
  RETURN_IF_ERROR(AddAllowed(m.tx(), context, options, {&after}));
  return after;
}

absl::StatusOr<v1::IssueSupervisionNoticesResponse> Issue(
    CallContext& context, const v1::IssueSupervisionNoticesRequest& request,
    const ServiceOptions& options) {
  if (request.subject_type().empty() != request.subject_id().empty()) {
    return InvalidField(request.subject_id().empty() ? "subject_id" : "subject_type",
                        "记录类型和记录编号须同时填写")
        .Build();
  }
  const std::vector<std::string>& types = options.subject_types;
  if (!request.subject_id().empty() && !types.empty() &&
      std::find(types.begin(), types.end(), request.subject_type()) == types.end()) {
    return Error(absl::StatusCode::kInvalidArgument, "NOTICE_SUBJECT_KIND")
        .Zh("通知不能针对此类记录")
        .Field("subject_type", "通知不能针对此类记录")
        .Build();
  }
  if (!request.subject_id().empty() && request.region_codes_size() > 1) {
    return Error(absl::StatusCode::kInvalidArgument, "NOTICE_ONE_REGION")
        .Zh("针对某条记录的通知只能发给一个地区")
        .Field("region_codes", "只能填一个地区")
        .Build();
  }
  return rpc::Mutate<v1::IssueSupervisionNoticesResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::IssueSupervisionNoticesResponse> {
        v1::SupervisionNotice notice;
        notice.set_dispatch_id(context.ids.Next().ToString());
        notice.set_kind(request.kind());
        notice.set_matter(request.matter());
        notice.set_title(request.title());
        notice.set_text(request.text());
        notice.set_subject_type(request.subject_type());
        if (!request.subject_id().empty()) {
          ASSIGN_OR_RETURN(const Ulid subject, Ulid::Parse(request.subject_id()));
          notice.set_subject_id(subject.ToString());
        }
        ASSIGN_OR_RETURN(const workflow::Deadline due,
                         DueOf(m.tx(), request, context.now, options));
        SetDay(due.day, notice.mutable_answer_due());
        notice.set_provisional(due.provisional);
        notice.set_needs_evidence(request.needs_evidence());
        const auto field = [](int i) { return Cat("region_codes[", i, "]"); };
        std::vector<std::string> regions;
        for (int i = 0; i < request.region_codes_size(); ++i) {
          ASSIGN_OR_RETURN(std::string region,
                           PathOf(m.tx(), request.region_codes(i), field(i), options));
          if (std::find(regions.begin(), regions.end(), region) != regions.end()) {
            return InvalidField(field(i), "同一地区填了两次").Build();
          }
          regions.push_back(std::move(region));
        }
        v1::IssueSupervisionNoticesResponse response;
        for (int i = 0; i < request.region_codes_size(); ++i) {
          ASSIGN_OR_RETURN(
              *response.add_notices(),
              IssueOne(m, notice, regions[i], request.region_codes(i), field(i), options));
        }
        return response;
      });
}

// What the steps after it share: lock, change, record; in the name of those of the caller's grants
// that cover the record, and of the office whose step it is.
template <typename Request, typename Change>
absl::StatusOr<v1::SupervisionNotice> Move(CallContext& context, const Request& request,
                                           std::string_view action, std::string_view reason,
                                           const ServiceOptions& options, Change change) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  return rpc::Mutate<v1::SupervisionNotice>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::SupervisionNotice> {
        ASSIGN_OR_RETURN(const v1::SupervisionNotice before,
                         GetForUpdate(m.tx(), id, context.scope, request.etag()));
        ASSIGN_OR_RETURN(const std::vector<auth::Facets> facets,
                         FacetsOfAll(m.tx(), context, options, {&before}));
        const rpc::Covering covering(m, facets[0]);
        rpc::ActingBy acting(covering.mutation(), ActingRoles(before, action));
        Mutation& acted = acting.mutation();
        ASSIGN_OR_RETURN(
            v1::SupervisionNotice after,
            change(acted, before, workflow::ActorAt(covering.caller(), before.region_path()),
                   rpc::ActorMessage(acted.ActorAt(before.region_path()))));
        RETURN_IF_ERROR(Record(acted, &before, after, facets[0], action, reason, options));
        RETURN_IF_ERROR(AddAllowed(m.tx(), context, options, {&after}));
        return after;
      });
}

absl::StatusOr<v1::SupervisionNotice> AnswerNotice(
    CallContext& context, const v1::AnswerSupervisionNoticeRequest& request,
    const ServiceOptions& options) {
  return Move(context, request, "answer", "", options,
              [&](Mutation& m, const v1::SupervisionNotice& notice, const workflow::Actor& actor,
                  const type::v1::Actor& by) -> absl::StatusOr<v1::SupervisionNotice> {
                ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(notice.id()));
                ASSIGN_OR_RETURN(
                    const workflow::Deadline review_due,
                    TermOf(m.tx(), context.now, kReviewDays, kDefaultReviewDays, options));
                const blob::EvidenceUse use = {kAggregate, id, "AnswerSupervisionNotice",
                                               "evidence", Transitions().EvidenceKinds("answer")};
                return Answer(
                    m.tx(), notice, request.answer(), request.evidence(),
                    [&](EvidenceList* files) { return blob::UseEvidence(m, files, use); },
                    review_due, actor, by, context.now);
              });
}

absl::StatusOr<v1::SupervisionNotice> ReturnNotice(
    CallContext& context, const v1::ReturnSupervisionNoticeRequest& request,
    const ServiceOptions& options) {
  return Move(context, request, "return", request.reason(), options,
              [&](Mutation& m, const v1::SupervisionNotice& notice, const workflow::Actor& actor,
                  const type::v1::Actor& by) -> absl::StatusOr<v1::SupervisionNotice> {
                ASSIGN_OR_RETURN(const workflow::Deadline due,
                                 DueOf(m.tx(), request, context.now, options));
                return Return(m.tx(), notice, request.reason(), due, actor, by, context.now);
              });
}

template <typename Request>
absl::StatusOr<v1::SupervisionNotice> EndNotice(CallContext& context, const Request& request,
                                                std::string_view action, const std::string& note,
                                                const ServiceOptions& options) {
  return Move(context, request, action, note, options,
              [&](Mutation& m, const v1::SupervisionNotice& notice, const workflow::Actor& actor,
                  const type::v1::Actor& by) {
                return End(m.tx(), notice, action, note, actor, by, context.now);
              });
}

absl::StatusOr<v1::SupervisionNotice> CloseNotice(CallContext& context,
                                                  const v1::CloseSupervisionNoticeRequest& request,
                                                  const ServiceOptions& options) {
  return EndNotice(context, request, "close", request.note(), options);
}

// A step for many notices. `step`: the single rpc, `one`: its request but for the item.
template <typename Response, typename BulkRequest, typename Request>
absl::StatusOr<Response> Bulk(const CallContext& context, const BulkRequest& request,
                              std::string_view step, Request one, const ServiceOptions& options,
                              absl::StatusOr<v1::SupervisionNotice> (*handler)(
                                  CallContext&, const Request&, const ServiceOptions&)) {
  one.set_validate_only(request.validate_only());
  Response response;
  RETURN_IF_ERROR(rpc::RunBulk(
      context, request, Cat(kService, ".", step), std::move(one),
      [&](CallContext& item, const Request& r) { return handler(item, r, options); },
      response.mutable_results()));
  return response;
}

absl::StatusOr<v1::BatchReturnSupervisionNoticesResponse> BatchReturn(
    const CallContext& context, const v1::BatchReturnSupervisionNoticesRequest& request,
    const ServiceOptions& options) {
  v1::ReturnSupervisionNoticeRequest one;
  one.set_reason(request.reason());
  if (request.has_answer_due()) *one.mutable_answer_due() = request.answer_due();
  return Bulk<v1::BatchReturnSupervisionNoticesResponse>(
      context, request, "ReturnSupervisionNotice", std::move(one), options, ReturnNotice);
}

absl::StatusOr<v1::BatchCloseSupervisionNoticesResponse> BatchClose(
    const CallContext& context, const v1::BatchCloseSupervisionNoticesRequest& request,
    const ServiceOptions& options) {
  v1::CloseSupervisionNoticeRequest one;
  one.set_note(request.note());
  return Bulk<v1::BatchCloseSupervisionNoticesResponse>(context, request, "CloseSupervisionNotice",
                                                        std::move(one), options, CloseNotice);
}

template <typename Request>
absl::StatusOr<Filter> FilterOf(CallContext& context, const Request& request,
                                const ServiceOptions& options) {
  Filter filter;
  filter.scope = context.scope;
  if (!request.region_code().empty()) {
    ASSIGN_OR_RETURN(filter.region,
                     PathOf(context.db, request.region_code(), "region_code", options));
  }
  filter.kind = request.kind();
  filter.matter = request.matter();
  filter.side = request.side();
  for (const auth::Grant& grant : context.caller.grants) {
    const auto& roles = context.roles;
    if (std::find(roles.begin(), roles.end(), grant.role) == roles.end()) continue;
    filter.own_regions.push_back(grant.region_path);
  }
  std::sort(filter.own_regions.begin(), filter.own_regions.end());
  filter.own_regions.erase(std::unique(filter.own_regions.begin(), filter.own_regions.end()),
                           filter.own_regions.end());
  return filter;
}

absl::StatusOr<v1::BatchGetSupervisionNoticesResponse> BatchGet(
    CallContext& context, const v1::BatchGetSupervisionNoticesRequest& request,
    const ServiceOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, rpc::ParseIds(request.ids()));
  ASSIGN_OR_RETURN(std::vector<v1::SupervisionNotice> found,
                   GetMany(context.db, ids, context.scope));
  std::vector<v1::SupervisionNotice*> shown;
  for (v1::SupervisionNotice& notice : found) shown.push_back(&notice);
  RETURN_IF_ERROR(AddAllowed(context.db, context, options, shown));
  v1::BatchGetSupervisionNoticesResponse response;
  rpc::AnswerInOrder(ids, found, response.mutable_notices(), response.mutable_missing_ids());
  return response;
}

absl::StatusOr<v1::ListSupervisionNoticesResponse> ListNotices(
    CallContext& context, const v1::ListSupervisionNoticesRequest& request,
    const ServiceOptions& options) {
  ListQuery query;
  ASSIGN_OR_RETURN(query.limit, ResolvePageSize(request.page_size()));
  v1::ListSupervisionNoticesRequest asked = request;
  asked.clear_page_size();
  asked.clear_page_token();
  const std::string filter = Cat("notices/", asked.SerializeAsString());
  ASSIGN_OR_RETURN(const auto start, rpc::PageStartOf(request.page_token(), filter));
  if (start) {
    query.after_region_path = start->region_path;
    query.after_id = start->id;
  }
  ASSIGN_OR_RETURN(query.filter, FilterOf(context, request, options));
  query.state = request.state();
  if (request.has_due_before()) query.due_before = DayFrom(request.due_before());
  if (!request.subject_id().empty()) {
    ASSIGN_OR_RETURN(query.subject_id, Ulid::Parse(request.subject_id()));
  }
  if (!request.dispatch_id().empty()) {
    ASSIGN_OR_RETURN(query.dispatch_id, Ulid::Parse(request.dispatch_id()));
  }
  ASSIGN_OR_RETURN(std::vector<v1::SupervisionNotice> page, List(context.db, query));
  v1::ListSupervisionNoticesResponse response;
  if (page.size() == static_cast<size_t>(query.limit)) {
    response.set_next_page_token(
        EncodePageToken({page.back().region_path(), page.back().id()}, filter));
  }
  std::vector<v1::SupervisionNotice*> shown;
  for (v1::SupervisionNotice& notice : page) shown.push_back(&notice);
  RETURN_IF_ERROR(AddAllowed(context.db, context, options, shown));
  for (v1::SupervisionNotice& notice : page) *response.add_notices() = std::move(notice);
  return response;
}

class States : public feed::SnapshotSource {
 public:
  std::vector<std::string> aggregate_types() const override { return {kAggregate}; }
  absl::StatusOr<std::vector<feed::OutboxEvent>> Page(
      mysql::Executor& db, const std::string& aggregate_type, const Ulid& after, int limit,
      const std::optional<feed::RegionPrefixes>& scope) override {
    ASSIGN_OR_RETURN(std::vector<v1::SupervisionNotice> page, ListById(db, after, limit, scope));
    std::vector<feed::OutboxEvent> events;
    events.reserve(page.size());
    for (v1::SupervisionNotice& notice : page) {
      ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(notice.id()));
      const std::string region = notice.region_path();
      v1::SupervisionNoticeChanged event;
      *event.mutable_notice() = std::move(notice);
      events.push_back(feed::MakeEvent(aggregate_type, id, region, event, id.time()));
    }
    return events;
  }
};

}  // namespace

void RegisterSupervisionNoticeService(rpc::Router& router, ServiceOptions options) {
  const std::string s = Cat(kService, ".");
  router.Unary<v1::IssueSupervisionNoticesRequest, v1::IssueSupervisionNoticesResponse>(
      s + "IssueSupervisionNotices",
      [options](CallContext& context, const v1::IssueSupervisionNoticesRequest& request) {
        return Issue(context, request, options);
      });
  router.Unary<v1::GetSupervisionNoticeRequest, v1::SupervisionNotice>(
      s + "GetSupervisionNotice",
      [options](CallContext& context, const v1::GetSupervisionNoticeRequest& request)
          -> absl::StatusOr<v1::SupervisionNotice> {
        ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
        ASSIGN_OR_RETURN(v1::SupervisionNotice notice, Get(context.db, id, context.scope));
        RETURN_IF_ERROR(AddAllowed(context.db, context, options, {&notice}));
        return notice;
      });
  router.Unary<v1::BatchGetSupervisionNoticesRequest, v1::BatchGetSupervisionNoticesResponse>(
      s + "BatchGetSupervisionNotices",
      [options](CallContext& context, const v1::BatchGetSupervisionNoticesRequest& request) {
        return BatchGet(context, request, options);
      });
  router.Unary<v1::ListSupervisionNoticesRequest, v1::ListSupervisionNoticesResponse>(
      s + "ListSupervisionNotices",
      [options](CallContext& context, const v1::ListSupervisionNoticesRequest& request) {
        return ListNotices(context, request, options);
      });
  router.Unary<v1::CountSupervisionNoticesRequest, v1::CountSupervisionNoticesResponse>(
      s + "CountSupervisionNotices",
      [options](CallContext& context, const v1::CountSupervisionNoticesRequest& request)
          -> absl::StatusOr<v1::CountSupervisionNoticesResponse> {
        ASSIGN_OR_RETURN(const Filter filter, FilterOf(context, request, options));
        ASSIGN_OR_RETURN(std::vector<v1::SupervisionNoticeCount> counts,
                         Count(context.db, filter, ShanghaiDay(context.now)));
        v1::CountSupervisionNoticesResponse response;
        for (v1::SupervisionNoticeCount& count : counts) {
          *response.add_counts() = std::move(count);
        }
        return response;
      });
  router.Unary<v1::AnswerSupervisionNoticeRequest, v1::SupervisionNotice>(
      s + "AnswerSupervisionNotice",
      [options](CallContext& context, const v1::AnswerSupervisionNoticeRequest& request) {
        return AnswerNotice(context, request, options);
      });
  router.Unary<v1::ReturnSupervisionNoticeRequest, v1::SupervisionNotice>(
      s + "ReturnSupervisionNotice",
      [options](CallContext& context, const v1::ReturnSupervisionNoticeRequest& request) {
        return ReturnNotice(context, request, options);
      });
  router.Unary<v1::CloseSupervisionNoticeRequest, v1::SupervisionNotice>(
      s + "CloseSupervisionNotice",
      [options](CallContext& context, const v1::CloseSupervisionNoticeRequest& request) {
        return CloseNotice(context, request, options);
      });
  router.Unary<v1::BatchReturnSupervisionNoticesRequest, v1::BatchReturnSupervisionNoticesResponse>(
      s + "BatchReturnSupervisionNotices",
      [options](CallContext& context, const v1::BatchReturnSupervisionNoticesRequest& request) {
        return BatchReturn(context, request, options);
      });
  router.Unary<v1::BatchCloseSupervisionNoticesRequest, v1::BatchCloseSupervisionNoticesResponse>(
      s + "BatchCloseSupervisionNotices",
      [options](CallContext& context, const v1::BatchCloseSupervisionNoticesRequest& request) {
        return BatchClose(context, request, options);
      });
  router.Unary<v1::WithdrawSupervisionNoticeRequest, v1::SupervisionNotice>(
      s + "WithdrawSupervisionNotice",
      [options](CallContext& context, const v1::WithdrawSupervisionNoticeRequest& request) {
        return EndNotice(context, request, "withdraw", request.reason(), options);
      });
}

std::shared_ptr<feed::SnapshotSource> NoticeStates() { return std::make_shared<States>(); }

}  // namespace bangfu::notice
