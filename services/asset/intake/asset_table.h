// The columns of asset tables: T4 (资产台账) and what governments have published, and what their
// cells mean. Text in, proposals out; no database, no contract.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/printed/amount.h"
#include "services/asset/domain/rules.h"
#include "services/asset/domain/types.h"

namespace bangfu::asset::tables {

enum class Field {
  kNone,
  kCode,
  kName,
  kClass,
  kKind,
  kForm,
  kProject,
  kFunds,
  kValue,
  kRegionCode,
  kProvince,
  kCity,
  kCounty,
  kTownship,
  kVillage,
  kAddress,
  kFormed,
  kOwnerLevel,
  kOwners,
  kIncomeHolders,
  kTitle,
  kCert,
  kTransferred,
  kMode,
  kOperator,
  kUscc,
  kContractFrom,
  kContractTo,
  kAgreed,
  kIncome,
  kDividendDue,
  kDividendPaid,
  kPoor,
  kMonitored,
  kPerHousehold,
  kLinkModes,
  kOmPerson,
  kOmRules,
  kOmMoney,
  kUse,
  kIdleSince,
  kIrreparable,
  kPlanting,
  kCultivation,
  kInsured,
  kNote,
};

// The field that a header names; kNone: not one of ours.
Field FieldOf(std::string_view header);
// 资产名称: for report lines.
std::string_view FieldName(Field field);

// The header row of a table: where each field stands, and the headers as printed (for units).
struct Header {
  std::map<Field, size_t> columns;
  std::map<Field, std::string> texts;
  // Enough of a header to read rows by: the name and two fields more.
  bool usable() const { return columns.contains(Field::kName) && columns.size() >= 3; }
};
Header ReadHeader(const std::vector<std::string>& cells);

// Why a row is no asset; empty: it may be one.
struct Refusal {
  std::string reason;  // SUMMARY_ROW, ASSET_NOT_FORMED, OUT_OF_SCOPE
  std::string field;
  std::string raw;
  std::string proposal_zh;
};
// By the texts of name, kind, use and note.
std::optional<Refusal> RefusalOf(std::string_view name, std::string_view kind, std::string_view use,
                                 std::string_view note);

std::optional<AssetClass> ClassOf(std::string_view text);
// 大棚, 冷库 …: such a facility earns; 道路, 水利 serve everybody. nullopt: the kind says nothing.
std::optional<AssetClass> ClassOfKind(std::string_view kind);
std::optional<AssetForm> FormOf(std::string_view text);
// ASSET_CATEGORY code of a kind of facility; empty: none known.
std::string CategoryOf(std::string_view text);
std::optional<OwnerLevel> OwnerLevelOf(std::string_view text);
std::optional<OperateMode> ModeOf(std::string_view text);
// LINKAGE_MODE codes, each once; words that are not known are given back.
struct LinkModes {
  std::vector<std::string> codes;
  std::vector<std::string> unknown;
};
LinkModes LinkModesOf(std::string_view text);

// 在用, 部分使用60%, 三处已出租、一处待租 …
struct UseText {
  UseState state = UseState::kUnspecified;
  std::vector<UsePart> parts;  // PARTIAL with its shares stated
};
UseText UseOf(std::string_view text);

// Owners with their shares: one alone has all; 占股51% as stated; else unknown (0).
struct Owner {
  std::string name;
  int32_t share_bp = 0;
};
std::vector<Owner> OwnersOf(std::string_view text);

// Consumables inside a printed value (原值含菌棒15万元): an expense, no asset. nullopt: none named.
std::optional<printed::Amount> ConsumablesIn(std::string_view note);

bool IsYes(std::string_view text);

}  // namespace bangfu::asset::tables
