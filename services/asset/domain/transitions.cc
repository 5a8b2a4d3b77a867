#include "services/asset/domain/transitions.h"

#include <string>
#include <string_view>
#include <vector>

namespace bangfu::asset {
namespace {

using workflow::Actor;
using Guard = workflow::Guard<AssetSubject>;

// Numbers of bangfu.options.v1.Role.
constexpr int kVillageReporter = 1;
constexpr int kTownshipReviewer = 2;
constexpr int kCountyOperator = 4;
constexpr int kCountyApprover = 5;
constexpr int kSystemIntegrator = 15;

absl::Status Refuse(std::string_view reason, std::string_view zh) {
  return Error(absl::StatusCode::kFailedPrecondition, reason).Domain(kErrorDomain).Zh(zh).Build();
}

Guard Active() {
  return {"active", [](const AssetSubject& s, const Actor&) -> absl::Status {
            if (s.state == AssetState::kActive) return absl::OkStatus();
            if (s.state == AssetState::kLockedForDisposal) {
              return Refuse("ASSET_LOCKED", "资产处置锁定中，不能办理");
            }
            return Refuse("ASSET_NOT_ACTIVE", "资产不在正常状态，不能办理");
          }};
}
Guard OwnersComplete() {
  return {"owners", [](const AssetSubject& s, const Actor&) -> absl::Status {
            if (!s.has_ownership_basis)
              return Refuse("OWNERSHIP_BASIS_MISSING", "须先填写权属依据");
            if (!s.owner_shares_complete) {
              return Refuse("OWNER_SHARES_INCOMPLETE", "所有权人份额合计须为100%");
            }
            return absl::OkStatus();
          }};
}
Guard Certificate(bool wanted) {
  return {"certificate", [wanted](const AssetSubject& s, const Actor&) -> absl::Status {
            if (s.settles_with_certificate == wanted) return absl::OkStatus();
            return Refuse("TITLE_STATE_WRONG", wanted ? "须填写权证号" : "不登记时不填权证号");
          }};
}
Guard OtherThanTheDisputer() {
  return {"other_person", [](const AssetSubject& s, const Actor& a) -> absl::Status {
            if (!a.Is(s.disputed_by)) return absl::OkStatus();
            return Refuse("SAME_PERSON", "提出权属争议的人不能化解该争议");
          }};
}
Guard Unreferenced() {
  return {"unreferenced", [](const AssetSubject& s, const Actor&) -> absl::Status {
            if (!s.referenced) return absl::OkStatus();
            return Refuse("ASSET_REFERENCED", "已有合同、收益或分红记录，不能作废");
          }};
}

// Income that was received is distributed, whatever has become of the asset since.
workflow::Transition<AssetState, AssetSubject> DeclaresDividend(AssetState state) {
  return {{state},    "declare_dividend",
          "分配收益", {kVillageReporter, kTownshipReviewer, kCountyOperator, kSystemIntegrator},
          {},         {},
          state,      {"MINUTES", "PUBLICITY", "BOOKS", "VOUCHER", "PHOTO", "OTHER"}};
}
// What a rent by output or profit is reckoned from; a contract that has ended may still owe it.
workflow::Transition<ContractState, ContractSubject> StatesBase(ContractState state) {
  return {{state},
          "state_base",
          "填报计租基数",
          {kVillageReporter, kTownshipReviewer, kCountyOperator, kSystemIntegrator},
          {{"base_wanted",
            [](const ContractSubject& s, const Actor&) -> absl::Status {
              if (s.base_wanted) return absl::OkStatus();
              return Refuse("DUE_BASE_NOT_NEEDED", "应收按固定金额或原值计算，无需填报基数");
            }}},
          {},
          state,
          {"BOOKS", "VOUCHER", "OTHER"}};
}

// Money comes late: of a contract that is over, too, but never of one that was a mistake.
workflow::Transition<ContractState, ContractSubject> RecordsIncome(ContractState state) {
  return {{state},
          "record_income",
          "登记到账",
          {kVillageReporter, kTownshipReviewer, kCountyOperator, kSystemIntegrator},
          {{"not_void",
            [](const ContractSubject& s, const Actor&) -> absl::Status {
              if (s.state != ContractState::kVoid) return absl::OkStatus();
              return Refuse("CONTRACT_NOT_ACTIVE", "合同已作废");
            }},
           {"income_wanted",
            [](const ContractSubject& s, const Actor&) -> absl::Status {
              if (s.income_wanted) return absl::OkStatus();
              if (s.base_unknown) {
                return Refuse("DUE_BASE_UNKNOWN", "该期计租基数未填报，先填报基数再登记到账");
              }
              return Refuse("INCOME_EXCEEDS_DUE", "各期应收均已到账");
            }}},
          {},
          state};
}

std::string ContractZh(ContractState state) {
  switch (state) {
    case ContractState::kActive:
      return "履行中";
    case ContractState::kEnded:
      return "已到期";
    case ContractState::kTerminated:
      return "已解除";
    case ContractState::kVoid:
      return "作废";
    case ContractState::kUnspecified:
      break;
  }
  return "未指定";
}

std::string TitleZh(TitleStatus status) {
  switch (status) {
    case TitleStatus::kUnregistered:
      return "未确权";
    case TitleStatus::kRegistered:
      return "已确权";
    case TitleStatus::kDisputed:
      return "有争议";
    default:
      return "未指定";
  }
}
std::string CustodyZh(CustodyStatus status) {
  switch (status) {
    case CustodyStatus::kNotHandedOver:
      return "未移交";
    case CustodyStatus::kHandedOver:
      return "已移交";
    case CustodyStatus::kReturned:
      return "已收回";
    default:
      return "未指定";
  }
}
std::string StateZh(AssetState state) {
  switch (state) {
    case AssetState::kActive:
      return "正常";
    case AssetState::kLockedForDisposal:
      return "处置锁定";
    case AssetState::kDisposed:
      return "已处置";
    case AssetState::kPrincipalRecovered:
      return "本金已收回";
    case AssetState::kSplit:
      return "已拆分";
    case AssetState::kMerged:
      return "已合并";
    case AssetState::kVoid:
      return "作废";
    default:
      return "未指定";
  }
}

}  // namespace

const TitleTable& Titles() {
  using enum TitleStatus;
  static const TitleTable* const table =
      new TitleTable([](const AssetSubject& s) { return s.title; }, TitleZh,
                     {
                         {{kUnregistered},
                          "register_title",
                          "确权登记",
                          {kTownshipReviewer, kCountyOperator},
                          {Active(), OwnersComplete()},
                          {},
                          kRegistered,
                          {"TITLE", "APPROVAL", "ACCEPTANCE", "PHOTO", "OTHER"}},
                         {{kUnregistered, kRegistered},
                          "dispute_title",
                          "提出权属争议",
                          {kVillageReporter, kTownshipReviewer, kCountyOperator},
                          {Active()},
                          {},
                          kDisputed,
                          {"TITLE", "MINUTES", "CONTRACT", "PHOTO", "PUBLICITY", "OTHER"},
                          true},
                         {{kDisputed},
                          "settle_title",
                          "化解争议",
                          {kCountyApprover},
                          {Active(), OtherThanTheDisputer(), Certificate(true), OwnersComplete()},
                          {},
                          kRegistered},
                         {{kDisputed},
                          "settle_title",
                          "化解争议",
                          {kCountyApprover},
                          {Active(), OtherThanTheDisputer(), Certificate(false)},
                          {},
                          kUnregistered},
                     });
  return *table;
}

const CustodyTable& Custodies() {
  using enum CustodyStatus;
  static const CustodyTable* const table =
      new CustodyTable([](const AssetSubject& s) { return s.custody; }, CustodyZh,
                       {
                           {{kNotHandedOver, kReturned},
                            "hand_over",
                            "移交",
                            {kTownshipReviewer, kCountyOperator},
                            {Active()},
                            {},
                            kHandedOver,
                            {"HAND_OVER", "ACCEPTANCE", "MINUTES", "PHOTO", "OTHER"}},
                           {{kHandedOver},
                            "return_custody",
                            "收回",
                            {kTownshipReviewer, kCountyOperator},
                            {Active()},
                            {},
                            kReturned},
                       });
  return *table;
}

const std::vector<workflow::Work>& TitleWorks() {
  static const auto* works = new std::vector<workflow::Work>{
      {"register_title", "ASSET_TITLE"}, {"settle_title", "ASSET_TITLE_SETTLE"}};
  return *works;
}

const std::vector<workflow::Work>& CustodyWorks() {
  static const auto* works = new std::vector<workflow::Work>{{"hand_over", "ASSET_HAND_OVER"}};
  return *works;
}

const std::vector<workflow::Work>& ContractWorks() {
  static const auto* works = new std::vector<workflow::Work>{{"state_base", "DUE_BASE"},
                                                             {"record_income", "INCOME_RECORD"}};
  return *works;
}

const StateTable& States() {
  using enum AssetState;
  static const StateTable* const table = new StateTable(
      [](const AssetSubject& s) { return s.state; }, StateZh,
      {
          {{kActive},
           "report_use",
           "上报使用状态",
           {kVillageReporter, kTownshipReviewer, kCountyOperator, kSystemIntegrator},
           {},
           {},
           kActive,
           {"PHOTO", "MINUTES", "CONTRACT", "VOUCHER", "APPRAISAL", "OTHER"}},
          {{kLockedForDisposal},
           "report_use",
           "上报使用状态",
           {kVillageReporter, kTownshipReviewer, kCountyOperator, kSystemIntegrator},
           {},
           {},
           kLockedForDisposal,
           {"PHOTO", "MINUTES", "CONTRACT", "VOUCHER", "APPRAISAL", "OTHER"}},
          {{kActive},
           "update",
           "修改",
           {kTownshipReviewer, kCountyOperator, kSystemIntegrator},
           {},
           {},
           kActive},
          {{kLockedForDisposal},
           "update",
           "修改",
           {kTownshipReviewer, kCountyOperator, kSystemIntegrator},
           {},
           {},
           kLockedForDisposal},
          {{kActive},
           "record_inspection",
           "管护检查",
           {kTownshipReviewer, kCountyOperator},
           {},
           {},
           kActive,
           {"PHOTO", "MINUTES", "OTHER"}},
          {{kActive},
           "sign_contract",
           "登记经营合同",
           {kTownshipReviewer, kCountyOperator, kSystemIntegrator},
           {},
           {},
           kActive,
           {"CONTRACT", "MINUTES", "PUBLICITY", "PHOTO", "OTHER"}},
          DeclaresDividend(kActive),
          DeclaresDividend(kLockedForDisposal),
          DeclaresDividend(kDisposed),
          DeclaresDividend(kPrincipalRecovered),
          DeclaresDividend(kSplit),
          DeclaresDividend(kMerged),
          {{kActive}, "void", "作废", {kCountyApprover}, {Unreferenced()}, {}, kVoid},
      });
  return *table;
}

const ContractTable& Contracts() {
  using enum ContractState;
  static const ContractTable* const table =
      new ContractTable([](const ContractSubject& s) { return s.state; }, ContractZh,
                        {
                            {{kActive},
                             "terminate",
                             "解除",
                             {kTownshipReviewer, kCountyOperator},
                             {},
                             {},
                             kTerminated},
                            StatesBase(kActive),
                            StatesBase(kEnded),
                            StatesBase(kTerminated),
                            RecordsIncome(kActive),
                            RecordsIncome(kEnded),
                            RecordsIncome(kTerminated),
                            RecordsIncome(kVoid),
                            {{kActive, kEnded, kTerminated},
                             "void",
                             "作废",
                             {kCountyApprover},
                             {{"no_income",
                               [](const ContractSubject& s, const Actor&) -> absl::Status {
                                 if (!s.has_income) return absl::OkStatus();
                                 return Refuse("CONTRACT_HAS_INCOME", "合同已有到账，不能作废");
                               }}},
                             {},
                             kVoid},
                        });
  return *table;
}

const DividendTable& Dividends() {
  using enum DividendState;
  static const auto* table =
      new DividendTable([](const DividendState& state) { return state; },
                        [](DividendState state) {
                          return std::string(state == kPaid         ? "已全部兑现"
                                             : state == kPartlyPaid ? "部分兑现"
                                             : state == kVoid       ? "已作废"
                                                                    : "已宣告");
                        },
                        {{{kDeclared, kPartlyPaid, kPaid, kVoid},
                          "pay",
                          "兑现分红",
                          {kVillageReporter, kTownshipReviewer, kCountyOperator, kSystemIntegrator},
                          {{"open",
                            [](const DividendState& state, const Actor&) -> absl::Status {
                              if (state == kVoid) return Refuse("DIVIDEND_VOID", "该分配已作废");
                              if (state != kPaid) return absl::OkStatus();
                              return Refuse("DIVIDEND_OVERPAID", "应分金额已全部兑现");
                            }}},
                          {},
                          kPaid},
                         {{kDeclared, kPartlyPaid, kPaid, kVoid},
                          "void",
                          "作废分配",
                          {kCountyApprover},
                          {{"unpaid",
                            [](const DividendState& state, const Actor&) -> absl::Status {
                              if (state == kVoid) return Refuse("DIVIDEND_VOID", "该分配已作废");
                              if (state == kDeclared) return absl::OkStatus();
                              return Refuse("DIVIDEND_PAID", "已有兑现，不能作废");
                            }}},
                          {},
                          kVoid}});
  return *table;
}

const std::vector<workflow::Work>& DividendWorks() {
  static const auto* works = new std::vector<workflow::Work>{{"pay", "DIVIDEND_PAY"}};
  return *works;
}

const IncomeTable& Incomes() {
  using enum IncomeState;
  // What is over has a row only so that its refusal says so.
  static const auto* table = new IncomeTable(
      [](const IncomeSubject& s) { return s.state; },
      [](IncomeState state) {
        return std::string(state == kStands     ? "已到账"
                           : state == kReversed ? "已冲销"
                                                : "冲销记录");
      },
      {{{kStands, kReversed, kReversal},
        "reverse",
        "冲销到账",
        {kTownshipReviewer, kCountyOperator},
        {{"stands",
          [](const IncomeSubject& s, const Actor&) -> absl::Status {
            if (s.state == kStands) return absl::OkStatus();
            return Refuse("ALREADY_REVERSED",
                          s.state == kReversed ? "该笔到账已冲销" : "该笔是冲销记录，不能再冲销");
          }},
         {"covered",
          [](const IncomeSubject& s, const Actor&) -> absl::Status {
            if (s.covered) return absl::OkStatus();
            return Refuse("DIVIDEND_EXCEEDS_INCOME", "冲销后累计到账将少于已宣告的分配");
          }}},
        {},
        kReversed}});
  return *table;
}

}  // namespace bangfu::asset
