// A parsed row of T1 as the contract's project; inside this folder only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bangfu/registry/v1/project.pb.h"
#include "common/printed/vocabulary.h"
#include "services/registry/domain/intake/project_table.h"

namespace bangfu::registry {

// Columns beyond T1 that are taken when a table has them.
enum class ExtraField {
  kNone,
  kPlannedStart,
  kPlannedEnd,
  kPlanting,
  kCapacity,
  kCapacityUnit,
  kChainLinks,
  kLinkageModes,
  kGoal,
  kExternalId,
  kApprovedYear,
};
ExtraField ExtraFieldOf(std::string_view header);

// Words of the reference data, by what they are called and by code.
struct ImportWords {
  std::map<std::string, std::string> links;       // 精深加工 or DEEP_PROC -> DEEP_PROC
  std::map<std::string, std::string> modes;       // 收益分红 or DIVIDEND -> DIVIDEND
  std::map<std::string, std::string> industries;  // speciality or major by name or code
  std::map<std::string, std::string> types;       // 种植 or PLANTING -> PLANTING
  std::map<std::string, std::string> natures;     // 新建 or NEW -> NEW
  std::vector<printed::ClassSynonym> classes;     // 另起炉灶类 -> ADJUST
  // In the order of the list: the word that a text of that category holds, and the category.
  std::vector<std::pair<std::string, std::string>> content;
};

// Texts are cut to what the contract holds; what no field could take is kept in raw_texts. Adds
// what is asked to `row->report`.
v1::Project ProjectFromRow(const std::map<ExtraField, std::string>& extra, const ImportWords& words,
                           intake::ParsedProjectRow* row);

// What a table says, laid over what is stored: fields that the table leaves empty or does not give
// exactly stay.
v1::Project MergeProject(const v1::Project& stored, const v1::Project& row);

}  // namespace bangfu::registry
