#include "common/inbox/service.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/base/clock.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/contract/access.h"
#include "common/inbox/query.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"

namespace bangfu::inbox {
namespace {

using rpc::CallContext;
using rpc::Mutation;

constexpr char kAggregate[] = "work_item";
constexpr char kUrgeAggregate[] = "work_urge";
constexpr char kService[] = "bangfu.inbox.v1.InboxService.";

// Before this, counting day by day says no more than "very late".
constexpr int kOverdueDaysCounted = 1000;

// Today as a page sees it.
struct Today {
  absl::CivilDay day;
  absl::CivilDay soon;  // the last day that counts as near
  // Working days after the day so many days ago, up to today.
  std::vector<int> working_since;

  int WorkingDaysAfter(absl::CivilDay due) const {
    const absl::civil_diff_t ago = day - due;
    if (ago <= 0) return 0;
    return working_since[static_cast<size_t>(
        std::min<absl::civil_diff_t>(ago, kOverdueDaysCounted))];
  }
};

class Inbox {
 public:
  explicit Inbox(ServiceOptions options) : options_(std::move(options)) {
    for (const Kind& kind : options_.kinds) {
      kinds_[kind.code] = kind;
      const auto* rpc =
          google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(kind.rpc);
      if (rpc == nullptr) continue;
      if (std::vector<std::string> of = contract::ClausesOf(*rpc); !of.empty()) {
        clauses_[kind.code] = std::move(of);
      }
    }
  }

  const KindClauses& clauses() const { return clauses_; }

  std::string LabelOf(const std::string& kind) const {
    const auto found = kinds_.find(kind);
    return found == kinds_.end() ? kind : found->second.label_zh;
  }
  std::vector<std::string> KindsOf(std::string_view subject_type) const {
    std::vector<std::string> out;
    for (const auto& [code, kind] : kinds_) {
      if (kind.subject_type == subject_type) out.push_back(code);
    }
    return out;
  }

  // The calendar is read once in a while, not for every page, which is one query and another for
  // items that were urged.
  absl::StatusOr<std::shared_ptr<const Today>> TodayAt(mysql::Executor& db, absl::Time now) {
    const absl::CivilDay day = ShanghaiDay(now);
    std::lock_guard lock(mu_);
    if (today_ && today_->day == day && now - read_at_ < absl::Minutes(5) && now >= read_at_) {
      return today_;
    }
    auto today = std::make_shared<Today>();
    today->day = day;
    workflow::Calendar calendar;
    if (options_.calendar) {
      const absl::civil_year_t first = (day - kOverdueDaysCounted).year();
      ASSIGN_OR_RETURN(calendar, options_.calendar(db, first, day.year() + 1));
    }
    today->soon = workflow::AddDays(day, kSoonDays, workflow::DayKind::kWorking, calendar).day;
    today->working_since.assign(1, 0);
    for (int ago = 0; ago < kOverdueDaysCounted; ++ago) {
      today->working_since.push_back(today->working_since.back() +
                                     (calendar.IsWorking(day - ago) ? 1 : 0));
    }
    today_ = std::move(today);
    read_at_ = now;
    return today_;
  }

