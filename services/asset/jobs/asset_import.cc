#include "services/asset/jobs/asset_import.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_join.h"
#include "bangfu/asset/v1/imported_asset.pb.h"
#include "common/base/bp.h"
#include "common/base/digest.h"
#include "common/base/money.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/base/uscc.h"
#include "common/printed/chinese.h"
#include "common/printed/fund_source.h"
#include "common/printed/region_matcher.h"
#include "common/printed/villages.h"
#include "common/printed/vocabulary.h"
#include "common/rpc/actor.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/contract_handlers.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/intake/asset_table.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/contract_store.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset {
namespace {

using ::bangfu::intake::CommittedRow;
using ::bangfu::intake::Job;
using ::bangfu::intake::MakeIssue;
using ::bangfu::intake::StagedRow;
using ::bangfu::intake::v1::ROW_OUTCOME_CREATED;
using ::bangfu::intake::v1::ROW_OUTCOME_HELD;
using ::bangfu::intake::v1::ROW_OUTCOME_REFUSED;
using ::bangfu::intake::v1::ROW_OUTCOME_UNCHANGED;
using ::bangfu::intake::v1::ROW_OUTCOME_UPDATED;
using ::bangfu::intake::v1::ROW_OUTCOME_WARNED;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_PROV_ADMIN;
using options::v1::ROLE_SYSTEM_INTEGRATOR;
using options::v1::ROLE_TOWNSHIP_REVIEWER;
using tables::Field;

// 0.01万元 for each of the summands: what rounding in a printed table explains.
constexpr int64_t kRoundingFen = 10000;

constexpr std::string_view kOpen[] = {"source_projects", "fund_sources", "owners", "formed_date"};

std::vector<auth::Role> Roles() {
  return {ROLE_TOWNSHIP_REVIEWER, ROLE_COUNTY_OPERATOR, ROLE_PROV_ADMIN, ROLE_SYSTEM_INTEGRATOR};
}

// The importer's grants cover the money of the asset.
absl::Status ScopeOf(const Job& job, std::string_view region_path,
                     const v1::AssetDetails& details) {
  if (!job.caller.MindsFacets()) return absl::OkStatus();
  return workflow::CheckScope(job.caller, Roles(), region_path, api::FacetsOf(details),
                              "写入该资金来源的资产");
}

// The importer under the grant that covers the money of the asset.
audit::Actor AuditActor(const Job& job, std::string_view region_path,
                        const v1::AssetDetails& details) {
  return rpc::ActorOf(job.caller, Roles(), region_path, api::FacetsOf(details));
}

// One row while it is read: its cells by field, what it becomes, what is said of it.
class Draft {
 public:
  Draft(const tables::Header& header, const table::InputRow& row) : header_(header), row_(row) {
    staged.row_no = row.row_no;
    staged.outcome = ROW_OUTCOME_CREATED;
  }

  std::string Text(Field field) const {
    const auto it = header_.columns.find(field);
    if (it == header_.columns.end() || it->second >= row_.cells.size()) return "";
    return printed::Normalize(row_.cells[it->second].text);
  }
  bool Has(Field field) const { return !Text(field).empty(); }
  bool Damaged(Field field) const {
    const auto it = header_.columns.find(field);
    return it != header_.columns.end() && it->second < row_.cells.size() &&
           row_.cells[it->second].precision_lost;
  }
  std::string HeaderText(Field field) const {
    const auto it = header_.texts.find(field);
    return it == header_.texts.end() ? "" : it->second;
  }

  void Hold(Field field, std::string_view reason, std::string_view proposal,
            std::string_view understood = "") {
    Say(field, reason, proposal, understood);
    if (staged.outcome != ROW_OUTCOME_REFUSED) staged.outcome = ROW_OUTCOME_HELD;
  }
  void Refuse(std::string_view field, std::string_view reason, std::string_view raw,
              std::string_view proposal) {
    staged.issues.push_back(MakeIssue(field, reason, raw, "", proposal));
    staged.outcome = ROW_OUTCOME_REFUSED;
  }
  void Warn(Field field, std::string_view reason, std::string_view proposal,
            std::string_view understood = "") {
    Say(field, reason, proposal, understood);
    warned = true;
  }
  void Ask(std::string_view question) { open.insert(std::string(question)); }
  bool decided() const {
    return staged.outcome == ROW_OUTCOME_HELD || staged.outcome == ROW_OUTCOME_REFUSED;
  }

  StagedRow staged;
  v1::ImportedAsset asset;
  std::vector<std::string> project_keys;
  std::string region_code;  // as the row gives it; empty: by name
  std::set<std::string> open;
  bool warned = false;

 private:
  void Say(Field field, std::string_view reason, std::string_view proposal,
           std::string_view understood) {
    staged.issues.push_back(
        MakeIssue(tables::FieldName(field), reason, Text(field), understood, proposal));
  }
  const tables::Header& header_;
  const table::InputRow& row_;
};

std::optional<absl::CivilDay> DayOf(const Draft& d, Field field) {
  const std::string text = d.Text(field);
  if (text.empty()) return std::nullopt;
  if (const auto day = printed::ParseDay(text)) return day->day;
  // A bare year stands for its last day.
  if (const auto year = printed::ParseYear(text)) return absl::CivilDay(*year, 12, 31);
  return std::nullopt;
}

class Reader final : public ::bangfu::intake::RowReader {
 public:
  Reader(const Job& job, mysql::Session& db, UlidGenerator& ids)
      : job_(job), db_(db), ids_(ids), today_(ShanghaiDay(job.now)) {
    // What a table calls the year's income is that of the last full year.
    year_end_ = absl::CivilDay(today_.year() - 1, 12, 31);
  }

  absl::Status Prepare() {
    ASSIGN_OR_RETURN(sources_, store::CodesOf(db_, "FUND_SOURCE"));
    ASSIGN_OR_RETURN(modes_, store::CodesOf(db_, "LINKAGE_MODE"));
    return absl::OkStatus();
  }

  absl::Status AddRows(const std::vector<table::InputRow>& rows,
                       std::vector<StagedRow>* out) override {
    std::vector<Draft> drafts;
    for (const table::InputRow& row : rows) {
      if (!header_.usable()) {
        std::vector<std::string> cells;
        for (const table::InputCell& cell : row.cells) {
          cells.push_back(cell.text);
          const std::string text = printed::Normalize(cell.text);
          if (text.find("单位") != std::string::npos && text.find("元") != std::string::npos) {
            title_ = text;
          }
        }
        header_ = tables::ReadHeader(cells);
        if (!header_.usable() && ++skipped_ > 20) break;
        continue;
      }
      drafts.emplace_back(header_, row);
      Understand(&drafts.back());
    }
    if (!header_.usable() && skipped_ > 20) return NoHeader();
    RETURN_IF_ERROR(Resolve(&drafts));
    for (Draft& draft : drafts) out->push_back(std::move(draft.staged));
    return absl::OkStatus();
  }

