// What the cells of asset tables mean. Text in, proposals out; no database, no contract.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/printed/amount.h"
#include "services/asset/domain/rules.h"
#include "services/asset/domain/types.h"
#include "services/asset/intake/asset_columns.h"

namespace bangfu::asset::tables {

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
// nullopt: no mode is named, or several are.
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

// Owners with their shares: one alone has all; 占股51% as stated; 甲村30万元、乙村70万元 by the
// amounts; else unknown (0 for each).
struct Owner {
  std::string name;
  int32_t share_bp = 0;
};
std::vector<Owner> OwnersOf(std::string_view text);

// Consumables inside a printed value (原值含菌棒15万元): an expense, no asset. nullopt: none named.
std::optional<printed::Amount> ConsumablesIn(std::string_view note);

// 无, 未落实, /: there is none, or none is named.
bool SaysNone(std::string_view text);
// 是, 有 and 否, 无; nullopt: blank, or it says neither.
std::optional<bool> YesNo(std::string_view text);
// 已投保, 未参保 …; nullopt as above: 部分投保, 正在办理.
std::optional<bool> InsuredOf(std::string_view text);
std::optional<bool> IrreparableOf(std::string_view text);

// 已确权/赣(2021)第1号: state and certificate in one cell, or either of them. Without a status the
// text is not clear, or blank.
struct TitleText {
  std::optional<TitleStatus> status;
  std::string cert_no;
};
TitleText TitleOf(std::string_view text);

// Codes of the ownership basis, each once; words that are not known are given back.
struct OwnershipBasis {
  std::vector<std::string> codes;
  std::vector<std::string> unknown;
};
OwnershipBasis BasisOf(std::string_view text);

// 2021-01-01至2029-12-31: its two days as printed, if they can be told from each other.
struct Term {
  std::string from;
  std::string to;
};
std::optional<Term> TermOf(std::string_view text);

}  // namespace bangfu::asset::tables