 private:
  const ServiceOptions options_;
  std::map<std::string, Kind, std::less<>> kinds_;
  KindClauses clauses_;
  std::mutex mu_;
  std::shared_ptr<const Today> today_;
  absl::Time read_at_;
};

v1::DueState DueStateOf(absl::CivilDay due, const Today& today) {
  if (due < today.day) return v1::DUE_STATE_OVERDUE;
  if (due == today.day) return v1::DUE_STATE_TODAY;
  return due <= today.soon ? v1::DUE_STATE_SOON : v1::DUE_STATE_AHEAD;
}

// The last day on which the item is done in time; kNoTerm: there is none.
absl::CivilDay DueOf(const v1::WorkItem& shown) {
  if (!shown.has_due_on()) return kNoTerm;
  return absl::CivilDay(shown.due_on().year(), shown.due_on().month(), shown.due_on().day());
}

// What is told of an item besides, as of today.
void TellToday(const Inbox& inbox, const Today& today, v1::WorkItem* out) {
  out->set_kind_zh(inbox.LabelOf(out->kind()));
  if (out->state() != v1::WORK_STATE_OPEN || !out->has_due_on()) return;
  const absl::CivilDay due = DueOf(*out);
  out->set_due_state(DueStateOf(due, today));
  if (out->due_state() == v1::DUE_STATE_OVERDUE) {
    out->set_overdue_working_days(today.WorkingDaysAfter(due));
  }
}

v1::WorkItem Message(const Item& item, const Inbox& inbox, const Today& today) {
  v1::WorkItem out = ShownOf(item);
  TellToday(inbox, today, &out);
  return out;
}

// A caller as one who does work of a kind: without the grants for other clauses of the policy.
class Doing {
 public:
  Doing(const Inbox& inbox, const auth::Caller& caller, const std::string& kind)
      : caller_(&caller) {
    const auto of = inbox.clauses().find(kind);
    if (of == inbox.clauses().end()) return;
    const auto serves = [&](const auth::Grant& grant) { return grant.Serves(of->second); };
    if (std::all_of(caller.grants.begin(), caller.grants.end(), serves)) return;
    narrowed_ = std::make_unique<auth::Caller>(caller);
    std::erase_if(narrowed_->grants, [&](const auth::Grant& grant) { return !serves(grant); });
    caller_ = narrowed_.get();
  }
  const auth::Caller& caller() const { return *caller_; }

