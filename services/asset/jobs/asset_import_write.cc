#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "common/rpc/actor.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/contract_handlers.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/api/recorder.h"
#include "services/asset/jobs/asset_import_internal.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/contract_store.h"
#include "services/asset/store/income_store.h"
#include "services/asset/store/linkage_store.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset::imports {
namespace {

// The importer under the grant that covers the asset's money and all that was asked of the grants
// besides, where one does; else one that covers the money and what it can of the others.
audit::Actor AuditActor(const Job& job, std::string_view region_path,
                        const v1::AssetDetails& details, const std::vector<auth::Facets>& things) {
  if (!job.caller.MindsFacets()) return rpc::ActorOf(job.caller, Roles(), region_path);
  auth::Caller covering = job.caller;
  const auto narrow = [&](const auth::Facets& thing) {
    if (covering.Find(Roles(), region_path, thing) == nullptr) return;
    std::erase_if(covering.grants, [&](const auth::Grant& grant) { return !grant.Covers(thing); });
  };
  narrow(api::FacetsOf(details));
  for (const auth::Facets& thing : things) narrow(thing);
  return rpc::ActorOf(covering, Roles(), region_path);
}

// What of the asset came from which project, as it is stored.
using Shares = std::map<Ulid, std::vector<store::ProjectShare>>;

absl::StatusOr<Shares> SharesOf(mysql::Tx& tx, const std::vector<store::AssetRow>& assets) {
  std::vector<Ulid> ids;
  ids.reserve(assets.size());
  for (const store::AssetRow& row : assets) ids.push_back(row.id);
  ASSIGN_OR_RETURN(const auto stored, store::ProjectsOf(tx, ids));
  Shares out;
  for (const auto& [asset, share] : stored) out[asset].push_back(share);
  return out;
}

bool SameShares(std::vector<store::ProjectShare> a, std::vector<store::ProjectShare> b) {
  const auto key = [](const store::ProjectShare& share) {
    return std::tie(share.project_id, share.share_bp, share.value_fen);
  };
  const auto before = [&](const store::ProjectShare& x, const store::ProjectShare& y) {
    return key(x) < key(y);
  };
  std::sort(a.begin(), a.end(), before);
  std::sort(b.begin(), b.end(), before);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](const auto& x, const auto& y) { return key(x) == key(y); });
}

// Whether the grants of the job cover an asset there, of this money.
bool Covers(const Job& job, std::string_view region_path, const v1::AssetDetails& details) {
  return auth::InScope(job.scope, region_path) && ScopeOf(job, region_path, details).ok();
}

// What has become wrong with a row's source projects since it was found good; nothing: they are
// there, in the regions of the job, and can have formed the asset.
std::optional<intake::Issue> WrongProjects(const Job& job, const v1::AssetDetails& details,
                                           const std::map<std::string, store::ProjectCopy>& there) {
  std::vector<store::ProjectCopy> found;
  for (const v1::SourceProject& source : details.source_projects()) {
    const auto it = there.find(source.project_id());
    if (it == there.end()) continue;
    if (!auth::InScope(job.scope, it->second.region_path)) {
      return MakeIssue("source_projects", "REGION_FOREIGN", it->second.project_code, "",
                       "来源项目不在您的管辖范围内");
    }
    found.push_back(it->second);
  }
  const absl::Status formed = api::CheckProjects(details, found, job.scope);
  if (formed.ok()) return std::nullopt;
  const bool undated = ReasonOf(formed) == "ASSET_NOT_FORMED";
  return MakeIssue(undated ? "formed_date" : "source_projects", ReasonOf(formed), "", "",
                   GetErrorDetail(formed).message_zh);
}

}  // namespace

