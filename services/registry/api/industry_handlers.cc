#include <algorithm>
#include <set>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/audit/audit.h"
#include "common/base/clock.h"
#include "common/feed/outbox.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "services/registry/api/chain_links.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/industries.h"
#include "services/registry/api/record_message.h"
#include "services/registry/domain/project.h"
#include "services/registry/domain/short_board.h"
#include "services/registry/store/industry_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

absl::Status PublishIndustry(Mutation& m, const Ulid& id, const v1::Industry* before,
                             const v1::Industry& after) {
  RETURN_IF_ERROR(m.Audit("industry", id, after.region_path(), before, after));
  v1::IndustryChanged event;
  *event.mutable_industry() = after;
  return m.Publish("industry", id, after.region_path(), event);
}

// Checks an industry code against the current taxonomy.
absl::StatusOr<CategoryRow> IndustryCategoryOf(mysql::Executor& db, const std::string& code,
                                               std::string* version) {
  ASSIGN_OR_RETURN(*version, CurrentTaxonomy(db));
  ASSIGN_OR_RETURN(const std::vector<CategoryRow> categories, LoadCategories(db, *version));
  for (const CategoryRow& c : categories) {
    if (c.code == code && c.level != v1::INDUSTRY_LEVEL_CHAIN_LINK) return c;
  }
  return CodesUnknown({{"industry_code", code}});
}

absl::StatusOr<v1::Industry> Ensure(Context& context, const v1::EnsureIndustryRequest& request) {
  return rpc::Mutate<v1::Industry>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Industry> {
        ASSIGN_OR_RETURN(const std::string county,
                         CountyPath(context, m.tx(), request.region_code()));
        RETURN_IF_ERROR(CheckIndustryScope(context, m.tx(), county, request.industry_code()));
        return EnsureCountyIndustry(context, m, county, request.industry_code(),
                                    request.is_emerging(), request.is_sample());
      });
}

absl::StatusOr<v1::Industry> Get(Context& context, const v1::GetIndustryRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const Record record, IndustryTable().Get(context.db, id, context.scope));
  v1::Industry industry = MessageOf<v1::Industry>(record);
  ASSIGN_OR_RETURN(const int64_t projects, CountIndustryProjects(context.db, id));
  industry.set_project_count(projects);
  ASSIGN_OR_RETURN(const int64_t boards,
                   ShortBoardTable().Count(
                       context.db, Both(Both(Equals("subject_id", id), Equals("completed", false)),
                                        Equals("is_void", false))));
  industry.set_open_short_boards(boards);
  ASSIGN_OR_RETURN(const int64_t leading,
                   LeadingIndustryTable().Count(
                       context.db, Both(Equals("industry_id", id), Equals("is_active", true))));
  industry.set_is_leading(leading > 0);
  ASSIGN_OR_RETURN(const std::string version, CurrentTaxonomy(context.db));
  ASSIGN_OR_RETURN(const std::vector<CategoryRow> categories, LoadCategories(context.db, version));
  const std::vector<std::string> applicable = ApplicableLinks(categories, industry.industry_code());
  for (const std::string& link : applicable) industry.add_applicable_links(link);
  return industry;
}

absl::StatusOr<v1::ListIndustriesResponse> List(Context& context,
                                                const v1::ListIndustriesRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (!request.industry_code().empty())
    where.push_back(Equals("industry_code", request.industry_code()));
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   IndustryTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListIndustriesResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_industries() = MessageOf<v1::Industry>(row);
  return response;
}

absl::StatusOr<v1::Industry> SetChainLink(Context& context,
                                          const v1::SetChainLinkRequest& request) {
  return rpc::Mutate<v1::Industry>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Industry> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        ASSIGN_OR_RETURN(const Record record, IndustryTable().Get(m.tx(), id, context.scope));
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::Industry before = MessageOf<v1::Industry>(record);
        RETURN_IF_ERROR(
            CheckIndustryScope(context, m.tx(), record.region_path, before.industry_code()));
        ASSIGN_OR_RETURN(const std::string version, CurrentTaxonomy(m.tx()));
        ASSIGN_OR_RETURN(const std::vector<CategoryRow> categories,
                         LoadCategories(m.tx(), version));
        const std::vector<std::string> applicable =
            ApplicableLinks(categories, before.industry_code());
        const v1::PresentLink link = CanonicalLink(request.link());
        if (std::find(applicable.begin(), applicable.end(), link.link_code()) == applicable.end()) {
          return FailedPrecondition("LINK_NOT_APPLICABLE", "该产业不适用此环节")
              .With("link", link.link_code())
              .Build();
        }
        if (!request.remove()) {
          RETURN_IF_ERROR(CheckLinkReference(m.tx(), before, link, ShanghaiDay(context.now)));
        }
        v1::Industry industry = before;
        industry.clear_links();
        for (const v1::PresentLink& old : before.links()) {
          if (old.link_code() != link.link_code() || old.reference() != link.reference()) {
            *industry.add_links() = old;
          }
        }
        if (!request.remove()) *industry.add_links() = link;
        industry.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(IndustryTable().Update(m.tx(), RecordOf(id, record.version + 1, industry),
                                               {industry.industry_code()}));
        RETURN_IF_ERROR(PublishIndustry(m, id, &before, industry));
        return industry;
      });
}

}  // namespace

std::vector<std::string> ApplicableLinks(const std::vector<CategoryRow>& categories,
                                         const std::string& code) {
  std::string wanted = code;
  for (int depth = 0; depth < 2; ++depth) {
    const auto found = std::find_if(categories.begin(), categories.end(),
                                    [&](const CategoryRow& c) { return c.code == wanted; });
    if (found == categories.end()) return {};
    if (!found->applicable_links.empty()) return found->applicable_links;
    wanted = found->parent_code;
  }
  return {};
}