 private:
  const auth::Caller* caller_;
  std::unique_ptr<auth::Caller> narrowed_;
};

// The grant by which the caller stands above those who should act, among those of `roles` that
// cover the work: above the lowest of them, where LevelOf is the highest.
const auth::Grant* GrantAbove(const auth::Caller& caller, const std::vector<auth::Role>& roles,
                              const v1::WorkItem& item, const auth::Facets& facets = {}) {
  int level = 0;
  for (const int role : item.roles()) {
    level = std::max(
        level, std::min(LevelOfRole(role), static_cast<int>(LevelOfRegion(item.region_path()))));
  }
  for (const auth::Grant& grant : caller.grants) {
    if (std::find(roles.begin(), roles.end(), grant.role) != roles.end() &&
        !grant.region_path.empty() && RegionContains(grant.region_path, item.region_path()) &&
        LevelOfRole(grant.role) < level && grant.Covers(facets)) {
      return &grant;
    }
  }
  return nullptr;
}

// The grant for an urging; its refusals. The rpc and allowed_actions alike. `doing`: the caller's
// part in work of this kind, which has to outlive the grant.
absl::StatusOr<const auth::Grant*> MayUrge(const auth::Caller& caller, const Doing& doing,
                                           const std::vector<auth::Role>& roles,
                                           const v1::WorkItem& item, const auth::Facets& facets) {
  if (item.state() != v1::WORK_STATE_OPEN) {
    return FailedPrecondition("WORK_CLOSED", "该事项已办结").Build();
  }
  const auth::Grant* grant = GrantAbove(doing.caller(), roles, item, facets);
  if (grant != nullptr) return grant;
  if (GrantAbove(caller, roles, item) != nullptr) return workflow::ScopeExcludes("督办").Build();
  return Error(absl::StatusCode::kPermissionDenied, "URGE_NOT_ABOVE")
      .Zh("只有上级可以督办")
      .Build();
}

// The roles that the contract lets urge.
const std::vector<auth::Role>& UrgingRoles() {
  static const auto& roles = *new std::vector<auth::Role>([] {
    std::vector<auth::Role> out;
    const auto access = contract::AccessOf(
        *contract::FindService("bangfu.inbox.v1.InboxService")->FindMethodByName("UrgeWork"));
    for (const int role : access->roles()) out.push_back(static_cast<auth::Role>(role));
    return out;
  }());
  return roles;
}

// The item with what the caller can do with it itself: mark_read while it lies unread in their
// inbox, to do or to look after; urge for who stands above those who should act.
void TellActions(const CallContext& context, const Inbox& inbox, const auth::Facets& facets,
                 v1::WorkItem* out) {
  std::vector<workflow::AllowedAction> actions;
  if (out->unread()) {
    actions.push_back(workflow::ActionOf("mark_read", "标为已阅", absl::OkStatus()));
  }
  if (GrantAbove(context.caller, UrgingRoles(), *out) != nullptr) {
    const Doing doing(inbox, context.caller, out->kind());
    actions.push_back(workflow::ActionOf(
        "urge", "督办", MayUrge(context.caller, doing, UrgingRoles(), *out, facets).status()));
  }
  workflow::FillAllowedActions(actions, out->mutable_allowed_actions());
}

bool IsMine(const CallContext& context, const Inbox& inbox, const Item& item, const Today& today) {
  const Doing doing(inbox, context.caller, item.kind);
  return item.state == ItemState::kOpen && item.starts_on <= today.day &&
         GrantFor(doing.caller(), item) != nullptr;
}

// In the caller's inbox: to do, or to look after.
bool InInbox(const CallContext& context, const Inbox& inbox, const Item& item, const Today& today) {
  const Doing doing(inbox, context.caller, item.kind);
  return IsMine(context, inbox, item, today) ||
         (item.state == ItemState::kOpen && GrantOfEscalation(doing.caller(), item) != nullptr);
}

// --- page tokens

absl::Status BadToken() { return InvalidField("page_token", "分页标记无效").Build(); }

std::string DayText(absl::CivilDay day) { return absl::FormatCivilTime(day); }

absl::StatusOr<absl::CivilDay> ParseDay(const std::string& text) {
  absl::CivilDay day;
  if (!absl::ParseCivilTime(text, &day)) return BadToken();
  return day;
}

absl::StatusOr<Ulid> ParseTokenId(const std::string& text) {
  absl::StatusOr<Ulid> id = Ulid::Parse(text);
  if (!id.ok()) return BadToken();
  return id;
}

template <typename Request>
std::string FilterOf(const Request& request) {
  Request filter = request;
  filter.clear_page_size();
  filter.clear_page_token();
  return filter.SerializeAsString();
}

absl::StatusOr<std::string> RegionFilter(const std::string& code) {
  if (code.empty()) return std::string();
  return NormalizeRegionCode(code);
}

// --- reads

absl::StatusOr<v1::ListMyWorkResponse> ListMyWork(CallContext& context, Inbox& inbox,
                                                  const v1::ListMyWorkRequest& request) {
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(request.page_size()));
  const std::string filter = FilterOf(request);
  ASSIGN_OR_RETURN(const std::vector<std::string> key,
                   DecodePageToken(request.page_token(), filter));
  ASSIGN_OR_RETURN(const auto today, inbox.TodayAt(context.db, context.now));
  MyQuery query;
  if (!key.empty()) {
    if (key.size() != 2) return BadToken();
    ASSIGN_OR_RETURN(const absl::CivilDay due, ParseDay(key[0]));
    ASSIGN_OR_RETURN(const Ulid id, ParseTokenId(key[1]));
    query.after = {due, id};
  }
  query.kinds.assign(request.kinds().begin(), request.kinds().end());
  if (!request.subject_type().empty()) {
    std::vector<std::string> of_type = inbox.KindsOf(request.subject_type());
    if (!query.kinds.empty()) {
      std::erase_if(of_type, [&](const std::string& kind) {
        return std::find(query.kinds.begin(), query.kinds.end(), kind) == query.kinds.end();
      });
    }
    if (of_type.empty()) return v1::ListMyWorkResponse();
    query.kinds = std::move(of_type);
  }
  query.overdue_only = request.overdue_only();
  query.escalated_only = request.escalated_only();
  ASSIGN_OR_RETURN(query.region, RegionFilter(request.region_code()));
  query.today = today->day;
  query.clauses = &inbox.clauses();
  query.limit = size + 1;
  ASSIGN_OR_RETURN(std::vector<MyItem> page, ListMine(context.db, context.caller, query));
  v1::ListMyWorkResponse response;
  for (MyItem& mine : page) {
    if (response.items_size() == size) {
      const v1::WorkItem& last = response.items(size - 1);
      response.set_next_page_token(EncodePageToken({DayText(DueOf(last)), last.id()}, filter));
      break;
    }
    v1::WorkItem* out = response.add_items();
    *out = std::move(mine.shown);
    TellToday(inbox, *today, out);
    out->set_mine(mine.mine);
    out->set_unread(mine.unread);
    TellActions(context, inbox, mine.facets, out);
  }
  return response;
}

absl::StatusOr<v1::CountMyWorkResponse> CountMyWork(CallContext& context, Inbox& inbox,
                                                    const v1::CountMyWorkRequest& request) {
  ASSIGN_OR_RETURN(const auto today, inbox.TodayAt(context.db, context.now));
  MyQuery query;
  ASSIGN_OR_RETURN(query.region, RegionFilter(request.region_code()));
  query.today = today->day;
  query.clauses = &inbox.clauses();
  ASSIGN_OR_RETURN(const std::vector<KindCount> counts,
                   CountMine(context.db, context.caller, query, today->soon));
  v1::CountMyWorkResponse response;
  v1::WorkCount* total = response.mutable_total();
  for (const KindCount& c : counts) {
    v1::WorkCount* out = response.add_kinds();
    out->set_kind(c.kind);
    out->set_kind_zh(inbox.LabelOf(c.kind));
    out->set_open(c.open);
    out->set_due_today(c.today);
    out->set_due_soon(c.soon);
    out->set_overdue(c.overdue);
    out->set_unread(c.unread);
    out->set_escalated(c.escalated);
    total->set_open(total->open() + c.open);
    total->set_due_today(total->due_today() + c.today);
    total->set_due_soon(total->due_soon() + c.soon);
    total->set_overdue(total->overdue() + c.overdue);
    total->set_unread(total->unread() + c.unread);
    total->set_escalated(total->escalated() + c.escalated);
  }
  return response;
}

absl::StatusOr<v1::ListMyDoneResponse> ListMyDone(CallContext& context, Inbox& inbox,
                                                  const v1::ListMyDoneRequest& request) {
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::vector<std::string> key,
                   DecodePageToken(request.page_token(), "done"));
  std::optional<std::pair<absl::Time, Ulid>> before;
  if (!key.empty()) {
    int64_t micros = 0;
    if (key.size() != 2 || !ParseInt(key[0], &micros)) return BadToken();
    ASSIGN_OR_RETURN(const Ulid id, ParseTokenId(key[1]));
    before = {absl::FromUnixMicros(micros), id};
  }
  ASSIGN_OR_RETURN(const auto today, inbox.TodayAt(context.db, context.now));
  ASSIGN_OR_RETURN(const std::vector<Item> page,
                   ListDone(context.db, context.caller, inbox.clauses(), before, size + 1));
  v1::ListMyDoneResponse response;
  for (const Item& item : page) {
    if (response.items_size() == size) {
      const Item& last = page[static_cast<size_t>(size) - 1];
      response.set_next_page_token(EncodePageToken(
          {absl::StrCat(absl::ToUnixMicros(*last.closed_at)), last.id.ToString()}, "done"));
      break;
    }
    *response.add_items() = Message(item, inbox, *today);
  }
  return response;
}

