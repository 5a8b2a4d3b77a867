#include "services/asset/api/asset_work.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "bangfu/asset/v1/contract.pb.h"
#include "bangfu/options/v1/access.pb.h"
#include "bangfu/options/v1/labels.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/domain/transitions.h"

namespace bangfu::asset::api {
namespace {

constexpr char kAssetSubject[] = "asset";
constexpr char kContractSubject[] = "contract";
constexpr char kDividendSubject[] = "dividend";

struct Terms {
  int title = 0;
  int hand_over = 0;
  int settle = 0;
};

absl::StatusOr<Terms> ReadTerms(mysql::Executor& db) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> days,
                   store::ParametersOf(db, {kTitleDays, kHandOverDays, kSettleDays}));
  return Terms{static_cast<int>(days[0]), static_cast<int>(days[1]), static_cast<int>(days[2])};
}

inbox::Subject Waiting(const store::AssetRow& row, const Terms& terms) {
  inbox::Subject out{kAssetSubject, row.id, {}, {}};
  AssetSubject subject;
  subject.state = row.state;
  subject.title = row.title_status;
  subject.custody = row.custody_status;
  // What is missing for the step is part of the work.
  subject.has_ownership_basis = true;
  subject.owner_shares_complete = true;
  subject.settles_with_certificate = true;
  subject.disputed_by = DisputerOf(row);
  std::vector<workflow::WaitingStep> steps =
      workflow::WaitingSteps(Titles(), TitleWorks(), subject, {subject.disputed_by});
  for (workflow::WaitingStep& step :
       workflow::WaitingSteps(Custodies(), CustodyWorks(), subject, {})) {
    steps.push_back(std::move(step));
  }
  const auth::Facets facets = FacetsOf(row);
  for (const workflow::WaitingStep& step : steps) {
    inbox::Wanted w = inbox::WantedOf(step, row.region_path, row.name);
    w.facets = facets;
    w.term_kind = workflow::DayKind::kNatural;
    if (step.action == "settle_title") {
      w.term_days = terms.settle;
    } else {
      const bool hand_over = step.action == "hand_over";
      const int days = hand_over ? terms.hand_over : terms.title;
      // What was taken back waits for a new custodian from that day on, everything else from the
      // day on which it was formed. Where nobody knows it, from the day on which the item opens.
      const std::optional<absl::CivilDay>& from =
          hand_over && row.custody_status == CustodyStatus::kReturned ? row.transferred_date
                                                                      : row.formed_date;
      w.due_on = from ? std::optional(*from + days) : std::nullopt;
      w.term_days = days;
    }
    out.wanted.push_back(std::move(w));
  }
  return out;
}

inbox::Subject Waiting(const store::ContractRow& row, const store::OpenDues& dues,
                       const auth::Facets& facets, int64_t shown_days) {
  inbox::Subject out{kContractSubject, row.id, {}, {}};
  ContractSubject subject;
  subject.state = row.state;
  subject.base_wanted = subject.base_unknown = dues.base.has_value();
  subject.income_wanted = dues.income.has_value();
  for (workflow::WaitingStep& step :
       workflow::WaitingSteps(Contracts(), ContractWorks(), subject, {})) {
    // What another system has to deliver waits for people: a system reads no inbox.
    std::erase(step.roles, options::v1::ROLE_SYSTEM_INTEGRATOR);
    const bool base = step.action == "state_base";
    const store::OpenDue& due = base ? *dues.base : *dues.income;
    v1::ContractTerms terms;
    terms.ParseFromString(row.terms);
    inbox::Wanted w = inbox::WantedOf(
        step, row.region_path,
        Cat(terms.contract_no().empty() ? "经营合同" : terms.contract_no(), " ",
            terms.owner_party(), " 第", due.due_no, base ? "期计租基数" : "期应收"));
    w.facets = facets;
    w.slot = Cat(due.due_no);
    w.due_on = due.due_date;
    w.starts_on = due.due_date - shown_days;
    // Nothing has come out of a time that has not begun.
    if (base) w.starts_on = std::max(*w.starts_on, due.from);
    out.wanted.push_back(std::move(w));
  }
  return out;
}

}  // namespace

