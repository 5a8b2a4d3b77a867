#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/base/text.h"
#include "services/asset/api/convert.h"
#include "services/asset/jobs/asset_import_internal.h"

namespace bangfu::asset::imports {
namespace {

using printed::ParseState;

std::optional<OwnerLevel> StatedLevel(Draft* d) {
  const auto level = tables::OwnerLevelOf(d->Text(Field::kOwnerLevel));
  if (level) {
    d->Keep(Field::kOwnerLevel);
  } else if (d->Has(Field::kOwnerLevel)) {
    d->Unclear(Field::kOwnerLevel, "OWNER_LEVEL_UNKNOWN",
               "权属级次无法识别，请选择县级、乡镇、村集体、联村或到户");
  }
  return level;
}

// True when every owner is named with its level and its share.
bool OwnersWithShares(const std::optional<OwnerLevel>& stated, Draft* d) {
  v1::AssetDetails& details = *d->asset.mutable_asset()->mutable_details();
  const std::vector<tables::Owner> owners = tables::OwnersOf(d->Text(Field::kOwners));
  bool levels = true;
  for (const tables::Owner& owner : owners) {
    auto level = stated;
    if (!level || *level == OwnerLevel::kMultiVillage) {
      const auto own = tables::OwnerLevelOf(owner.name);
      if (own) level = own;
    }
    if (!level) {
      levels = false;
      continue;
    }
    v1::AssetOwner* to = details.add_owners();
    to->set_name(Utf8Truncate(owner.name, 200));
    to->set_level(static_cast<v1::OwnerLevel>(*level));
    to->set_share_bp(owner.share_bp);
  }
  if (!levels) {
    details.clear_owners();  // an owner left out would shift the shares
    d->Unclear(Field::kOwners, "OWNER_LEVEL_UNKNOWN", "所有权人的权属级次未写明，请补填");
  }
  bool shares = details.owners_size() > 0;
  for (const v1::AssetOwner& owner : details.owners()) shares &= owner.share_bp() > 0;
  if (shares) {
    d->Keep(Field::kOwners);
    return true;
  }
  d->Ask("owners");
  if (std::any_of(owners.begin(), owners.end(),
                  [](const tables::Owner& owner) { return owner.share_bp == 0; })) {
    d->Unclear(Field::kOwners, "OWNER_SHARES_UNKNOWN",
               owners.size() > 1 ? "多个所有权人的份额未写明，或合计不是100%"
                                 : "只写明部分份额或部分所有权人，请补填");
  }
  d->Keep(Field::kOwners, ParseState::kAbsent);
  return false;
}

void IncomeHolders(const std::optional<OwnerLevel>& stated, Draft* d) {
  v1::AssetDetails& details = *d->asset.mutable_asset()->mutable_details();
  bool levels = true;
  bool shares = true;
  for (const tables::Owner& holder : tables::OwnersOf(d->Text(Field::kIncomeHolders))) {
    auto level = tables::OwnerLevelOf(holder.name);
    if (!level) level = stated;
    if (!level) {
      levels = false;
      continue;
    }
    v1::IncomeRightHolder* to = details.add_income_right_holders();
    to->set_name(Utf8Truncate(holder.name, 200));
    to->set_level(static_cast<v1::OwnerLevel>(*level));
    to->set_share_bp(holder.share_bp);
    shares &= holder.share_bp > 0;
  }
  if (!levels) {
    details.clear_income_right_holders();  // as with owners
    d->Unclear(Field::kIncomeHolders, "HOLDER_LEVEL_UNKNOWN", "收益权人的级次未写明，请补填");
  } else if (!shares) {
    d->Unclear(Field::kIncomeHolders, "HOLDER_SHARES_UNKNOWN", "收益权人的份额未写明，请补填");
  } else {
    d->Keep(Field::kIncomeHolders);
  }
}

// §3.4: legacy stock comes in with the title that it has, and its certificate says so. The basis is
// asked for where the table does not state it: it has no column of its own in T4.
void Title(bool shares, Draft* d) {
  v1::Asset& asset = *d->asset.mutable_asset();
  v1::AssetDetails& details = *asset.mutable_details();
  const tables::OwnershipBasis basis = tables::BasisOf(d->Text(Field::kBasis));
  for (const std::string& code : basis.codes) details.add_ownership_basis(code);
  if (basis.unknown.empty()) {
    d->Keep(Field::kBasis);
  } else {
    d->Unclear(Field::kBasis, "OWNERSHIP_BASIS_UNKNOWN",
               "确权依据无法对应，请选择资金来源、受益范围或管理需要");
  }
  tables::TitleText title = tables::TitleOf(d->Text(Field::kTitle));
  if (d->Has(Field::kCert) && !tables::SaysNone(d->Text(Field::kCert))) {
    title.cert_no = d->Text(Field::kCert);
  }
  d->Keep(Field::kTitle, title.status ? ParseState::kExact : ParseState::kAbsent);
  d->Keep(Field::kCert);
  asset.set_title_status(v1::TITLE_STATUS_UNREGISTERED);
  if (!title.status) {
    if (d->Has(Field::kTitle)) {
      d->Warn(Field::kTitle, "TITLE_UNCLEAR", "确权状态不明确，暂按未确权登记；请填已确权或未确权");
    } else if (!title.cert_no.empty()) {
      d->Warn(Field::kCert, "TITLE_UNCLEAR", "只有证号，确权状态未写明，暂按未确权登记");
    }
  } else if (*title.status == TitleStatus::kDisputed) {
    asset.set_title_status(v1::TITLE_STATUS_DISPUTED);
    asset.set_title_cert_no(Utf8Truncate(title.cert_no, 100));
  } else if (*title.status == TitleStatus::kUnregistered) {
    if (!title.cert_no.empty()) {
      d->Warn(Field::kCert, "TITLE_UNCLEAR", "未确权却有证号，暂按未确权登记，请核对");
    }
  } else if (title.cert_no.empty()) {
    d->Warn(d->Has(Field::kCert) ? Field::kCert : Field::kTitle, "CERTIFICATE_MISSING",
            "已确权须填证号，暂按未确权登记");
  } else if (!shares) {
    d->Warn(Field::kOwners, "OWNER_SHARES_UNKNOWN", "已确权须有所有权人份额，暂按未确权登记");
  } else {
    asset.set_title_status(v1::TITLE_STATUS_REGISTERED);
    asset.set_title_cert_no(Utf8Truncate(title.cert_no, 100));
    if (details.ownership_basis_size() == 0) {
      d->Warn(Field::kBasis, "OWNERSHIP_BASIS_MISSING", "已确权的资产须补填确权依据");
    }
  }
}

void Custody(const Sheet& sheet, Draft* d) {
  v1::Asset& asset = *d->asset.mutable_asset();
  asset.set_custody_status(v1::CUSTODY_STATUS_NOT_HANDED_OVER);
  const auto day = DayIn(d, Field::kTransferred);
  if (!day) return;
  if (*day > sheet.today) {
    d->Unclear(Field::kTransferred, "DATE_IN_FUTURE", "移交时间晚于今天，未采用，请核对");
    return;
  }
  asset.set_custody_status(v1::CUSTODY_STATUS_HANDED_OVER);
  SetDay(*day, asset.mutable_transferred_date());
  if (const std::string owners = d->Text(Field::kOwners); !tables::SaysNone(owners)) {
    asset.set_custodian(Utf8Truncate(owners, 200));
  }
}

void Upkeep(const Sheet& sheet, Draft* d) {
  v1::AssetDetails& details = *d->asset.mutable_asset()->mutable_details();
  v1::Maintenance* om = details.mutable_maintenance();
  // A person's name: never among the raw texts, which are read by everybody.
  if (const std::string person = d->Text(Field::kOmPerson); !tables::SaysNone(person)) {
    om->set_person(Utf8Truncate(person, 100));
  }
  if (d->Has(Field::kOmRules)) {
    const std::string rules = d->Text(Field::kOmRules);
    const bool none = tables::SaysNone(rules) || tables::YesNo(rules) == false ||
                      HasPrefix(rules, "未") || HasPrefix(rules, "正在") || HasPrefix(rules, "拟");
    if (!none) om->set_rules(Utf8Truncate(rules, 500));
    d->Keep(Field::kOmRules);
  }
  if (const auto money = FenIn(sheet, d, Field::kOmMoney); money && *money > 0) {
    om->set_annual_fund_fen(*money);
    om->set_fund_source("管护经费");
  }
  if (d->Has(Field::kInsured)) {
    if (const auto insured = tables::InsuredOf(d->Text(Field::kInsured))) {
      details.set_insured(*insured);
      d->Keep(Field::kInsured);
    } else {
      d->Unclear(Field::kInsured, "INSURANCE_UNCLEAR", "是否投保不明确，请填是或否");
    }
  }
}

}  // namespace

void Owners(const Sheet& sheet, Draft* d) {
  const auto level = StatedLevel(d);
  const bool shares = OwnersWithShares(level, d);
  IncomeHolders(level, d);
  Title(shares, d);
  Custody(sheet, d);
  d->asset.mutable_asset()->mutable_details()->set_address(
      Utf8Truncate(d->Text(Field::kAddress), 300));
  Upkeep(sheet, d);
}

}  // namespace bangfu::asset::imports
