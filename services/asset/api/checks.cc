#include "services/asset/api/checks.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "common/base/strings.h"
#include "common/feed/freshness.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::asset::api {
namespace {

// Stages of registry.v1.ProjectState before COMPLETED, in which an asset needs a day of its own on
// which it was formed.
constexpr int kProjectCompleted = 9;

}  // namespace

Error Refusal(std::string_view reason, std::string_view zh) {
  Error error(absl::StatusCode::kFailedPrecondition, reason);
  error.Domain(kErrorDomain).Zh(zh);
  return error;
}

absl::Status CheckReferenceFresh(mysql::Executor& db, absl::Time now, absl::Duration limit) {
  if (limit == absl::InfiniteDuration()) return absl::OkStatus();
  // The province's number, where it has told one.
  ASSIGN_OR_RETURN(const int64_t minutes,
                   store::ParameterOf(db, "REFERENCE_LAG_MINUTES", absl::ToInt64Minutes(limit)));
  return feed::CheckFresh(db, kReferenceConsumer, kRegistry, now, absl::Minutes(minutes));
}

absl::Status CheckFunding(const v1::AssetDetails& details, const FundSources& sources,
                          bool may_be_unstated, std::vector<FieldViolation>* violations) {
  if (details.fund_sources_size() == 0) {
    if (!may_be_unstated) violations->push_back({"details.fund_sources", "请填写资金来源"});
    return absl::OkStatus();
  }
  bool is_public = false;
  bool all_known = true;
  std::vector<int64_t> amounts;
  for (int i = 0; i < details.fund_sources_size(); ++i) {
    const v1::AssetFunding& funding = details.fund_sources(i);
    amounts.push_back(funding.amount_fen());
    const auto it = sources.find(funding.source_code());
    if (it == sources.end()) {
      all_known = false;
      violations->push_back(
          {Cat("details.fund_sources[", i, "].source_code"), "未知的资金来源代码"});
      continue;
    }
    is_public |= it->second.is_public && funding.amount_fen() > 0;
  }
  CheckConservation(details.original_value_fen(), amounts, "details.fund_sources", violations);
  if (all_known && !is_public) {
    return Refusal("OUT_OF_SCOPE", "没有公共资金来源的资产不在帮扶项目资产范围内").Build();
  }
  return absl::OkStatus();
}

absl::Status CheckCodes(mysql::Executor& db, const v1::AssetDetails& details,
                        const v1::AssetDetails& old) {
  Error unknown(absl::StatusCode::kInvalidArgument, "CODE_UNKNOWN");
  bool known = true;
  const auto check = [&](const std::string& list, std::string_view field,
                         const std::string& code) -> absl::Status {
    ASSIGN_OR_RETURN(const auto codes, store::CodesOf(db, list));
    if (codes.contains(code)) return absl::OkStatus();
    unknown.Field(Cat("details.", field), Cat("代码不存在或已停用：", code));
    known = false;
    return absl::OkStatus();
  };
  if (!details.category_code().empty() && details.category_code() != old.category_code()) {
    RETURN_IF_ERROR(check("ASSET_CATEGORY", "category_code", details.category_code()));
  }
  if (!details.cold_chain_kind().empty() && details.cold_chain_kind() != old.cold_chain_kind()) {
    RETURN_IF_ERROR(check("COLD_CHAIN_KIND", "cold_chain_kind", details.cold_chain_kind()));
  }
  for (int i = 0; i < details.ownership_basis_size(); ++i) {
    const auto& before = old.ownership_basis();
    const std::string& code = details.ownership_basis(i);
    if (std::find(before.begin(), before.end(), code) != before.end()) continue;
    RETURN_IF_ERROR(check("OWNERSHIP_BASIS", Cat("ownership_basis[", i, "]"), code));
  }
  if (known) return absl::OkStatus();
  return unknown.Domain(kErrorDomain).Zh("代码不存在或已停用").Build();
}

std::string StillOpen(const store::AssetRow& row, const v1::AssetDetails& details,
                      bool value_stated) {
  std::string open;
  const auto keep = [&](std::string_view question, bool answered) {
    if (!StrContains(row.open_questions, question) || answered) return;
    open += Cat(open.empty() ? "" : ",", question);
  };
  keep("source_projects", details.source_projects_size() > 0);
  keep("fund_sources", details.fund_sources_size() > 0);
  keep("owners", row.owned_village_bp.has_value());
  keep("original_value", row.value_exact && value_stated);
  keep("formed_date", row.formed_date.has_value());
  return open;
}

