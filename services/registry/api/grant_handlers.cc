#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "bangfu/registry/v1/grant_service.pb.h"
#include "common/audit/audit.h"
#include "common/base/region.h"
#include "common/feed/outbox.h"
#include "common/grants/copies.h"
#include "common/rpc/actor.h"
#include "common/rpc/batch_get.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_checks.h"
#include "services/registry/api/grants.h"
#include "services/registry/api/handlers.h"
#include "services/registry/store/grant_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/region_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;
using type::v1::Grant;

constexpr int kMine = 200;
constexpr int64_t kDelegationDays = 30;  // where the parameter is missing
constexpr auth::Role kAdmin = options::v1::ROLE_ORG_ADMIN;

// --- Between contract and rules

WorkScope ScopeOf(const type::v1::GrantScope& scope) {
  return {{scope.clauses().begin(), scope.clauses().end()},
          {scope.fund_sources().begin(), scope.fund_sources().end()},
          {scope.industries().begin(), scope.industries().end()}};
}

void SetScope(const WorkScope& scope, type::v1::GrantScope* out) {
  for (const std::string& one : scope.clauses) out->add_clauses(one);
  for (const std::string& one : scope.fund_sources) out->add_fund_sources(one);
  for (const std::string& one : scope.industries) out->add_industries(one);
}

GrantFacts FactsOf(const GrantRow& row, const Grant& message) {
  GrantFacts facts = row.facts;
  facts.scope = ScopeOf(message.scope());
  return facts;
}

RoleRule RuleOf(auth::Role role) {
  RoleRule rule;
  const auto* value = options::v1::Role_descriptor()->FindValueByNumber(role);
  if (value == nullptr) return rule;
  const options::v1::RoleRule& declared = value->options().GetExtension(options::v1::role_rule);
  rule.levels = {declared.levels().begin(), declared.levels().end()};
  rule.machine = declared.machine();
  return rule;
}

GrantViewer ViewerOf(const Context& context) {
  return {context.caller.subject, context.caller.Scope({kAdmin, options::v1::ROLE_AUDITOR})};
}

// Who the caller is to a grant.
workflow::Actor RelationTo(const auth::Caller& caller, const GrantFacts& grant) {
  workflow::Actor actor;
  actor.subject = caller.subject;
  bool own = false;
  for (const auth::Grant& right : caller.grants) {
    if (right.role != kAdmin || right.region_path.empty() ||
        !std::all_of(grant.regions.begin(), grant.regions.end(), [&](const std::string& region) {
          return RegionContains(right.region_path, region);
        })) {
      continue;
    }
    if (!actor.Holds(kAdmin)) actor.roles.push_back(kAdmin);
    own |= right.delegated_by.empty();
    if (!right.delegated_by.empty()) actor.lent.push_back({kAdmin, right.delegated_by});
  }
  if (own) actor.lent.clear();
  if (caller.is_system == grant.is_client && caller.subject == grant.person) {
    actor.roles.push_back(kGrantHolder);
  }
  if (!caller.is_system && caller.subject == grant.delegator) {
    actor.roles.push_back(kGrantDelegator);
  }
  return actor;
}

GrantSubject SubjectOf(const GrantFacts& facts, absl::Time now) {
  return {facts.StateAt(now), facts.person, facts.delegator, facts.is_client};
}

Grant Shown(const Context& context, const GrantRow& row) {
  Grant grant = GrantMessage(row);
  grant.set_state(static_cast<type::v1::GrantState>(row.facts.StateAt(context.now)));
  workflow::FillAllowedActions(GrantTable().Allowed(SubjectOf(row.facts, context.now),
                                                    RelationTo(context.caller, row.facts)),
                               grant.mutable_allowed_actions());
  return grant;
}

absl::StatusOr<std::vector<Ulid>> IdsOf(
    const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::vector<Ulid> ids;
  for (int i = 0; i < texts.size(); ++i) {
    ASSIGN_OR_RETURN(const Ulid id, ParseId(texts[i], Cat("ids[", i, "]")));
    ids.push_back(id);
  }
  return ids;
}

