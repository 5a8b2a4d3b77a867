// Whatever happens to assets, contracts and dividends, the items of the inbox are equal to their
// states.
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "common/inbox/walks_for_test.h"
#include "common/operation/operation.h"
#include "common/status/macros.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/asset/jobs/asset_inbox_for_test.h"

namespace bangfu::asset {
namespace {

using absl::StatusCode;

const inbox::Walk kWalk({"ASSET_TITLE", "ASSET_TITLE_SETTLE", "ASSET_HAND_OVER", "DUE_BASE",
                         "INCOME_RECORD", "DIVIDEND_PAY", "IMPORT_COMMIT", "IMPORT_COMMIT_RESUME"});

class AssetInboxProperty : public AssetInboxTest {
 protected:
  // What waits, out of what the rpcs show.
  std::set<std::string> Expected(const std::vector<std::string>& contracts,
                                 const std::vector<std::string>& imports) {
    std::set<std::string> out;
    for (const std::string& id : imports) {
      intake::v1::GetImportRequest get;
      get.set_id(id);
      auto import = Import<intake::v1::Import>("GetImport", get);
      EXPECT_OK(import);
      if (import->state() == intake::v1::IMPORT_STATE_VALIDATED) out.insert(id + " commit ");
      if (import->state() != intake::v1::IMPORT_STATE_COMMITTING) continue;
      auto commit = operation::Get(*session_, *Ulid::Parse(import->operation_id()), {"36"});
      EXPECT_OK(commit);
      if (commit.ok() && (commit->state() == operation::v1::OPERATION_STATE_FAILED ||
                          commit->state() == operation::v1::OPERATION_STATE_CANCELLED)) {
        out.insert(commit->id() + " resume PROVINCE");
        out.insert(commit->id() + " resume STARTER");
      }
    }
    v1::ListDividendsRequest unpaid;
    unpaid.set_unpaid(true);
    unpaid.set_page_size(500);
    auto open = Call<v1::ListDividendsResponse>("ContractService.ListDividends", unpaid);
    EXPECT_OK(open);
    for (const v1::Dividend& dividend : open->dividends()) out.insert(dividend.id() + " pay ");
    auto ids = session_->Query("SELECT id FROM asset");
    EXPECT_OK(ids);
    for (const mysql::Row& row : *ids) {  // imports made some of them
      const std::string id = row.Id(0).ToString();
      const v1::Asset a = Get(id);
      if (a.state() != v1::ASSET_STATE_ACTIVE) continue;
      if (a.title_status() == v1::TITLE_STATUS_UNREGISTERED) out.insert(id + " register_title ");
      if (a.title_status() == v1::TITLE_STATUS_DISPUTED) out.insert(id + " settle_title ");
      if (a.custody_status() == v1::CUSTODY_STATUS_NOT_HANDED_OVER ||
          a.custody_status() == v1::CUSTODY_STATUS_RETURNED) {
        out.insert(id + " hand_over ");
      }
    }
    for (const std::string& id : contracts) {
      v1::GetContractRequest get;
      get.set_id(id);
      auto contract = Call<v1::OperatingContract>("ContractService.GetContract", get);
      EXPECT_OK(contract);
      if (!contract.ok() || contract->state() == v1::CONTRACT_STATE_VOID) continue;
      v1::ListIncomeDuesRequest list;
      list.set_contract_id(id);
      auto dues = Call<v1::ListIncomeDuesResponse>("ContractService.ListIncomeDues", list);
      EXPECT_OK(dues);
      if (!dues.ok()) continue;
      std::set<std::string> first;  // of each action, the earliest
      for (const v1::IncomeDue& due : dues->dues()) {
        if (due.has_due_fen() && due.received_fen() >= due.due_fen()) continue;
        const std::string action = due.has_due_fen() ? "record_income" : "state_base";
        if (first.insert(action).second) out.insert(Cat(id, " ", action, " ", due.due_no()));
      }
    }
    return out;
  }
  // As OperationService cancels and resumes the import's long work.
  absl::Status Steer(const std::string& import,
                     absl::Status (*step)(mysql::Tx&, const Ulid&, absl::Time)) {
    intake::v1::GetImportRequest get;
    get.set_id(import);
    ASSIGN_OR_RETURN(const auto shown, Import<intake::v1::Import>("GetImport", get));
    if (shown.operation_id().empty()) return absl::NotFoundError("no long work");
    return mysql::Transact(*session_, [&](mysql::Tx& tx) -> absl::Status {
      ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(shown.operation_id()));
      RETURN_IF_ERROR(step(tx, id, server_.clock().Now()));
      ASSIGN_OR_RETURN(const operation::v1::Operation one, operation::Get(tx, id, {"36"}));
      return runner_.TellStand(tx, one, server_.clock().Now());
    });
  }
  std::string AnyImport(intake::v1::ImportState state,
                        const ::bangfu::testing::SeededRandom& random) {
    auto rows = session_->Query("SELECT id FROM import_job WHERE state = ? ORDER BY id",
                                {static_cast<int>(state)});
    EXPECT_OK(rows);
    if (!rows.ok() || rows->empty()) return "";
    return rows->at(random.Below(rows->size())).Id(0).ToString();
  }
  absl::Status StartCommit(const std::string& import) {
    intake::v1::CommitImportRequest commit;
    commit.set_request_id(RequestId());
    commit.set_id(import);
    return Import<operation::v1::Operation>("CommitImport", commit).status();
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows =
        session_->Query("SELECT subject_id, action, slot FROM work_item WHERE open_mark = 1");
    EXPECT_OK(rows);
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) {
      out.insert(Cat(row.Id(0).ToString(), " ", row.String(1), " ", row.String(2)));
    }
    return out;
  }
};

