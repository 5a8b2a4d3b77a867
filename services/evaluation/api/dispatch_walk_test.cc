// Whatever the registry tells of industries and whatever is reported, the months whose dispatch
// reports wait are those that the states ask for.
#include <algorithm>
#include <iostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/inbox/recount.h"
#include "common/inbox/walks_for_test.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/evaluation/api/inbox_for_test.h"
#include "services/evaluation/jobs/dispatch_work.h"

namespace bangfu::evaluation {
namespace {

const inbox::Walk kWalk({"DISPATCH_REPORT"});

constexpr const char* kCounties[] = {"360733", "360734"};
constexpr const char* kSources[] = {"BRIDGE_CENTRAL", "BRIDGE_COUNTY", "EAST_WEST"};

class DispatchWalk : public EvaluationInbox {
 protected:
  struct Industry {
    std::string id, county, name;
    absl::CivilMonth since;  // in which it came
  };
  struct Project {
    std::string id, industry;
    std::set<std::string> sources;
    bool is_void = false;
    bool verified = true;
  };
  using Month = std::pair<std::string, std::string>;  // of an industry

  absl::CivilMonth ThisMonth() { return absl::CivilMonth(ShanghaiDay(w_.server().clock().Now())); }

  void TellIndustry(const Industry& one) {
    registry::v1::Industry industry = sample::Industry(one.id, one.county);
    industry.set_name(one.name);
    w_.world().Tell(industry);
    w_.world().Sync();
  }
  void TellProject(const Project& one) {
    registry::v1::Project project =
        sample::Project(one.id, one.industry, Cat(CountyOf(one.industry), "101201"));
    const registry::v1::DeclaredFunding funding = project.declared_funding(0);
    project.clear_declared_funding();
    for (const std::string& source : one.sources) {
      registry::v1::DeclaredFunding& declared = *project.add_declared_funding();
      declared = funding;
      declared.set_source_code(source);
    }
    project.set_is_void(one.is_void);
    if (!one.verified) {
      project.set_verification_state(registry::v1::VERIFICATION_STATE_DISPUTED);
    }
    w_.world().Tell(project);
    w_.world().Sync();
  }
  std::string CountyOf(const std::string& industry) {
    for (const Industry& one : industries_) {
      if (one.id == industry) return one.county;
    }
    ADD_FAILURE() << industry;
    return "";
  }
  void Nightly() {
    ASSERT_OK(inbox::Recount(w_.db(), {DispatchSource()}, w_.server().ids(),
                             w_.server().clock().Now(),
                             {.every = absl::ZeroDuration(), .calendar = WorkCalendar}));
  }
  absl::Status Report(const Industry& industry, const std::string& period,
                      const std::string& token) {
    v1::SubmitDispatchReportRequest request;
    v1::DispatchReport* report = request.mutable_report();
    report->set_industry_id(industry.id);
    report->set_period(period);
    v1::DispatchFigure* figure = report->add_figures();
    figure->set_group("MARKET");
    figure->set_code("L2-01");
    figure->set_value(9000);
    figure->set_unit("bp");
    return w_
        .Call<v1::DispatchReport>("bangfu.evaluation.v1.FactService.SubmitDispatchReport", request,
                                  token)
        .status();
  }

  // A month waits from its end until it is reported, of an industry that was there by then.
  void Follow() {
    for (const Industry& one : industries_) {
      if (one.since < ThisMonth()) months_.emplace(one.id, MonthText(ThisMonth() - 1));
    }
    std::erase_if(months_, [&](const Month& month) { return reported_.count(month) > 0; });
  }
  std::set<std::string> Expected() {
    std::set<std::string> out;
    for (const auto& [id, period] : months_) {
      const Industry& industry =
          *std::find_if(industries_.begin(), industries_.end(),
                        [&, id = id](const Industry& i) { return i.id == id; });
      std::set<std::string> sources;
      for (const Project& p : projects_) {
        if (p.industry != id || p.is_void || !p.verified) continue;
        sources.insert(p.sources.begin(), p.sources.end());
      }
      const absl::CivilMonth month = *ParseMonth(period);
      std::string line =
          Cat(id, " ", period, " ", industry.county, " ", industry.name, month.year(), "年",
              month.month(), "月产业调度 ",
              absl::FormatCivilTime(absl::CivilDay((month + 1).year(), (month + 1).month(), due_)),
              " ", static_cast<int>(auth::Role::ROLE_COUNTY_OPERATOR));
      for (const std::string& source : sources) line += Cat(" ", source);
      out.insert(std::move(line));
    }
    return out;
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows = w_.db().Query(
        Cat("SELECT subject_id, slot, region_path, title, due_on, roles, fund_sources, action FROM "
            "work_item WHERE open_mark = 1 AND kind IN (",
            kWalk.Quoted(), ")"));
    EXPECT_OK(rows);
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) {
      EXPECT_EQ(row.String(7), kSubmitDispatch);
      std::string line =
          Cat(row.Id(0).ToString(), " ", row.String(1), " ", row.String(2), " ", row.String(3), " ",
              absl::FormatCivilTime(row.Day(4)), " ", row.String(5));
      const std::set<std::string> sources = absl::StrSplit(row.String(6), '|', absl::SkipEmpty());
      for (const std::string& source : sources) line += Cat(" ", source);
      out.insert(std::move(line));
    }
    return out;
  }