// --- Reads

absl::StatusOr<Grant> GetGrant(Context& context, const v1::GetGrantRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const std::vector<GrantRow> rows,
                   FindGrants(context.db, {id}, ViewerOf(context)));
  if (rows.empty()) return NotFound("grant", request.id()).Build();
  return Shown(context, rows.front());
}

absl::StatusOr<v1::BatchGetGrantsResponse> BatchGetGrants(
    Context& context, const v1::BatchGetGrantsRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, IdsOf(request.ids()));
  ASSIGN_OR_RETURN(const std::vector<GrantRow> rows,
                   FindGrants(context.db, ids, ViewerOf(context)));
  v1::BatchGetGrantsResponse response;
  std::vector<Grant> grants;
  for (const GrantRow& row : rows) grants.push_back(Shown(context, row));
  rpc::AnswerInOrder(ids, grants, response.mutable_grants(), response.mutable_missing_ids());
  return response;
}

absl::StatusOr<v1::ListGrantsResponse> ListGrantsRpc(Context& context,
                                                     const v1::ListGrantsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  GrantQuery query;
  ASSIGN_OR_RETURN(query.scope, ScopeAt(context, request.region_code()));
  query.person = request.person();
  query.role = request.role();
  query.state = static_cast<GrantState>(request.state());
  query.now = context.now;
  query.limit = page.size + 1;
  if (const auto after = page.after()) {
    query.after_path = after->region_path;
    query.after_id = after->id;
  }
  ASSIGN_OR_RETURN(std::vector<ListedGrant> rows, ListGrants(context.db, query));
  v1::ListGrantsResponse response;
  ClosePage(page, &rows, &response, [](const ListedGrant& listed) -> std::vector<std::string> {
    return {listed.path, listed.row.facts.id.ToString()};
  });
  for (const ListedGrant& listed : rows) *response.add_grants() = Shown(context, listed.row);
  return response;
}

// Two lists under one token, which holds the last id that each has given; "": it is at its end.
absl::StatusOr<v1::ListMyGrantsResponse> ListMyGrants(Context& context,
                                                      const v1::ListMyGrantsRequest& request) {
  ASSIGN_OR_RETURN(Page page, OpenPage(request));
  if (request.page_size() == 0) page.size = kMine;
  if (!page.key.empty() && page.key.size() != 2) {
    return InvalidField("page_token", "分页标记无效").Build();
  }
  std::vector<std::string> next(2);
  const auto list = [&](size_t which, auto read,
                        google::protobuf::RepeatedPtrField<Grant>* out) -> absl::Status {
    std::optional<Ulid> before;
    if (!page.key.empty()) {
      if (page.key[which].empty()) return absl::OkStatus();
      ASSIGN_OR_RETURN(before, ParseId(page.key[which], "page_token"));
    }
    ASSIGN_OR_RETURN(std::vector<GrantRow> rows, read(before, page.size + 1));
    if (static_cast<int>(rows.size()) > page.size) {
      rows.resize(page.size);
      next[which] = rows.back().facts.id.ToString();
    }
    for (const GrantRow& row : rows) *out->Add() = Shown(context, row);
    return absl::OkStatus();
  };
  v1::ListMyGrantsResponse response;
  const auth::Caller& caller = context.caller;
  RETURN_IF_ERROR(list(
      0,
      [&](const std::optional<Ulid>& before, int limit) {
        return GrantsOfPerson(context.db, caller.subject, caller.is_system, before, limit);
      },
      response.mutable_grants()));
  if (!caller.is_system) {
    RETURN_IF_ERROR(list(
        1,
        [&](const std::optional<Ulid>& before, int limit) {
          return GrantsDelegatedBy(context.db, caller.subject, before, limit);
        },
        response.mutable_delegated()));
  }
  if (!next[0].empty() || !next[1].empty()) {
    response.set_next_page_token(EncodePageToken(next, page.query));
  }
  return response;
}

// --- Writes