  absl::Status Finish(std::vector<StagedRow>*) override {
    return header_.usable() ? absl::OkStatus() : NoHeader();
  }

 private:
  static absl::Status NoHeader() {
    return Error(absl::StatusCode::kInvalidArgument, "TABLE_HEADER_UNKNOWN")
        .Domain(kErrorDomain)
        .Zh("没有找到资产台账的表头（资产名称、原值、使用状态 …）")
        .Build();
  }

  printed::Amount Money(const Draft& d, Field field) const {
    std::string title = title_;
    if (title.empty() && !job_.default_money_unit.empty()) {
      title = Cat("单位：", job_.default_money_unit);
    }
    const std::string header = d.HeaderText(field);
    return printed::ParseAmount(d.Text(field), {header, title});
  }
  // An amount that must be exact when given; nullopt: not given or held.
  std::optional<int64_t> ExactFen(Draft* d, Field field) const {
    if (!d->Has(field)) return std::nullopt;
    const printed::Amount amount = Money(*d, field);
    if (amount.exact()) return *amount.fen;
    d->Warn(field, Cat("AMOUNT_", printed::ParseStateName(amount.state)),
            "金额不是准确数，未采用；请补填准确金额", amount.note_zh);
    return std::nullopt;
  }
  std::optional<int64_t> Count(Draft* d, Field field) const {
    if (!d->Has(field)) return std::nullopt;
    const auto count = printed::ParseCount(d->Text(field));
    if (!count) d->Warn(field, "COUNT_UNCLEAR", "数量不明确，未采用；请补填整数");
    return count;
  }

  // Everything that the row itself says.
  void Understand(Draft* d) {
    const std::string name = d->Text(Field::kName);
    const std::string kind = d->Text(Field::kKind);
    const std::string note = d->Text(Field::kNote);
    d->staged.key = d->Has(Field::kCode) ? d->Text(Field::kCode) : name;
    if (const auto refusal = tables::RefusalOf(name, kind, d->Text(Field::kUse), note)) {
      d->Refuse(refusal->field, refusal->reason, refusal->raw, refusal->proposal_zh);
      return;
    }
    if (name.empty()) {
      d->Hold(Field::kName, "NAME_MISSING", "请补填资产名称");
      return;
    }
    v1::Asset& asset = *d->asset.mutable_asset();
    v1::AssetDetails& details = *asset.mutable_details();
    details.set_name(Utf8Truncate(name, 200));
    details.set_note(Utf8Truncate(note, 1000));
    asset.set_sample(job_.sample);

    // Kind.
    if (const auto c = tables::ClassOf(d->Text(Field::kClass))) {
      details.set_asset_class(static_cast<v1::AssetClass>(*c));
    } else if (const auto by_kind =
                   tables::ClassOfKind(kind.empty() ? d->Text(Field::kClass) : kind)) {
      details.set_asset_class(static_cast<v1::AssetClass>(*by_kind));
      d->Warn(kind.empty() ? Field::kClass : Field::kKind, "CLASS_BY_KIND",
              "资产类别由种类推断，请确认",
              *by_kind == AssetClass::kOperating ? "经营性" : "公益性");
    } else {
      d->Hold(Field::kClass, "CLASS_MISSING", "请填写经营性、公益性或到户类");
    }
    const std::string described = Cat(kind, " ", name);
    if (const auto form = tables::FormOf(d->Text(Field::kForm))) {
      details.set_asset_form(static_cast<v1::AssetForm>(*form));
    } else if (const auto by_kind = tables::FormOf(kind); by_kind) {
      details.set_asset_form(static_cast<v1::AssetForm>(*by_kind));
    } else {
      details.set_asset_form(v1::ASSET_FORM_FIXED);
      d->Warn(Field::kForm, "FORM_ASSUMED", "资产形态未写明，按固定资产登记，请确认", "固定资产");
    }
    details.set_category_code(tables::CategoryOf(described));

    // Value and money.
    const printed::Amount value = Money(*d, Field::kValue);
    details.set_original_value_text(Utf8Truncate(d->Text(Field::kValue), 200));
    if (value.exact()) {
      details.set_original_value_fen(*value.fen);
      details.set_value_state(type::v1::AMOUNT_PARSE_STATE_EXACT);
    } else if (value.state == printed::ParseState::kApproximate && value.fen) {
      details.set_original_value_fen(*value.fen);
      details.set_value_state(type::v1::AMOUNT_PARSE_STATE_APPROXIMATE);
      d->Warn(Field::kValue, "VALUE_APPROXIMATE", "原值是约数，确认前不计入指标", value.note_zh);
      d->Ask("original_value");
    } else if (value.unit_source == printed::UnitSource::kAsk) {
      d->Hold(Field::kValue, "VALUE_UNIT_UNKNOWN", "原值没有单位，请在表头注明元或万元",
              value.note_zh);
    } else {
      d->Hold(Field::kValue, Cat("VALUE_", printed::ParseStateName(value.state)), "请补填准确原值",
              value.note_zh);
    }
    if (const auto consumables = tables::ConsumablesIn(note)) {
      if (consumables->exact() && *consumables->fen < details.original_value_fen()) {
        details.set_expensed_fen(*consumables->fen);
        details.set_original_value_fen(details.original_value_fen() - *consumables->fen);
        d->Warn(Field::kNote, "CONSUMABLES_EXPENSED", "消耗品从原值中分出，按费用处理",
                Cat("费用化", consumables->raw));
      } else {
        d->Hold(Field::kNote, "CONSUMABLES_UNCLEAR", "原值含消耗品，请分列其金额");
      }
    }
    Funds(d);

    // Days.
    const auto formed = DayOf(*d, Field::kFormed);
    if (formed) {
      if (*formed > today_) {
        d->Refuse("formed_date", "ASSET_NOT_FORMED", d->Text(Field::kFormed),
                  "建成时间晚于今天：资产尚未形成，请在来源项目中填报");
        return;
      }
      api::SetDay(*formed, details.mutable_formed_date());
    } else if (d->Has(Field::kFormed)) {
      d->Hold(Field::kFormed, "DATE_UNCLEAR", "建成时间无法识别，请填如2021-09-30");
    } else {
      d->Ask("formed_date");
    }
    const auto planted = DayOf(*d, Field::kPlanting);
    if (planted && *planted <= today_) api::SetDay(*planted, details.mutable_planting_date());
    if (const auto months = Count(d, Field::kCultivation); months && planted) {
      details.set_cultivation_months(static_cast<int32_t>(std::clamp<int64_t>(*months, 0, 240)));
    }

    Owners(d);
    Operation(d);
    Usage(d, formed, planted);
    Links(d);

    // Where from, where.
    for (const std::string& key :
         printed::SplitOutsideBrackets(d->Text(Field::kProject), {"、", ",", ";", "\n"})) {
      d->project_keys.push_back(key);
    }
    if (d->project_keys.size() > 1) {
      d->Hold(Field::kProject, "PROJECT_SHARES_UNKNOWN",
              "多个来源项目须分行填写或注明各自占原值比例");
    }
    d->region_code = d->Text(Field::kRegionCode);
    if (d->Damaged(Field::kRegionCode) || printed::IsDamagedCode(d->region_code)) {
      d->Hold(Field::kRegionCode, "CODE_DAMAGED", "区划代码已被表格软件改坏，请按文本重新填写");
      d->region_code.clear();
    }
  }

