// What a table says unclearly, or not at all, and the columns that it says it in.
#include "services/asset/jobs/asset_import_for_test.h"

namespace bangfu::asset {
namespace {

class AssetImportUnclearTest : public AssetImportTest {
 protected:
  int projects_ = 0;

  // The running shed with one text of its row replaced by another.
  static std::string Shed(const std::string& from, const std::string& to) {
    std::string row = RunningShed();
    const size_t at = row.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return row.replace(at, from.size(), to);
  }
  // Imports the one row; gives its line of the report.
  intake_v1::ImportRow One(const std::string& row, const std::string& head = kT4) {
    const auto rows = Rows(Import(head + row));
    EXPECT_EQ(rows.size(), 1U);
    return rows.empty() ? intake_v1::ImportRow() : rows.begin()->second;
  }
  v1::Asset AssetOf(const intake_v1::ImportRow& row) { return ServiceTest::Get(row.record_id()); }
  static std::string Proposal(const intake_v1::ImportRow& row, const std::string& reason) {
    for (const intake_v1::RowIssue& issue : row.issues()) {
      if (issue.reason() == reason) return issue.proposal_zh();
    }
    return "";
  }
};

TEST_F(AssetImportUnclearTest, HouseholdsThatAreNotStatedExactlyMakeNoLink) {
  for (const char* counts : {",约38,2,", ",,2,", ",38,,", ",,,", ",38户左右,若干,"}) {
    SCOPED_TRACE(counts);
    const std::string project = Project(Cat("PJ360733-2021-9", ++projects_), kVillage);
    std::string row = Shed(",38,2,", counts);
    row.replace(row.find("EXT-PJ360733-2021-000001"), 24, Cat("EXT-PJ360733-2021-9", projects_));
    const intake_v1::ImportRow line = One(row);
    EXPECT_EQ(line.outcome(), intake_v1::ROW_OUTCOME_WARNED) << Reasons(line);
    EXPECT_THAT(Reasons(line), ::testing::HasSubstr("LINKAGE_INCOMPLETE"));
    EXPECT_FALSE(Facts(project).linkage_reported());
    // What households got is the dividend alone, without the 3200 yuan each of an unknown number.
    EXPECT_EQ(Month(Facts(project), "2025-12").household_income_fen(), 1200000);
  }
  EXPECT_EQ(Count("linkage"), 0);
}

TEST_F(AssetImportUnclearTest, AnApproximateCountKeepsItsText) {
  const intake_v1::ImportRow line = One(Shed(",38,2,", ",约38户,2,"));
  EXPECT_THAT(Reasons(line), ::testing::HasSubstr("COUNT_APPROXIMATE"));
  EXPECT_NE(Proposal(line, "COUNT_APPROXIMATE"), "");
  EXPECT_EQ(Raw(AssetOf(line), "poor_households"), "约38户");
  EXPECT_EQ(Raw(AssetOf(line), "monitored_households"), "2");
  EXPECT_EQ(Raw(AssetOf(line), "linkage_modes"), "收益分红、就业务工");
}

TEST_F(AssetImportUnclearTest, AStatedZeroOfHouseholdsIsReal) {
  const intake_v1::ImportRow line = One(Shed(",38,2,3200,", ",0,0,,"));
  EXPECT_EQ(line.outcome(), intake_v1::ROW_OUTCOME_CREATED) << Reasons(line);
  EXPECT_TRUE(Facts().linkage_reported());
  EXPECT_EQ(Facts().linked_poor_households(), 0);
}

TEST_F(AssetImportUnclearTest, DividendsThatAreNotStatedExactlyAreNotPaidNothing) {
  for (const char* paid : {",1.5,约1万元,", ",1.5,,", ",约1.5万元,1.2,", ",,1.2,"}) {
    SCOPED_TRACE(paid);
    const intake_v1::ImportRow line = One(Shed(",1.5,1.2,", paid));
    EXPECT_THAT(Reasons(line), ::testing::HasSubstr("DIVIDEND_INCOMPLETE"));
    EXPECT_EQ(Count("dividend"), 0);
    server_.database().Run("DELETE FROM asset_project");  // the next is another asset of its own
    server_.database().Run("DELETE FROM asset");
  }
}

TEST_F(AssetImportUnclearTest, ContradictoryDividendsAreNotMadeToFit) {
  const intake_v1::ImportRow line = One(Shed(",1.5,1.2,", ",1.5,1.8,"));
  EXPECT_EQ(Reasons(line), "DIVIDEND_OVERPAID ");
  EXPECT_EQ(Count("dividend"), 0);
  EXPECT_EQ(Raw(AssetOf(line), "dividend_paid"), "1.8");
}

TEST_F(AssetImportUnclearTest, IncomeThatIsNotStatedExactlyIsNoArrear) {
  const intake_v1::ImportRow line = One(Shed(",6.5,5.2,1.5,1.2,", ",6.5,约5万元,,,"));
  EXPECT_EQ(line.outcome(), intake_v1::ROW_OUTCOME_WARNED);
  EXPECT_THAT(Reasons(line), ::testing::HasSubstr("AMOUNT_APPROXIMATE"));
  EXPECT_THAT(Reasons(line), ::testing::HasSubstr("INCOME_MISSING"));
  EXPECT_EQ(Raw(AssetOf(line), "annual_income"), "约5万元");
  EXPECT_EQ(Raw(AssetOf(line), "agreed_income"), "6.5");
  const v1::ProjectAssetFacts facts = Facts();
  EXPECT_FALSE(facts.income_reported());
  EXPECT_EQ(Month(facts, "2025-12").due_fen(), 0);
  EXPECT_EQ(Count("operating_contract"), 1);  // with what is agreed from this year on
  EXPECT_EQ(Count("income_record"), 0);
}

TEST_F(AssetImportUnclearTest, BlankIncomeIsNoArrearEither) {
  const intake_v1::ImportRow line = One(Shed(",6.5,5.2,1.5,1.2,", ",6.5,,,,"));
  EXPECT_EQ(Reasons(line), "INCOME_MISSING ");
  EXPECT_FALSE(Facts().income_reported());
  EXPECT_EQ(Raw(AssetOf(line), "annual_income"), "");
}

TEST_F(AssetImportUnclearTest, AStatedZeroOfIncomeIsReal) {
  const intake_v1::ImportRow line = One(Shed(",6.5,5.2,1.5,1.2,", ",,0,,,"));
  EXPECT_EQ(line.outcome(), intake_v1::ROW_OUTCOME_CREATED) << Reasons(line);
  EXPECT_TRUE(Facts().income_reported());
  EXPECT_EQ(Month(Facts(), "2025-12").received_fen(), 0);
}

TEST_F(AssetImportUnclearTest, ExpectedIncomeIsNoIncome) {
  const intake_v1::ImportRow line = One(Shed(",6.5,5.2,1.5,1.2,", ",,预计5万元,,,"));
  EXPECT_EQ(Reasons(line), "EXPECTED_NOT_ACTUAL ");
  EXPECT_FALSE(Facts().income_reported());
  EXPECT_EQ(Raw(AssetOf(line), "annual_income"), "预计5万元");
}

TEST_F(AssetImportUnclearTest, AContractThatIsNotWholeIsSaid) {
  const intake_v1::ImportRow line = One(Shed(",2021-01-01,2029-12-31,", ",2021-01-01,长期,"));
  EXPECT_THAT(Reasons(line), ::testing::HasSubstr("DATE_UNCLEAR"));
  EXPECT_THAT(Reasons(line), ::testing::HasSubstr("CONTRACT_INCOMPLETE"));
  EXPECT_EQ(Count("operating_contract"), 0);
  EXPECT_EQ(Raw(AssetOf(line), "contract_end_date"), "长期");
}

TEST_F(AssetImportUnclearTest, AModeThatIsNotClearKeepsItsText) {
  const intake_v1::ImportRow line = One(Shed(",租赁,", ",部分自营、部分出租,"));
  EXPECT_THAT(Reasons(line), ::testing::HasSubstr("MODE_UNKNOWN"));
  const v1::Asset asset = AssetOf(line);
  EXPECT_EQ(asset.details().operate_mode(), v1::OPERATE_MODE_UNSPECIFIED);
  EXPECT_EQ(Raw(asset, "operate_mode"), "部分自营、部分出租");
}

TEST_F(AssetImportUnclearTest, NobodyIsNoPersonAndNoOwner) {
  std::string row = Shed(",李四,有,", ",无,未建立,");
  const intake_v1::ImportRow line = One(row);
  const v1::Asset asset = AssetOf(line);
  EXPECT_EQ(asset.details().maintenance().person(), "");
  EXPECT_EQ(asset.details().maintenance().rules(), "");
  EXPECT_EQ(Raw(asset, "maintenance.rules"), "未建立");
  EXPECT_FALSE(Facts().maintenance_person());
}

TEST_F(AssetImportUnclearTest, TitleByItsCertificate) {
  struct Case {
    const char* cells;  // 确权状态, 证号
    v1::TitleStatus title;
    const char* reason;
  };
  for (const Case& c : {Case{"已确权,", v1::TITLE_STATUS_UNREGISTERED, "CERTIFICATE_MISSING "},
                        Case{"已确权,无", v1::TITLE_STATUS_UNREGISTERED, "CERTIFICATE_MISSING "},
                        Case{"部分确权,", v1::TITLE_STATUS_UNREGISTERED, "TITLE_UNCLEAR "},
                        Case{"权属有争议,", v1::TITLE_STATUS_DISPUTED, ""},
                        Case{"未确权,", v1::TITLE_STATUS_UNREGISTERED, ""},
                        Case{"已确权/赣(2021)第7号,", v1::TITLE_STATUS_REGISTERED, ""}}) {
    SCOPED_TRACE(c.cells);
    std::string row = Shed("已确权,赣(2021)第1号", c.cells);
    row.replace(0, row.find(','), Cat("冷库", ++projects_));
    const intake_v1::ImportRow line = One(row);
    EXPECT_EQ(Reasons(line), c.reason);
    EXPECT_EQ(AssetOf(line).title_status(), c.title);
  }
  // Without its basis it is registered as it truly is, and asked for it.
  std::string row = Shed(",资金来源", ",");
  row.replace(0, row.find(','), "另一冷库");
  const intake_v1::ImportRow line = One(row);
  EXPECT_EQ(Reasons(line), "OWNERSHIP_BASIS_MISSING ");
  EXPECT_EQ(AssetOf(line).title_status(), v1::TITLE_STATUS_REGISTERED);
  EXPECT_EQ(AssetOf(line).title_cert_no(), "赣(2021)第1号");
}

constexpr char kDomainHeadings[] =
    "资产编码,名称,类别(经营/公益/到户),形态,来源项目,资金来源,原值,现值,坐落,建成时间,权属级次,"
    "所有权人(份额),收益权人(份额),确权状态/证号,移交时间,经营方式,经营主体,合同起止,年约定收益,"
    "实际收益,收益分配(分红/公岗/公益/积累),管护责任人,使用状态,闲置起始,保险,备注\r\n";

TEST_F(AssetImportUnclearTest, TheHeadingsOfTheLedgerItself) {
  const intake_v1::ImportRow line = One(
      "0001,水东村冷库,经营,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金60万元、自筹资金40万元,"
      "100万元,80万元,水东村一组,2020-11-30,村集体,甲村30万元、乙村70万元,水东村集体,"
      "已确权/赣(2021)第1号,2021-02-01,出租给众兴合作社,众兴合作社,2021-01-01至2029-12-31,6.5万元,"
      "5.2万元,分红3万元、积累2.2万元,李四,在用,,已投保,样例\r\n",
      kDomainHeadings);
  EXPECT_EQ(line.outcome(), intake_v1::ROW_OUTCOME_WARNED);
  EXPECT_EQ(Reasons(line), "OWNERSHIP_BASIS_MISSING DISTRIBUTION_NOT_BOOKED ");
  const v1::Asset asset = AssetOf(line);
  const v1::AssetDetails& details = asset.details();
  EXPECT_EQ(details.asset_class(), v1::ASSET_CLASS_OPERATING);
  EXPECT_EQ(details.category_code(), "COLD_STORE");
  EXPECT_EQ(details.original_value_fen(), 100000000);
  EXPECT_EQ(details.address(), "水东村一组");
  ASSERT_EQ(details.owners_size(), 2);
  EXPECT_EQ(details.owners(0).name(), "甲村");
  EXPECT_EQ(details.owners(0).share_bp(), 3000);
  EXPECT_EQ(details.owners(1).share_bp(), 7000);
  EXPECT_EQ(asset.title_status(), v1::TITLE_STATUS_REGISTERED);
  EXPECT_EQ(asset.title_cert_no(), "赣(2021)第1号");
  EXPECT_EQ(details.operate_mode(), v1::OPERATE_MODE_LEASE);
  EXPECT_TRUE(details.insured());
  EXPECT_NE(asset.contract_id(), "");
  EXPECT_EQ(Month(Facts(), "2025-12").due_fen(), 6500000);
  EXPECT_EQ(Month(Facts(), "2025-12").received_fen(), 5200000);
  EXPECT_FALSE(Facts().linkage_reported());  // the ledger has no such column
  // What was printed stands beside what was made of it.
  EXPECT_EQ(Raw(asset, "asset_code"), "0001");
  EXPECT_EQ(Raw(asset, "present_value"), "80万元");
  EXPECT_EQ(Raw(asset, "owners"), "甲村30万元、乙村70万元");
  EXPECT_EQ(Raw(asset, "title_status"), "已确权/赣(2021)第1号");
  EXPECT_EQ(Raw(asset, "operate_mode"), "出租给众兴合作社");
  EXPECT_EQ(Raw(asset, "contract_term"), "2021-01-01至2029-12-31");
  EXPECT_EQ(Raw(asset, "agreed_income"), "6.5万元");
  EXPECT_EQ(Raw(asset, "annual_income"), "5.2万元");
  EXPECT_EQ(Raw(asset, "income_distribution"), "分红3万元、积累2.2万元");
  EXPECT_EQ(Raw(asset, "insured"), "已投保");
  EXPECT_EQ(Raw(asset, "maintenance.person"), "");  // nobody's name
}

TEST_F(AssetImportUnclearTest, ColumnsThatNoFieldTakesAreKeptAndSaidOnce) {
  const std::string head =
      std::string(kT4).substr(0, std::string(kT4).size() - 2) + ",占地面积,联系电话,原值\r\n";
  const auto with = [](std::string row, const std::string& more) {
    return row.substr(0, row.size() - 2) + more + "\r\n";
  };
  auto rows = Rows(Import(head + with(RunningShed(), ",30亩,13900000000,99") +
                          with(RunningShed("另一冷库"), ",20亩,13900000001,98")));
  EXPECT_EQ(Reasons(rows["水东村冷库"]), "COLUMN_IGNORED COLUMN_PERSONAL COLUMN_REPEATED ");
  EXPECT_EQ(Reasons(rows["另一冷库"]), "");
  const v1::Asset first = AssetOf(rows["水东村冷库"]);
  EXPECT_EQ(Raw(first, "占地面积"), "30亩");
  EXPECT_EQ(Raw(first, "原值"), "99");
  EXPECT_EQ(Raw(first, "联系电话"), "");
  EXPECT_EQ(Raw(AssetOf(rows["另一冷库"]), "占地面积"), "20亩");
  for (const intake_v1::RowIssue& issue : rows["水东村冷库"].issues()) {
    EXPECT_NE(issue.raw_text(), "13900000000");
  }
}

// The asset has no field for its present value: the text is kept, and the row does not wait for it.
TEST_F(AssetImportUnclearTest, NoRowWaitsForAColumnWithoutAField) {
  const auto with = [](std::string text, const std::string& more) {
    return text.substr(0, text.size() - 2) + "," + more + "\r\n";
  };
  struct Case {
    const char* header;
    const char* value;
    const char* reason;
  };
  for (const Case& c :
       {Case{"现值（万元）", "8.333333333333", "AMOUNT_REFUSED "},
        Case{"现值（万元）", "8.3E+5", "AMOUNT_REFUSED "}, Case{"现值", "80", "UNIT_UNKNOWN "}}) {
    SCOPED_TRACE(c.value);
    const intake_v1::ImportRow line =
        One(with(RunningShed(Cat("冷库", ++projects_)), c.value), with(kT4, c.header));
    EXPECT_EQ(line.outcome(), intake_v1::ROW_OUTCOME_WARNED);
    EXPECT_EQ(Reasons(line), c.reason);
    EXPECT_EQ(Raw(AssetOf(line), "present_value"), c.value);
  }
}

// Years and numbers of documents are part of a source's name; figures of money are not.
TEST_F(AssetImportUnclearTest, OneSourceAloneHasPaidAllWhateverItsName) {
  for (const auto& [funds, pays] :
       std::map<std::string, bool>{{"2021年专项扶贫资金", true},
                                   {"2020-2021年专项扶贫资金", true},
                                   {"2021年第2批专项扶贫资金", true},
                                   {"专项扶贫资金（2021年）", true},
                                   {"专项扶贫资金〔2021〕505号", true},
                                   {"专项扶贫资金（赣财农〔2021〕505号）", true},
                                   {"赣财农[2021]5号专项扶贫资金", true},
                                   {"专项扶贫资金（2021）", true},
                                   {"2020-21年专项扶贫资金", true},
                                   {"2021年度第2至3批专项扶贫资金", true},
                                   {"专项扶贫资金（赣财农〔2021〕5、6号）", true},
                                   {"专项扶贫资金", true},
                                   {"专项扶贫资金50%", false},
                                   {"专项扶贫资金50％", false},
                                   {"专项扶贫资金的百分之五十", false},
                                   {"专项扶贫资金20(万)", false},
                                   {"专项扶贫资金20w", false},
                                   {"20-2021年专项扶贫资金", false},
                                   {"专项扶贫资金（2021）万", false},
                                   {"专项扶贫资金：20", false},
                                   {"专项扶贫资金20", false},
                                   {"专项扶贫资金（20）", false},
                                   {"专项扶贫资金20多", false},
                                   {"2021年专项扶贫资金 20", false}}) {
    SCOPED_TRACE(funds);
    std::string row = Shed("专项扶贫资金90.123456万元、自筹资金10万元", funds);
    row.replace(0, row.find(','), Cat("冷库", ++projects_));
    const intake_v1::ImportRow line = One(row);
    const v1::AssetDetails details = AssetOf(line).details();
    EXPECT_EQ(details.fund_sources_size(), pays ? 1 : 0) << Reasons(line);
    if (pays && details.fund_sources_size() == 1) {
      EXPECT_EQ(details.fund_sources(0).amount_fen(), 100123456);
      EXPECT_EQ(Reasons(line), "");
    }
  }
}

TEST_F(AssetImportUnclearTest, CategoriesAreThoseOfTheList) {
  v1::RegisterAssetRequest r = ServiceTest::Shed();
  r.mutable_details()->set_category_code("COLD_STORE");
  const v1::Asset asset = Registered(r);
  for (const char* code : {"OPERATING", "NO_SUCH_CODE"}) {
    v1::RegisterAssetRequest bad = ServiceTest::Shed();
    bad.mutable_details()->set_category_code(code);
    const auto refused = Call<v1::Asset>("AssetService.RegisterAsset", bad);
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "CODE_UNKNOWN"));
    EXPECT_THAT(refused.status(), HasViolation("details.category_code"));
    v1::UpdateAssetRequest update;
    update.set_request_id(RequestId());
    update.set_id(asset.id());
    update.set_etag(asset.etag());
    update.mutable_details()->set_category_code(code);
    update.mutable_update_mask()->add_paths("category_code");
    EXPECT_THAT(Call<v1::Asset>("AssetService.UpdateAsset", update),
                StatusIs(absl::StatusCode::kInvalidArgument, "CODE_UNKNOWN"));
  }
  // A kind whose code the list does not have is asked for.
  std::string row = RunningShed("水东村烘干房");
  const intake_v1::ImportRow line = One(row);
  EXPECT_EQ(Reasons(line), "CODE_UNKNOWN ");
  EXPECT_EQ(AssetOf(line).details().category_code(), "");
}

}  // namespace
}  // namespace bangfu::asset
