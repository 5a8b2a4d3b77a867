#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "common/base/bp.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/project_income.h"
#include "services/evaluation/facts/snapshot_builder.h"
#include "services/evaluation/facts/snapshot_values.h"

namespace bangfu::evaluation {

namespace {

namespace reg = registry::v1;
using asset::v1::MonthlyFacts;
using asset::v1::ProjectAssetFacts;

constexpr int64_t kHundredThousandYuanFen = 10'000'000;

// Whether a table tells a count, but not exactly: 约20户, 若干. A dash tells none.
bool ToldInexactly(const reg::Project& p, std::string_view field) {
  return std::any_of(p.raw_texts().begin(), p.raw_texts().end(), [&](const reg::RawText& raw) {
    if (raw.field() != field || raw.parse_state() == type::v1::AMOUNT_PARSE_STATE_EXACT) {
      return false;
    }
    const std::string_view text = Trim(raw.text());
    static constexpr std::string_view kNone[] = {"", "-", "--", "—", "——", "/", "无"};
    return std::find(std::begin(kNone), std::end(kNone), text) == std::end(kNone);
  });
}

class ProjectBuilder {
 public:
  ProjectBuilder(const ProjectFacts& facts, const Moment& moment)
      : f_(facts),
        p_(facts.project),
        moment_(moment),
        values_(s_),
        year_(YearBefore(moment.as_of)) {}

  Snapshot Build() {
    s_.subject_type = SubjectType::kProject;
    s_.subject_id = p_.id();
    s_.period = moment_.period;
    s_.period_end = moment_.as_of;
    s_.stage = StageOf(p_.state());
    s_.county_verified = p_.verification_state() == reg::VERIFICATION_STATE_COUNTY_VERIFIED;
    s_.is_void = p_.is_void();
    s_.planned_end = DayOf(p_.planned_end());
    project_record_ = Cat("project/", p_.id());
    project_day_ = DayOf(p_.updated_at());
    for (const char* name : {"stage", "county_verified", "planned_end"}) {
      values_.Evidence(name, FactSource::kRegistry, project_record_, project_day_);
    }
    s_.values.reserve(24);
    ReadAssets();
    Reports();
    Development();
    Operation();
    Returns();
    Linkage();
    PutEntered(f_.entered, f_.limits, moment_, s_, values_);
    PutLeading(f_.industry, project_day_, values_);
    Growing();
    if (f_.measures != nullptr) s_.measures = MeasureOptions(*f_.measures, s_.facts);
    Normalise(s_);
    return std::move(s_);
  }

 private:
  bool BeforeAcceptance() const {
    return s_.stage == Stage::kUnderConstruction || s_.stage == Stage::kPaused ||
           s_.stage == Stage::kCompleted;
  }

  // What the asset service says, and whether operating assets are to be expected at all.
  void ReadAssets() {
    if (f_.assets && f_.assets->asset_count() > 0) {
      a_ = &*f_.assets;
      asset_day_ = DayOf(a_->as_of());
      std::string otherwise = Cat("project_asset_facts/", p_.id());
      asset_record_ = Records("asset", a_->asset_ids(), otherwise);
      contract_record_ = Records("contract", a_->contract_ids(), asset_record_);
      s_.facts.is_public_welfare_only = a_->public_welfare_only();
      s_.facts.has_operating_assets = a_->has_operating_assets();
    } else {
      // No asset on record. Works that are not accepted, training and interest subsidies form none
      // (§4.5); of anything else the income is not known, which is not "does not apply".
      s_.facts.has_operating_assets = !BeforeAcceptance() && p_.project_type() != "TRAINING" &&
                                      p_.project_type() != "LOAN_SUBSIDY";
    }
    operating_ = a_ != nullptr && a_->has_operating_assets() && !a_->public_welfare_only();
    values_.Evidence("has_operating_assets", FactSource::kAsset,
                     a_ != nullptr ? asset_record_ : project_record_,
                     a_ != nullptr ? asset_day_ : project_day_);
  }

