#include "services/registry/api/dictionary.h"

#include <algorithm>
#include <map>

#include "bangfu/contracts.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/registry/api/prefill.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {
namespace {

namespace dict = ::bangfu::dictionary::v1;

bool Wanted(const std::vector<std::string>& names, const std::string& list) {
  return names.empty() || std::find(names.begin(), names.end(), list) != names.end();
}

dict::DictionaryItem ItemOf(const CodeRow& row) {
  const v1::Code code = CodeMessage(row);
  dict::DictionaryItem item;
  item.set_code(code.code());
  item.set_label_zh(code.name_zh());
  item.set_description_zh(code.description_zh());
  if (code.has_valid_from()) *item.mutable_valid_from() = code.valid_from();
  if (code.has_valid_to()) *item.mutable_valid_to() = code.valid_to();
  item.set_unconfirmed(code.unconfirmed());
  for (const v1::CodeAttribute& attribute : code.attributes()) {
    dict::DictionaryAttribute& to = *item.add_attributes();
    to.set_name(attribute.name());
    to.set_value(attribute.value());
  }
  return item;
}

absl::Status AddTaxonomyLists(mysql::Executor& db, const std::vector<std::string>& names,
                              std::vector<dict::DictionaryList>* lists) {
  if (!Wanted(names, kIndustryList) && !Wanted(names, kChainLinkList)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string version, CurrentTaxonomy(db));
  ASSIGN_OR_RETURN(const std::vector<CategoryRow> rows, LoadCategories(db, version));
  dict::DictionaryList industries, links;
  industries.set_name(kIndustryList);
  industries.set_name_zh("产业目录");
  industries.set_version(version);
  links.set_name(kChainLinkList);
  links.set_name_zh("产业链环节");
  links.set_version(version);
  for (const CategoryRow& row : rows) {
    dict::DictionaryList& list = row.level == v1::INDUSTRY_LEVEL_CHAIN_LINK ? links : industries;
    dict::DictionaryItem& item = *list.add_items();
    item.set_code(row.code);
    item.set_label_zh(row.name);
    item.set_parent_code(row.parent_code);
    item.set_unconfirmed(row.unconfirmed);
  }
  if (Wanted(names, kIndustryList)) lists->push_back(std::move(industries));
  if (Wanted(names, kChainLinkList)) lists->push_back(std::move(links));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<dict::DictionaryList>> CodeListsOf(
    mysql::Executor& db, const std::vector<std::string>& names) {
  ASSIGN_OR_RETURN(const std::vector<CodeListRow> heads, ListCodeLists(db));
  ASSIGN_OR_RETURN(std::vector<CodeRow> rows, LoadCodes(db));
  std::stable_sort(rows.begin(), rows.end(),
                   [](const CodeRow& a, const CodeRow& b) { return a.sort < b.sort; });
  std::map<std::string, dict::DictionaryList> by_name;
  for (const CodeListRow& head : heads) {
    if (!Wanted(names, head.list)) continue;
    dict::DictionaryList& list = by_name[head.list];
    list.set_name(head.list);
    list.set_name_zh(head.name_zh);
    list.set_version(Cat(head.version));
  }
  for (const CodeRow& row : rows) {
    const auto list = by_name.find(row.list);
    if (list != by_name.end()) *list->second.add_items() = ItemOf(row);
  }
  std::vector<dict::DictionaryList> lists;
  for (auto& [name, list] : by_name) lists.push_back(std::move(list));
  RETURN_IF_ERROR(AddTaxonomyLists(db, names, &lists));
  return lists;
}

}  // namespace

dictionary::Options MakeDictionaryOptions() {
  dictionary::Options options;
  options.contracts = ContractFiles();
  options.code_lists = CodeListsOf;
  options.prefills = Prefills();
  return options;
}

}  // namespace bangfu::registry