// A grant as it was and as it is now.
struct Change {
  std::optional<Grant> before;
  GrantRow row;
};

// The rows, the audit, the feed, and the copy that every call is judged by; last, since that one
// lets nobody else change a grant until the commit.
absl::Status Record(Mutation& m, const std::vector<Change>& changes, const std::string& reason) {
  std::vector<GrantRow> created;
  std::vector<audit::Entry> audits;
  std::vector<feed::OutboxEvent> events;
  std::vector<Grant> states;
  for (const Change& change : changes) {
    const GrantRow& row = change.row;
    if (change.before) {
      RETURN_IF_ERROR(UpdateGrant(m.tx(), row));
    } else {
      created.push_back(row);
    }
    Grant grant = GrantMessage(row);
    audits.push_back(m.EntryFor(grants::kAggregate, row.facts.id, row.region_path,
                                change.before ? &*change.before : nullptr, grant, reason));
    events.push_back(
        feed::MakeEvent(grants::kAggregate, row.facts.id, row.region_path, grant, m.context().now));
    states.push_back(std::move(grant));
  }
  RETURN_IF_ERROR(InsertGrants(m.tx(), created));
  RETURN_IF_ERROR(audit::AppendBatch(m.tx(), audits));
  RETURN_IF_ERROR(feed::PublishBatch(m.tx(), events));
  return grants::Write(m.tx(), states);
}

type::v1::Actor ActorAt(Mutation& m, std::string_view region) {
  return rpc::ActorMessage(m.ActorAt(region));
}

Change Revoked(Mutation& m, const GrantRow& row, const std::string& reason) {
  Change change{GrantMessage(row), row};
  Grant grant = *change.before;
  change.row.facts.revoked = true;
  ++change.row.version;
  grant.set_state(type::v1::GRANT_STATE_REVOKED);
  *grant.mutable_revoked_by() = ActorAt(m, row.region_path);
  SetTime(m.context().now, grant.mutable_revoked_at());
  grant.set_revoke_reason(reason);
  grant.set_etag(EtagOf(change.row.version));
  change.row.bytes = ToBytes(grant);
  return change;
}

Change WithEnd(const GrantRow& row, absl::Time to) {
  Change change{GrantMessage(row), row};
  Grant grant = *change.before;
  change.row.facts.validity.to = to;
  ++change.row.version;
  if (to == absl::InfiniteFuture()) {
    grant.clear_valid_to();
  } else {
    SetTime(to, grant.mutable_valid_to());
  }
  grant.set_etag(EtagOf(change.row.version));
  change.row.bytes = ToBytes(grant);
  return change;
}

// The caller's rights to administer that hold in this transaction: taking one back at the same time
// waits for us, or we for it.
absl::StatusOr<std::vector<Administration>> HoldRights(Mutation& m) {
  std::vector<Administration> rights;
  std::map<Ulid, bool> held;
  for (const auth::Grant& grant : m.context().caller.grants) {
    if (grant.role != kAdmin) continue;
    if (!grant.id.is_zero() && !held.contains(grant.id)) {
      ASSIGN_OR_RETURN(held[grant.id], HoldGrant(m.tx(), grant.id, m.context().now));
    }
    if (!grant.id.is_zero() && !held[grant.id]) continue;
    rights.push_back({grant.region_path,
                      {grant.clauses, grant.fund_sources, grant.industries},
                      grant.delegated_by});
  }
  if (rights.empty()) {
    return Error(absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED")
        .Message("the caller administers nothing any more")
        .Zh("您没有执行此操作所需的角色")
        .Build();
  }
  return rights;
}

// The grant of a request, locked, with what the caller wants of it allowed.
absl::StatusOr<GrantRow> Lock(Mutation& m, const std::string& text, std::string_view action,
                              const std::string& etag = "") {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(text, "id"));
  ASSIGN_OR_RETURN(const std::optional<GrantRow> row, LockGrant(m.tx(), id, ViewerOf(m.context())));
  if (!row) return NotFound("grant", text).Build();
  if (!etag.empty()) RETURN_IF_ERROR(CheckEtag(etag, row->version));
  RETURN_IF_ERROR(GrantTable()
                      .Execute(SubjectOf(row->facts, m.context().now), action,
                               RelationTo(m.context().caller, row->facts))
                      .status());
  return *row;
}