  // The reports of the year, by month.
  void Reports() {
    for (const reg::OperationReport& r : f_.reports) {
      std::optional<absl::CivilMonth> month = ParseMonth(r.period());
      if (!month || *month < year_.front() || *month > year_.back()) continue;
      by_month_[*month] = &r;
    }
    expected_ = 12;
    if (std::optional<absl::CivilDay> start = DayOf(p_.production_start_date())) {
      absl::CivilMonth first(*start);
      if (first > year_.front()) {
        expected_ = static_cast<int>(std::max<int64_t>(0, year_.back() - first + 1));
      }
    }
    if (by_month_.empty()) return;
    report_record_ = Cat("operation_report/", p_.id(), "/", MonthText(by_month_.begin()->first),
                         "..", MonthText(by_month_.rbegin()->first));
    report_day_ = absl::CivilDay(by_month_.rbegin()->first + 1) - 1;
  }

  // Months that give the figure, and their sum; nullopt when too few do.
  struct Year {
    int64_t sum = 0;
    int months = 0;
    int64_t Annual() const { return MulDivHalfUp(sum, 12, months); }
  };
  template <typename Get>
  std::optional<Year> SumOfYear(Get get) const {
    Year y;
    for (const auto& [month, report] : by_month_) {
      if (std::optional<int64_t> value = get(*report)) {
        y.sum += *value;
        ++y.months;
      }
    }
    if (y.months == 0 || y.months < NeededMonths(expected_, f_.limits.report_months_bp))
      return std::nullopt;
    return y;
  }

  int64_t Investment() const {
    if (p_.declared_total_fen() > 0) return p_.declared_total_fen();
    return p_.planned_total().parse_state() == type::v1::AMOUNT_PARSE_STATE_EXACT
               ? p_.planned_total().fen()
               : 0;
  }

  // D1.
  void Development() {
    // A link is there when something works: as in the industry, that of a project in operation.
    std::map<std::string, std::string> own;
    if (s_.stage == Stage::kOperating && !s_.is_void) {
      for (const std::string& link : p_.chain_links()) own.emplace(link, project_record_);
    }
    PutChain(f_.industry, own, project_day_, s_, values_);

    // Capacity in use is a level, in the unit of the design capacity: the mean of the months in
    // season.
    std::optional<int64_t> utilisation;
    int64_t design = p_.design_capacity().value_milli();
    if (design > 0) {
      std::optional<Year> used = UsedInSeason();
      if (used) utilisation = MulDivHalfUp(used->sum, kBpOne, used->months * design);
    }
    values_.Number("D1-02", "bp", FactSource::kRegistry, utilisation, report_record_, report_day_);

    std::optional<int64_t> ratio;
    std::optional<Year> output = SumOfYear([](const reg::OperationReport& r) {
      return r.has_output_value_fen() ? std::optional<int64_t>(r.output_value_fen()) : std::nullopt;
    });
    if (int64_t investment = Investment(); output && investment > 0) {
      ratio = RatioBp(output->Annual(), investment);
    }
    values_.Number("D1-03", "bp", FactSource::kRegistry, ratio,
                   Cat(report_record_, ";", project_record_), report_day_);

    PutShortBoards(f_.short_boards, project_record_, project_day_, moment_, s_, values_);
    // A regional brand stands for every project of its industry.
    std::vector<const reg::BrandCertification*> brands;
    for (const reg::BrandCertification& b : f_.brands) brands.push_back(&b);
    if (f_.industry != nullptr) {
      for (const reg::BrandCertification& b : f_.industry->brands) {
        if (b.project_id().empty()) brands.push_back(&b);
      }
    }
    PutBrands(brands, project_record_, project_day_, moment_, values_);
  }