  std::vector<Industry> industries_;
  std::vector<Project> projects_;
  std::set<Month> reported_;
  std::set<Month> months_;  // that wait
  int due_ = 10;
};

TEST_F(DispatchWalk, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const testing::SeededRandom random(seed);
  const auto sources = [&] {
    return std::set<std::string>{kSources[random.Below(3)], kSources[random.Below(3)]};
  };
  const int steps = testing::Runs(150, 2500);
  int reported = 0, moved = 0;
  for (int i = 0; i < steps; ++i) {
    Industry* const one =
        industries_.empty() ? nullptr : &industries_[random.Below(industries_.size())];
    Project* const project =
        projects_.empty() ? nullptr : &projects_[random.Below(projects_.size())];
    absl::Status status;
    switch (one == nullptr ? 0 : random.Below(14)) {
      case 0:
        if (industries_.size() >= 8) break;
        industries_.push_back({w_.server().ids().Next().ToString(), kCounties[random.Below(2)],
                               Cat("产业", i), ThisMonth()});
        TellIndustry(industries_.back());
        break;
      case 1:
        one->name = Cat("产业", i);
        TellIndustry(*one);
        break;
      case 2:
        one->county = kCounties[random.Below(2)];
        TellIndustry(*one);
        ++moved;
        break;
      case 3:
      case 4:
        if (projects_.size() >= 16) break;
        projects_.push_back({w_.server().ids().Next().ToString(), one->id, sources()});
        TellProject(projects_.back());
        break;
      case 5:
      case 6:
        if (project == nullptr) break;
        switch (random.Below(4)) {
          case 0:
            project->sources = sources();
            break;
          case 1:
            project->is_void = !project->is_void;
            break;
          case 2:
            project->verified = !project->verified;
            break;
          default:
            project->industry = one->id;
        }
        TellProject(*project);
        break;
      case 7:
      case 8:
      case 9:
      case 10: {
        // Mostly by who may, of a month that waits; the one under way, too.
        const std::string period = MonthText(ThisMonth() - static_cast<int>(random.Below(4)));
        status = Report(
            *one, period,
            random.Below(6) == 0 ? w_.Approver(one->county) : w_.Operator("operator", one->county));
        if (!status.ok()) break;
        reported_.emplace(one->id, period);
        ++reported;
        break;
      }
      case 11:
        due_ = static_cast<int>(random.Between(3, 12));
        w_.world().Parameter("DISPATCH_REPORT_DAY", due_);
        w_.world().Sync();
        Nightly();
        break;
      default:
        w_.PassDays(static_cast<int>(random.Between(1, 25)));
        Nightly();
    }
    if (HasFatalFailure()) return;
    ASSERT_NE(status.code(), absl::StatusCode::kInternal) << status;
    Follow();
    ASSERT_EQ(Stored(), Expected()) << "step " << i << ", seed " << seed;
  }
  std::cout << steps << " steps, " << reported << " reports, " << moved << " industries that moved"
            << std::endl;
  EXPECT_GT(reported, 0);
  EXPECT_GT(moved, 0);
  kWalk.ExpectSeen(w_.db());
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_desk d LEFT JOIN work_item w ON w.id = "
                              "d.item_id AND w.open_mark = 1 WHERE w.id IS NULL"),
            0);
  // The recount agrees.
  const int64_t version = w_.database().Int("SELECT SUM(version) FROM work_item");
  Nightly();
  EXPECT_EQ(w_.database().Int("SELECT SUM(version) FROM work_item"), version);
}

}  // namespace
}  // namespace bangfu::evaluation
