// The inbox of assets, contracts and dividends through the rpcs, on a real database.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/blob/blob_for_test.h"
#include "common/inbox/recount.h"
#include "common/intake/import_service.h"
#include "common/status/macros.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {

class AssetInboxTest : public ServiceTest {
 protected:
  std::vector<inbox::v1::WorkItem> Mine(const std::string& token) {
    inbox::v1::ListMyWorkRequest request;
    request.set_page_size(500);
    auto page = server_.Call<inbox::v1::ListMyWorkResponse>(
        "bangfu.inbox.v1.InboxService.ListMyWork", request, token);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->items().begin(), page->items().end()};
  }
  std::vector<std::string> Kinds(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) out.push_back(item.kind());
    std::sort(out.begin(), out.end());
    return out;
  }
  absl::CivilDay DueOf(const std::string& token, const std::string& kind) {
    for (const auto& item : Mine(token)) {
      if (item.kind() != kind) continue;
      return absl::CivilDay(item.due_on().year(), item.due_on().month(), item.due_on().day());
    }
    ADD_FAILURE() << "no item " << kind;
    return {};
  }
  v1::RegisterAssetRequest ShedWithBasis() {
    v1::RegisterAssetRequest r = Shed();
    r.mutable_details()->add_ownership_basis("FUND_SOURCE");
    return r;
  }
  type::v1::Evidence Paper() {
    auto evidence = ::bangfu::testing::CompleteEvidence(*session_, ids_, server_.clock().Now(),
                                                        "TITLE", kVillage);
    EXPECT_OK(evidence);
    return evidence.ok() ? *evidence : type::v1::Evidence();
  }
  template <typename Request>
  absl::StatusOr<v1::Asset> Step(const std::string& rpc, const v1::Asset& asset, Request r,
                                 const std::string& token = "") {
    r.set_request_id(RequestId());
    r.set_id(asset.id());
    r.set_etag(asset.etag());
    return Call<v1::Asset>("AssetService." + rpc, r, token);
  }
  absl::StatusOr<v1::Asset> RegisterTitle(const v1::Asset& asset) {
    v1::RegisterTitleRequest r;
    r.set_cert_no("赣(2021)第1234号");
    *r.mutable_title_date() = Date(2021, 5, 1);
    return Step("RegisterTitle", asset, r);
  }
  absl::StatusOr<v1::Asset> DisputeTitle(const v1::Asset& asset,
                                         const std::string& person = "disputer") {
    v1::DisputeTitleRequest r;
    r.set_reason("邻村主张共有");
    *r.add_evidence() = Paper();
    return Step("DisputeTitle", asset, r, Token(ROLE_COUNTY_OPERATOR, "360733", person));
  }
  absl::StatusOr<v1::Asset> SettleTitle(const v1::Asset& asset, bool with_certificate,
                                        const std::string& person = "person-1") {
    v1::SettleTitleRequest r;
    r.set_reason("调解一致");
    if (with_certificate) {
      r.set_cert_no("赣(2022)第1号");
      *r.mutable_title_date() = Date(2022, 5, 1);
    }
    return Step("SettleTitle", asset, r, Token(ROLE_COUNTY_APPROVER, "360733", person));
  }
  absl::StatusOr<v1::Asset> HandOver(const v1::Asset& asset) {
    v1::HandOverRequest r;
    r.set_custodian("水东村委会");
    r.set_accepted_by("张三");
    *r.mutable_transferred_date() = Date(2021, 6, 1);
    return Step("HandOver", asset, r);
  }
  absl::StatusOr<v1::Asset> ReturnCustody(const v1::Asset& asset) {
    v1::ReturnCustodyRequest r;
    r.set_reason("收回统一管理");
    *r.mutable_returned_date() = Date(2026, 1, 1);
    return Step("ReturnCustody", asset, r);
  }
  void SetParameter(const std::string& code, int64_t value) {
    registry::v1::ParameterChanged changed;
    changed.mutable_parameter()->set_code(code);
    changed.mutable_parameter()->set_value(value);
    Apply({{"parameter", &changed}});
  }
  // As the registry publishes an import of a notice.
  void WorkDays(const std::vector<std::pair<google::type::Date, bool>>& days) {
    registry::v1::WorkDaysChanged changed;
    for (const auto& [date, is_working] : days) {
      registry::v1::WorkDay& day = *changed.add_days();
      *day.mutable_date() = date;
      day.set_is_working(is_working);
    }
    CalendarCopies copies;
    ApplyBy(copies, {{CalendarAggregates()[0], &changed}});
  }
  // Past the time for which a served inbox keeps the calendar that it has read.
  void LetTheCalendarBeReadAnew() { server_.clock().Advance(absl::Minutes(6)); }
  // A lease of one year, due on this day of it, with a share of the sales beside the fixed sum.
  v1::SignContractRequest LeaseDueOn(int year, int month, int day, int rate_bp = 0) {
    v1::SignContractRequest r = Lease(Registered(Shed()).id(), rate_bp > 0 ? 0 : 1000);
    v1::ContractTerms& t = *r.mutable_terms();
    v1::ScheduleStep& step = *t.mutable_schedule(0);
    for (google::type::Date* from : {t.mutable_start_date(), step.mutable_from()}) {
      *from = Date(year, 1, 1);
    }
    for (google::type::Date* to : {t.mutable_end_date(), step.mutable_to()}) {
      *to = Date(year, 12, 31);
    }
    t.mutable_due_days(0)->set_month(month);
    t.mutable_due_days(0)->set_day(day);
    if (rate_bp > 0) {
      step.set_rate_bp(rate_bp);
      step.set_rate_base(v1::RATE_BASE_SALES);
    }
    return r;
  }
  v1::OperatingContract Contract(const std::string& id, const std::string& token = "") {
    v1::GetContractRequest get;
    get.set_id(id);
    auto contract = Call<v1::OperatingContract>("ContractService.GetContract", get, token);
    EXPECT_OK(contract);
    return contract.ok() ? *contract : v1::OperatingContract();
  }
  // What the contract tells the caller of one of its actions.
  type::v1::AllowedAction ActionOf(const std::string& id, const std::string& name,
                                   const std::string& token = "") {
    const v1::OperatingContract contract = Contract(id, token);
    for (const auto& action : contract.allowed_actions()) {
      if (action.action() == name) return action;
    }
    ADD_FAILURE() << "no action " << name;
    return {};
  }
  absl::StatusOr<v1::IncomeDue> StateBase(const std::string& contract, int due_no, int64_t fen,
                                          const std::string& token = "") {
    v1::StateDueBaseRequest r;
    r.set_request_id(RequestId());
    r.set_contract_id(contract);
    r.set_etag(Contract(contract).etag());
    r.set_due_no(due_no);
    r.set_base_fen(fen);
    return Call<v1::IncomeDue>("ContractService.StateDueBase", r, token);
  }
  // "kind slot" of what waits for the caller.
  std::vector<std::string> Slots(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) out.push_back(Cat(item.kind(), " ", item.slot()));
    std::sort(out.begin(), out.end());
    return out;
  }
  absl::Status Recount(absl::Duration later = absl::ZeroDuration()) {
    std::vector<std::unique_ptr<::bangfu::intake::Kind>> kinds;
    kinds.push_back(NewAssetImport(ids_, {}));
    return inbox::Recount(*session_,
                          {api::AssetSource(), api::ContractSource(), api::DividendSource(),
                           ::bangfu::intake::WorkSource(std::move(kinds)),
                           inbox::StoppedSource({::bangfu::intake::StoppedCommit({})})},
                          ids_, server_.clock().Now() + later, {});
  }
  // An asset with money to distribute.
  std::string Earning(int64_t fen, std::string* contract_id = nullptr) {
    const std::string asset = Registered(Shed()).id();
    const v1::OperatingContract contract = Signed(Lease(asset, fen));
    EXPECT_OK(Receive(contract.id(), 1, fen, Date(2025, 7, 1)));
    EXPECT_OK(Receive(contract.id(), 2, fen, Date(2026, 7, 1)));
    if (contract_id != nullptr) *contract_id = contract.id();
    return asset;
  }
  absl::StatusOr<v1::Dividend> Declare(const std::string& asset, int64_t fen) {
    v1::DeclareDividendRequest r;
    r.set_request_id(RequestId());
    r.set_asset_id(asset);
    r.set_use(v1::DIVIDEND_USE_HOUSEHOLD_DIVIDEND);
    r.set_period("2025年度");
    *r.mutable_declared_on() = Date(2026, 1, 5);
    r.set_declared_fen(fen);
    return Call<v1::Dividend>("ContractService.DeclareDividend", r);
  }
  v1::Dividend Dividend(const std::string& id, const std::string& token = "") {
    v1::GetDividendRequest get;
    get.set_id(id);
    auto dividend = Call<v1::Dividend>("ContractService.GetDividend", get, token);
    EXPECT_OK(dividend);
    return dividend.ok() ? *dividend : v1::Dividend();
  }
  absl::StatusOr<v1::Dividend> Pay(const v1::Dividend& dividend, int64_t fen,
                                   const std::string& token = "") {
    v1::PayDividendRequest r;
    r.set_request_id(RequestId());
    r.set_id(dividend.id());
    r.set_etag(dividend.etag());
    r.set_paid_fen(fen);
    *r.mutable_paid_on() = Date(2026, 2, 1);
    return Call<v1::Dividend>("ContractService.PayDividend", r, token);
  }
  // A table of one asset that is uploaded; its id.
  std::string Uploaded(const std::string& batch, const std::string& name = "冷库") {
    const std::string bytes = Cat("资产名称,资产类别,原值（万元）,区划代码,使用状态\r\n", name,
                                  ",经营性,1,360733101201,在用\r\n");
    intake::v1::BeginImportRequest begin;
    begin.set_request_id(RequestId());
    begin.set_kind("assets");
    begin.set_batch_id(batch);
    begin.set_format(type::v1::FILE_FORMAT_CSV);
    auto import = Import<intake::v1::Import>("BeginImport", begin);
    EXPECT_OK(import);
    if (!import.ok()) return "";
    intake::v1::UploadChunkRequest upload;
    upload.set_id(import->id());
    upload.set_data(bytes);
    upload.set_last(true);
    upload.set_sha256(Sha256Hex(bytes));
    EXPECT_OK(Import<intake::v1::Import>("UploadChunk", upload));
    return import->id();
  }
  absl::Status Validate(const std::string& import) {
    intake::v1::ValidateImportRequest validate;
    validate.set_request_id(RequestId());
    validate.set_id(import);
    auto started = Import<operation::v1::Operation>("ValidateImport", validate);
    return started.ok() ? RunOperations() : started.status();
  }
  absl::Status Commit(const std::string& import) {
    intake::v1::CommitImportRequest commit;
    commit.set_request_id(RequestId());
    commit.set_id(import);
    auto started = Import<operation::v1::Operation>("CommitImport", commit);
    return started.ok() ? RunOperations() : started.status();
  }
  absl::Status RunOperations() {
    while (true) {
      ASSIGN_OR_RETURN(const bool ran, runner_.StepOnce(*session_));
      if (!ran) return absl::OkStatus();
    }
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Import(const std::string& method, const Request& request) {
    return server_.Call<Response>("bangfu.intake.v1.ImportService." + method, request,
                                  Token(ROLE_COUNTY_OPERATOR));
  }
  int64_t Int(const std::string& sql) { return server_.database().Int(sql); }
};

}  // namespace bangfu::asset