  void Funds(Draft* d) {
    v1::AssetDetails& details = *d->asset.mutable_asset()->mutable_details();
    if (!d->Has(Field::kFunds)) {
      d->Warn(Field::kFunds, "FUND_SOURCES_MISSING", "未写明资金来源，请补填");
      d->Ask("fund_sources");
      return;
    }
    const printed::DeclaredSources parsed =
        printed::ParseFundSources(d->Text(Field::kFunds), {d->HeaderText(Field::kFunds), title_});
    bool known = !parsed.items.empty() && !parsed.incomplete;
    bool amounts = true;
    bool is_public = false;
    bool all_coded = !parsed.items.empty();
    for (const printed::DeclaredSource& item : parsed.items) {
      const auto code = sources_.find(item.source_code);
      if (item.source_code.empty() || code == sources_.end()) {
        known = all_coded = false;
        d->Warn(Field::kFunds, "FUND_SOURCE_UNKNOWN", "资金来源名称无法对应，请选择",
                absl::StrJoin(item.proposals, "、"));
        continue;
      }
      is_public |= code->second.is_public;
      amounts &= item.amount.exact();
    }
    if (all_coded && !is_public) {
      d->Refuse("fund_sources", "OUT_OF_SCOPE", d->Text(Field::kFunds),
                "没有公共资金投入的资产不在统计范围");
      return;
    }
    if (known && !amounts && parsed.items.size() == 1) {
      // One source alone has paid all.
      v1::AssetFunding* funding = details.add_fund_sources();
      funding->set_source_code(parsed.items.front().source_code);
      funding->set_amount_fen(details.original_value_fen());
      return;
    }
    if (!known || !amounts) {
      d->Warn(Field::kFunds, "FUND_AMOUNTS_UNKNOWN", "各资金来源的金额未写明，请补填");
      d->Ask("fund_sources");
      return;
    }
    int64_t sum = 0;
    for (const printed::DeclaredSource& item : parsed.items) sum += *item.amount.fen;
    const int64_t printed_value = details.original_value_fen() + details.expensed_fen();
    const int64_t difference = std::abs(sum - printed_value);
    if (difference > kRoundingFen * static_cast<int64_t>(parsed.items.size())) {
      d->Hold(Field::kFunds, "VALUE_NOT_CONSERVED", "各资金来源之和不等于原值，请核对",
              Cat("合计", FormatWanYuan(sum), "万元，原值", FormatWanYuan(printed_value), "万元"));
      return;
    }
    if (difference != 0) {
      d->Warn(Field::kFunds, "VALUE_ROUNDED",
              "各资金来源之和与原值差在四舍五入内，两数都保留，请核对",
              Cat("差", FormatYuan(difference), "元"));
      d->Ask("fund_sources");
      return;
    }
    if (details.expensed_fen() > 0) {
      // Which source paid for the consumables is not stated: in proportion, to the fen.
      std::vector<int64_t> weights;
      for (const printed::DeclaredSource& item : parsed.items) weights.push_back(*item.amount.fen);
      const std::vector<int64_t> parts =
          SplitLargestRemainder(details.original_value_fen(), weights);
      for (size_t i = 0; i < parsed.items.size(); ++i) {
        v1::AssetFunding* funding = details.add_fund_sources();
        funding->set_source_code(parsed.items[i].source_code);
        funding->set_amount_fen(parts[i]);
      }
      return;
    }
    for (const printed::DeclaredSource& item : parsed.items) {
      v1::AssetFunding* funding = details.add_fund_sources();
      funding->set_source_code(item.source_code);
      funding->set_amount_fen(*item.amount.fen);
    }
  }

  void Owners(Draft* d) {
    v1::Asset& asset = *d->asset.mutable_asset();
    v1::AssetDetails& details = *asset.mutable_details();
    const auto stated = tables::OwnerLevelOf(d->Text(Field::kOwnerLevel));
    const std::vector<tables::Owner> owners = tables::OwnersOf(d->Text(Field::kOwners));
    for (const tables::Owner& owner : owners) {
      auto level = stated;
      if (!level || *level == OwnerLevel::kMultiVillage) {
        const auto own = tables::OwnerLevelOf(owner.name);
        if (own) level = own;
      }
      if (!level) {
        d->Ask("owners");
        continue;
      }
      v1::AssetOwner* to = details.add_owners();
      to->set_name(Utf8Truncate(owner.name, 200));
      to->set_level(static_cast<v1::OwnerLevel>(*level));
      to->set_share_bp(owner.share_bp);
    }
    bool shares = details.owners_size() > 0;
    for (const v1::AssetOwner& owner : details.owners()) shares &= owner.share_bp() > 0;
    if (static_cast<size_t>(details.owners_size()) != owners.size()) {
      details.clear_owners();  // an owner left out would shift the shares
      shares = false;
    }
    if (!shares) {
      d->Ask("owners");
      if (owners.size() > 1)
        d->Warn(Field::kOwners, "OWNER_SHARES_UNKNOWN", "多个所有权人的份额未写明");
    }
    for (const tables::Owner& holder : tables::OwnersOf(d->Text(Field::kIncomeHolders))) {
      auto level = tables::OwnerLevelOf(holder.name);
      if (!level) level = stated;
      if (!level) continue;
      v1::IncomeRightHolder* to = details.add_income_right_holders();
      to->set_name(Utf8Truncate(holder.name, 200));
      to->set_level(static_cast<v1::OwnerLevel>(*level));
      to->set_share_bp(holder.share_bp);
    }
    asset.set_title_status(v1::TITLE_STATUS_UNREGISTERED);
    if (d->Text(Field::kTitle).find("已确权") != std::string::npos) {
      if (!d->Has(Field::kCert)) {
        d->Warn(Field::kCert, "CERTIFICATE_MISSING", "已确权须填证号，暂按未确权登记");
      } else if (!shares) {
        d->Warn(Field::kOwners, "OWNER_SHARES_UNKNOWN", "已确权须有所有权人份额，暂按未确权登记");
      } else {
        asset.set_title_status(v1::TITLE_STATUS_REGISTERED);
        asset.set_title_cert_no(Utf8Truncate(d->Text(Field::kCert), 100));
      }
    }
    asset.set_custody_status(v1::CUSTODY_STATUS_NOT_HANDED_OVER);
    if (const auto day = DayOf(*d, Field::kTransferred); day && *day <= today_) {
      asset.set_custody_status(v1::CUSTODY_STATUS_HANDED_OVER);
      api::SetDay(*day, asset.mutable_transferred_date());
      asset.set_custodian(Utf8Truncate(d->Text(Field::kOwners), 200));
    }
    details.set_address(Utf8Truncate(d->Text(Field::kAddress), 300));
    v1::Maintenance* om = details.mutable_maintenance();
    om->set_person(Utf8Truncate(d->Text(Field::kOmPerson), 100));
    if (const std::string rules = d->Text(Field::kOmRules); !rules.empty() && rules != "无") {
      om->set_rules(Utf8Truncate(rules, 500));
    }
    if (const auto money = ExactFen(d, Field::kOmMoney); money && *money > 0) {
      om->set_annual_fund_fen(*money);
      om->set_fund_source("管护经费");
    }
    details.set_insured(tables::IsYes(d->Text(Field::kInsured)));
  }

