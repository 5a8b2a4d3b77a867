// Imports of 摸排登记表 through the import service, on a real database.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/intake/import_service.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/inventory_fixture.h"
#include "services/registry/jobs/project_import.h"

namespace bangfu::registry {

namespace iv1 = ::bangfu::intake::v1;

// Made before the server that uses them.
struct ImportParts {
  ::bangfu::testing::FakeClock clock_;
  UlidGenerator ids_{clock_};
  operation::OperationRunner runner_{clock_, {.holder = "r1"}};
  std::unique_ptr<::bangfu::intake::ImportService> imports_;
};

class ProjectImportTest : protected ImportParts, public RegistryFixture {
 protected:
  static constexpr char kHeader[] =
      "序号,县,乡镇,村,行政区划代码,项目名称,产业类别,项目类型,建设性质,实施年度,建设内容及规模,"
      "总投资（万元）,中央衔接资金（万元）,"
      "统筹整合涉农资金（万元）,自筹资金（万元）,实施单位,运营主体,运营主体信用代码,建成时间,"
      "投产时间,当前状态,带动户数,脱贫户,"
      "计划竣工,种植时间,设计产能,产能单位,产业链环节,联农带农方式,绩效目标,外部编号\n";

  ProjectImportTest()
      : RegistryFixture({"bangfu.intake.v1.ImportService"},
                        [this](rpc::Router& router) {
                          std::vector<std::unique_ptr<::bangfu::intake::Kind>> kinds;
                          kinds.push_back(MakeProjectImport(ids_));
                          ::bangfu::intake::ImportServiceOptions options;
                          options.region_path = [](mysql::Executor& db, std::string_view code) {
                            return ResolvePath(db, std::string(code), "region_code");
                          };
                          imports_ = std::make_unique<::bangfu::intake::ImportService>(
                              std::move(kinds), options, runner_);
                          imports_->Register(router);
                        }),
        session_(server_.database().Connect()) {}

  template <typename Response, typename Request>
  absl::StatusOr<Response> Import(std::string_view method, const Request& request,
                                  const std::string& token) {
    return server_.Call<Response>(Cat("bangfu.intake.v1.ImportService.", method), request, token);
  }
  void RunAll() {
    while (true) {
      const absl::StatusOr<bool> ran = runner_.StepOnce(*session_);
      ASSERT_OK(ran);
      if (!*ran) return;
    }
  }
  // Uploaded and validated.
  iv1::Import Validate(const std::string& batch, std::string_view bytes, const std::string& token,
                       bool sample = false, bool xlsx = false,
                       const std::vector<std::string>& fill_down = {}) {
    iv1::BeginImportRequest begin;
    begin.set_request_id(RequestId());
    begin.set_kind("projects");
    begin.set_batch_id(batch);
    begin.set_file_name("摸排登记表.csv");
    begin.set_format(xlsx ? type::v1::FILE_FORMAT_XLSX : type::v1::FILE_FORMAT_CSV);
    begin.set_sample(sample);
    for (const std::string& column : fill_down) begin.add_fill_down_columns(column);
    auto import = Import<iv1::Import>("BeginImport", begin, token);
    EXPECT_OK(import);
    if (!import.ok()) return {};
    constexpr size_t kChunk = 1 << 20;
    for (size_t offset = 0; offset < bytes.size(); offset += kChunk) {
      iv1::UploadChunkRequest chunk;
      chunk.set_id(import->id());
      chunk.set_offset(static_cast<int64_t>(offset));
      chunk.set_data(std::string(bytes.substr(offset, kChunk)));
      if (offset + kChunk >= bytes.size()) {
        chunk.set_last(true);
        chunk.set_sha256(Sha256Hex(bytes));
      }
      EXPECT_OK(Import<iv1::Import>("UploadChunk", chunk, token));
    }
    Start("ValidateImport", import->id(), token);
    RunAll();
    return Get(import->id(), token);
  }
  void Start(std::string_view method, const std::string& id, const std::string& token) {
    iv1::ValidateImportRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    EXPECT_OK(Import<operation::v1::Operation>(method, request, token));
  }
  iv1::Import Get(const std::string& id, const std::string& token) {
    iv1::GetImportRequest request;
    request.set_id(id);
    auto import = Import<iv1::Import>("GetImport", request, token);
    EXPECT_OK(import);
    return import.ok() ? *import : iv1::Import();
  }
  iv1::Import Commit(const iv1::Import& import, const std::string& token) {
    Start("CommitImport", import.id(), token);
    RunAll();
    return Get(import.id(), token);
  }
  iv1::Import Run(const std::string& batch, std::string_view bytes, const std::string& token) {
    return Commit(Validate(batch, bytes, token), token);
  }
  std::map<int64_t, iv1::ImportRow> Rows(const std::string& id, const std::string& token) {
    std::map<int64_t, iv1::ImportRow> out;
    iv1::ListImportRowsRequest request;
    request.set_id(id);
    request.set_page_size(500);
    while (true) {
      auto page = Import<iv1::ListImportRowsResponse>("ListImportRows", request, token);
      EXPECT_OK(page);
      if (!page.ok()) return out;
      for (const auto& row : page->rows()) out[row.row_no()] = row;
      if (page->next_page_token().empty()) return out;
      request.set_page_token(page->next_page_token());
    }
  }
  static std::vector<std::string> Reasons(const iv1::ImportRow& row) {
    std::vector<std::string> out;
    for (const auto& issue : row.issues()) out.push_back(issue.reason());
    return out;
  }
  // One good row of the table: 序号 as given.
  static std::string Row(int n, const std::string& village = "半迳村",
                         const std::string& extra_id = "") {
    return Cat(n, ",会昌县,小密乡,", village, ",,", "2021年", village, "油茶基地", n,
               "项目,油料,种植,新建,2021,新建油茶基地", n, "亩并配套冷库,80.123456,50,30.123456,,",
               village, "村民委员会,会昌县惠民合作社,,2021-11-30,2022-03-01,运营,20,8,",
               "2021-12-31,2021-03-01,1000,吨,\"种养,初加工\",收益分红、就业务工,带动脱贫户8户,",
               extra_id.empty() ? Cat("T-", village, "-", n) : extra_id, "\n");
  }

  std::unique_ptr<mysql::Session> session_;
};

}  // namespace bangfu::registry