// Which field of an item a refusal is about.
std::string_view FieldOf(std::string_view reason) {
  if (reason == "SELF_GRANT" || reason == "GRANT_EXISTS") return "person";
  if (reason == "VALIDITY_INVALID") return "valid_to";
  if (reason == "ROLE_FOR_MACHINES" || reason == "ROLE_FOR_PERSONS") return "is_client";
  if (reason == "ROLE_LEVEL_MISMATCH") return "role";
  if (reason == "GRANT_BEYOND_SCOPE") return "scope";
  return "regions";
}

// One status for all refused items: the first one's code and reason, each item as a field.
absl::Status Refusals(const std::vector<std::pair<int, absl::Status>>& refused) {
  const ErrorDetail first = GetErrorDetail(refused.front().second);
  Error error(refused.front().second.code(), first.reason);
  error.Zh(refused.size() == 1 ? first.message_zh
                               : Cat(refused.size(), "项授权不能办理：", first.message_zh));
  for (const auto& [key, value] : first.metadata) error.With(key, value);
  for (const auto& [item, status] : refused) {
    const ErrorDetail detail = GetErrorDetail(status);
    if (detail.violations.empty()) {
      error.Field(Cat("grants[", item, "].", FieldOf(detail.reason)), detail.message_zh);
    }
    for (const FieldViolation& violation : detail.violations) {
      error.Field(violation.field, violation.description);
    }
  }
  return error.Build();
}

// The regions of all items in today's paths, with levels and names, in two queries.
struct Region {
  std::string path, name;
  int level = 0;
};
absl::StatusOr<std::map<std::string, Region>> ResolveRegions(
    Mutation& m, const google::protobuf::RepeatedPtrField<Grant>& items,
    const std::vector<Administration>& rights) {
  std::map<std::string, Region> out;  // by code as filed
  std::set<std::string> codes;
  for (int i = 0; i < items.size(); ++i) {
    for (int j = 0; j < items[i].regions_size(); ++j) {
      const auto code = NormalizeRegionCode(items[i].regions(j).code());
      if (!code.ok())
        return RegionUnknown(Cat("grants[", i, "].regions[", j, "].code"),
                             items[i].regions(j).code());
      codes.insert(*code);
    }
  }
  ASSIGN_OR_RETURN(const auto hits, LookupRegions(m.tx(), {codes.begin(), codes.end()}));
  std::vector<std::string> paths;
  for (int i = 0; i < items.size(); ++i) {
    for (int j = 0; j < items[i].regions_size(); ++j) {
      const std::string& filed = items[i].regions(j).code();
      const std::string code = *NormalizeRegionCode(filed);
      const std::string field = Cat("grants[", i, "].regions[", j, "].code");
      Region region;
      if (const auto hit = hits.find(code); hit != hits.end()) {
        if (hit->second.path.empty()) return RegionAmbiguous(field, hit->second.candidates);
        region = {hit->second.path, "", hit->second.level};
      } else if (std::any_of(rights.begin(), rights.end(),
                             [&](const Administration& right) { return right.region == code; })) {
        // Before the regions are imported the first administrator's own region is all there is.
        region = {code, "", static_cast<int>(LevelOfRegion(code))};
      } else {
        return RegionUnknown(field, filed);
      }
      paths.push_back(region.path);
      out[filed] = region;
    }
  }
  ASSIGN_OR_RETURN(const auto names, RegionNames(m.tx(), paths));
  for (auto& [code, region] : out) {
    if (const auto name = names.find(region.path); name != names.end()) region.name = name->second;
  }
  return out;
}