TEST_F(AssetInboxProperty, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const testing::SeededRandom random(seed);
  std::vector<std::string> assets, contracts, incomes, dividends, imports;
  const std::string earning = Earning(10000, &contracts.emplace_back());
  const int steps = testing::Runs(250, 1500);
  int done = 0;
  int based = 0;
  int paid = 0;
  int committed = 0;
  int stopped = 0;
  for (int i = 0; i < steps; ++i) {
    if (assets.empty() || (assets.size() < 12 && random.Below(12) == 0)) {
      assets.push_back(Registered(random.Below(4) == 0 ? Shed() : ShedWithBasis()).id());
    }
    const v1::Asset asset = Get(assets[random.Below(assets.size())]);
    const std::string contract = contracts.empty() ? "" : contracts[random.Below(contracts.size())];
    absl::Status status;
    switch (random.Below(24)) {
      case 17:
        if (imports.size() < 16) {
          imports.push_back(Uploaded(Cat("batch-", i), Cat("冷库", random.Below(3))));
          if (random.Below(4) != 0) status = Validate(imports.back());
        }
        break;
      case 18:
        if (!imports.empty()) status = Validate(imports[random.Below(imports.size())]);
        break;
      case 19:
        if (imports.empty()) break;
        {
          const std::string import =
              AnyImport(random.Below(2) == 0 ? intake::v1::IMPORT_STATE_VALIDATED
                                             : intake::v1::IMPORT_STATE_COMMITTING,
                        random);
          status = Commit(import.empty() ? imports[random.Below(imports.size())] : import);
        }
        committed += status.ok() ? 1 : 0;
        break;
      case 20:
      case 21: {
        const std::string import = AnyImport(intake::v1::IMPORT_STATE_VALIDATED, random);
        if (import.empty()) break;
        status = StartCommit(import);
        if (!status.ok() || random.Below(4) == 0) break;
        status = Steer(import, operation::Cancel);
        stopped += status.ok() ? 1 : 0;
        break;
      }
      case 22:
      case 23: {
        const std::string import = AnyImport(intake::v1::IMPORT_STATE_COMMITTING, random);
        if (import.empty()) break;
        status = random.Below(2) == 0 ? StartCommit(import) : Steer(import, operation::Resume);
        break;
      }
      case 14: {
        auto made = Declare(random.Below(2) == 0 ? earning : asset.id(),
                            static_cast<int64_t>(random.Between(1, 400)));
        status = made.status();
        if (made.ok()) dividends.push_back(made->id());
        break;
      }
      case 15:
      case 16: {
        if (dividends.empty()) break;
        const v1::Dividend dividend = Dividend(dividends[random.Below(dividends.size())]);
        const int64_t open = dividend.declared_fen() - dividend.paid_fen();
        status = Pay(dividend, random.Below(2) == 0 ? open : 1 + open / 2).status();
        paid += status.ok() ? 1 : 0;
        break;
      }
      case 10:
      case 11: {
        if (contract.empty()) break;
        status = StateBase(contract, static_cast<int>(random.Between(1, 3)),
                           static_cast<int64_t>(random.Below(4)) * 5000 - 5000)
                     .status();
        based += status.ok() ? 1 : 0;
        break;
      }
      case 0:
        status = RegisterTitle(asset).status();
        break;
      case 1:
        status = DisputeTitle(asset).status();
        break;
      case 2:
        status = SettleTitle(asset, random.Below(2) == 0).status();
        break;
      case 3:
        status = HandOver(asset).status();
        break;
      case 4:
        status = ReturnCustody(asset).status();
        break;
      case 5: {
        if (random.Below(3) != 0) break;
        v1::VoidAssetRequest r;
        r.set_reason("重复建档");
        status = Step("VoidAsset", asset, r, Token(ROLE_COUNTY_APPROVER)).status();
        break;
      }
      case 6: {
        if (contracts.size() >= 12) break;
        v1::SignContractRequest lease = Lease(asset.id(), random.Below(3) == 0 ? 0 : 1000);
        if (random.Below(2) == 0 || lease.terms().schedule(0).fixed_fen_per_year() == 0) {
          lease.mutable_terms()->mutable_schedule(0)->set_rate_bp(1000);
          lease.mutable_terms()->mutable_schedule(0)->set_rate_base(v1::RATE_BASE_SALES);
        }
        auto made = Call<v1::OperatingContract>("ContractService.SignContract", lease);
        status = made.status();
        if (made.ok()) contracts.push_back(made->id());
        break;
      }
      case 7:
      case 8: {
        if (contract.empty()) break;
        auto received = Receive(contract, static_cast<int>(random.Between(1, 2)),
                                random.Below(2) == 0 ? 1000 : 400, Date(2026, 7, 1));
        status = received.status();
        if (received.ok()) incomes.push_back(received->id());
        break;
      }
      case 9: {
        if (incomes.empty()) break;
        v1::ReverseIncomeRequest r;
        r.set_request_id(RequestId());
        r.set_id(incomes[random.Below(incomes.size())]);
        r.set_reason("重复登记");
        status = Call<v1::IncomeRecord>("ContractService.ReverseIncome", r).status();
        break;
      }
      default: {
        if (contract.empty() || random.Below(3) != 0) break;
        v1::GetContractRequest get;
        get.set_id(contract);
        ASSERT_OK_AND_ASSIGN(const auto seen,
                             Call<v1::OperatingContract>("ContractService.GetContract", get));
        if (random.Below(2) == 0) {
          v1::TerminateContractRequest r;
          r.set_request_id(RequestId());
          r.set_id(contract);
          r.set_etag(seen.etag());
          *r.mutable_ended_on() = Date(2026, 3, 31);
          r.set_reason("停产");
          status = Call<v1::OperatingContract>("ContractService.TerminateContract", r).status();
        } else {
          v1::VoidContractRequest r;
          r.set_request_id(RequestId());
          r.set_id(contract);
          r.set_etag(seen.etag());
          r.set_reason("错登");
          status = Call<v1::OperatingContract>("ContractService.VoidContract", r,
                                               Token(ROLE_COUNTY_APPROVER))
                       .status();
        }
      }
    }
    ASSERT_NE(status.code(), StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    ASSERT_EQ(Stored(), Expected(contracts, imports)) << "step " << i << ", seed " << seed;
  }
  std::cout << steps << " steps, " << done << " of them taken" << std::endl;
  EXPECT_GT(done, steps / 10);
  EXPECT_GT(contracts.size(), 0u);
  EXPECT_GT(based, 0);
  EXPECT_GT(paid, 0);
  EXPECT_GT(committed, 0);
  EXPECT_GT(stopped, 0);
  kWalk.ExpectSeen(*session_);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM work_desk d LEFT JOIN work_item w ON w.id = d.item_id AND "
                "w.open_mark = 1 WHERE w.id IS NULL"),
            0);
  // The recount agrees, and fills an empty inbox.
  const int64_t version = Int("SELECT SUM(version) FROM work_item");
  const int64_t items = Int("SELECT COUNT(*) FROM work_item");
  ASSERT_OK(Recount());
  EXPECT_EQ(Int("SELECT SUM(version) FROM work_item"), version);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM work_item"), items);
  ASSERT_OK(session_->Execute("DELETE FROM work_desk", {}));
  ASSERT_OK(session_->Execute("DELETE FROM work_item", {}));
  ASSERT_OK(Recount(absl::Hours(48)));
  EXPECT_EQ(Stored(), Expected(contracts, imports));
}

}  // namespace
}  // namespace bangfu::asset