  // Seasonal production: months declared off season are not expected to use capacity.
  std::optional<Year> UsedInSeason() const {
    Year y;
    int off = 0;
    for (const auto& [month, r] : by_month_) {
      if (r->off_season()) {
        ++off;
      } else if (r->has_capacity_used() &&
                 r->capacity_used().unit() == p_.design_capacity().unit()) {
        y.sum += r->capacity_used().value_milli();
        ++y.months;
      }
    }
    if (y.months == 0 || y.months < NeededMonths(expected_ - off, f_.limits.report_months_bp)) {
      return std::nullopt;
    }
    return y;
  }

  // D2.
  void Operation() {
    ReadStatus();
    values_.Category("D2-01", FactSource::kAsset, status_, status_record_, status_day_);
    if (BeforeAcceptance()) {
      values_.NotApplicable("D2-02", "month", FactSource::kAsset);
    } else {
      values_.Number("D2-02", "month", FactSource::kAsset, idle_months_, status_record_,
                     status_day_);
    }

    std::optional<int64_t> margin;
    auto both = [](const reg::OperationReport& r) {
      return r.has_revenue_fen() && r.has_cost_fen();
    };
    std::optional<Year> revenue = SumOfYear([&](const reg::OperationReport& r) {
      return both(r) ? std::optional<int64_t>(r.revenue_fen()) : std::nullopt;
    });
    std::optional<Year> cost = SumOfYear([&](const reg::OperationReport& r) {
      return both(r) ? std::optional<int64_t>(r.cost_fen()) : std::nullopt;
    });
    if (revenue && cost) {
      if (revenue->sum > 0) {
        margin = MulDivHalfUp(revenue->sum - cost->sum, kBpOne, revenue->sum);
      } else if (cost->sum > 0) {
        margin = -kBpOne;  // cost and no revenue: all of it is lost
      }
    }
    values_.Number("D2-03", "bp", FactSource::kRegistry, margin, report_record_, report_day_);
    Compliance();
    Upkeep();
  }

  const reg::OperationReport* NewestReport() const {
    return by_month_.empty() ? nullptr : by_month_.rbegin()->second;
  }

  void ReadStatus() {
    UseFacts use;
    std::optional<absl::CivilDay> idle_since;
    bool known = false;
    // Off season counts when the newest reports say so: of the last month that is over, or the one
    // before it.
    const reg::OperationReport* newest = NewestReport();
    bool recent = newest != nullptr && by_month_.rbegin()->first >= year_.back() - 1;
    bool off_season = recent && newest->off_season();
    if (operating_) {
      status_record_ = asset_record_;
      status_day_ = asset_day_;
      idle_since = DayOf(a_->idle_since());
      if (idle_since && *idle_since > moment_.as_of) idle_since.reset();
      use.ever_produced = a_->ever_used();
      known = true;
      switch (a_->operating_status()) {
        case asset::v1::OPERATING_STATUS_NORMAL:
          use.in_use = use.ever_produced = true;
          break;
        case asset::v1::OPERATING_STATUS_SEASONAL:
          use.declared_off_season = use.ever_produced = true;
          break;
        case asset::v1::OPERATING_STATUS_PARTIAL:
          use.partly_in_use = use.ever_produced = true;
          break;
        case asset::v1::OPERATING_STATUS_SUSPENDED:
        case asset::v1::OPERATING_STATUS_IDLE:
          use.ever_produced = true;
          use.declared_off_season = off_season;
          if (idle_since) {
            use.stopped_months = WholeMonths(*idle_since, moment_.as_of);
          } else if (a_->has_idle_since()) {
            use.in_use = true;  // it stopped after the day of the evaluation
          } else {
            use.stopped_months = a_->operating_status() == asset::v1::OPERATING_STATUS_IDLE ? 6 : 0;
          }
          break;
        case asset::v1::OPERATING_STATUS_NOT_STARTED:
          use.ever_produced = false;
          break;
        default:
          known = false;
      }
    } else if (BeforeAcceptance()) {
      status_record_ = project_record_;
      status_day_ = project_day_;
      known = true;
    } else if (recent && !s_.facts.has_operating_assets) {
      // No operating assets to look at: the newest monthly report tells.
      status_record_ = report_record_;
      status_day_ = report_day_;
      known = true;
      use.ever_produced = true;
      use.declared_off_season = newest->off_season();
      int64_t days =
          absl::CivilDay(by_month_.rbegin()->first + 1) - absl::CivilDay(by_month_.rbegin()->first);
      use.in_use = !newest->off_season() && newest->stop_days() == 0;
      use.partly_in_use = !use.in_use && newest->stop_days() < days;
      if (!use.in_use && !use.partly_in_use) {
        idle_since = StandstillSince();
        use.stopped_months = WholeMonths(*idle_since, moment_.as_of);
      }
    }
    if (!known) return;
    status_ = OperatingStatus(s_.stage, use);
    if (idle_since) {
      idle_months_ = WholeMonths(*idle_since, moment_.as_of);
    } else if (status_ == "NORMAL" || status_ == "PARTIAL" || status_ == "SEASONAL") {
      idle_months_ = 0;
    } else if (status_ == "NOT_STARTED") {
      // Accepted and never used: idle since the works ended.
      if (std::optional<absl::CivilDay> end = DayOf(p_.actual_end())) {
        idle_months_ = WholeMonths(*end, moment_.as_of);
      }
    }
  }

