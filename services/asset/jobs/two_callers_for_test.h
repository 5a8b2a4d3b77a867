// What the tests of several callers at one moment share.
#pragma once

#include <cstdint>
#include <string>

#include "common/testing/at_once.h"
#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {

class TwoCallersTest : public ServiceTest {
 protected:
  int64_t Int(const std::string& sql, const mysql::Params& params = {}) {
    return server_.database().Int(sql, params);
  }
  absl::StatusOr<v1::IncomeRecord> Income(const std::string& asset, int64_t fen) {
    v1::RecordIncomeRequest r;
    r.set_request_id(RequestId());
    r.set_asset_id(asset);
    r.set_received_fen(fen);
    *r.mutable_received_on() = Date(2026, 7, 1);
    return Call<v1::IncomeRecord>("ContractService.RecordIncome", r);
  }
  absl::StatusOr<v1::Dividend> Declare(const std::string& asset, int64_t fen) {
    v1::DeclareDividendRequest r;
    r.set_request_id(RequestId());
    r.set_asset_id(asset);
    r.set_use(v1::DIVIDEND_USE_HOUSEHOLD_DIVIDEND);
    r.set_period("2026");
    *r.mutable_declared_on() = Date(2026, 8, 1);
    r.set_declared_fen(fen);
    return Call<v1::Dividend>("ContractService.DeclareDividend", r);
  }
};

}  // namespace bangfu::asset
