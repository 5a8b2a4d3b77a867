// Every list is served by an index that begins with the region, at any depth of the list.
#include "services/asset/jobs/service_fixture_for_test.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/contract_store.h"
#include "services/asset/store/facts_store.h"

namespace bangfu::asset {
namespace {

using ::testing::HasSubstr;

// Runs each query and asks the server how.
class Explaining final : public mysql::Executor {
 public:
  explicit Explaining(mysql::Session& db) : db_(db) {}
  absl::StatusOr<mysql::Rows> Query(std::string_view sql, const mysql::Params& params) override {
    const auto rows = db_.Query(Cat("EXPLAIN ", sql), params);
    EXPECT_OK(rows) << std::string(sql);
    keys.clear();
    if (rows.ok()) {
      for (const mysql::Row& row : *rows) {
        EXPECT_NE(row.OptString(3).value_or(""), "ALL") << std::string(sql);
        EXPECT_EQ(row.OptString(9).value_or("").find("filesort"), std::string::npos)
            << std::string(sql);
        keys += row.OptString(5).value_or("-") + " ";
      }
    }
    return db_.Query(sql, params);
  }
  absl::StatusOr<int64_t> Execute(std::string_view sql, const mysql::Params& params) override {
    return db_.Execute(sql, params);
  }
  absl::Status Stream(std::string_view sql, const mysql::Params& params,
                      const std::function<absl::Status(const mysql::Row&)>& row) override {
    return db_.Stream(sql, params, row);
  }
  absl::StatusOr<int64_t> ExecuteOnce(std::string_view sql, const mysql::Params& params) override {
    return db_.ExecuteOnce(sql, params);
  }
  size_t max_statement_bytes() const override { return db_.max_statement_bytes(); }

  std::string keys;

 private:
  mysql::Session& db_;
};

using ListQueriesTest = ServiceTest;

TEST_F(ListQueriesTest, AreServedByAnIndexWithTheRegion) {
  // Many records in another county.
  const v1::Asset asset = Registered(Shed());
  const v1::OperatingContract contract = Signed(Lease(asset.id(), 1000000));
  ASSERT_OK(Receive(contract.id(), 2, 1000000, Date(2026, 7, 1)));
  v1::DeclareDividendRequest declare;
  declare.set_request_id(RequestId());
  declare.set_asset_id(asset.id());
  declare.set_use(v1::DIVIDEND_USE_HOUSEHOLD_DIVIDEND);
  declare.set_period("2026");
  *declare.mutable_declared_on() = Date(2026, 8, 1);
  declare.set_declared_fen(10);
  ASSERT_OK(Call<v1::Dividend>("ContractService.DeclareDividend", declare));
  v1::RecordLinkageRequest link;
  link.set_request_id(RequestId());
  link.set_project_id(project_);
  link.set_mode_code("DIVIDEND");
  link.set_households(1);
  *link.mutable_start_date() = Date(2024, 1, 1);
  ASSERT_OK(Call<v1::LinkageContract>("ContractService.RecordLinkage", link));
  v1::RecordEmploymentRequest work;
  work.set_request_id(RequestId());
  work.set_project_id(project_);
  work.set_month("2026-09");
  work.set_kind(v1::EMPLOYMENT_KIND_ASSET_WORK);
  ASSERT_OK(Call<v1::EmploymentRecord>("ContractService.RecordEmployment", work));
  for (int i = 0; i < 10; ++i) {
    const std::string n = Cat(i);
    server_.database().Run(
        "CREATE TABLE t SELECT * FROM asset;\n"
        "UPDATE t SET id = UNHEX(MD5(CONCAT('" +
        n +
        "', id))), asset_code = LEFT(HEX(id), 40), "
        "region_path = '360111101001';\n"
        "UPDATE t SET asset_code = HEX(id);\n"
        "INSERT INTO asset SELECT * FROM t;\nDROP TABLE t;");
    for (const char* table : {"operating_contract", "dividend", "linkage"}) {
      server_.database().Run(Cat("CREATE TABLE t SELECT * FROM ", table,
                                 ";\nUPDATE t SET id = UNHEX(MD5(CONCAT('", n,
                                 "', id))), region_path = '360111101001';\nINSERT INTO ", table,
                                 " SELECT * FROM t;\nDROP TABLE t;"));
    }
    server_.database().Run(
        "CREATE TABLE t SELECT * FROM employment;\nUPDATE t SET id = "
        "UNHEX(MD5(CONCAT('" +
        n +
        "', id))), project_id = id, region_path = "
        "'360111101001';\nUPDATE t SET project_id = id;\nINSERT INTO employment "
        "SELECT * FROM t;\nDROP TABLE t;");
  }
  server_.database().Run(
      "INSERT INTO income_due SELECT c.id, d.due_no, d.period_from, d.period_to, d.due_date, "
      "d.fixed_fen, d.rate_bp, d.rate_base, d.base_fen, d.due_fen, d.received_fen FROM income_due "
      "d "
      "JOIN operating_contract c ON c.id <> d.contract_id;\n"
      "INSERT INTO linkage_income SELECT id, '2026-09', project_id, 1 FROM linkage;");
  ASSERT_OK(
      session_->Query("ANALYZE TABLE income_due, linkage_income, asset, operating_contract, "
                      "dividend, linkage, employment, project_facts"));

  Explaining db(*session_);
  const std::vector<std::string> scope = {"360733"};
  const store::PageKey deep{kVillage, ids_.Next()};
  store::AssetFilter assets;
  EXPECT_OK(store::ListAssets(db, scope, assets, "", std::nullopt, 51));
  EXPECT_THAT(db.keys, HasSubstr("asset_by_region"));
  assets.use_state = 3;
  assets.region_prefix = "360733101";
  EXPECT_OK(store::ListAssets(db, scope, assets, kVillage, deep.id, 51));
  EXPECT_THAT(db.keys, HasSubstr("asset_by_region"));
  store::ContractFilter contracts;
  contracts.in_arrears = true;
  contracts.today = absl::CivilDay(2026, 11, 24);
  EXPECT_OK(store::ListContracts(db, scope, contracts, deep, 51));
  EXPECT_THAT(db.keys, HasSubstr("operating_contract_by_region"));
  EXPECT_OK(store::ListDividends(db, scope, "", std::nullopt, true, deep, 51));
  EXPECT_THAT(db.keys, HasSubstr("dividend_by_region"));
  EXPECT_OK(store::ListLinkages(db, scope, "", std::nullopt, deep, 51));
  EXPECT_THAT(db.keys, HasSubstr("linkage_by_region"));
  EXPECT_OK(store::ListEmployment(db, scope, "", std::nullopt, deep, 51));
  EXPECT_THAT(db.keys, HasSubstr("employment_by_region"));
}

}  // namespace
}  // namespace bangfu::asset