Validity ValidityOf(bool has_from, const google::protobuf::Timestamp& from, bool has_to,
                    const google::protobuf::Timestamp& to, absl::Time now) {
  // What the columns hold: whole microseconds.
  const auto micros = [](absl::Time t) { return absl::FromUnixMicros(absl::ToUnixMicros(t)); };
  Validity validity;
  validity.from = micros(has_from ? TimeOf(from) : now);
  if (has_to) validity.to = micros(TimeOf(to));
  return validity;
}

absl::StatusOr<v1::CreateGrantsResponse> CreateGrants(Context& context,
                                                      const v1::CreateGrantsRequest& request) {
  return rpc::Mutate<v1::CreateGrantsResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::CreateGrantsResponse> {
        ASSIGN_OR_RETURN(const std::vector<Administration> rights, HoldRights(m));
        std::vector<NamedScope> scopes;
        std::vector<NamedOrganisation> named;
        for (int i = 0; i < request.grants_size(); ++i) {
          scopes.push_back({Cat("grants[", i, "].scope"), &request.grants(i).scope()});
          named.push_back({Cat("grants[", i, "].org_code"), request.grants(i).org_code()});
        }
        RETURN_IF_ERROR(CheckScopeCodes(m.tx(), scopes, ShanghaiDay(context.now)));
        ASSIGN_OR_RETURN(const auto organisations, NamedOrganisations(m.tx(), named));
        ASSIGN_OR_RETURN(const auto regions, ResolveRegions(m, request.grants(), rights));
        std::vector<std::string> persons;
        for (const Grant& item : request.grants()) persons.push_back(item.person());
        RETURN_IF_ERROR(LockPersons(m.tx(), persons));
        std::multimap<std::string, GrantFacts> standing;
        {
          std::sort(persons.begin(), persons.end());
          persons.erase(std::unique(persons.begin(), persons.end()), persons.end());
          ASSIGN_OR_RETURN(const std::vector<GrantRow> rows, StandingGrantsOf(m.tx(), persons));
          for (const GrantRow& row : rows) {
            standing.emplace(row.facts.person, FactsOf(row, GrantMessage(row)));
          }
        }
        std::vector<Change> changes;
        std::vector<std::pair<int, absl::Status>> refused;
        for (int i = 0; i < request.grants_size(); ++i) {
          const Grant& item = request.grants(i);
          GrantRow row;
          GrantFacts& facts = row.facts;
          facts.id = context.ids.Next();
          facts.person = item.person();
          facts.is_client = item.is_client();
          facts.role = item.role();
          facts.scope = ScopeOf(item.scope());
          facts.validity = ValidityOf(item.has_valid_from(), item.valid_from(), item.has_valid_to(),
                                      item.valid_to(), context.now);
          Grant grant;
          std::vector<int> levels;
          for (const type::v1::GrantRegion& filed : item.regions()) {
            const Region& region = regions.at(filed.code());
            levels.push_back(region.level);
            if (std::find(facts.regions.begin(), facts.regions.end(), region.path) !=
                facts.regions.end()) {
              continue;
            }
            facts.regions.push_back(region.path);
            type::v1::GrantRegion& out = *grant.add_regions();
            out.set_code(filed.code());
            out.set_region_path(region.path);
            out.set_name(region.name);
          }
          row.region_path = CommonRegion(facts.regions);

          absl::Status status = CheckGrant(rights, context.caller.subject, facts);
          if (status.ok()) status = CheckRole(RuleOf(item.role()), facts.is_client, levels);
          if (status.ok()) status = CheckValidity(facts.validity, context.now);
          if (status.ok() && !facts.is_client &&
              facts.person.starts_with(auth::kCertificateSubject)) {
            status = InvalidField(Cat("grants[", i, "].person"), "cert: 开头的标识属于系统证书");
          }
          if (status.ok() && !item.org_code().empty()) {
            const OrganisationRow& organisation = organisations.at(item.org_code());
            status = CheckOrganisationRegion(organisation, facts.regions, named[i].field);
            grant.set_org_code(organisation.org_code);
            grant.set_org_name(organisation.name);
          }
          const auto [begin, end] = standing.equal_range(facts.person);
          if (status.ok() && std::any_of(begin, end, [&](const auto& other) {
                return Repeats(other.second, facts);
              })) {
            status = Error(absl::StatusCode::kAlreadyExists, "GRANT_EXISTS").Zh("同样的授权已存在");
          }
          if (!status.ok()) {
            refused.emplace_back(i, std::move(status));
            continue;
          }
          standing.emplace(facts.person, facts);
          grant.set_id(facts.id.ToString());
          grant.set_person(item.person());
          grant.set_person_name(item.person_name());
          grant.set_is_client(item.is_client());
          grant.set_role(item.role());
          if (item.has_scope()) *grant.mutable_scope() = item.scope();
          SetTime(facts.validity.from, grant.mutable_valid_from());
          if (item.has_valid_to()) SetTime(facts.validity.to, grant.mutable_valid_to());
          grant.set_state(type::v1::GRANT_STATE_ACTIVE);
          *grant.mutable_granted_by() = ActorAt(m, row.region_path);
          SetTime(context.now, grant.mutable_granted_at());
          grant.set_etag(EtagOf(row.version));
          row.bytes = ToBytes(grant);
          changes.push_back({std::nullopt, std::move(row)});
        }
        if (!refused.empty()) return Refusals(refused);
        RETURN_IF_ERROR(Record(m, changes, request.reason()));
        v1::CreateGrantsResponse response;
        for (const Change& change : changes) *response.add_grants() = Shown(context, change.row);
        return response;
      });
}