absl::StatusOr<v1::ListWorkBelowResponse> ListWorkBelow(CallContext& context, Inbox& inbox,
                                                        const v1::ListWorkBelowRequest& request) {
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(request.page_size()));
  const std::string filter = FilterOf(request);
  ASSIGN_OR_RETURN(const std::vector<std::string> key,
                   DecodePageToken(request.page_token(), filter));
  ASSIGN_OR_RETURN(const auto today, inbox.TodayAt(context.db, context.now));
  BelowQuery query;
  if (!key.empty()) {
    if (key.size() != 3) return BadToken();
    query.after_region = key[0];
    ASSIGN_OR_RETURN(query.after_due, ParseDay(key[1]));
    ASSIGN_OR_RETURN(query.after_id, ParseTokenId(key[2]));
  }
  ASSIGN_OR_RETURN(const std::string region, RegionFilter(request.region_code()));
  for (const std::string& prefix : context.scope) {
    if (RegionContains(prefix, region)) {
      query.scope.push_back(region);
    } else if (RegionContains(region, prefix)) {
      query.scope.push_back(prefix);
    }
  }
  query.kinds.assign(request.kinds().begin(), request.kinds().end());
  if (request.overdue_only()) query.due_before = today->day;
  query.limit = size + 1;
  ASSIGN_OR_RETURN(const std::vector<Item> page, ListBelow(context.db, query));
  v1::ListWorkBelowResponse response;
  for (const Item& item : page) {
    if (response.items_size() == size) {
      const Item& last = page[static_cast<size_t>(size) - 1];
      response.set_next_page_token(
          EncodePageToken({last.region_path, DayText(last.due_on), last.id.ToString()}, filter));
      break;
    }
    v1::WorkItem* out = response.add_items();
    *out = Message(item, inbox, *today);
    out->set_mine(IsMine(context, inbox, item, *today));
    TellActions(context, inbox, item.facets, out);
  }
  return response;
}