absl::StatusOr<std::vector<CommittedRow>> WriteRows(mysql::Tx& tx, const Job& job,
                                                    const std::vector<StagedRow>& rows,
                                                    UlidGenerator& ids) {
  const absl::CivilDay today = ShanghaiDay(job.now);
  std::vector<v1::ImportedAsset> imported(rows.size());
  std::vector<std::string> keys;
  std::vector<Ulid> projects;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!imported[i].ParseFromString(rows[i].payload)) {
      return absl::DataLossError("a staged row is malformed");
    }
    keys.push_back(imported[i].natural_key());
    for (const v1::SourceProject& source : imported[i].asset().details().source_projects()) {
      ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(source.project_id()));
      projects.push_back(id);
    }
  }
  // Those that the assets have, too: their facts follow the value, the use and the owners.
  ASSIGN_OR_RETURN(const std::vector<store::AssetRow> seen, store::FindByNaturalKeys(tx, keys));
  ASSIGN_OR_RETURN(Shares stored_shares, SharesOf(tx, seen));
  for (const auto& [asset, shares] : stored_shares) {
    for (const store::ProjectShare& share : shares) projects.push_back(share.project_id);
  }
  RETURN_IF_ERROR(api::LockFacts(tx, projects));
  std::map<std::string, store::ProjectCopy> copies;  // by id
  ASSIGN_OR_RETURN(std::vector<store::ProjectCopy> found, store::FindProjects(tx, projects));
  for (store::ProjectCopy& copy : found) {
    std::string id = copy.id.ToString();
    copies.emplace(std::move(id), std::move(copy));
  }
  NewAssetScope new_assets(tx);
  for (const auto& [id, copy] : copies) new_assets.Know(copy);
  std::vector<store::AssetRow> there;
  if (!seen.empty()) {
    ASSIGN_OR_RETURN(there, store::FindByNaturalKeys(tx, keys, /*for_update=*/true));
    ASSIGN_OR_RETURN(stored_shares, SharesOf(tx, there));
  }
  std::map<std::string, const store::AssetRow*> by_key;
  for (const store::AssetRow& row : there) by_key[*row.natural_key] = &row;

  std::vector<CommittedRow> out(rows.size());
  // Nothing is wrong with a row that only the grants of whoever commits leave out: the chunk ends.
  const Job checked = job.ByValidator();
  std::vector<store::NewAsset> assets;
  std::vector<store::NewContract> contracts;
  std::map<Ulid, audit::Actor> contract_actors;
  std::vector<store::IncomeRow> income;
  std::vector<store::DividendRow> dividends;
  std::vector<store::DividendPayment> payments;
  std::vector<store::LinkageRow> linkages;
  std::vector<store::LinkageIncome> linkage_income;
  std::vector<std::pair<std::string, int64_t>> prefixes;
  std::vector<store::AssetRow> updated;
  std::vector<v1::Asset> updated_before;
  std::vector<audit::Actor> updated_actors, asset_actors;  // of each of `updated`, of `assets`
  std::vector<std::pair<Ulid, std::vector<store::ProjectShare>>> moved;
  api::BatchRecorder recorder(
      rpc::ActorOf(job.caller, Roles(), job.scope.empty() ? "" : job.scope.front()),
      "ImportService.CommitImport", job.now);
  const std::string reason = Cat("导入 ", job.file_name.empty() ? job.batch_id : job.file_name);

  for (size_t i = 0; i < rows.size(); ++i) {
    const v1::ImportedAsset& row = imported[i];
    const v1::AssetDetails& details = row.asset().details();
    out[i].outcome = rows[i].outcome;
    out[i].record_id = rows[i].record_id;
    // `covered`: what whoever found the row good may do.
    const auto refuse = [&out, i](const Ulid& record, intake::Issue issue, bool covered) {
      out[i] = {ROW_OUTCOME_REFUSED, record, {std::move(issue)}};
      out[i].not_covered = covered;
      return covered;
    };
    const auto excluded = [](std::string_view field, const absl::Status& why) {
      return MakeIssue(field, ReasonOf(why), "", "", GetErrorDetail(why).message_zh);
    };
    const std::string& region = row.asset().region_path();
    if (!auth::InScope(job.scope, region)) {
      if (refuse(Ulid(),
                 MakeIssue("region_code", "REGION_FOREIGN", details.region_code(), "",
                           "坐落不在您的管辖范围内"),
                 Covers(checked, region, details))) {
        return out;
      }
      continue;
    }
    if (const absl::Status scope = ScopeOf(job, region, details); !scope.ok()) {
      if (refuse(Ulid(), excluded("fund_sources", scope), Covers(checked, region, details))) {
        return out;
      }
      continue;
    }
    std::vector<FieldViolation> ignored;
    const auto stored = by_key.find(row.natural_key());
    if (stored != by_key.end() && stored->second->import_digest == row.content_digest()) {
      out[i] = {ROW_OUTCOME_UNCHANGED, stored->second->id, {}};
      continue;
    }
    if (std::optional<intake::Issue> wrong = WrongProjects(job, details, copies)) {
      if (refuse(stored == by_key.end() ? Ulid() : stored->second->id, *std::move(wrong),
                 !WrongProjects(checked, details, copies))) {
        return out;
      }
      continue;
    }
    if (stored != by_key.end()) {
      const store::AssetRow& old = *stored->second;
      out[i].record_id = old.id;
      // Its code may name the asset of another place.
      if (!auth::InScope(job.scope, old.region_path)) {
        if (refuse(Ulid(),
                   MakeIssue(tables::FieldName(Field::kCode), "REGION_FOREIGN", "", "",
                             kForeignAssetZh),
                   Covers(checked, old.region_path, api::DetailsOf(old)) &&
                       Covers(checked, region, details))) {
          return out;
        }
        continue;
      }
      if (const absl::Status scope = ScopeOf(job, old.region_path, api::DetailsOf(old));
          !scope.ok()) {
        if (refuse(old.id, excluded("fund_sources", scope),
                   Covers(checked, old.region_path, api::DetailsOf(old)) &&
                       Covers(checked, region, details))) {
          return out;
        }
        continue;
      }
      if (old.state != AssetState::kActive) {
        out[i] = {ROW_OUTCOME_REFUSED,
                  old.id,
                  {MakeIssue("", "ASSET_NOT_ACTIVE", "", "", "资产不在正常状态，不能更新")}};
        continue;
      }
      store::AssetRow changed = old;
      const v1::Asset before = api::ToAsset(old);
      v1::AssetDetails merged = Merge(before, row.asset());
      if (changed.contract_id) {
        // The contract says who runs it.
        const v1::AssetDetails& kept = before.details();
        merged.set_operate_mode(kept.operate_mode());
        merged.set_operator_name(kept.operator_name());
        merged.set_operator_uscc(kept.operator_uscc());
      }
      api::ApplyDetails(merged, &changed, &ignored);
      std::vector<FieldViolation> unclear;
      std::vector<store::ProjectShare> shares = api::ProjectSharesOf(merged, &unclear);
      ASSIGN_OR_RETURN(const std::vector<auth::Facets> things,
                       new_assets.ThingsOf(job, before.details(), merged));
      if (const auto left_out = LeftOut(job, old.region_path, things)) {
        if (refuse(old.id, excluded(tables::FieldName(left_out->field), left_out->why),
                   !LeftOut(checked, old.region_path, things))) {
          return out;
        }
        continue;
      }
      if (unclear.empty() && !SameShares(shares, stored_shares[old.id])) {
        moved.emplace_back(old.id, std::move(shares));
      }
      changed.open_questions = api::StillOpen(
          changed, merged, details.value_state() == type::v1::AMOUNT_PARSE_STATE_EXACT);
      const auto ask = [&](std::string_view question) {
        if (StrContains(changed.open_questions, question)) return;
        changed.open_questions += Cat(changed.open_questions.empty() ? "" : ",", question);
      };
      // Another value, by sources that the table does not divide.
      if (!FundingAddsUp(merged)) ask("fund_sources");
      if (ValueInDoubt(before, row.asset())) {
        ask("original_value");
        out[i].more_issues.push_back(
            MakeIssue("original_value", "VALUE_APPROXIMATE", details.original_value_text(),
                      Cat(FormatWanYuan(merged.original_value_fen()), "万元"),
                      "表中原值改为另一约数，已登记的准确原值未改，请核对"));
      }
      if (OwnersStand(before, row.asset())) {
        std::vector<std::string> names;
        for (const v1::AssetOwner& owner : details.owners()) names.push_back(owner.name());
        out[i].more_issues.push_back(
            MakeIssue("owners", "TITLE_REGISTERED", absl::StrJoin(names, "、"), "",
                      "已确权或有争议的资产，所有权人须经争议化解变更，表中所有权人未采用"));
      }
      Use use = api::UseFromReport(row.asset().use().SerializeAsString());
      const Use previous = api::UseFromReport(old.use_report);
      use.since = std::max(use.since, previous.since);
      if (use.idle_since && *use.idle_since > use.since) use.idle_since = use.since;
      const UseContext context{today, changed.formed_date, changed.cultivation_ends, &previous};
      if (CheckUse(context, "use", &use).ok()) api::ApplyUse(use, &changed);
      changed.import_digest = row.content_digest();
      const audit::Actor actor = AuditActor(job, changed.region_path, merged, things);
      changed.updated_by = rpc::ActorMessage(actor).SerializeAsString();
      changed.updated_at = job.now;
      out[i].outcome = ROW_OUTCOME_UPDATED;
      updated_before.push_back(before);
      updated.push_back(std::move(changed));
      updated_actors.push_back(actor);
      continue;
    }

    const store::ProjectCopy* project = details.source_projects().empty()
                                            ? nullptr
                                            : &copies.at(details.source_projects(0).project_id());
    ASSIGN_OR_RETURN(const std::optional<Excluded> beside, new_assets.Of(job, row, project));
    if (beside) {
      ASSIGN_OR_RETURN(const std::optional<Excluded> before, new_assets.Of(checked, row, project));
      if (refuse(Ulid(), excluded(tables::FieldName(beside->field), beside->why),
                 !before && Covers(checked, region, details))) {
        return out;
      }
      continue;
    }
    store::NewAsset fresh;
    store::AssetRow& a = fresh.row;
    a.id = rows[i].record_id;
    a.natural_key = row.natural_key();
    a.import_digest = row.content_digest();
    api::ApplyDetails(details, &a, &ignored);
    a.region_path = row.asset().region_path();
    api::ApplyUse(api::UseFromReport(row.asset().use().SerializeAsString()), &a);
    a.title_status = static_cast<TitleStatus>(row.asset().title_status());
    a.title_cert_no = row.asset().title_cert_no();
    a.custody_status = static_cast<CustodyStatus>(row.asset().custody_status());
    a.custodian = row.asset().custodian();
    a.transferred_date = api::DayFrom(row.asset().transferred_date(), "", &ignored);
    a.sample = job.sample;
    a.open_questions = absl::StrJoin(row.asset().open_questions(), ",");
    ASSIGN_OR_RETURN(const std::vector<auth::Facets> things,
                     new_assets.ThingsOf(job, v1::AssetDetails(), details));
    const audit::Actor actor = AuditActor(job, a.region_path, details, things);
    a.created_by = a.updated_by = rpc::ActorMessage(actor).SerializeAsString();
    a.created_at = a.updated_at = job.now;
    fresh.projects = api::ProjectSharesOf(details, &ignored);
    const std::optional<absl::CivilDay> income_on = api::DayFrom(row.income_on(), "", &ignored);
    int64_t open_income = row.has_income_fen() ? row.income_fen() : 0;
    bool due_that_day = false;

    if (row.has_contract()) {
      v1::ContractTerms terms = row.contract();
      terms.add_asset_ids(a.id.ToString());
      std::vector<std::pair<Ulid, store::ProjectShare>> shares;
      for (const store::ProjectShare& share : fresh.projects) shares.emplace_back(a.id, share);
      absl::StatusOr<store::NewContract> contract = api::BuildContract(terms, {a}, shares, today);
      if (!contract.ok()) {
        out[i].more_issues.push_back(MakeIssue("contract", ReasonOf(contract.status()), "", "",
                                               GetErrorDetail(contract.status()).message_zh));
        out[i].outcome = ROW_OUTCOME_WARNED;
      } else {
        contract->row.id = ids.Next();
        contract->row.sample = job.sample;
        contract->row.created_by = a.created_by;
        contract_actors.emplace(contract->row.id, actor);
        contract->row.created_at = job.now;
        api::ApplyContract(contract->row, terms, &a);
        for (const Due& due : contract->dues) {
          if (!income_on || due.due_date != *income_on) continue;
          due_that_day = true;
          if (open_income <= 0) continue;
          const int64_t part = std::min(open_income, due.due_fen.value_or(0));
          if (part == 0) continue;
          contract->received[due.no] = part;
          store::IncomeRow received;
          received.id = ids.Next();
          received.contract_id = contract->row.id;
          received.due_no = due.no;
          received.received_fen = part;
          received.received_on = *income_on;
          received.reason = reason;
          received.recorded_by = a.created_by;
          received.recorded_at = job.now;
          income.push_back(std::move(received));
          open_income -= part;
        }
        contracts.push_back(*std::move(contract));
      }
    }
    // A stated zero is a fact, too; against a due it stands there as what did not come in.
    if (income_on && (open_income > 0 || (row.income_fen() == 0 && !due_that_day))) {
      store::IncomeRow received;
      received.id = ids.Next();
      received.asset_id = a.id;
      received.received_fen = open_income;
      received.received_on = *income_on;
      received.reason = reason;
      received.recorded_by = a.created_by;
      received.recorded_at = job.now;
      income.push_back(std::move(received));
    }
    a.received_fen = row.income_fen();
    if (row.has_dividend_declared_fen()) {
      store::DividendRow dividend;
      dividend.id = ids.Next();
      if (!fresh.projects.empty()) dividend.project_id = fresh.projects.front().project_id;
      dividend.asset_id = a.id;
      dividend.region_path = a.region_path;
      // Where the table states the households' income by itself, dividends are not added to it.
      dividend.use =
          row.has_household_income_fen() ? DividendUse::kDividend : DividendUse::kHousehold;
      dividend.period = Cat(income_on->year(), "年度");
      dividend.declared_on = *income_on;
      dividend.declared_fen = row.dividend_declared_fen();
      dividend.paid_fen = row.dividend_paid_fen();
      if (dividend.paid_fen > 0) {
        dividend.last_paid_on = income_on;
        payments.push_back({dividend.id, ids.Next(), dividend.paid_fen, *income_on, ""});
      }
      a.declared_fen = dividend.declared_fen;
      dividends.push_back(std::move(dividend));
    }
    if (!fresh.projects.empty()) {
      for (int m = 0; m < row.linkage_modes_size(); ++m) {
        store::LinkageRow link;
        link.id = ids.Next();
        link.project_id = fresh.projects.front().project_id;
        link.region_path = a.region_path;
        link.mode_code = row.linkage_modes(m);
        link.operator_uscc = details.operator_uscc();
        link.operator_name = details.operator_name();
        link.poor_households = row.poor_households();
        link.monitored_households = row.monitored_households();
        link.households = link.poor_households + link.monitored_households;
        link.start_date = a.formed_date.value_or(today);
        if (row.has_contract()) {
          link.start_date =
              api::DayFrom(row.contract().start_date(), "", &ignored).value_or(link.start_date);
        }
        if (m == 0 && row.has_household_income_fen()) {
          const absl::CivilDay on(today.year() - 1, 12, 31);
          // Whom income went to was linked by then, whenever the table was filled in.
          link.start_date = std::min(link.start_date, absl::CivilDay(on.year(), on.month(), 1));
          linkage_income.push_back({link.id, link.project_id,
                                    absl::FormatCivilTime(absl::CivilMonth(on)),
                                    row.household_income_fen()});
        }
        linkages.push_back(std::move(link));
      }
    }
    prefixes.emplace_back(api::CodePrefix(a.region_path, a.asset_class), 1);
    assets.push_back(std::move(fresh));
    asset_actors.push_back(actor);
  }

  if (!assets.empty()) {
    ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, store::TakeNumbers(tx, prefixes));
    for (size_t i = 0; i < assets.size(); ++i) {
      assets[i].row.asset_code = api::CodeOf(prefixes[i].first, numbers[i]);
    }
  }
  RETURN_IF_ERROR(store::InsertAssets(tx, assets));
  RETURN_IF_ERROR(store::InsertContracts(tx, contracts));
  RETURN_IF_ERROR(store::InsertIncome(tx, income));
  RETURN_IF_ERROR(store::InsertDividends(tx, dividends, payments));
  RETURN_IF_ERROR(store::InsertLinkages(tx, linkages));
  RETURN_IF_ERROR(store::InsertLinkageIncome(tx, linkage_income));
  RETURN_IF_ERROR(store::UpdateLockedAssets(tx, &updated));
  for (const auto& [asset, shares] : moved) {
    RETURN_IF_ERROR(store::ReplaceProjects(tx, asset, shares));
  }

  for (size_t i = 0; i < assets.size(); ++i) {
    const store::NewAsset& asset = assets[i];
    v1::AssetChanged event;
    *event.mutable_asset() = api::ToAsset(asset.row);
    recorder.ActAs(asset_actors[i]);
    RETURN_IF_ERROR(recorder.Audit("asset", asset.row.id, asset.row.region_path, nullptr,
                                   event.asset(), reason));
    RETURN_IF_ERROR(recorder.Publish("asset", asset.row.id, asset.row.region_path, event));
  }
  for (size_t i = 0; i < updated.size(); ++i) {
    v1::AssetChanged event;
    *event.mutable_asset() = api::ToAsset(updated[i]);
    recorder.ActAs(updated_actors[i]);
    RETURN_IF_ERROR(recorder.Audit("asset", updated[i].id, updated[i].region_path,
                                   &updated_before[i], event.asset(), reason));
    RETURN_IF_ERROR(recorder.Publish("asset", updated[i].id, updated[i].region_path, event));
  }
  for (const store::NewContract& contract : contracts) {
    store::ContractSums sums;
    for (const Due& due : contract.dues) sums.due_fen += due.due_fen.value_or(0);
    for (const auto& [no, fen] : contract.received) sums.received_fen += fen;
    v1::ContractChanged event;
    *event.mutable_contract() = api::ToContract(contract.row, sums);
    recorder.ActAs(contract_actors.at(contract.row.id));
    RETURN_IF_ERROR(recorder.Audit("contract", contract.row.id, contract.row.region_path, nullptr,
                                   event.contract(), reason));
    RETURN_IF_ERROR(recorder.Publish("contract", contract.row.id, contract.row.region_path, event));
  }
  RETURN_IF_ERROR(api::RefreshFacts(tx, projects, job.now, recorder));
  RETURN_IF_ERROR(recorder.Flush(tx));
  inbox::Act act{ids, job.now, nullptr, "import", {}};
  RETURN_IF_ERROR(api::SyncAssets(tx, updated, act));
  std::vector<Ulid> of_other_money;
  for (size_t i = 0; i < updated.size(); ++i) {
    if (api::OtherSources(updated_before[i].details(), api::DetailsOf(updated[i]))) {
      of_other_money.push_back(updated[i].id);
    }
  }
  RETURN_IF_ERROR(api::FollowSources(tx, of_other_money));
  act.fresh = true;
  std::vector<store::AssetRow> fresh_assets;
  for (const store::NewAsset& asset : assets) fresh_assets.push_back(asset.row);
  RETURN_IF_ERROR(api::SyncAssets(tx, fresh_assets, act));
  std::vector<store::ContractRow> fresh_contracts;
  for (const store::NewContract& contract : contracts) fresh_contracts.push_back(contract.row);
  RETURN_IF_ERROR(api::SyncContracts(tx, fresh_contracts, act));
  RETURN_IF_ERROR(api::SyncDividends(tx, dividends, act));
  return out;
}

}  // namespace bangfu::asset::imports