// A later end gives the right anew for the time that it adds: by the rules by which it is granted.
// An earlier one takes away, for which the regions are enough.
absl::Status CheckLonger(Mutation& m, const std::vector<Administration>& rights,
                         const GrantRow& row, const Validity& validity) {
  GrantFacts facts = FactsOf(row, GrantMessage(row));
  facts.validity = validity;
  RETURN_IF_ERROR(CheckGrant(rights, m.context().caller.subject, facts));
  ASSIGN_OR_RETURN(const std::vector<GrantRow> standing, StandingGrantsOf(m.tx(), {facts.person}));
  for (const GrantRow& other : standing) {
    if (other.facts.id == facts.id || !Repeats(FactsOf(other, GrantMessage(other)), facts)) {
      continue;
    }
    return Error(absl::StatusCode::kAlreadyExists, "GRANT_EXISTS")
        .Field("valid_to", "与同样的另一项授权有效期重叠")
        .Zh("延长后与此人同样的另一项授权有效期重叠")
        .With("grant_id", other.facts.id.ToString())
        .Build();
  }
  return absl::OkStatus();
}

absl::StatusOr<Grant> ChangeGrantValidity(Context& context,
                                          const v1::ChangeGrantValidityRequest& request) {
  return rpc::Mutate<Grant>(context, request, [&](Mutation& m) -> absl::StatusOr<Grant> {
    ASSIGN_OR_RETURN(const std::vector<Administration> rights, HoldRights(m));
    // The person before their grant, as whoever grants or lends does.
    ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
    ASSIGN_OR_RETURN(const std::vector<GrantRow> seen, FindGrants(m.tx(), {id}, ViewerOf(context)));
    if (seen.empty()) return NotFound("grant", request.id()).Build();
    RETURN_IF_ERROR(LockPersons(m.tx(), {seen.front().facts.person}));
    ASSIGN_OR_RETURN(const GrantRow row, Lock(m, request.id(), "change_validity", request.etag()));
    const Validity validity = ValidityOf(true, GrantMessage(row).valid_from(),
                                         request.has_valid_to(), request.valid_to(), context.now);
    if (absl::Status status = CheckValidity(validity, context.now); !status.ok()) {
      return Error(status.code(), ReasonOf(status))
          .Zh(GetErrorDetail(status).message_zh)
          .Field("valid_to", GetErrorDetail(status).message_zh)
          .Build();
    }
    if (validity.to > row.facts.validity.to) {
      RETURN_IF_ERROR(CheckLonger(m, rights, row, validity));
    }
    std::vector<Change> changes = {WithEnd(row, validity.to)};
    // What was lent from it ends with it.
    ASSIGN_OR_RETURN(const std::vector<GrantRow> lent, LockDelegated(m.tx(), row.facts.id));
    for (const GrantRow& one : lent) {
      if (one.facts.validity.to <= validity.to) continue;
      changes.push_back(one.facts.validity.from >= validity.to
                            ? Revoked(m, one, "来源授权的有效期已缩短")
                            : WithEnd(one, validity.to));
    }
    RETURN_IF_ERROR(Record(m, changes, request.reason()));
    return Shown(context, changes.front().row);
  });
}