std::vector<inbox::Kind> AssetKinds() {
  const std::string assets = "bangfu.asset.v1.AssetService.";
  const std::string contracts = "bangfu.asset.v1.ContractService.";
  return {{"ASSET_TITLE", "资产确权登记", kAssetSubject, Cat(assets, "RegisterTitle")},
          {"ASSET_TITLE_SETTLE", "化解权属争议", kAssetSubject, Cat(assets, "SettleTitle")},
          {"ASSET_HAND_OVER", "资产移交", kAssetSubject, Cat(assets, "HandOver")},
          {"DUE_BASE", "填报计租基数", kContractSubject, Cat(contracts, "StateDueBase")},
          {"INCOME_RECORD", "登记应收收益", kContractSubject, Cat(contracts, "RecordIncome")},
          {"DIVIDEND_PAY", "兑现已宣告的分红", kDividendSubject, Cat(contracts, "PayDividend")}};
}

inbox::ServiceOptions AssetInbox() { return {AssetKinds(), store::WorkCalendar}; }

absl::Status SyncAssets(mysql::Tx& tx, const std::vector<store::AssetRow>& assets,
                        const inbox::Act& act) {
  if (assets.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Terms terms, ReadTerms(tx));
  std::vector<inbox::Subject> subjects;
  subjects.reserve(assets.size());
  for (const store::AssetRow& row : assets) subjects.push_back(Waiting(row, terms));
  return inbox::Sync(tx, subjects, act);
}

absl::Status SyncContracts(mysql::Tx& tx, const std::vector<store::ContractRow>& contracts,
                           const inbox::Act& act) {
  std::vector<Ulid> ids;
  for (const store::ContractRow& row : contracts) ids.push_back(row.id);
  ASSIGN_OR_RETURN(const auto dues, store::OldestOpenDues(tx, ids));
  ASSIGN_OR_RETURN(const std::vector<int64_t> shown, store::ParametersOf(tx, {kIncomeShownDays}));
  ASSIGN_OR_RETURN(const auto facets, FacetsOfContracts(tx, ids));
  std::vector<inbox::Subject> subjects;
  for (const store::ContractRow& row : contracts) {
    const auto open = dues.find(row.id);
    const auto of = facets.find(row.id);
    subjects.push_back(Waiting(row, open == dues.end() ? store::OpenDues() : open->second,
                               of == facets.end() ? auth::Facets() : of->second, shown[0]));
  }
  return inbox::Sync(tx, subjects, act);
}

DividendState StateOf(const store::DividendRow& dividend) {
  if (!dividend.void_reason.empty()) return DividendState::kVoid;
  if (dividend.paid_fen >= dividend.declared_fen) return DividendState::kPaid;
  return dividend.paid_fen > 0 ? DividendState::kPartlyPaid : DividendState::kDeclared;
}

namespace {

bool Open(const store::DividendRow& dividend) {
  const DividendState state = StateOf(dividend);
  return state == DividendState::kDeclared || state == DividendState::kPartlyPaid;
}

}  // namespace

