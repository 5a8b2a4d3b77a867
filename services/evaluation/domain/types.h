// The vocabulary of the four-class evaluation (四个一批). Every enumeration has a stable
// UPPER_SNAKE name, which is what canonical JSON and the database hold, and a zh-CN name for
// people.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace bangfu::evaluation {

// The policy's four classes (三). The numbers are those of the contract.
enum class FourClass {
  kUnspecified = 0,
  kConsolidate = 1,
  kUpgrade = 2,
  kRevitalize = 3,
  kAdjust = 4
};

// What an evaluation can come to. Only the first four open a ledger entry.
enum class Result {
  kUnspecified = 0,
  kConsolidate = 1,
  kUpgrade = 2,
  kRevitalize = 3,
  kAdjust = 4,
  kInsufficientData = 5,  // 数据不足: the missing fields are named
  kNotApplicable = 6,     // 暂不分类: with a reason
  kManualReview = 7,      // 人工研判: the county panel names the class
};

enum class SubjectType { kUnspecified = 0, kProject = 1, kIndustry = 2 };

// The project stages of the registry, as far as the evaluation tells them apart.
enum class Stage {
  kUnspecified = 0,
  kDraft,
  kDeclared,
  kTownshipReviewed,
  kArgued,
  kPlanned,
  kApproved,
  kUnderConstruction,
  kPaused,
  kCompleted,
  kAccepted,
  kOperating,
  kIdle,
  kClosedOut,
  kTerminated,
  kSuperseded,
};

// Where a fact comes from.
enum class FactSource {
  kUnspecified = 0,
  kRegistry,
  kAsset,
  kFund,
  kRisk,
  kExpert,
  kExternal,
  kDispatch,  // a county industry's monthly dispatch report
};

// MISSING is not zero and not NOT_APPLICABLE: a missing value stays in the weight base.
enum class FactState { kUnspecified = 0, kPresent, kMissing, kNotApplicable };

// Conclusion of the argumentation (论证) whether revitalising is feasible.
enum class Feasibility { kUnknown = 0, kYes = 1, kNo = 2 };

enum class ShortBoardKind {
  kUnspecified = 0,
  kTech,
  kFacility,
  kMarketing,
  kChain,
  kBenefit,
  kLinkage,
  kResource,
  kProspect,
  kRisk,
};

// 优 / 良 / 中 / 差. Ranks within a class, decides nothing.
enum class Level { kUnspecified = 0, kExcellent, kGood, kFair, kPoor };

enum class Confidence { kUnspecified = 0, kLow, kMid, kHigh };

// 五优化 of clause (三), and what else a county finds (因地制宜).
enum class RevitalizeCategory {
  kUnspecified = 0,
  kPolicy,
  kSupporting,
  kManagement,
  kReorganize,
  kDirection,
  kOther,
};

template <typename E>
struct EnumEntry {
  E value;
  std::string_view name;
  std::string_view zh;
};

// The table of an enumeration; found by overload on a null pointer of the type.
std::span<const EnumEntry<FourClass>> Entries(const FourClass*);
std::span<const EnumEntry<Result>> Entries(const Result*);
std::span<const EnumEntry<SubjectType>> Entries(const SubjectType*);
std::span<const EnumEntry<Stage>> Entries(const Stage*);
std::span<const EnumEntry<FactSource>> Entries(const FactSource*);
std::span<const EnumEntry<FactState>> Entries(const FactState*);
std::span<const EnumEntry<Feasibility>> Entries(const Feasibility*);
std::span<const EnumEntry<ShortBoardKind>> Entries(const ShortBoardKind*);
std::span<const EnumEntry<Level>> Entries(const Level*);
std::span<const EnumEntry<Confidence>> Entries(const Confidence*);
std::span<const EnumEntry<RevitalizeCategory>> Entries(const RevitalizeCategory*);

// "" for a value that is not in the table.
template <typename E>
std::string_view EnumName(E value) {
  for (const auto& entry : Entries(static_cast<const E*>(nullptr))) {
    if (entry.value == value) return entry.name;
  }
  return "";
}

template <typename E>
std::string_view EnumZh(E value) {
  for (const auto& entry : Entries(static_cast<const E*>(nullptr))) {
    if (entry.value == value) return entry.zh;
  }
  return "";
}

template <typename E>
std::optional<E> ParseEnum(std::string_view name) {
  for (const auto& entry : Entries(static_cast<const E*>(nullptr))) {
    if (entry.name == name) return entry.value;
  }
  return std::nullopt;
}

// The class of a result; nullopt for the three results that are no class.
std::optional<FourClass> ClassOf(Result result);
Result ResultOf(FourClass four_class);

// Chinese name of a chain link (产业链环节); the code itself when it is not a seeded one.
std::string_view ChainLinkZh(std::string_view link);

}  // namespace bangfu::evaluation
