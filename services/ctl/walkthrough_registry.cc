#include <cstdio>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "bangfu/asset/v1/asset_service.pb.h"
#include "bangfu/asset/v1/contract_service.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/import.h"
#include "services/ctl/import_report.h"
#include "services/ctl/terminal.h"
#include "services/ctl/upload.h"
#include "services/ctl/walkthrough_internal.h"

namespace bangfu::ctl {
namespace {

using namespace registry::v1;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_SYSTEM_INTEGRATOR;

// A certificate has one holder in the whole province.
std::string SampleCertificate(const Walk& walk) {
  return Cat("SAMPLE-GREEN-", walk.options.county);
}

absl::Status LeadingIndustries(Walk& walk) {
  Title("县主导产业：每县 1–2 个");
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  ListLeadingIndustriesRequest list;
  list.set_region_code(walk.options.county);
  list.set_page_size(10);
  ASSIGN_OR_RETURN(auto page,
                   county->Call<ListLeadingIndustriesResponse>(
                       "bangfu.registry.v1.IndustryService.ListLeadingIndustries", list));
  if (page.leading_industries_size() == 0) {
    for (const char* industry : {"FRUIT_VEG", "OIL"}) {
      SelectLeadingIndustryRequest select;
      select.set_request_id(Context::NewRequestId());
      select.set_region_code(walk.options.county);
      select.set_plan_period("2026-2030");
      select.set_industry_code(industry);
      ASSIGN_OR_RETURN(auto chosen,
                       county->Call<LeadingIndustry>(
                           "bangfu.registry.v1.IndustryService.SelectLeadingIndustry", select));
      std::printf("选定 %s（第 %d 位）\n", chosen.industry_code().c_str(), chosen.rank());
    }
    SelectLeadingIndustryRequest third;
    third.set_request_id(Context::NewRequestId());
    third.set_region_code(walk.options.county);
    third.set_plan_period("2026-2030");
    third.set_industry_code("TEA");
    auto refused = county->Call<LeadingIndustry>(
        "bangfu.registry.v1.IndustryService.SelectLeadingIndustry", third);
    std::printf("再选第三个：%s\n",
                refused.ok() ? "竟然成功" : GetErrorDetail(refused.status()).message_zh.c_str());
  } else {
    std::printf("已选 %d 个，跳过\n", page.leading_industries_size());
  }
  return absl::OkStatus();
}

absl::Status Operators(Walk& walk) {
  Title("运营主体：统一社会信用代码逐个校验");
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  int64_t created = 0, known = 0;
  RETURN_IF_ERROR(ReadCsv(
      walk.options.data + "/operators.csv", {"统一社会信用代码", "名称", "类型", "注册地"},
      [&](int64_t, const NamedRow& row) -> absl::Status {
        CreateOperatorRequest create;
        create.set_request_id(Context::NewRequestId());
        auto* fields = create.mutable_operator_();
        fields->set_uscc(row.at("统一社会信用代码"));
        fields->set_name(row.at("名称"));
        fields->set_kind(row.at("类型"));
        fields->set_region_code(row.at("注册地"));
        ASSIGN_OR_RETURN(*fields->mutable_established_on(), ParseDate(row.at("成立日期")));
        auto* qualification = fields->add_qualifications();
        qualification->set_kind(row.at("资质"));
        qualification->set_number(row.at("资质编号"));
        ASSIGN_OR_RETURN(*qualification->mutable_expires_on(), ParseDate(row.at("资质到期")));
        fields->set_is_sample(true);
        auto result =
            county->Call<Operator>("bangfu.registry.v1.OperatorService.CreateOperator", create);
        if (absl::IsAlreadyExists(result.status())) {
          ++known;
          return absl::OkStatus();
        }
        created += result.ok() ? 1 : 0;
        return result.status();
      }));
  std::printf("新增 %lld，已有 %lld\n", static_cast<long long>(created),
              static_cast<long long>(known));
  return absl::OkStatus();
}

absl::Status Tables(Walk& walk) {
  Title(
      "导入：T1 摸排登记表（存量项目，旧县代码）、已公布的真实项目表和资产表、"
      "T4 资产台账、运营月报");
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  UploadOptions upload;
  upload.service = "registry";
  upload.kind = "projects";
  upload.file = walk.options.data + "/t1.csv";
  upload.campaign_id = walk.campaign;
  upload.region_code = walk.options.county;
  upload.sample = true;
  upload.once = true;  // the steps that follow change what the tables say
  ASSIGN_OR_RETURN(auto projects, UploadFile(*county, upload));
  RETURN_IF_ERROR(PrintImportReport(*county, "registry", projects.import, 3));

  // What offices have published of the whole province comes from their system.
  ASSIGN_OR_RETURN(Context * system, walk.people.Get(ROLE_SYSTEM_INTEGRATOR, kProvince));
  upload.file = walk.options.samples + "/published-projects.csv";
  upload.region_code.clear();
  upload.sample = false;
  ASSIGN_OR_RETURN(auto published, UploadFile(*system, upload));
  RETURN_IF_ERROR(PrintImportReport(*system, "registry", published.import, 3));

  upload.service = "asset";
  upload.kind = "assets";
  upload.file = walk.options.data + "/t4.csv";
  upload.campaign_id.clear();
  upload.sample = true;
  // Assets name their projects: asset's copy of the registry must be level first.
  RETURN_IF_ERROR(walk.WaitForFeeds());
  ASSIGN_OR_RETURN(auto assets, UploadFile(*county, upload));
  RETURN_IF_ERROR(PrintImportReport(*county, "asset", assets.import, 3));
  upload.file = walk.options.samples + "/published-assets.csv";
  upload.region_code.clear();
  upload.sample = false;
  ASSIGN_OR_RETURN(published, UploadFile(*system, upload));
  RETURN_IF_ERROR(PrintImportReport(*system, "asset", published.import, 3));

  ASSIGN_OR_RETURN(
      ReportTotals reports,
      ImportReportFile(*county, walk.options.data + "/reports.csv", walk.options.county, false));
  std::printf("%s\n", reports.Text().c_str());
  PrintRefused(reports.problems, 20);
  return absl::OkStatus();
}

// What stands for the links of the sample: assets of the county in use and its running contracts,
// each link by another one as far as they go; its brand.
struct Bases {
  std::vector<std::string> assets;     // codes
  std::vector<std::string> contracts;  // ids
  std::string certificate;