  void Operation(Draft* d) {
    v1::AssetDetails& details = *d->asset.mutable_asset()->mutable_details();
    const std::string mode_text = d->Text(Field::kMode);
    const auto mode = tables::ModeOf(mode_text);
    if (mode) {
      details.set_operate_mode(static_cast<v1::OperateMode>(*mode));
    } else if (!mode_text.empty()) {
      d->Warn(Field::kMode, "MODE_UNKNOWN", "经营方式无法识别，请选择自营、租赁、委托、合作或入股");
    }
    details.set_operator_name(Utf8Truncate(d->Text(Field::kOperator), 200));
    if (d->Has(Field::kUscc)) {
      if (const auto uscc = NormalizeUscc(d->Text(Field::kUscc)); uscc.ok()) {
        details.set_operator_uscc(*uscc);
      } else {
        d->Warn(Field::kUscc, "USCC_INVALID", "统一社会信用代码校验不通过，未采用");
      }
    }
    const auto agreed = ExactFen(d, Field::kAgreed);
    const auto from = DayOf(*d, Field::kContractFrom);
    const auto to = DayOf(*d, Field::kContractTo);
    const bool by_contract = mode && *mode != OperateMode::kSelf && *mode != OperateMode::kNone;
    if (by_contract && from && to && !details.operator_name().empty()) {
      if (*to < *from) {
        d->Hold(Field::kContractTo, "CONTRACT_DATES", "合同止期早于起期");
      } else {
        v1::ContractTerms* terms = d->asset.mutable_contract();
        terms->set_mode(details.operate_mode());
        terms->set_owner_party(details.owners_size() > 0 ? details.owners(0).name()
                                                         : d->Text(Field::kOwners));
        if (terms->owner_party().empty()) terms->set_owner_party("（未注明）");
        terms->set_operator_name(details.operator_name());
        terms->set_operator_uscc(details.operator_uscc());
        api::SetDay(*from, terms->mutable_start_date());
        api::SetDay(*to, terms->mutable_end_date());
        if (agreed && *agreed > 0) {
          // Dues before the year that the table reports are not known, so none are claimed.
          const absl::CivilDay first = std::max(*from, absl::CivilDay(year_end_.year(), 1, 1));
          if (first <= *to) {
            v1::ScheduleStep* step = terms->add_schedule();
            api::SetDay(first, step->mutable_from());
            api::SetDay(*to, step->mutable_to());
            step->set_fixed_fen_per_year(*agreed);
            v1::DueDay* due = terms->add_due_days();
            due->set_month(12);
            due->set_day(31);
          }
        }
      }
    }
    if (const auto income = ExactFen(d, Field::kIncome)) {
      d->asset.set_income_fen(*income);
      api::SetDay(year_end_, d->asset.mutable_income_on());
    }
    const auto declared = ExactFen(d, Field::kDividendDue);
    auto paid = ExactFen(d, Field::kDividendPaid);
    if (declared && *declared > 0) {
      if (!d->asset.has_income_fen() || *declared > d->asset.income_fen()) {
        d->Warn(Field::kDividendDue, "DIVIDEND_EXCEEDS_INCOME", "分红超过实际收益，未采用，请核对");
      } else {
        if (paid && *paid > *declared) {
          d->Warn(Field::kDividendPaid, "DIVIDEND_OVERPAID", "分红实付超过应付，按应付计");
          paid = declared;
        }
        d->asset.set_dividend_declared_fen(*declared);
        d->asset.set_dividend_paid_fen(paid.value_or(0));
      }
    }
  }

  void Usage(Draft* d, const std::optional<absl::CivilDay>& formed,
             const std::optional<absl::CivilDay>& planted) {
    const tables::UseText text = tables::UseOf(d->Text(Field::kUse));
    if (text.state == UseState::kUnspecified) {
      d->Hold(Field::kUse, d->Has(Field::kUse) ? "USE_UNKNOWN" : "USE_MISSING",
              "请填写使用状态：在用、部分使用、季节性停用、停用、闲置、损毁、培育期、未投用");
      return;
    }
    if (text.state == UseState::kPartial && text.parts.empty()) {
      d->Hold(Field::kUse, "USE_SHARE_MISSING", "部分使用须写明在用比例，如「部分使用60%」");
      return;
    }
    Use use;
    use.state = text.state;
    use.parts = text.parts;
    use.since = formed.value_or(today_);
    const auto idle = DayOf(*d, Field::kIdleSince);
    if (IsStopped(use.state) || use.state == UseState::kPartial) {
      if (idle && *idle <= today_) {
        use.since = std::max(*idle, use.since);
        use.idle_since = use.since;
      } else if (use.state != UseState::kPartial) {
        d->Hold(Field::kIdleSince, "IDLE_SINCE_MISSING", "请填写闲置起始日期");
        return;
      } else {
        use.since = today_;
      }
      const std::string note = d->Text(Field::kNote);
      use.idle_reason = note.empty() ? "导入台账，原因未注明" : Utf8Truncate(note, 500);
    }
    use.irreparable =
        use.state == UseState::kDamaged && tables::IsYes(d->Text(Field::kIrreparable));
    UseContext context{today_, formed, std::nullopt, nullptr};
    const v1::AssetDetails& details = d->asset.asset().details();
    if (planted && details.cultivation_months() > 0) {
      context.cultivation_ends = AddMonths(*planted, details.cultivation_months()) - 1;
    }
    if (use.state == UseState::kCultivating) {
      if (!planted) {
        d->Hold(Field::kPlanting, "PLANTING_MISSING", "培育期须填种植时间和培育月数");
        return;
      }
      use.since = *planted;
      context.formed.reset();
      if (context.cultivation_ends && *context.cultivation_ends < today_) {
        use.state = UseState::kNotStarted;
        use.since = *context.cultivation_ends + 1;
        d->Warn(Field::kUse, "CULTIVATION_OVER", "培育期已满，按未投用登记");
      }
    }
    if (use.state == UseState::kPartial) use.idle_reason.clear();
    const absl::Status checked = CheckUse(context, "use", &use);
    if (!checked.ok()) {
      d->Hold(Field::kUse, ReasonOf(checked), GetErrorDetail(checked).message_zh);
      return;
    }
    *d->asset.mutable_asset()->mutable_use() = api::ToUseReport(use);
  }

