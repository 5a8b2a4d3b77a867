#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/strings.h"
#include "common/rpc/mutation.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/store/reference_id.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

absl::StatusOr<v1::ListTaxonomiesResponse> ListTaxonomiesRpc(Context& context,
                                                             const v1::ListTaxonomiesRequest&) {
  ASSIGN_OR_RETURN(const std::vector<TaxonomyRow> rows, ListTaxonomies(context.db));
  v1::ListTaxonomiesResponse response;
  for (const TaxonomyRow& row : rows) *response.add_taxonomies() = TaxonomyMessage(row);
  return response;
}

absl::StatusOr<v1::ListIndustryCategoriesResponse> ListCategories(
    Context& context, const v1::ListIndustryCategoriesRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  std::string version = request.taxonomy_version();
  if (version.empty()) {
    ASSIGN_OR_RETURN(version, CurrentTaxonomy(context.db));
  }
  // A version is a few hundred rows.
  ASSIGN_OR_RETURN(std::vector<CategoryRow> rows, LoadCategories(context.db, version));
  const std::string after = page.key.empty() ? "" : page.key[0];
  rows.erase(std::remove_if(rows.begin(), rows.end(),
                            [&](const CategoryRow& c) {
                              return (request.level() != 0 && c.level != request.level()) ||
                                     (!request.parent_code().empty() &&
                                      c.parent_code != request.parent_code()) ||
                                     (!page.key.empty() && c.code <= after);
                            }),
             rows.end());
  v1::ListIndustryCategoriesResponse response;
  ClosePage(page, &rows, &response,
            [](const CategoryRow& c) -> std::vector<std::string> { return {c.code}; });
  for (const CategoryRow& row : rows) *response.add_categories() = CategoryMessage(row);
  return response;
}

absl::Status PublishCategories(Mutation& m, const std::vector<CategoryRow>& rows) {
  v1::IndustryCategoriesChanged event;
  ASSIGN_OR_RETURN(const std::string current, CurrentTaxonomy(m.tx()));
  event.set_current_taxonomy_version(current);
  for (const CategoryRow& row : rows) *event.add_categories() = CategoryMessage(row);
  return m.Publish("industry_category_batch",
                   IdOfKey("taxonomy", rows.empty() ? current : rows[0].taxonomy_version), "",
                   event);
}