  // The first day of the run of full months without a day of work that ends with the newest report.
  absl::CivilDay StandstillSince() const {
    absl::CivilMonth since = by_month_.rbegin()->first;
    for (auto it = by_month_.rbegin(); it != by_month_.rend(); ++it) {
      int64_t days = absl::CivilDay(it->first + 1) - absl::CivilDay(it->first);
      if (it->second->stop_days() < days) break;
      since = it->first;
    }
    return absl::CivilDay(since);
  }

  void Compliance() {
    auto open = [&](const google::type::Date& end) {
      std::optional<absl::CivilDay> day = DayOf(end);
      return !day || moment_.as_of < *day;
    };
    std::optional<int64_t> grade;
    std::string record;
    std::optional<absl::CivilDay> day;
    if (operating_) {
      const asset::v1::OperatorCompliance& c = a_->compliance();
      record = contract_record_;
      day = asset_day_;
      bool contract = c.has_contract() && open(c.contract_ends_on());
      if (c.operator_known()) {
        bool qualified = c.qualified() && open(c.qualification_ends_on());
        grade = int64_t{contract} + int64_t{c.in_good_standing()} + int64_t{qualified};
      } else if (c.operator_usccs().empty()) {
        grade = int64_t{contract};  // nobody runs it: nobody stands in good standing either
      }
      // An operator that the registry does not know is a gap, not a fault.
    } else if (f_.operator_record) {
      const reg::Operator& o = *f_.operator_record;
      record = Cat("operator/", o.id());
      day = project_day_;
      bool standing = !o.dishonest() && !o.abnormal();
      bool in_business = o.registration_state().empty() || o.registration_state() == "ACTIVE";
      bool qualified = o.qualifications().empty();
      for (const reg::Qualification& q : o.qualifications()) qualified |= open(q.expires_on());
      grade = 1 + int64_t{standing} + int64_t{in_business && qualified};
    }
    values_.Number("D2-04", "grade", FactSource::kAsset, grade, std::move(record), day);
  }

  void Upkeep() {
    std::optional<int64_t> grade;
    std::string record = asset_record_;
    std::optional<absl::CivilDay> day = asset_day_;
    if (operating_) {
      grade = int64_t{a_->maintenance_person()} + int64_t{a_->maintenance_rules()} +
              int64_t{a_->maintenance_money()};
    } else if (!p_.om_mechanism().empty()) {
      grade = 1;
      record = project_record_;
      day = project_day_;
    }
    values_.Number("D2-05", "grade", FactSource::kAsset, grade, std::move(record), day);
  }

