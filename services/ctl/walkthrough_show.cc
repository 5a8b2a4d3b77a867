#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/evaluate.h"
#include "services/ctl/inbox.h"
#include "services/ctl/inventory.h"
#include "services/ctl/ledger.h"
#include "services/ctl/mirror.h"
#include "services/ctl/services.h"
#include "services/ctl/walkthrough_internal.h"

namespace bangfu::ctl {
namespace {

using namespace registry::v1;
using namespace evaluation::v1;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_PROV_ADMIN;
using options::v1::ROLE_SYSTEM_INTEGRATOR;

absl::Status ShowExamples(Walk& walk) {
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  ListEvaluationsRequest request;
  request.set_region_code(walk.options.county);
  request.set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
  request.set_page_size(500);
  std::map<EvaluationResult, Evaluation> one_of_each;
  std::optional<Evaluation> lowest_upgrade, highest_worse;
  do {
    ASSIGN_OR_RETURN(auto page, county->Call<ListEvaluationsResponse>(
                                    Cat(kEvaluation, "ListEvaluations"), request));
    for (const auto& evaluation : page.evaluations()) {
      if (evaluation.state() == EVALUATION_STATE_SUPERSEDED || evaluation.is_void()) continue;
      if (!evaluation.has_override()) one_of_each.try_emplace(evaluation.result(), evaluation);
      if (!evaluation.has_total_bp()) continue;
      bool upgrade = evaluation.result() == EVALUATION_RESULT_UPGRADE;
      bool worse = evaluation.result() == EVALUATION_RESULT_REVITALIZE ||
                   evaluation.result() == EVALUATION_RESULT_ADJUST;
      if (upgrade && (!lowest_upgrade || evaluation.total_bp() < lowest_upgrade->total_bp()))
        lowest_upgrade = evaluation;
      if (worse && (!highest_worse || evaluation.total_bp() > highest_worse->total_bp()))
        highest_worse = evaluation;
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  for (auto result : {EVALUATION_RESULT_CONSOLIDATE, EVALUATION_RESULT_UPGRADE,
                      EVALUATION_RESULT_REVITALIZE, EVALUATION_RESULT_ADJUST,
                      EVALUATION_RESULT_MANUAL_REVIEW, EVALUATION_RESULT_INSUFFICIENT_DATA}) {
    auto found = one_of_each.find(result);
    if (found == one_of_each.end()) {
      std::printf("\n本县没有%s\n", std::string(ResultText(result)).c_str());
      continue;
    }
    Title(Cat("一个", ResultText(result), "及其说明"));
    ASSIGN_OR_RETURN(auto explanation, Explain(*county, found->second.id()));
    std::printf("%s", RenderExplanation(found->second, explanation, false).c_str());
  }
  if (lowest_upgrade && highest_worse && highest_worse->total_bp() > lowest_upgrade->total_bp()) {
    Title("总分更高，类别更差：分类看门槛，不看总分");
    for (const auto* evaluation : {&*highest_worse, &*lowest_upgrade}) {
      ASSIGN_OR_RETURN(auto explanation, Explain(*county, evaluation->id()));
      std::printf("%s", RenderExplanation(*evaluation, explanation, false).c_str());
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Show(Walk& walk) {
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  ASSIGN_OR_RETURN(Context * admin, walk.people.Get(ROLE_PROV_ADMIN, kProvince));
  ASSIGN_OR_RETURN(Context * system, walk.people.Get(ROLE_SYSTEM_INTEGRATOR, kProvince));
  std::error_code error;
  std::filesystem::create_directories(walk.options.output, error);

  Title("摸排完成情况（县）");
  GetCompletenessRequest completeness;
  completeness.set_campaign_id(walk.campaign);
  completeness.set_region_code(walk.options.county);
  ASSIGN_OR_RETURN(auto response, county->Call<GetCompletenessResponse>(
                                      Cat(kInventory, "GetCompleteness"), completeness));
  std::printf("%s", RenderCompleteness(response).c_str());

  Title("县级待办：谁要办、何时到期，一屏看全");
  ASSIGN_OR_RETURN(const std::vector<ServiceItem> work,
                   MyWork(*county, inbox::v1::ListMyWorkRequest(), 8));
  std::printf("%s", RenderWork(work).c_str());

  RETURN_IF_ERROR(ShowExamples(walk));

  Title("T14 四个一批汇总表（市）");
  GetT14Request get;
  get.set_region_code(walk.city);
  ASSIGN_OR_RETURN(T14 table, admin->Call<T14>(Cat(kLedger, "GetT14"), get));
  std::printf("%s", RenderT14(table).c_str());
  RETURN_IF_ERROR(CheckT14Sum(table));
  get.set_region_code(kProvince);
  ASSIGN_OR_RETURN(T14 province, admin->Call<T14>(Cat(kLedger, "GetT14"), get));
  RETURN_IF_ERROR(CheckT14Sum(province));
  std::printf("%s合计等于所属%d个市各项之和。\n", RenderT14Sum(province).c_str(),
              province.rows_size());

  Title("台账文件");
  ExportT14Request t14;
  t14.set_region_code(kProvince);
  t14.set_format(type::v1::FILE_FORMAT_XLSX);
  t14.set_preparer("样例省级管理1");
  ASSIGN_OR_RETURN(auto meta, SaveExport(*admin, Cat(kLedger, "ExportT14"), t14,
                                         walk.options.output + "/T14.xlsx"));
  std::printf("%s/T14.xlsx：%lld 行\n", walk.options.output.c_str(),
              static_cast<long long>(meta.row_count()));
  for (int value = type::v1::FOUR_CLASS_CONSOLIDATE; value <= type::v1::FOUR_CLASS_ADJUST;
       ++value) {
    ExportT2Request t2;
    t2.set_region_code(walk.options.county);
    t2.set_class_(static_cast<type::v1::FourClass>(value));
    t2.set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
    t2.set_format(type::v1::FILE_FORMAT_XLSX);
    std::string file = Cat(walk.options.output, "/T2-",
                           ClassText(static_cast<type::v1::FourClass>(value)), ".xlsx");
    ASSIGN_OR_RETURN(meta, SaveExport(*county, Cat(kLedger, "ExportT2"), t2, file));
    std::printf("%s：%lld 行\n", file.c_str(), static_cast<long long>(meta.row_count()));
  }

  Title("进度");
  GetProgressRequest progress;
  progress.set_region_code(walk.options.county);
  ASSIGN_OR_RETURN(auto figures, county->Call<Progress>(Cat(kLedger, "GetProgress"), progress));
  std::printf("%s", RenderProgress(figures).c_str());

  Title("可以相信它：汇总等于重数，镜像等于来源");
  VerifyRollupsRequest verify;
  verify.set_region_code(kProvince);
  ASSIGN_OR_RETURN(auto rollups,
                   admin->Call<VerifyRollupsResponse>(Cat(kLedger, "VerifyRollups"), verify));
  std::printf("汇总与逐行重数：%s（%lld 格）\n", rollups.equal() ? "相等" : "不等",
              static_cast<long long>(rollups.cells()));
  bool equal = rollups.equal();
  for (const std::string& service : ServiceNames()) {
    ASSIGN_OR_RETURN(MirrorTotals mirror,
                     MirrorFeed(*system, service, walk.options.output + "/mirror", true));
    ASSIGN_OR_RETURN(MirrorTotals source, SnapshotDigest(*system, service));
    std::printf("镜像 %s：%lld 条，与来源%s\n", service.c_str(),
                static_cast<long long>(mirror.records),
                mirror.sha256 == source.sha256 ? "一致" : "不一致");
    equal = equal && mirror.sha256 == source.sha256;
  }
  if (!equal) return Error(absl::StatusCode::kDataLoss, "NOT_EQUAL").Zh("汇总或镜像与来源不一致");
  return absl::OkStatus();
}

}  // namespace bangfu::ctl