absl::StatusOr<Grant> RevokeGrant(Context& context, const v1::RevokeGrantRequest& request) {
  return rpc::Mutate<Grant>(context, request, [&](Mutation& m) -> absl::StatusOr<Grant> {
    RETURN_IF_ERROR(HoldRights(m).status());
    ASSIGN_OR_RETURN(const GrantRow row, Lock(m, request.id(), "revoke", request.etag()));
    std::vector<Change> changes = {Revoked(m, row, request.reason())};
    ASSIGN_OR_RETURN(const std::vector<GrantRow> lent, LockDelegated(m.tx(), row.facts.id));
    for (const GrantRow& one : lent) changes.push_back(Revoked(m, one, "来源授权已撤销"));
    RETURN_IF_ERROR(Record(m, changes, request.reason()));
    return Shown(context, changes.front().row);
  });
}

absl::StatusOr<Grant> DelegateGrant(Context& context, const v1::DelegateGrantRequest& request) {
  return rpc::Mutate<Grant>(context, request, [&](Mutation& m) -> absl::StatusOr<Grant> {
    // Both persons first: two who lend to each other at once come one after the other.
    RETURN_IF_ERROR(LockPersons(m.tx(), {context.caller.subject, request.person()}));
    ASSIGN_OR_RETURN(const GrantRow source_row, Lock(m, request.id(), "delegate"));
    const Grant source = GrantMessage(source_row);
    GrantRow row;
    GrantFacts& facts = row.facts;
    facts.id = context.ids.Next();
    facts.person = request.person();
    facts.role = source_row.facts.role;
    facts.delegator = context.caller.subject;
    if (request.has_scope()) {
      RETURN_IF_ERROR(
          CheckScopeCodes(m.tx(), {{"scope", &request.scope()}}, ShanghaiDay(context.now)));
    }
    facts.scope = ScopeOf(request.has_scope() ? request.scope() : source.scope());
    facts.validity = ValidityOf(request.has_valid_from(), request.valid_from(), true,
                                request.valid_to(), context.now);
    row.source = source_row.facts.id;
    Grant grant;
    if (request.region_codes().empty()) {
      *grant.mutable_regions() = source.regions();
      facts.regions = source_row.facts.regions;
    }
    for (int i = 0; i < request.region_codes_size(); ++i) {
      const std::string field = Cat("region_codes[", i, "]");
      ASSIGN_OR_RETURN(const std::string path, ResolvePath(m.tx(), request.region_codes(i), field));
      if (std::find(facts.regions.begin(), facts.regions.end(), path) != facts.regions.end()) {
        continue;
      }
      facts.regions.push_back(path);
      type::v1::GrantRegion& out = *grant.add_regions();
      out.set_code(request.region_codes(i));
      out.set_region_path(path);
    }
    if (!request.region_codes().empty()) {
      ASSIGN_OR_RETURN(const auto names, RegionNames(m.tx(), facts.regions));
      for (type::v1::GrantRegion& region : *grant.mutable_regions()) {
        if (const auto name = names.find(region.region_path()); name != names.end()) {
          region.set_name(name->second);
        }
      }
    }
    row.region_path = CommonRegion(facts.regions);
    ASSIGN_OR_RETURN(const std::vector<GrantRow> standing,
                     StandingGrantsOf(m.tx(), {context.caller.subject, request.person()}));
    std::vector<GrantFacts> lent_to_me;
    for (const GrantRow& one : standing) {
      if (one.facts.person == context.caller.subject && !one.facts.delegator.empty()) {
        lent_to_me.push_back(one.facts);
      }
      if (one.source == row.source && one.facts.person == facts.person &&
          SameDuty(one.facts, facts) && one.facts.validity.Overlaps(facts.validity)) {
        return Error(absl::StatusCode::kAlreadyExists, "GRANT_EXISTS")
            .Field("person", "已委托给此人")
            .Zh("同期已把此授权委托给此人")
            .Build();
      }
    }
    ASSIGN_OR_RETURN(const int64_t days,
                     ParameterValue(m.tx(), "DELEGATION_MAX_DAYS", kDelegationDays));
    RETURN_IF_ERROR(
        CheckDelegation(FactsOf(source_row, source), facts, lent_to_me, {context.now, days}));
    grant.set_id(facts.id.ToString());
    grant.set_person(request.person());
    grant.set_person_name(request.person_name());
    grant.set_role(source.role());
    grant.set_org_code(source.org_code());
    grant.set_org_name(source.org_name());
    if (request.has_scope() || source.has_scope()) {
      SetScope(facts.scope, grant.mutable_scope());
    }
    SetTime(facts.validity.from, grant.mutable_valid_from());
    SetTime(facts.validity.to, grant.mutable_valid_to());
    grant.mutable_delegated_by()->set_person(context.caller.subject);
    grant.mutable_delegated_by()->set_person_name(
        source.person_name().empty() ? context.caller.name : source.person_name());
    grant.mutable_delegated_by()->set_grant_id(source.id());
    grant.set_state(type::v1::GRANT_STATE_ACTIVE);
    *grant.mutable_granted_by() = ActorAt(m, row.region_path);
    SetTime(context.now, grant.mutable_granted_at());
    grant.set_etag(EtagOf(row.version));
    row.bytes = ToBytes(grant);
    RETURN_IF_ERROR(Record(m, {{std::nullopt, row}}, request.reason()));
    return Shown(context, row);
  });
}