  // Sum of a month's figure over the year.
  template <typename Get>
  int64_t AssetYear(Get get) const {
    int64_t sum = 0;
    if (a_ == nullptr) return 0;
    for (const MonthlyFacts& m : a_->months()) {
      std::optional<absl::CivilMonth> month = ParseMonth(m.month());
      if (month && *month >= year_.front() && *month <= year_.back()) sum += get(m);
    }
    return sum;
  }

  // D3 and the hard facts of the assets.
  void Returns() {
    if (a_ != nullptr) {
      s_.facts.damaged_irreparable = a_->damaged_irreparable();
      s_.facts.maintenance_inspection_failed = a_->maintenance_inspection_failed();
      for (const char* name :
           {"damaged_irreparable", "maintenance_inspection_failed", "life_expired_share_bp"}) {
        values_.Evidence(name, FactSource::kAsset, asset_record_, asset_day_);
      }
    }
    if (!s_.facts.has_operating_assets || s_.facts.is_public_welfare_only) {
      for (const char* code : {"D3-01", "D3-02", "D3-03"}) {
        values_.NotApplicable(code, "bp", FactSource::kAsset);
      }
      return;
    }
    std::optional<int64_t> asset_return;
    std::optional<int64_t> received_share;
    std::optional<int64_t> use_share;
    if (operating_) {
      int64_t whole = a_->operating_original_value_fen();
      int64_t expired = 0;
      for (const asset::v1::ValueByDate& v : a_->expiring_values()) {
        std::optional<absl::CivilDay> day = DayOf(v.date());
        if (day && *day <= moment_.as_of) expired += v.value_fen();
      }
      bool confirmed = a_->operating_value_confirmed();
      if (confirmed) {
        s_.facts.life_expired_share_bp = std::min<int64_t>(RatioBp(expired, whole), kBpOne);
      }
      // What still grows cannot earn yet, unless an inspection has ended its shelter.
      int64_t base = whole;
      if (!a_->maintenance_inspection_failed()) base -= a_->cultivating_value_fen();
      int64_t received = AssetYear([](const MonthlyFacts& m) { return m.received_fen(); });
      int64_t due = AssetYear([](const MonthlyFacts& m) { return m.due_fen(); });
      int64_t of_due = AssetYear([](const MonthlyFacts& m) { return m.received_of_due_fen(); });
      if (confirmed && base > 0) {
        use_share = std::min<int64_t>(RatioBp(a_->in_use_value_fen(), base), kBpOne);
        if (a_->income_reported()) asset_return = RatioBp(received, base);
      }
      if (a_->income_reported()) {
        if (due > 0) {
          received_share = RatioBp(of_due, due);
        } else if (received > 0) {
          received_share = kBpOne;  // nothing was owed, and income came
        }
      }
    }
    values_.Number("D3-01", "bp", FactSource::kAsset, asset_return,
                   Cat(contract_record_, ";", asset_record_), asset_day_);
    values_.Number("D3-02", "bp", FactSource::kAsset, received_share, contract_record_, asset_day_);
    values_.Number("D3-03", "bp", FactSource::kAsset, use_share, asset_record_, asset_day_);
  }

  // Of the year, by the households that were linked in it: of its months the most. Where the number
  // of a month was not kept, by those that are linked now.
  std::optional<int64_t> IncomePerHousehold() const {
    if (a_ == nullptr) return std::nullopt;
    const std::optional<ProjectIncome> project = ReadProjectIncome(*a_);
    if (!project) return std::nullopt;
    int64_t income_fen = 0;
    int64_t households = 0;
    bool known = true;
    for (const absl::CivilMonth month : year_) {
      const std::string text = MonthText(month);
      if (const auto m = project->income_fen.find(text); m != project->income_fen.end()) {
        income_fen += m->second;
      }
      const std::optional<int64_t> linked = HouseholdsOf(*project, text);
      known = known && linked.has_value();
      households = std::max(households, linked.value_or(0));
    }
    if (!known) households = project->linked_now;
    if (households <= 0) return std::nullopt;
    return MulDivHalfUp(income_fen, 1, households);
  }