  void Links(Draft* d) {
    const tables::LinkModes modes = tables::LinkModesOf(d->Text(Field::kLinkModes));
    for (const std::string& code : modes.codes) {
      if (modes_.contains(code)) d->asset.add_linkage_modes(code);
    }
    for (const std::string& unknown : modes.unknown) {
      d->Warn(Field::kLinkModes, "LINKAGE_MODE_UNKNOWN", "联结方式无法对应，请选择", unknown);
    }
    const auto poor = Count(d, Field::kPoor);
    const auto monitored = Count(d, Field::kMonitored);
    d->asset.set_poor_households(static_cast<int32_t>(poor.value_or(0)));
    d->asset.set_monitored_households(static_cast<int32_t>(monitored.value_or(0)));
    const int64_t households = poor.value_or(0) + monitored.value_or(0);
    if (d->Has(Field::kPerHousehold) && households > 0) {
      if (const auto each = ExactFen(d, Field::kPerHousehold)) {
        d->asset.set_household_income_fen(*each * households);
      }
    }
  }

  // What the database says of a batch of rows: projects, regions, what is there already.
  absl::Status Resolve(std::vector<Draft>* drafts) {
    std::set<std::string> keys;
    for (const Draft& d : *drafts) {
      if (!d.decided()) keys.insert(d.project_keys.begin(), d.project_keys.end());
    }
    ASSIGN_OR_RETURN(
        const auto found,
        store::FindProjectsByKey(db_, std::vector<std::string>(keys.begin(), keys.end())));
    std::multimap<std::string, const store::ProjectCopy*> projects;
    for (const auto& [key, project] : found) projects.emplace(key, &project);
    for (Draft& d : *drafts) {
      if (d.decided()) continue;
      RETURN_IF_ERROR(ResolveOne(&d, projects));
    }
    std::vector<std::string> natural;
    for (const Draft& d : *drafts) {
      if (!d.decided()) natural.push_back(d.asset.natural_key());
    }
    ASSIGN_OR_RETURN(const std::vector<store::AssetRow> there,
                     store::FindByNaturalKeys(db_, natural));
    std::map<std::string, const store::AssetRow*> by_key;
    for (const store::AssetRow& row : there) by_key[*row.natural_key] = &row;
    for (Draft& d : *drafts) {
      if (d.decided()) continue;
      uint64_t key = 0;
      std::memcpy(&key, d.asset.natural_key().data(), sizeof(key));
      if (!seen_.insert(key).second) {
        d.Hold(Field::kName, "DUPLICATE_ROW", "本表中已有同一资产的行；如是另一项资产请改名区分");
        continue;
      }
      const auto it = by_key.find(d.asset.natural_key());
      if (it == by_key.end()) {
        d.staged.record_id = ids_.Next();
        d.staged.outcome = d.warned ? ROW_OUTCOME_WARNED : ROW_OUTCOME_CREATED;
      } else {
        d.staged.record_id = it->second->id;
        if (it->second->import_digest == d.asset.content_digest()) {
          d.staged.outcome = ROW_OUTCOME_UNCHANGED;
          continue;  // nothing to commit
        }
        d.staged.outcome = ROW_OUTCOME_UPDATED;
        d.staged.issues.push_back(MakeIssue("", "MONEY_NOT_UPDATED", "", "",
                                            "更新资产信息；合同、收益、分红的变更请在系统内登记"));
      }
      d.staged.payload = d.asset.SerializeAsString();
    }
    return absl::OkStatus();
  }

  absl::Status ResolveOne(Draft* d,
                          const std::multimap<std::string, const store::ProjectCopy*>& projects) {
    v1::Asset& asset = *d->asset.mutable_asset();
    v1::AssetDetails& details = *asset.mutable_details();
    const store::ProjectCopy* project = nullptr;
    if (d->project_keys.empty()) {
      d->Warn(Field::kProject, "PROJECT_MISSING", "未写明来源项目，登记后请关联项目");
      d->Ask("source_projects");
    } else {
      const auto [first, last] = projects.equal_range(d->project_keys.front());
      if (first == last) {
        d->Hold(Field::kProject, "PROJECT_UNKNOWN", "没有这个项目编码或编号；请先登记项目或更正");
        return absl::OkStatus();
      }
      if (std::distance(first, last) > 1) {
        d->Hold(Field::kProject, "PROJECT_AMBIGUOUS", "该编号对应多个项目，请填项目编码");
        return absl::OkStatus();
      }
      project = first->second;
      if (!auth::InScope(job_.scope, project->region_path)) {
        d->Refuse("source_projects", "REGION_FOREIGN", d->Text(Field::kProject),
                  "来源项目不在您的管辖范围内");
        return absl::OkStatus();
      }
      if (project->is_void) {
        d->Refuse("source_projects", "PROJECT_VOID", d->Text(Field::kProject), "来源项目已作废");
        return absl::OkStatus();
      }
      v1::SourceProject* source = details.add_source_projects();
      source->set_project_id(project->id.ToString());
      source->set_value_share_bp(kBpOne);
      if (const absl::Status formed = api::CheckProjects(details, {*project}, job_.scope);
          !formed.ok()) {
        d->Refuse("formed_date", ReasonOf(formed), d->Text(Field::kFormed),
                  GetErrorDetail(formed).message_zh);
        return absl::OkStatus();
      }
    }
    RETURN_IF_ERROR(ResolveRegion(d, project));
    if (d->decided()) return absl::OkStatus();
    if (!auth::InScope(job_.scope, asset.region_path())) {
      d->Refuse("region_code", "REGION_FOREIGN", details.region_code(), "坐落不在您的管辖范围内");
      return absl::OkStatus();
    }
    if (const absl::Status scope = ScopeOf(job_, asset.region_path(), details); !scope.ok()) {
      d->Refuse("fund_sources", ReasonOf(scope), "", GetErrorDetail(scope).message_zh);
      return absl::OkStatus();
    }
    for (const std::string_view question : kOpen) {
      if (d->open.contains(std::string(question))) asset.add_open_questions(std::string(question));
    }
    if (d->open.contains("original_value")) asset.add_open_questions("original_value");
    d->asset.set_natural_key(Sha256(
        d->Has(Field::kCode) ? Cat("code\n", d->Text(Field::kCode))
                             : Cat("name\n", project != nullptr ? project->id.ToString() : "", "\n",
                                   asset.region_path(), "\n", MatchKey(details.name()), "\n",
                                   details.formed_date().year())));
    d->asset.set_content_digest(Sha256(d->asset.SerializeAsString()));
    return absl::OkStatus();
  }