absl::StatusOr<Grant> EndDelegation(Context& context, const v1::EndDelegationRequest& request) {
  return rpc::Mutate<Grant>(context, request, [&](Mutation& m) -> absl::StatusOr<Grant> {
    ASSIGN_OR_RETURN(const GrantRow row, Lock(m, request.id(), "end_delegation", request.etag()));
    const std::string reason = request.reason().empty() ? "提前结束代理" : request.reason();
    const Change change = Revoked(m, row, reason);
    RETURN_IF_ERROR(Record(m, {change}, reason));
    return Shown(context, change.row);
  });
}

}  // namespace

void RegisterGrantHandlers(rpc::Router& router) {
  const std::string s = "bangfu.registry.v1.GrantService.";
  router.Unary<v1::GetGrantRequest, Grant>(s + "GetGrant", GetGrant);
  router.Unary<v1::BatchGetGrantsRequest, v1::BatchGetGrantsResponse>(s + "BatchGetGrants",
                                                                      BatchGetGrants);
  router.Unary<v1::ListGrantsRequest, v1::ListGrantsResponse>(s + "ListGrants", ListGrantsRpc);
  router.Unary<v1::ListMyGrantsRequest, v1::ListMyGrantsResponse>(s + "ListMyGrants", ListMyGrants);
  router.Unary<v1::CreateGrantsRequest, v1::CreateGrantsResponse>(s + "CreateGrants", CreateGrants);
  router.Unary<v1::ChangeGrantValidityRequest, Grant>(s + "ChangeGrantValidity",
                                                      ChangeGrantValidity);
  router.Unary<v1::RevokeGrantRequest, Grant>(s + "RevokeGrant", RevokeGrant);
  router.Unary<v1::DelegateGrantRequest, Grant>(s + "DelegateGrant", DelegateGrant);
  router.Unary<v1::EndDelegationRequest, Grant>(s + "EndDelegation", EndDelegation);
}

}  // namespace bangfu::registry