  // D4.
  void Linkage() {
    bool by_assets = a_ != nullptr && a_->linkage_reported();
    const reg::LinkageMechanism& link = p_.linkage();
    std::optional<int64_t> households;
    if (by_assets) {
      households =
          std::min<int64_t>(a_->linked_households(), int64_t{a_->linked_poor_households()} +
                                                         a_->linked_monitored_households());
    } else if ((link.has_beneficiary_poor_households() ||
                link.has_beneficiary_monitored_households()) &&
               (link.has_beneficiary_poor_households() || !ToldInexactly(p_, "poor_households")) &&
               (link.has_beneficiary_monitored_households() ||
                !ToldInexactly(p_, "monitored_households"))) {
      // What nobody has counted exactly is missing, not zero.
      households =
          int64_t{link.beneficiary_poor_households()} + link.beneficiary_monitored_households();
    }
    std::optional<int64_t> per_fund;
    int64_t fund = p_.public_total_fen() > 0 ? p_.public_total_fen() : p_.declared_total_fen();
    if (households && fund > 0) {
      per_fund = MulDivHalfUp(*households * 1000, kHundredThousandYuanFen, fund);
    }
    values_.Number("D4-01", "milli_household",
                   by_assets ? FactSource::kAsset : FactSource::kRegistry, per_fund,
                   by_assets ? Cat(contract_record_, ";", project_record_) : project_record_,
                   by_assets ? asset_day_ : project_day_);

    values_.Number("D4-02", "fen", FactSource::kAsset, IncomePerHousehold(), contract_record_,
                   asset_day_);

    int64_t declared = AssetYear([](const MonthlyFacts& m) { return m.dividend_declared_fen(); });
    int64_t paid = AssetYear([](const MonthlyFacts& m) { return m.dividend_paid_fen(); });
    if (a_ != nullptr && declared == 0) {
      values_.NotApplicable("D4-03", "bp", FactSource::kAsset);
    } else {
      std::optional<int64_t> share;
      if (declared > 0) share = RatioBp(paid, declared);
      values_.Number("D4-03", "bp", FactSource::kAsset, share, contract_record_, asset_day_);
    }

    Work();

    std::optional<int64_t> modes;
    if (by_assets) {
      modes = a_->linkage_mode_count();
    } else if (!link.modes().empty()) {
      modes = static_cast<int64_t>(
          std::set<std::string>(link.modes().begin(), link.modes().end()).size());
    }
    values_.Number("D4-05", "count", by_assets ? FactSource::kAsset : FactSource::kRegistry, modes,
                   by_assets ? contract_record_ : project_record_,
                   by_assets ? asset_day_ : project_day_);
  }