  absl::StatusOr<PresentLink> For(const std::string& link, size_t number) const {
    PresentLink out;
    out.set_link_code(link);
    if (link == "BRAND") {
      out.set_kind(LINK_EVIDENCE_KIND_BRAND);
      out.set_reference(certificate);
      return out;
    }
    const bool by_asset = link == "DEEP_PROC" || link == "COLD_STORAGE";
    const std::vector<std::string>& of = by_asset ? assets : contracts;
    if (of.empty()) {
      return absl::FailedPreconditionError("the sample has no asset in use or no running contract");
    }
    out.set_kind(by_asset ? LINK_EVIDENCE_KIND_ASSET : LINK_EVIDENCE_KIND_SERVICE_CONTRACT);
    out.set_reference(of[number % of.size()]);
    return out;
  }
};

absl::StatusOr<Bases> BasesOf(Walk& walk, Context& county) {
  Bases bases;
  bases.certificate = SampleCertificate(walk);
  asset::v1::ListAssetsRequest assets;
  assets.set_region_code(walk.options.county);
  assets.set_use_state(asset::v1::USE_STATE_IN_USE);
  assets.set_page_size(50);
  ASSIGN_OR_RETURN(const auto in_use, county.Call<asset::v1::ListAssetsResponse>(
                                          "bangfu.asset.v1.AssetService.ListAssets", assets));
  // Of earlier years: they stand at the end of every month that is evaluated.
  const int64_t year = walk.Today().year();
  for (const auto& asset : in_use.assets()) {
    if (asset.use().since().year() < year) bases.assets.push_back(asset.asset_code());
  }
  asset::v1::ListContractsRequest contracts;
  contracts.set_region_code(walk.options.county);
  contracts.set_state(asset::v1::CONTRACT_STATE_ACTIVE);
  contracts.set_page_size(50);
  ASSIGN_OR_RETURN(const auto running,
                   county.Call<asset::v1::ListContractsResponse>(
                       "bangfu.asset.v1.ContractService.ListContracts", contracts));
  for (const auto& contract : running.contracts()) {
    if (contract.terms().start_date().year() < year) bases.contracts.push_back(contract.id());
  }
  return bases;
}

// What the county's industries have beside their projects: links of the chain, and a brand.
absl::Status Chain(Walk& walk) {
  Title("全链条：县域产业已有的环节与品牌");
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  ListIndustriesRequest list;
  list.set_region_code(walk.options.county);
  list.set_page_size(100);
  ASSIGN_OR_RETURN(auto industries, county->Call<ListIndustriesResponse>(
                                        "bangfu.registry.v1.IndustryService.ListIndustries", list));
  for (const auto& industry : industries.industries()) {
    if (industry.industry_code() != "FRUIT_VEG") continue;
    Industry current = industry;
    ListBrandCertificationsRequest brands;
    brands.set_region_code(walk.options.county);
    brands.set_industry_id(industry.id());
    brands.set_page_size(1);
    ASSIGN_OR_RETURN(auto known,
                     county->Call<ListBrandCertificationsResponse>(
                         "bangfu.registry.v1.IndustryService.ListBrandCertifications", brands));
    if (known.brands_size() == 0) {
      CreateBrandCertificationRequest create;
      create.set_request_id(Context::NewRequestId());
      auto* brand = create.mutable_brand();
      brand->set_region_code(walk.options.county);
      brand->set_industry_id(industry.id());
      brand->set_brand_type("GREEN");
      brand->set_name("样例绿色食品认证");
      brand->set_certificate_no(SampleCertificate(walk));
      brand->set_holder("样例合作社");
      *brand->mutable_valid_from() = DateOf(absl::CivilDay(2024, 1, 1));
      *brand->mutable_expires_on() = DateOf(absl::CivilDay(2027, 12, 31));
      RETURN_IF_ERROR(county
                          ->Call<BrandCertification>(
                              "bangfu.registry.v1.IndustryService.CreateBrandCertification", create)
                          .status());
    }
    ASSIGN_OR_RETURN(const Bases bases, BasesOf(walk, *county));
    size_t number = 0;
    for (const char* link : {"SEED", "DEEP_PROC", "COLD_STORAGE", "LOGISTICS", "BRAND", "SALES"}) {
      ++number;
      bool present = false;
      for (const auto& known : current.links()) present = present || known.link_code() == link;
      if (present) continue;
      SetChainLinkRequest set;
      set.set_request_id(Context::NewRequestId());
      set.set_id(current.id());
      set.set_etag(current.etag());
      ASSIGN_OR_RETURN(*set.mutable_link(), bases.For(link, number));
      ASSIGN_OR_RETURN(
          current, county->Call<Industry>("bangfu.registry.v1.IndustryService.SetChainLink", set));
    }
    ASSIGN_OR_RETURN(auto again, county->Call<ListIndustriesResponse>(
                                     "bangfu.registry.v1.IndustryService.ListIndustries", list));
    for (const auto& shown : again.industries()) {
      std::string links;
      for (const auto& link : shown.links()) links += Cat(" ", link.link_code());
      std::printf("%s 已登记环节%s\n", PadRight(shown.name(), 8).c_str(), links.c_str());
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FillRegistry(Walk& walk) {
  RETURN_IF_ERROR(LeadingIndustries(walk));
  RETURN_IF_ERROR(Operators(walk));
  RETURN_IF_ERROR(Tables(walk));
  return Chain(walk);
}

}  // namespace bangfu::ctl