absl::StatusOr<std::string> CountyPath(Context& context, mysql::Executor& db,
                                       const std::string& code) {
  ASSIGN_OR_RETURN(const std::string path, ResolvePath(db, code, "region_code"));
  if (path.size() < 6 && path != "3699")
    return InvalidField("region_code", "应为县（市、区）").Build();
  const std::string county = path.substr(0, 6);
  RETURN_IF_ERROR(CheckInScope(context, county, code));
  return county;
}

absl::Status CheckIndustryScope(const Context& context, mysql::Executor& db,
                                std::string_view region_path, const std::string& industry_code) {
  ASSIGN_OR_RETURN(const Categories categories, CategoriesFor(db, context.caller));
  return workflow::CheckScope(context.caller, context.roles, region_path,
                              FacetsOfIndustry(industry_code, categories), "办理该产业的事项");
}

absl::StatusOr<v1::Industry> EnsureCountyIndustry(Context& context, rpc::Mutation& m,
                                                  const std::string& county,
                                                  const std::string& code, bool emerging,
                                                  bool sample) {
  std::string version;
  ASSIGN_OR_RETURN(const CategoryRow category, IndustryCategoryOf(m.tx(), code, &version));
  const Condition key = Both(Equals("region_path", county), Equals("industry_code", code));
  ASSIGN_OR_RETURN(auto found, IndustryTable().Find(m.tx(), key));
  if (!found) {
    v1::Industry industry;
    const Ulid id = context.ids.Next();
    industry.set_id(id.ToString());
    industry.set_region_code(county);
    industry.set_region_path(county);
    industry.set_industry_code(code);
    industry.set_taxonomy_version(version);
    industry.set_name(category.name);
    industry.set_is_emerging(emerging);
    industry.set_is_sample(sample);
    const absl::Status inserted = IndustryTable().Insert(m.tx(), RecordOf(id, 1, industry), {code});
    if (inserted.ok()) {
      industry.set_etag(EtagOf(1));
      RETURN_IF_ERROR(PublishIndustry(m, id, nullptr, industry));
      return industry;
    }
    if (!mysql::IsDuplicateKey(inserted)) return inserted;
    ASSIGN_OR_RETURN(found, IndustryTable().Find(m.tx(), key));
    if (!found) return EtagMismatch().Build();
  }
  return MessageOf<v1::Industry>(*found);
}

v1::Industry IndustryOf(const Record& record) { return MessageOf<v1::Industry>(record); }

absl::StatusOr<std::map<std::pair<std::string, std::string>, Ulid>> EnsureIndustries(
    mysql::Tx& tx, const Author& author, const ProjectReferences& references,
    const std::set<std::pair<std::string, std::string>>& wanted) {
  std::map<std::pair<std::string, std::string>, Ulid> out;
  if (wanted.empty()) return out;
  ASSIGN_OR_RETURN(out, FindIndustries(tx, wanted));
  std::vector<audit::Entry> audits;
  std::vector<feed::OutboxEvent> events;
  for (const auto& [county, code] : wanted) {
    if (out.count({county, code}) > 0) continue;
    v1::Industry industry;
    const Ulid id = author.ids.Next();
    industry.set_id(id.ToString());
    industry.set_region_code(county);
    industry.set_region_path(county);
    industry.set_industry_code(code);
    industry.set_taxonomy_version(references.taxonomy_version);
    if (const auto c = references.categories.find(code); c != references.categories.end()) {
      industry.set_name(c->second.name);
    }
    const absl::Status inserted = IndustryTable().Insert(tx, RecordOf(id, 1, industry), {code});
    if (mysql::IsDuplicateKey(inserted)) {  // another transaction was first
      ASSIGN_OR_RETURN(const auto found, FindIndustries(tx, {{county, code}}));
      if (found.empty()) return EtagMismatch().Build();
      out[{county, code}] = found.begin()->second;
      continue;
    }
    RETURN_IF_ERROR(inserted);
    industry.set_etag(EtagOf(1));
    out[{county, code}] = id;
    audit::Entry entry;
    entry.aggregate_type = "industry";
    entry.aggregate_id = id;
    entry.region_path = county;
    entry.action = author.action;
    entry.actor.subject = author.caller.subject;
    entry.actor.name = author.caller.name;
    entry.after_json = audit::ToJson(industry);
    entry.reason = "项目登记时建立县级产业";
    entry.request_id = author.request_id;
    entry.source_system = author.caller.source_system;
    entry.client_ip = author.caller.client_ip;
    entry.occurred_at = author.now;
    audits.push_back(std::move(entry));
    v1::IndustryChanged event;
    *event.mutable_industry() = industry;
    events.push_back(feed::MakeEvent("industry", id, county, event, author.now));
  }
  RETURN_IF_ERROR(audit::AppendBatch(tx, audits));
  RETURN_IF_ERROR(feed::PublishBatch(tx, events));
  return out;
}

void RegisterIndustryHandlers(rpc::Router& router) {
  const std::string service = "bangfu.registry.v1.IndustryService.";
  router.Unary<v1::EnsureIndustryRequest, v1::Industry>(service + "EnsureIndustry", Ensure);
  router.Unary<v1::GetIndustryRequest, v1::Industry>(service + "GetIndustry", Get);
  router.Unary<v1::ListIndustriesRequest, v1::ListIndustriesResponse>(service + "ListIndustries",
                                                                      List);
  router.Unary<v1::SetChainLinkRequest, v1::Industry>(service + "SetChainLink", SetChainLink);
}

}  // namespace bangfu::registry