  // D4-04. Work in the project counts once a month: as its monthly report says, and where no report
  // says it, as it was recorded with the assets. Public posts are beside it: no report counts them.
  void Work() {
    std::map<absl::CivilMonth, int64_t> in_project;
    for (const auto& [month, report] : by_month_) {
      if (report->has_poor_person_days()) in_project[month] = report->poor_person_days();
    }
    const bool told = !in_project.empty();
    const bool reported = SumOfYear([](const reg::OperationReport& r) {
                            return r.has_poor_person_days()
                                       ? std::optional<int64_t>(r.poor_person_days())
                                       : std::nullopt;
                          }).has_value();
    const bool recorded = a_ != nullptr && a_->employment_reported();
    if (recorded) {
      for (const MonthlyFacts& m : a_->months()) {
        const std::optional<absl::CivilMonth> month = ParseMonth(m.month());
        const int64_t days = int64_t{m.poor_person_days()} - m.poor_post_days();
        if (month && *month >= year_.front() && *month <= year_.back() && days > 0) {
          in_project.try_emplace(*month, days);
        }
      }
    }
    std::optional<int64_t> days;
    if (reported || recorded) {
      Year year;
      for (const auto& [month, of_month] : in_project) {
        year.sum += of_month;
        ++year.months;
      }
      days = (reported ? year.Annual() : year.sum) +
             AssetYear([](const MonthlyFacts& m) { return int64_t{m.poor_post_days()}; });
    }
    std::string record = reported || (recorded && told) ? report_record_ : "";
    if (recorded) record = record.empty() ? asset_record_ : Cat(record, ";", asset_record_);
    values_.Number("D4-04", "person_day", reported ? FactSource::kRegistry : FactSource::kAsset,
                   days, std::move(record), reported ? Later(report_day_, asset_day_) : asset_day_);
  }

  // Ramp-up and cultivation.
  void Growing() {
    s_.facts.production_start = DayOf(p_.production_start_date());
    std::optional<absl::CivilDay> planting = DayOf(p_.planting_date());
    std::string record = project_record_;
    std::optional<absl::CivilDay> day = project_day_;
    if (!planting && a_ != nullptr) {
      planting = DayOf(a_->planting_date());
      record = asset_record_;
      day = asset_day_;
    }
    if (!planting) return;
    s_.facts.planting_date = planting;
    values_.Evidence("planting_date", FactSource::kRegistry, record, day);
    if (f_.industry != nullptr && f_.industry->cultivation_months > 0) {
      s_.facts.cultivation_months = f_.industry->cultivation_months;
      values_.Evidence("cultivation_months", FactSource::kRegistry, f_.industry->taxonomy_record,
                       std::nullopt);
    } else if (a_ != nullptr) {
      if (std::optional<absl::CivilDay> ends = DayOf(a_->cultivation_ends_on())) {
        s_.facts.cultivation_months = WholeMonths(*planting, *ends + 1);
        values_.Evidence("cultivation_months", FactSource::kAsset, asset_record_, asset_day_);
      }
    }
  }

  const ProjectFacts& f_;
  const reg::Project& p_;
  const Moment& moment_;
  Snapshot s_;
  Values values_;
  const std::vector<absl::CivilMonth> year_;

  std::string project_record_;
  std::optional<absl::CivilDay> project_day_;
  const ProjectAssetFacts* a_ = nullptr;  // null: no asset on record
  bool operating_ = false;                // operating assets are on record
  std::string asset_record_;
  std::string contract_record_;
  std::optional<absl::CivilDay> asset_day_;
  std::map<absl::CivilMonth, const reg::OperationReport*> by_month_;
  int expected_ = 12;
  std::string report_record_;
  std::optional<absl::CivilDay> report_day_;
  std::string status_;
  std::string status_record_;
  std::optional<absl::CivilDay> status_day_;
  std::optional<int64_t> idle_months_;
};

}  // namespace

int NeededMonths(int expected, int64_t share_bp) {
  const int64_t needed = (std::max(expected, 0) * share_bp + kBpOne - 1) / kBpOne;
  return static_cast<int>(std::max<int64_t>(1, needed));
}

Stage StageOf(reg::ProjectState state) {
  // The domain lists the stages in the order of the contract.
  int number = static_cast<int>(state);
  if (number < 0 || number > static_cast<int>(Stage::kSuperseded)) return Stage::kUnspecified;
  return static_cast<Stage>(number);
}

Snapshot BuildProjectSnapshot(const ProjectFacts& facts, const Moment& moment) {
  return ProjectBuilder(facts, moment).Build();
}

}  // namespace bangfu::evaluation
