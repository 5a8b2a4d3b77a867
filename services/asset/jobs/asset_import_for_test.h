// Imports of asset tables in tests: a table in, its report and what became of it out.
#pragma once

#include <map>
#include <string>

#include "bangfu/intake/v1/import_service.pb.h"
#include "common/base/digest.h"
#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {

namespace intake_v1 = ::bangfu::intake::v1;

class AssetImportTest : public ServiceTest {
 protected:
  template <typename Response, typename Request>
  absl::StatusOr<Response> Intake(const std::string& method, const Request& request) {
    return server_.Call<Response>("bangfu.intake.v1.ImportService." + method, request, importer_);
  }
  // Uploads, validates and (unless told otherwise) commits; gives the import's id.
  std::string Import(const std::string& bytes, bool commit = true) {
    intake_v1::BeginImportRequest begin;
    begin.set_request_id(RequestId());
    begin.set_kind("assets");
    begin.set_batch_id(Cat("batch-", ++batch_));
    begin.set_format(type::v1::FILE_FORMAT_CSV);
    begin.set_sample(true);
    const auto import = Intake<intake_v1::Import>("BeginImport", begin);
    EXPECT_OK(import);
    if (!import.ok()) return "";
    intake_v1::UploadChunkRequest upload;
    upload.set_id(import->id());
    for (size_t at = 0; at < bytes.size(); at += 1000000) {
      upload.set_offset(static_cast<int64_t>(at));
      upload.set_data(bytes.substr(at, 1000000));
      upload.set_last(at + 1000000 >= bytes.size());
      if (upload.last()) upload.set_sha256(Sha256Hex(bytes));
      EXPECT_OK(Intake<intake_v1::Import>("UploadChunk", upload));
    }
    Step("ValidateImport", import->id());
    if (commit) Step("CommitImport", import->id());
    return import->id();
  }
  void Step(const std::string& method, const std::string& id) {
    intake_v1::ValidateImportRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    ASSERT_OK(Intake<operation::v1::Operation>(method, request));
    while (true) {
      const auto ran = runner_.StepOnce(*session_);
      ASSERT_OK(ran);
      if (!*ran) break;
    }
  }
  intake_v1::Import Get(const std::string& id) {
    intake_v1::GetImportRequest request;
    request.set_id(id);
    auto import = Intake<intake_v1::Import>("GetImport", request);
    EXPECT_OK(import);
    return import.ok() ? *import : intake_v1::Import();
  }
  std::map<std::string, intake_v1::ImportRow> Rows(const std::string& id) {
    std::map<std::string, intake_v1::ImportRow> out;
    intake_v1::ListImportRowsRequest request;
    request.set_id(id);
    request.set_page_size(1000);
    const auto rows = Intake<intake_v1::ListImportRowsResponse>("ListImportRows", request);
    EXPECT_OK(rows);
    for (const intake_v1::ImportRow& row : rows->rows()) out[row.key()] = row;
    return out;
  }
  static std::string Reasons(const intake_v1::ImportRow& row) {
    std::string out;
    for (const intake_v1::RowIssue& issue : row.issues()) out += issue.reason() + " ";
    return out;
  }
  // The printed text that an asset keeps under that name; empty: none.
  static std::string Raw(const v1::Asset& asset, const std::string& field) {
    for (const v1::AssetRawText& raw : asset.details().raw_texts()) {
      if (raw.field() == field) return raw.text();
    }
    return "";
  }
  int64_t Count(const std::string& table) {
    return server_.database().Int("SELECT COUNT(*) FROM " + table);
  }

  std::string importer_ = Token(ROLE_COUNTY_OPERATOR);
  int batch_ = 0;
};

inline constexpr char kT4[] =
    "资产名称,资产类别,资产形态,来源项目,资金来源,原值（万元）,区划代码,建成时间,权属级次,所有权人,"
    "收益权人,确权状态,证号,"
    "移交时间,经营方式,经营主体,经营主体信用代码,合同起,合同止,年约定收益（万元）,实际收益（万元）,"
    "分红应付（万元）,"
    "分红实付（万元）,带动脱贫户,带动监测户,户均增收（元）,联结方式,管护责任人,管护制度,"
    "管护经费（万元）,使用状态,闲置起始,"
    "不可修复,种植时间,培育月数,备注,确权依据\r\n";

inline std::string Row(const std::string& name, const std::string& rest) {
  return name + "," + rest + "\r\n";
}

// One running shed with contract, income, dividends and households.
inline std::string RunningShed(const std::string& name = "水东村冷库",
                               const std::string& value = "100.123456") {
  return Row(name,
             "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金90.123456万元、自筹资金10万元," +
                 value +
                 ",360733101201,2020-11-30,村集体,水东村股份经济合作社,水东村股份经济合作社,已确权,"
                 "赣(2021)第1号,2021-02-01,租赁,众兴合作社,91360100MA300015X0,2021-01-01,2029-12-"
                 "31,6.5,5.2,"
                 "1.5,1.2,38,2,3200,收益分红、就业务工,李四,有,0.5,在用,,,,,,资金来源");
}

}  // namespace bangfu::asset
