// The words of the asset ledger. The numbers are those of the contract (bangfu.asset.v1) and of the
// database.
#pragma once

#include <cstdint>
#include <string_view>

namespace bangfu::asset {

enum class AssetClass { kUnspecified = 0, kOperating = 1, kPublicWelfare = 2, kHousehold = 3 };
enum class AssetForm {
  kUnspecified = 0,
  kFixed = 1,
  kBiological = 2,
  kEquity = 3,
  kDebt = 4,
  kIntangible = 5
};
enum class OwnerLevel {
  kUnspecified = 0,
  kStateCounty = 1,
  kTownship = 2,
  kVillageCollective = 3,
  kMultiVillage = 4,
  kHousehold = 5
};
enum class TitleStatus { kUnspecified = 0, kUnregistered = 1, kRegistered = 2, kDisputed = 3 };
enum class CustodyStatus { kUnspecified = 0, kNotHandedOver = 1, kHandedOver = 2, kReturned = 3 };
enum class UseState {
  kUnspecified = 0,
  kNotStarted = 1,
  kCultivating = 2,
  kInUse = 3,
  kPartial = 4,
  kOffSeason = 5,
  kSuspended = 6,
  kIdle = 7,
  kDamaged = 8,
};
enum class AssetState {
  kUnspecified = 0,
  kActive = 1,
  kLockedForDisposal = 2,
  kDisposed = 3,
  kPrincipalRecovered = 4,
  kSplit = 5,
  kMerged = 6,
  kVoid = 7,
};
enum class Outcome {
  kUnspecified = 0,
  kNone = 1,
  kReused = 2,
  kConvertedPublic = 3,
  kDisposed = 4,
  kPrincipalRecovered = 5
};
enum class OperateMode {
  kUnspecified = 0,
  kSelf = 1,
  kLease = 2,
  kEntrust = 3,
  kCooperate = 4,
  kEquity = 5,
  kNone = 6
};
enum class Inspection { kUnspecified = 0, kPassed = 1, kFailed = 2 };
enum class RateBase { kUnspecified = 0, kOriginalValue = 1, kOutput = 2, kSales = 3, kProfit = 4 };
enum class ContractState { kUnspecified = 0, kActive = 1, kEnded = 2, kTerminated = 3, kVoid = 4 };
enum class DividendUse {
  kUnspecified = 0,
  kHousehold = 1,
  kPublicPost = 2,
  kMaintenance = 3,
  kReserve = 4,
  kPublicWelfare = 5,
  kDividend = 6
};
// Of a declared dividend, by what is paid of it, or that it is void.
enum class DividendState { kUnspecified = 0, kDeclared = 1, kPaid = 2, kPartlyPaid = 3, kVoid = 4 };
// Of income received: it stands, it was taken back, or it takes another one back.
enum class IncomeState { kStands, kReversed, kReversal };
enum class EmploymentKind { kUnspecified = 0, kAssetWork = 1, kPublicPost = 2 };
enum class EmploymentSource { kUnspecified = 0, kEntered = 1, kOperationReport = 2 };
enum class OperatingStatus {
  kUnspecified = 0,
  kNormal = 1,
  kSeasonal = 2,
  kPartial = 3,
  kSuspended = 4,
  kIdle = 5,
  kNotStarted = 6,
};

inline constexpr char kErrorDomain[] = "asset.bangfu";

}  // namespace bangfu::asset