absl::StatusOr<v1::WorkItem> GetWorkItem(CallContext& context, Inbox& inbox,
                                         const v1::GetWorkItemRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(const auto today, inbox.TodayAt(context.db, context.now));
  ASSIGN_OR_RETURN(const Item item, GetItem(context.db, id, context.scope));
  v1::WorkItem out = Message(item, inbox, *today);
  if (InInbox(context, inbox, item, *today)) {
    out.set_mine(IsMine(context, inbox, item, *today));
    ASSIGN_OR_RETURN(const bool read, IsRead(context.db, context.caller.subject, id));
    out.set_unread(!read);
  }
  TellActions(context, inbox, item.facets, &out);
  return out;
}

// --- changes

absl::StatusOr<v1::MarkReadResponse> Mark(CallContext& context, Inbox& inbox,
                                          const v1::MarkReadRequest& request) {
  std::vector<Ulid> ids;
  for (const std::string& text : request.ids()) {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(text));
    ids.push_back(id);
  }
  ASSIGN_OR_RETURN(const auto today, inbox.TodayAt(context.db, context.now));
  // A read mark is the person's own bookmark: no record changes, so there is nothing to audit.
  return rpc::Mutate<v1::MarkReadResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::MarkReadResponse> {
        ASSIGN_OR_RETURN(std::vector<Item> items, OpenItemsById(m.tx(), ids, context.scope));
        std::erase_if(items,
                      [&](const Item& item) { return !InInbox(context, inbox, item, *today); });
        RETURN_IF_ERROR(MarkRead(m.tx(), context.caller.subject, items, context.now));
        v1::MarkReadResponse response;
        response.set_marked(static_cast<int32_t>(items.size()));
        return response;
      });
}