absl::StatusOr<v1::ImportIndustryCategoriesResponse> ImportCategories(
    Context& context, const v1::ImportIndustryCategoriesRequest& request) {
  return rpc::Mutate<v1::ImportIndustryCategoriesResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ImportIndustryCategoriesResponse> {
        ASSIGN_OR_RETURN(const std::vector<CategoryRow> standing, LoadCategories(m.tx(), ""));
        std::map<std::pair<std::string, std::string>, CategoryRow> known;
        for (const CategoryRow& row : standing) known[{row.taxonomy_version, row.code}] = row;
        std::vector<CategoryRow> rows;
        for (const v1::IndustryCategory& c : request.categories()) {
          rows.push_back({c.taxonomy_version(),
                          c.code(),
                          c.name(),
                          c.level(),
                          c.parent_code(),
                          {c.applicable_links().begin(), c.applicable_links().end()},
                          c.cultivation_months(),
                          {c.maps_from().begin(), c.maps_from().end()},
                          c.unconfirmed()});
        }
        auto after = known;
        for (const CategoryRow& row : rows) after[{row.taxonomy_version, row.code}] = row;
        Error parent =
            Error(absl::StatusCode::kInvalidArgument, "PARENT_UNKNOWN").Zh("上级产业不存在");
        bool orphan = false;
        std::vector<std::pair<std::string, std::string>> bad;
        for (size_t i = 0; i < rows.size(); ++i) {
          const std::string field = absl::StrCat("categories[", i, "]");
          if (rows[i].level == v1::INDUSTRY_LEVEL_SPECIALITY) {
            const auto found = after.find({rows[i].taxonomy_version, rows[i].parent_code});
            if (found == after.end() || found->second.level != v1::INDUSTRY_LEVEL_MAJOR) {
              parent.Field(Cat(field, ".parent_code"), "上级产业不存在");
              orphan = true;
            }
          }
          for (const std::string& link : rows[i].applicable_links) {
            const auto found = after.find({rows[i].taxonomy_version, link});
            if (found == after.end() || found->second.level != v1::INDUSTRY_LEVEL_CHAIN_LINK) {
              bad.emplace_back(Cat(field, ".applicable_links"), link);
            }
          }
        }
        if (orphan) return parent.Build();
        RETURN_IF_ERROR(CodesUnknown(bad));
        v1::ImportIndustryCategoriesResponse response;
        std::vector<CategoryRow> writes;
        std::set<std::string> versions;
        for (const CategoryRow& row : rows) {
          const auto old = known.find({row.taxonomy_version, row.code});
          if (old == known.end()) {
            response.set_created(response.created() + 1);
          } else if (old->second == row) {
            response.set_unchanged(response.unchanged() + 1);
            continue;
          } else {
            response.set_updated(response.updated() + 1);
          }
          versions.insert(row.taxonomy_version);
          writes.push_back(row);
        }
        if (writes.empty()) return response;
        for (const std::string& version : versions) {
          RETURN_IF_ERROR(AddTaxonomy(m.tx(), version, Cat("产业目录", version)));
        }
        RETURN_IF_ERROR(UpsertCategories(m.tx(), writes));
        RETURN_IF_ERROR(
            m.Audit("industry_category_import", context.ids.Next(), "36", nullptr, request));
        RETURN_IF_ERROR(PublishCategories(m, writes));
        return response;
      });
}

absl::StatusOr<v1::Taxonomy> Activate(Context& context,
                                      const v1::ActivateTaxonomyRequest& request) {
  return rpc::Mutate<v1::Taxonomy>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Taxonomy> {
        ASSIGN_OR_RETURN(std::vector<TaxonomyRow> rows, ListTaxonomies(m.tx()));
        const auto found = std::find_if(rows.begin(), rows.end(), [&](const TaxonomyRow& row) {
          return row.taxonomy_version == request.taxonomy_version();
        });
        if (found == rows.end()) return NotFound("taxonomy", request.taxonomy_version()).Build();
        const v1::Taxonomy before = TaxonomyMessage(*found);
        RETURN_IF_ERROR(SetCurrentTaxonomy(m.tx(), request.taxonomy_version()));
        found->is_current = true;
        const v1::Taxonomy after = TaxonomyMessage(*found);
        RETURN_IF_ERROR(m.Audit("taxonomy", IdOfKey("taxonomy", request.taxonomy_version()), "36",
                                &before, after));
        ASSIGN_OR_RETURN(const auto categories, LoadCategories(m.tx(), request.taxonomy_version()));
        RETURN_IF_ERROR(PublishCategories(m, categories));
        return after;
      });
}

}  // namespace

void RegisterTaxonomyHandlers(rpc::Router& router) {
  const std::string taxonomy = "bangfu.registry.v1.TaxonomyService.";
  router.Unary<v1::ListTaxonomiesRequest, v1::ListTaxonomiesResponse>(taxonomy + "ListTaxonomies",
                                                                      ListTaxonomiesRpc);
  router.Unary<v1::ListIndustryCategoriesRequest, v1::ListIndustryCategoriesResponse>(
      taxonomy + "ListIndustryCategories", ListCategories);
  router.Unary<v1::ImportIndustryCategoriesRequest, v1::ImportIndustryCategoriesResponse>(
      taxonomy + "ImportIndustryCategories", ImportCategories);
  router.Unary<v1::ActivateTaxonomyRequest, v1::Taxonomy>(taxonomy + "ActivateTaxonomy", Activate);
}

}  // namespace bangfu::registry