  absl::Status ResolveRegion(Draft* d, const store::ProjectCopy* project) {
    v1::Asset& asset = *d->asset.mutable_asset();
    v1::AssetDetails& details = *asset.mutable_details();
    if (!d->region_code.empty()) {
      const auto it = region_paths_.find(d->region_code);
      std::optional<std::string> path;
      if (it != region_paths_.end()) {
        path = it->second;
      } else {
        const auto code = NormalizeRegionCode(d->region_code);
        if (code.ok()) {
          ASSIGN_OR_RETURN(path, store::RegionPath(db_, *code));
        }
        region_paths_[d->region_code] = path;
      }
      if (!path || path->empty()) {
        d->Hold(Field::kRegionCode, "REGION_UNKNOWN", "未知的区划代码，请更正");
        return absl::OkStatus();
      }
      details.set_region_code(*NormalizeRegionCode(d->region_code));
      asset.set_region_path(*path);
      return absl::OkStatus();
    }
    const bool named = d->Has(Field::kCounty) || d->Has(Field::kTownship) ||
                       d->Has(Field::kVillage) || d->Has(Field::kCity) || d->Has(Field::kProvince);
    if (!named) {
      if (project == nullptr) {
        d->Hold(Field::kRegionCode, "REGION_MISSING", "请填写坐落的区划代码或县、乡镇、村名");
        return absl::OkStatus();
      }
      details.set_region_code(project->region_path);
      asset.set_region_path(project->region_path);
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(LoadMatcher());
    printed::RegionQuery query;
    query.province = d->Text(Field::kProvince);
    query.city = d->Text(Field::kCity);
    query.county = d->Text(Field::kCounty);
    query.township = d->Text(Field::kTownship);
    const printed::PlaceList villages = printed::SplitVillages(d->Text(Field::kVillage));
    // An asset of several villages lies in their township.
    const bool several = villages.names.size() > 1 || villages.incomplete || villages.all;
    if (!several && villages.names.size() == 1) query.village = villages.names.front().name;
    if (const auto year = printed::ParseYear(d->Text(Field::kFormed))) query.year = *year;
    const printed::RegionMatch match = matcher_->Match(query);
    if (match.reason == "OTHER_PROVINCE") {
      d->Refuse("region_code", "REGION_FOREIGN", query.province, "不是本省的资产");
      return absl::OkStatus();
    }
    if (match.code.empty() || !match.complete) {
      std::string candidates;
      for (const printed::RegionCandidate& c : match.candidates) {
        candidates += Cat(candidates.empty() ? "" : "；", c.code, " ", c.path_zh);
      }
      d->Hold(Field::kVillage, match.reason.empty() ? "REGION_UNKNOWN" : match.reason,
              Cat(match.explanation_zh, candidates.empty() ? "" : "；候选：", candidates));
      return absl::OkStatus();
    }
    if (match.ask)
      d->Warn(Field::kVillage, "REGION_MATCHED", "区划按名称匹配，请确认", match.explanation_zh);
    if (several) {
      d->Warn(Field::kVillage, "REGION_SEVERAL", "跨村资产登记在乡镇，各村份额请补填",
              match.explanation_zh);
    }
    details.set_region_code(match.code);
    asset.set_region_path(match.code);
    return absl::OkStatus();
  }

  absl::Status LoadMatcher() {
    if (matcher_ != nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(std::vector<store::RegionCopy> all, store::AllRegions(db_));
    std::map<std::string, std::string> cities;
    for (const store::RegionCopy& r : all) {
      if (r.code.size() == 4) cities[r.code] = r.name;
    }
    std::vector<printed::RegionRow> rows;
    rows.reserve(all.size());
    std::vector<printed::RegionHistoryRow> history;
    for (store::RegionCopy& r : all) {
      const auto level = static_cast<RegionLevel>(std::clamp(r.level, 1, 5));
      if (r.end_year == 0) {
        rows.push_back({std::move(r.code), std::move(r.name), level, std::move(r.parent_code),
                        r.is_extension});
      } else {
        printed::RegionHistoryRow row;
        if (level == RegionLevel::kCounty) row.city = cities[r.code.substr(0, 4)];
        row.code = std::move(r.code);
        row.name = std::move(r.name);
        row.level = level;
        row.start_year = r.start_year;
        row.end_year = r.end_year;
        row.successors = printed::ParseSuccessors(r.successors);
        history.push_back(std::move(row));
      }
    }
    all = {};
    matcher_ = std::make_unique<printed::RegionMatcher>(std::move(rows), std::move(history));
    return absl::OkStatus();
  }

  const Job& job_;
  mysql::Session& db_;
  UlidGenerator& ids_;
  const absl::CivilDay today_;
  absl::CivilDay year_end_;
  tables::Header header_;
  std::string title_;
  int skipped_ = 0;
  api::FundSources sources_;
  std::map<std::string, store::CodeCopy> modes_;
  std::map<std::string, std::optional<std::string>> region_paths_;
  std::unique_ptr<printed::RegionMatcher> matcher_;
  std::unordered_set<uint64_t> seen_;  // natural keys of this file, 8 bytes of each digest
};

class AssetImport final : public ::bangfu::intake::Kind {
 public:
  AssetImport(UlidGenerator& ids, api::HandlerOptions options) : ids_(ids), options_(options) {}
  std::string_view name() const override { return "assets"; }
  std::vector<auth::Role> roles() const override { return Roles(); }

  absl::StatusOr<std::unique_ptr<::bangfu::intake::RowReader>> NewReader(
      const Job& job, mysql::Session& db) override {
    RETURN_IF_ERROR(api::CheckReferenceFresh(db, job.now, options_.max_reference_lag));
    auto reader = std::make_unique<Reader>(job, db, ids_);
    RETURN_IF_ERROR(reader->Prepare());
    return reader;
  }

  absl::StatusOr<std::vector<CommittedRow>> CommitChunk(
      mysql::Tx& tx, const Job& job, const std::vector<StagedRow>& rows) override;

 private:
  UlidGenerator& ids_;
  const api::HandlerOptions options_;
};

absl::StatusOr<std::vector<CommittedRow>> AssetImport::CommitChunk(
    mysql::Tx& tx, const Job& job, const std::vector<StagedRow>& rows) {
  const absl::CivilDay today = ShanghaiDay(job.now);
  std::vector<v1::ImportedAsset> imported(rows.size());
  std::vector<std::string> keys;
  std::vector<Ulid> projects;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!imported[i].ParseFromString(rows[i].payload)) {
      return absl::DataLossError("a staged row is malformed");
    }
    keys.push_back(imported[i].natural_key());
    for (const v1::SourceProject& source : imported[i].asset().details().source_projects()) {
      ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(source.project_id()));
      projects.push_back(id);
    }
  }
  RETURN_IF_ERROR(api::LockFacts(tx, projects));
  ASSIGN_OR_RETURN(const std::vector<store::AssetRow> there, store::FindByNaturalKeys(tx, keys));
  std::map<std::string, const store::AssetRow*> by_key;
  for (const store::AssetRow& row : there) by_key[*row.natural_key] = &row;