absl::Status SyncDividends(mysql::Tx& tx, const std::vector<store::DividendRow>& dividends,
                           const inbox::Act& act) {
  if (dividends.empty()) return absl::OkStatus();
  std::set<Ulid> named;
  std::optional<absl::CivilDay> first, last;  // declared, of those that are open
  for (const store::DividendRow& row : dividends) {
    if (!Open(row)) continue;
    named.insert(row.asset_id);
    first = std::min(first.value_or(row.declared_on), row.declared_on);
    last = std::max(last.value_or(row.declared_on), row.declared_on);
  }
  std::map<Ulid, std::string> names;
  std::map<Ulid, auth::Facets> facets;
  workflow::Calendar calendar;
  int64_t days = 0;
  if (first) {
    ASSIGN_OR_RETURN(const std::vector<store::AssetRow> assets,
                     store::FindAssets(tx, {named.begin(), named.end()}, {""}));
    for (const store::AssetRow& asset : assets) {
      names[asset.id] = asset.name;
      facets[asset.id] = FacetsOf(asset);
    }
    ASSIGN_OR_RETURN(calendar, store::WorkCalendar(tx, first->year(), last->year() + 1));
    ASSIGN_OR_RETURN(days, store::ParameterOf(tx, kDividendDays.code, kDividendDays.fallback));
  }
  std::vector<inbox::Subject> subjects;
  subjects.reserve(dividends.size());
  for (const store::DividendRow& row : dividends) {
    inbox::Subject subject{kDividendSubject, row.id, {}, {}};
    if (Open(row)) {
      for (workflow::WaitingStep& step :
           workflow::WaitingSteps(Dividends(), DividendWorks(), StateOf(row), {})) {
        // A system that pays reads no inbox.
        std::erase(step.roles, options::v1::ROLE_SYSTEM_INTEGRATOR);
        const auto* use =
            v1::DividendUse_descriptor()->FindValueByNumber(static_cast<int>(row.use));
        inbox::Wanted w = inbox::WantedOf(
            step, row.region_path,
            Cat(names[row.asset_id], " ", row.period,
                use == nullptr ? "" : use->options().GetExtension(options::v1::value_label).zh()));
        const workflow::Deadline due = workflow::AddDays(row.declared_on, static_cast<int>(days),
                                                         workflow::DayKind::kWorking, calendar);
        w.facets = facets[row.asset_id];
        w.due_on = due.day;
        w.provisional = due.provisional;
        subject.wanted.push_back(std::move(w));
      }
    }
    subjects.push_back(std::move(subject));
  }
  return inbox::Sync(tx, subjects, act);
}

absl::Status FollowSources(mysql::Tx& tx, const std::vector<Ulid>& assets) {
  if (assets.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<Ulid> contracts, store::ContractsOfAssets(tx, assets));
  ASSIGN_OR_RETURN(auto facets, FacetsOfContracts(tx, contracts));
  ASSIGN_OR_RETURN(const auto dividends, store::UnpaidDividendsOfAssets(tx, assets));
  ASSIGN_OR_RETURN(const std::vector<store::AssetRow> rows, store::FindAssets(tx, assets, {""}));
  std::map<Ulid, auth::Facets> of_assets;
  for (const store::AssetRow& row : rows) of_assets[row.id] = FacetsOf(row);
  for (const auto& [dividend, asset] : dividends) facets[dividend] = of_assets[asset];
  return inbox::SetFacets(tx, facets);
}

inbox::Source AssetSource() {
  return {
      kAssetSubject,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const std::vector<store::AssetRow> page,
                         store::AssetsAfter(db, after, limit, std::nullopt));
        std::vector<Ulid> ids;
        for (const store::AssetRow& row : page) ids.push_back(row.id);
        return ids;
      },
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const std::vector<store::AssetRow> rows,
                         store::FindAssets(tx, ids, {""}, /*for_update=*/true));
        return SyncAssets(tx, rows, act);
      }};
}

inbox::Source ContractSource() {
  return {
      kContractSubject,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const std::vector<store::ContractRow> page,
                         store::ContractsAfter(db, after, limit, std::nullopt));
        std::vector<Ulid> ids;
        for (const store::ContractRow& row : page) ids.push_back(row.id);
        return ids;
      },
      [](mysql::Tx& tx, std::vector<Ulid> ids, const inbox::Act& act) -> absl::Status {
        std::vector<store::ContractRow> rows;
        std::sort(ids.begin(), ids.end());
        for (const Ulid& id : ids) {
          ASSIGN_OR_RETURN(std::optional<store::ContractRow> row,
                           store::FindContract(tx, id, {""}, /*for_update=*/true));
          if (row) rows.push_back(*std::move(row));
        }
        return SyncContracts(tx, rows, act);
      }};
}

inbox::Source DividendSource() {
  return {kDividendSubject, store::UnpaidDividendsAfter,
          [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
            ASSIGN_OR_RETURN(const std::vector<store::DividendRow> rows,
                             store::LockDividends(tx, ids));
            return SyncDividends(tx, rows, act);
          }};
}

}  // namespace bangfu::asset::api
