// The columns of asset tables: T4 (资产台账) and what governments have published.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bangfu::asset::tables {

enum class Field {
  kNone,
  kSerial,
  kSourceId,
  kCode,
  kName,
  kClass,
  kKind,
  kForm,
  kProject,
  kFunds,
  kValue,
  kPresentValue,
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
  kBasis,
  kTransferred,
  kMode,
  kOperator,
  kUscc,
  kContractTerm,
  kContractFrom,
  kContractTo,
  kAgreed,
  kIncome,
  kDividendDue,
  kDividendPaid,
  kDistribution,
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
// What a field's printed text is kept under: the path of the asset's own field where it has one, so
// that the text goes when that is filled in.
std::string_view RawName(Field field);

// The header row of a table: where each field stands, and the headers as printed (for units).
struct Header {
  std::map<Field, size_t> columns;
  std::map<Field, std::string> texts;
  // Columns that no field takes.
  struct Other {
    size_t column = 0;
    std::string name;   // its header, else 第9列 (from 1); the same for no two, and no RawName
    std::string taken;  // the header that was taken for the same field; empty: not known at all
    bool personal =
        false;  // names, telephones, papers: not kept, for the raw texts are read by all
  };
  std::vector<Other> others;
  // Enough of a header to read rows by: the name and two fields more.
  bool usable() const { return columns.contains(Field::kName) && columns.size() >= 3; }
  // The column at that place as one that no field takes: a cell beyond the header, too.
  Other OtherAt(size_t column) const;
};
Header ReadHeader(const std::vector<std::string>& cells);

}  // namespace bangfu::asset::tables