  std::vector<CommittedRow> out(rows.size());
  std::vector<store::NewAsset> assets;
  std::vector<store::NewContract> contracts;
  std::vector<store::IncomeRow> income;
  std::vector<store::DividendRow> dividends;
  std::vector<store::DividendPayment> payments;
  std::vector<store::LinkageRow> linkages;
  std::vector<store::LinkageIncome> linkage_income;
  std::vector<std::pair<std::string, int64_t>> prefixes;
  std::vector<store::AssetRow> updated;
  std::vector<v1::Asset> updated_before;
  api::BatchRecorder recorder(
      rpc::ActorOf(job.caller, Roles(), job.scope.empty() ? "" : job.scope.front()),
      "ImportService.CommitImport", job.now);
  const std::string reason = Cat("导入 ", job.file_name.empty() ? job.batch_id : job.file_name);

  for (size_t i = 0; i < rows.size(); ++i) {
    const v1::ImportedAsset& row = imported[i];
    const v1::AssetDetails& details = row.asset().details();
    out[i].outcome = rows[i].outcome;
    out[i].record_id = rows[i].record_id;
    if (!auth::InScope(job.scope, row.asset().region_path())) {
      out[i] = {ROW_OUTCOME_REFUSED,
                Ulid(),
                {MakeIssue("region_code", "REGION_FOREIGN", details.region_code(), "",
                           "坐落不在您的管辖范围内")}};
      continue;
    }
    if (const absl::Status scope = ScopeOf(job, row.asset().region_path(), details); !scope.ok()) {
      out[i] = {
          ROW_OUTCOME_REFUSED,
          Ulid(),
          {MakeIssue("fund_sources", ReasonOf(scope), "", "", GetErrorDetail(scope).message_zh)}};
      continue;
    }
    std::vector<FieldViolation> ignored;
    if (const auto it = by_key.find(row.natural_key()); it != by_key.end()) {
      const store::AssetRow& old = *it->second;
      out[i].record_id = old.id;
      if (old.import_digest == row.content_digest()) {
        out[i].outcome = ROW_OUTCOME_UNCHANGED;
        continue;
      }
      if (const absl::Status scope = ScopeOf(job, old.region_path, api::DetailsOf(old));
          !scope.ok()) {
        out[i] = {
            ROW_OUTCOME_REFUSED,
            old.id,
            {MakeIssue("fund_sources", ReasonOf(scope), "", "", GetErrorDetail(scope).message_zh)}};
        continue;
      }
      if (old.state != AssetState::kActive) {
        out[i] = {ROW_OUTCOME_REFUSED,
                  old.id,
                  {MakeIssue("", "ASSET_NOT_ACTIVE", "", "", "资产不在正常状态，不能更新")}};
        continue;
      }
      store::AssetRow changed = old;
      v1::AssetDetails merged = details;
      if (changed.contract_id) {
        // The contract says who runs it.
        const v1::AssetDetails kept = api::DetailsOf(old);
        merged.set_operate_mode(kept.operate_mode());
        merged.set_operator_name(kept.operator_name());
        merged.set_operator_uscc(kept.operator_uscc());
      }
      api::ApplyDetails(merged, &changed, &ignored);
      Use use = api::UseFromReport(row.asset().use().SerializeAsString());
      const Use previous = api::UseFromReport(old.use_report);
      use.since = std::max(use.since, previous.since);
      if (use.idle_since && *use.idle_since > use.since) use.idle_since = use.since;
      const UseContext context{today, changed.formed_date, changed.cultivation_ends, &previous};
      if (CheckUse(context, "use", &use).ok()) api::ApplyUse(use, &changed);
      changed.import_digest = row.content_digest();
      changed.updated_by =
          api::ToActor(job.caller, Roles(), changed.region_path).SerializeAsString();
      changed.updated_at = job.now;
      out[i].outcome = ROW_OUTCOME_UPDATED;
      updated_before.push_back(api::ToAsset(old));
      updated.push_back(std::move(changed));
      continue;
    }

    store::NewAsset fresh;
    store::AssetRow& a = fresh.row;
    a.id = rows[i].record_id;
    a.natural_key = row.natural_key();
    a.import_digest = row.content_digest();
    api::ApplyDetails(details, &a, &ignored);
    a.region_path = row.asset().region_path();
    api::ApplyUse(api::UseFromReport(row.asset().use().SerializeAsString()), &a);
    a.title_status = static_cast<TitleStatus>(row.asset().title_status());
    a.title_cert_no = row.asset().title_cert_no();
    a.custody_status = static_cast<CustodyStatus>(row.asset().custody_status());
    a.custodian = row.asset().custodian();
    a.transferred_date = api::DayFrom(row.asset().transferred_date(), "", &ignored);
    a.sample = job.sample;
    a.open_questions = absl::StrJoin(row.asset().open_questions(), ",");
    a.created_by = a.updated_by =
        api::ToActor(job.caller, Roles(), a.region_path).SerializeAsString();
    a.created_at = a.updated_at = job.now;
    fresh.projects = api::ProjectSharesOf(details, &ignored);
    const std::optional<absl::CivilDay> income_on = api::DayFrom(row.income_on(), "", &ignored);
    int64_t open_income = row.has_income_fen() ? row.income_fen() : 0;

    if (row.has_contract()) {
      v1::ContractTerms terms = row.contract();
      terms.add_asset_ids(a.id.ToString());
      std::vector<std::pair<Ulid, store::ProjectShare>> shares;
      for (const store::ProjectShare& share : fresh.projects) shares.emplace_back(a.id, share);
      absl::StatusOr<store::NewContract> contract = api::BuildContract(terms, {a}, shares, today);
      if (!contract.ok()) {
        out[i].more_issues.push_back(MakeIssue("contract", ReasonOf(contract.status()), "", "",
                                               GetErrorDetail(contract.status()).message_zh));
        out[i].outcome = ROW_OUTCOME_WARNED;
      } else {
        contract->row.id = ids_.Next();
        contract->row.sample = job.sample;
        contract->row.created_by = a.created_by;
        contract->row.created_at = job.now;
        api::ApplyContract(contract->row, terms, &a);
        for (const Due& due : contract->dues) {
          if (!income_on || due.due_date != *income_on || open_income <= 0) continue;
          const int64_t part = std::min(open_income, due.due_fen.value_or(0));
          if (part == 0) continue;
          contract->received[due.no] = part;
          store::IncomeRow received;
          received.id = ids_.Next();
          received.contract_id = contract->row.id;
          received.due_no = due.no;
          received.received_fen = part;
          received.received_on = *income_on;
          received.reason = reason;
          received.recorded_by = a.created_by;
          received.recorded_at = job.now;
          income.push_back(std::move(received));
          open_income -= part;
        }
        contracts.push_back(*std::move(contract));
      }
    }
    if (income_on && (open_income > 0 || (row.has_income_fen() && !row.has_contract()))) {
      store::IncomeRow received;
      received.id = ids_.Next();
      received.asset_id = a.id;
      received.received_fen = open_income;
      received.received_on = *income_on;
      received.reason = reason;
      received.recorded_by = a.created_by;
      received.recorded_at = job.now;
      income.push_back(std::move(received));
    }
    a.received_fen = row.income_fen();
    if (row.has_dividend_declared_fen()) {
      store::DividendRow dividend;
      dividend.id = ids_.Next();
      if (!fresh.projects.empty()) dividend.project_id = fresh.projects.front().project_id;
      dividend.asset_id = a.id;
      dividend.region_path = a.region_path;
      // Where the table states the households' income by itself, dividends are not added to it.
      dividend.use =
          row.has_household_income_fen() ? DividendUse::kDividend : DividendUse::kHousehold;
      dividend.period = Cat(income_on->year(), "年度");
      dividend.declared_on = *income_on;
      dividend.declared_fen = row.dividend_declared_fen();
      dividend.paid_fen = row.dividend_paid_fen();
      if (dividend.paid_fen > 0) {
        dividend.last_paid_on = income_on;
        payments.push_back({dividend.id, ids_.Next(), dividend.paid_fen, *income_on, ""});
      }
      a.declared_fen = dividend.declared_fen;
      dividends.push_back(std::move(dividend));
    }
    if (!fresh.projects.empty()) {
      for (int m = 0; m < row.linkage_modes_size(); ++m) {
        store::LinkageRow link;
        link.id = ids_.Next();
        link.project_id = fresh.projects.front().project_id;
        link.region_path = a.region_path;
        link.mode_code = row.linkage_modes(m);
        link.operator_uscc = details.operator_uscc();
        link.operator_name = details.operator_name();
        link.poor_households = row.poor_households();
        link.monitored_households = row.monitored_households();
        link.households = link.poor_households + link.monitored_households;
        link.start_date = a.formed_date.value_or(today);
        if (row.has_contract()) {
          link.start_date =
              api::DayFrom(row.contract().start_date(), "", &ignored).value_or(link.start_date);
        }
        if (m == 0 && row.has_household_income_fen()) {
          const absl::CivilDay on(today.year() - 1, 12, 31);
          linkage_income.push_back({link.id, link.project_id,
                                    absl::FormatCivilTime(absl::CivilMonth(on)),
                                    row.household_income_fen()});
        }
        linkages.push_back(std::move(link));
      }
    }
    prefixes.emplace_back(api::CodePrefix(a.region_path, a.asset_class), 1);
    assets.push_back(std::move(fresh));
  }