absl::StatusOr<v1::WorkItem> Urge(CallContext& context, Inbox& inbox,
                                  const v1::UrgeWorkRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  std::optional<absl::CivilDay> nearer;
  if (request.has_due_on()) {
    const google::type::Date& d = request.due_on();
    nearer = absl::CivilDay(d.year(), d.month(), d.day());
    if (nearer->year() != d.year() || nearer->month() != d.month() || nearer->day() != d.day()) {
      return InvalidField("due_on", "日期不正确").Build();
    }
  }
  ASSIGN_OR_RETURN(const auto today, inbox.TodayAt(context.db, context.now));
  return rpc::Mutate<v1::WorkItem>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::WorkItem> {
        ASSIGN_OR_RETURN(Item item, LockItem(m.tx(), id, context.scope));
        const v1::WorkItem before = Message(item, inbox, *today);
        const Doing doing(inbox, context.caller, item.kind);
        ASSIGN_OR_RETURN(const auth::Grant* grant,
                         MayUrge(context.caller, doing, context.roles, before, item.facets));
        if (nearer && (*nearer < today->day || *nearer >= item.due_on)) {
          return InvalidField("due_on", "须不早于今天，且早于现有时限").Build();
        }
        const Item standing = item;
        item.urges += 1;
        item.urged_at = context.now;
        item.urged_by = {context.caller.subject, context.caller.name,
                         options::v1::Role_Name(grant->role), grant->region_path};
        item.urged_note = request.note();
        if (nearer) item.urged_due_on = item.due_on = *nearer;
        RETURN_IF_ERROR(StoreUrge(m.tx(), standing, item));
        const v1::WorkItem after = Message(item, inbox, *today);
        RETURN_IF_ERROR(m.Audit(kAggregate, id, item.region_path, &before, after, request.note()));
        UrgeRow urge;
        urge.id = context.ids.Next();
        urge.item_id = id;
        urge.region_path = item.region_path;
        urge.urged_at = context.now;
        v1::WorkUrged event;
        event.set_id(urge.id.ToString());
        *event.mutable_item() = after;
        urge.payload = event.SerializeAsString();
        RETURN_IF_ERROR(InsertUrge(m.tx(), urge));
        RETURN_IF_ERROR(m.Publish(kUrgeAggregate, urge.id, item.region_path, event));
        return after;
      });
}

class Urges : public feed::SnapshotSource {
 public:
  std::vector<std::string> aggregate_types() const override { return {kUrgeAggregate}; }
  absl::StatusOr<std::vector<feed::OutboxEvent>> Page(
      mysql::Executor& db, const std::string& aggregate_type, const Ulid& after, int limit,
      const std::optional<feed::RegionPrefixes>& scope) override {
    ASSIGN_OR_RETURN(const std::vector<UrgeRow> page, PageUrges(db, after, limit, scope));
    std::vector<feed::OutboxEvent> events;
    v1::WorkUrged event;
    for (const UrgeRow& row : page) {
      if (!event.ParseFromString(row.payload)) {
        return absl::DataLossError("a stored urging cannot be read");
      }
      events.push_back(
          feed::MakeEvent(aggregate_type, row.id, row.region_path, event, row.urged_at));
    }
    return events;
  }
};

}  // namespace

std::shared_ptr<feed::SnapshotSource> UrgeStates() { return std::make_shared<Urges>(); }

Act ActOf(Mutation& mutation, std::string_view outcome, CalendarLookup calendar) {
  rpc::CallContext& context = mutation.context();
  return {context.ids, context.now, &context.caller, std::string(outcome), std::move(calendar)};
}

void RegisterInboxService(rpc::Router& router, ServiceOptions options) {
  const auto inbox = std::make_shared<Inbox>(std::move(options));
  const auto with = [&](auto handler) {
    return [inbox, handler](CallContext& context, const auto& request) {
      return handler(context, *inbox, request);
    };
  };
  router.Unary<v1::ListMyWorkRequest, v1::ListMyWorkResponse>(Cat(kService, "ListMyWork"),
                                                              with(ListMyWork));
  router.Unary<v1::CountMyWorkRequest, v1::CountMyWorkResponse>(Cat(kService, "CountMyWork"),
                                                                with(CountMyWork));
  router.Unary<v1::ListMyDoneRequest, v1::ListMyDoneResponse>(Cat(kService, "ListMyDone"),
                                                              with(ListMyDone));
  router.Unary<v1::ListWorkBelowRequest, v1::ListWorkBelowResponse>(Cat(kService, "ListWorkBelow"),
                                                                    with(ListWorkBelow));
  router.Unary<v1::GetWorkItemRequest, v1::WorkItem>(Cat(kService, "GetWorkItem"),
                                                     with(GetWorkItem));
  router.Unary<v1::MarkReadRequest, v1::MarkReadResponse>(Cat(kService, "MarkRead"), with(Mark));
  router.Unary<v1::UrgeWorkRequest, v1::WorkItem>(Cat(kService, "UrgeWork"), with(Urge));
}

}  // namespace bangfu::inbox