void CheckDetails(const v1::AssetDetails& d, absl::CivilDay today,
                  std::vector<FieldViolation>* violations) {
  const auto add = [&](std::string_view field, std::string_view text) {
    violations->push_back({Cat("details.", field), std::string(text)});
  };
  if (d.name().empty()) add("name", "请填写资产名称");
  if (d.asset_class() == v1::ASSET_CLASS_UNSPECIFIED) add("asset_class", "请选择资产类别");
  if (d.asset_form() == v1::ASSET_FORM_UNSPECIFIED) add("asset_form", "请选择资产形态");
  if (d.region_code().empty()) add("region_code", "请填写坐落");
  std::vector<FieldViolation> ignored;
  const auto formed = DayFrom(d.formed_date(), "", &ignored);
  if (formed && *formed > today) add("formed_date", "建成时间不能晚于今天；未建成的请在项目中填报");
  const auto planted = DayFrom(d.planting_date(), "", &ignored);
  if (planted && *planted > today) add("planting_date", "栽植时间不能晚于今天");
  if (d.cultivation_months() > 0 && !planted) add("planting_date", "有培育期须填栽植时间");
  std::vector<int32_t> owners;
  for (const v1::AssetOwner& owner : d.owners()) owners.push_back(owner.share_bp());
  CheckShares(owners, true, "details.owners", violations);
  std::vector<int32_t> holders;
  for (const v1::IncomeRightHolder& holder : d.income_right_holders()) {
    holders.push_back(holder.share_bp());
  }
  CheckShares(holders, true, "details.income_right_holders", violations);
  if (d.has_accumulated_depreciation_fen() &&
      d.accumulated_depreciation_fen() > d.original_value_fen()) {
    add("accumulated_depreciation_fen", "累计折旧不能大于原值");
  }
  if (d.has_residual_value_fen() && d.residual_value_fen() > d.original_value_fen()) {
    add("residual_value_fen", "残值不能大于原值");
  }
  const bool is_equity =
      d.asset_form() == v1::ASSET_FORM_EQUITY || d.asset_form() == v1::ASSET_FORM_DEBT;
  if (d.has_equity() && !is_equity) add("equity", "仅股权、债权填写权益信息");
  if (d.has_equity()) {
    const auto start = DayFrom(d.equity().start_date(), "", &ignored);
    const auto maturity = DayFrom(d.equity().maturity_date(), "", &ignored);
    if (start && maturity && *maturity < *start) add("equity.maturity_date", "到期日早于投资起始");
  }
  if (d.operate_mode() == v1::OPERATE_MODE_NONE && !d.operator_uscc().empty()) {
    add("operator_uscc", "没有经营方式时不填经营主体");
  }
}

absl::Status CheckProjects(const v1::AssetDetails& details,
                           const std::vector<store::ProjectCopy>& found,
                           const auth::RegionScope& scope) {
  for (const v1::SourceProject& project : details.source_projects()) {
    const store::ProjectCopy* copy = nullptr;
    for (const store::ProjectCopy& candidate : found) {
      if (candidate.id.ToString() == project.project_id()) copy = &candidate;
    }
    if (copy == nullptr || !auth::InScope(scope, copy->region_path)) {
      return Refusal("PROJECT_UNKNOWN", "来源项目不存在或不在您的管辖范围内")
          .With("project_id", project.project_id())
          .Build();
    }
    if (copy->is_void) {
      return Refusal("PROJECT_VOID", "来源项目已作废")
          .With("project_id", project.project_id())
          .Build();
    }
    if (copy->state < kProjectCompleted && details.formed_date().year() == 0) {
      return Refusal("ASSET_NOT_FORMED", "来源项目尚未竣工，资产未形成；已建成的部分请填建成时间")
          .With("project_id", project.project_id())
          .Build();
    }
  }
  return absl::OkStatus();
}

std::string CodePrefix(const std::string& region_path, AssetClass asset_class) {
  std::string region = region_path;
  region.resize(12, '0');  // a township or county owns what belongs to no single village
  const char letter = asset_class == AssetClass::kOperating       ? 'J'
                      : asset_class == AssetClass::kPublicWelfare ? 'G'
                                                                  : 'H';
  return Cat("AS", region, std::string(1, letter));
}

std::string CodeOf(const std::string& prefix, int64_t number) {
  return Cat(prefix, absl::StrFormat("%04d", number));
}

}  // namespace bangfu::asset::api