  if (!assets.empty()) {
    ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, store::TakeNumbers(tx, prefixes));
    for (size_t i = 0; i < assets.size(); ++i) {
      assets[i].row.asset_code = api::CodeOf(prefixes[i].first, numbers[i]);
    }
  }
  RETURN_IF_ERROR(store::InsertAssets(tx, assets));
  RETURN_IF_ERROR(store::InsertContracts(tx, contracts));
  RETURN_IF_ERROR(store::InsertIncome(tx, income));
  RETURN_IF_ERROR(store::InsertDividends(tx, dividends, payments));
  RETURN_IF_ERROR(store::InsertLinkages(tx, linkages));
  RETURN_IF_ERROR(store::InsertLinkageIncome(tx, linkage_income));
  RETURN_IF_ERROR(store::UpdateLockedAssets(tx, &updated));

  for (const store::NewAsset& asset : assets) {
    v1::AssetChanged event;
    *event.mutable_asset() = api::ToAsset(asset.row);
    recorder.ActAs(AuditActor(job, asset.row.region_path, event.asset().details()));
    RETURN_IF_ERROR(recorder.Audit("asset", asset.row.id, asset.row.region_path, nullptr,
                                   event.asset(), reason));
    RETURN_IF_ERROR(recorder.Publish("asset", asset.row.id, asset.row.region_path, event));
  }
  for (size_t i = 0; i < updated.size(); ++i) {
    v1::AssetChanged event;
    *event.mutable_asset() = api::ToAsset(updated[i]);
    recorder.ActAs(AuditActor(job, updated[i].region_path, event.asset().details()));
    RETURN_IF_ERROR(recorder.Audit("asset", updated[i].id, updated[i].region_path,
                                   &updated_before[i], event.asset(), reason));
    RETURN_IF_ERROR(recorder.Publish("asset", updated[i].id, updated[i].region_path, event));
  }
  for (const store::NewContract& contract : contracts) {
    store::ContractSums sums;
    for (const Due& due : contract.dues) sums.due_fen += due.due_fen.value_or(0);
    for (const auto& [no, fen] : contract.received) sums.received_fen += fen;
    v1::ContractChanged event;
    *event.mutable_contract() = api::ToContract(contract.row, sums);
    recorder.ActAs(rpc::ActorOf(job.caller, Roles(), contract.row.region_path));
    RETURN_IF_ERROR(recorder.Audit("contract", contract.row.id, contract.row.region_path, nullptr,
                                   event.contract(), reason));
    RETURN_IF_ERROR(recorder.Publish("contract", contract.row.id, contract.row.region_path, event));
  }
  RETURN_IF_ERROR(api::RefreshFacts(tx, projects, job.now, recorder));
  RETURN_IF_ERROR(recorder.Flush(tx));
  inbox::Act act{ids_, job.now, nullptr, "import", {}};
  RETURN_IF_ERROR(api::SyncAssets(tx, updated, act));
  act.fresh = true;
  std::vector<store::AssetRow> fresh_assets;
  for (const store::NewAsset& asset : assets) fresh_assets.push_back(asset.row);
  RETURN_IF_ERROR(api::SyncAssets(tx, fresh_assets, act));
  std::vector<store::ContractRow> fresh_contracts;
  for (const store::NewContract& contract : contracts) fresh_contracts.push_back(contract.row);
  RETURN_IF_ERROR(api::SyncContracts(tx, fresh_contracts, act));
  return out;
}

}  // namespace

std::unique_ptr<::bangfu::intake::Kind> NewAssetImport(UlidGenerator& ids,
                                                       api::HandlerOptions options) {
  return std::make_unique<AssetImport>(ids, options);
}

absl::StatusOr<std::string> RegionPathOf(mysql::Executor& db, std::string_view code) {
  ASSIGN_OR_RETURN(const std::string normalised, NormalizeRegionCode(code));
  ASSIGN_OR_RETURN(const std::optional<std::string> path, store::RegionPath(db, normalised));
  if (!path || path->empty()) {
    return InvalidField("region_code", "未知的行政区划代码").Build();
  }
  return *path;
}

}  // namespace bangfu::asset
