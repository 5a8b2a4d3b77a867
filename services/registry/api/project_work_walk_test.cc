// Whatever happens to projects and their villages, the monthly reports and short boards that wait
// are those that the states ask for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/inbox/recount.h"
#include "common/inbox/walks_for_test.h"
#include "common/status/macros.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/api/project_writer.h"

namespace bangfu::registry {
namespace {

const inbox::Walk kWalk({"OPERATION_REPORT", "SHORT_BOARD_COMPLETE"});

constexpr const char* kSources[] = {"BRIDGE_CENTRAL", "BRIDGE_COUNTY", "EAST_WEST"};
constexpr const char* kIndustries[] = {"OIL", "TEA"};

class ProjectWorkWalk : public InboxTest {
 protected:
  struct Known {
    std::string id, region, industry;
    std::set<std::string> sources;
    v1::ProjectState state = v1::PROJECT_STATE_UNSPECIFIED;
    bool is_void = false;

    bool Runs() const {
      return !is_void && (state == v1::PROJECT_STATE_OPERATING || state == v1::PROJECT_STATE_IDLE);
    }
  };
  struct Board {
    std::string id, region;
    std::string project;   // empty: an industry's
    std::string industry;  // of that
    absl::CivilDay due = absl::CivilDay(9999, 12, 31);
    bool closed = false;  // completed or void
  };
  using Month = std::pair<std::string, std::string>;  // of a village: 2026-03

  static std::string Text(absl::CivilMonth month) { return absl::FormatCivilTime(month); }
  absl::CivilMonth ThisMonth() { return absl::CivilMonth(ShanghaiDay(server_.clock().Now())); }
  std::string LastMonth() { return Text(ThisMonth() - 1); }

  std::vector<const Known*> Missing(const Month& month) const {
    std::vector<const Known*> out;
    for (const Known& p : projects_) {
      if (p.Runs() && p.region == month.first && reported_.count({p.id, month.second}) == 0) {
        out.push_back(&p);
      }
    }
    return out;
  }
  // A month waits from its end until nothing of it is missing; one that was not waiting does not
  // come back once another month has ended.
  void Follow() {
    std::set<Month> months = months_;
    for (const std::string& village : villages_) months.emplace(village, LastMonth());
    std::erase_if(months, [&](const Month& month) { return Missing(month).empty(); });
    months_ = std::move(months);
  }

  static std::string Line(std::string_view kind, std::string_view subject, std::string_view region,
                          absl::CivilDay due, const std::set<std::string>& sources,
                          const std::set<std::string>& industries, const std::vector<int>& roles) {
    std::string out = Cat(kind, " ", subject, " ", region, " ", absl::FormatCivilTime(due));
    for (const std::string& code : sources) out += Cat(" ", code);
    for (const std::string& code : industries) out += Cat(" ", code);
    std::set<int> sorted(roles.begin(), roles.end());
    for (const int role : sorted) out += Cat(" ", role);
    return out;
  }
  std::set<std::string> Expected() {
    std::set<std::string> out;
    for (const Month& month : months_) {
      std::set<std::string> sources, industries;
      const std::vector<const Known*> missing = Missing(month);
      for (const Known* p : missing) {
        sources.insert(p->sources.begin(), p->sources.end());
        industries.insert(p->industry);
      }
      int year = 0, number = 0;
      EXPECT_TRUE(ParseInt(month.second.substr(0, 4), &year));
      EXPECT_TRUE(ParseInt(month.second.substr(5), &number));
      const absl::CivilMonth next = absl::CivilMonth(year, number) + 1;
      out.insert(Line("OPERATION_REPORT", Cat(month.second, " ", missing.size(), "个项目未报"),
                      month.first, absl::CivilDay(next.year(), next.month(), 10), sources,
                      industries,
                      {options::v1::ROLE_VILLAGE_REPORTER, options::v1::ROLE_TOWNSHIP_REVIEWER,
                       options::v1::ROLE_COUNTY_OPERATOR}));
    }
    for (const Board& board : boards_) {
      if (board.closed) continue;
      std::set<std::string> sources;
      std::string industry = board.industry;
      if (!board.project.empty()) {
        const Known& p = ById(board.project);
        if (p.is_void) continue;
        sources = p.sources;
        industry = p.industry;
      }
      out.insert(Line("SHORT_BOARD_COMPLETE", board.id, board.region, board.due, sources,
                      {industry},
                      {options::v1::ROLE_TOWNSHIP_REVIEWER, options::v1::ROLE_COUNTY_OPERATOR}));
    }
    return out;
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows = server_.database().db().Query(
        "SELECT kind, subject_id, slot, title, region_path, due_on, fund_sources, industries, "
        "roles FROM work_item WHERE open_mark = 1");
    EXPECT_OK(rows);
    if (!rows.ok()) return out;
    const auto codes = [](const std::string& joined) {
      return std::set<std::string>(absl::StrSplit(joined, '|', absl::SkipEmpty()));
    };
    for (const mysql::Row& row : *rows) {
      const bool month = row.String(0) == "OPERATION_REPORT";
      const std::string title = row.String(3);
      std::set<std::string> industries = codes(row.String(7));
      // And those above them, which the taxonomy decides.
      std::erase_if(industries, [](const std::string& code) {
        return std::find(std::begin(kIndustries), std::end(kIndustries), code) ==
               std::end(kIndustries);
      });
      std::vector<int> roles;
      const std::vector<std::string> numbers =
          absl::StrSplit(row.String(8), ',', absl::SkipEmpty());
      for (const std::string& role : numbers) {
        EXPECT_TRUE(ParseInt(role, &roles.emplace_back()));
      }
      const std::vector<std::string> told = absl::StrSplit(title, "，");
      out.insert(Line(row.String(0),
                      month ? Cat(row.String(2), " ", told.back()) : row.Id(1).ToString(),
                      row.String(4), row.Day(5), codes(row.String(6)), industries, roles));
    }
    return out;
  }

  Known& ById(const std::string& id) {
    return *std::find_if(projects_.begin(), projects_.end(),
                         [&](const Known& p) { return p.id == id; });
  }
  // As an import writes it: what the steps of a project cannot change, too.
  absl::Status AsImported(const std::string& id, const std::function<void(v1::Project&)>& change) {
    auth::Caller caller;
    caller.subject = "importer";
    caller.grants = {Of()};
    const Ulid key = *Ulid::Parse(id);
    return mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) -> absl::Status {
      ASSIGN_OR_RETURN(const auto rows, LockProjects(tx, {key}));
      ProjectChange one;
      one.before = ProjectOf(rows.at(key));
      one.project = *one.before;
      one.editor_level = 3;
      one.reason = "导入";
      change(one.project);
      ASSIGN_OR_RETURN(
          const ProjectReferences references,
          LoadProjectReferences(tx, {&*one.before, &one.project}, server_.clock().Now()));
      const Author author{caller,
                          {options::v1::ROLE_COUNTY_OPERATOR},
                          "ImportService.CommitImport",
                          RequestId(),
                          server_.clock().Now(),
                          server_.ids()};
      std::vector<ProjectChange> changes = {std::move(one)};
      return WriteProjects(tx, author, references, &changes);
    });
  }
  absl::Status SetIndustry(const Known& p, const std::string& industry) {
    v1::UpdateProjectRequest update;
    update.set_request_id(RequestId());
    update.set_id(p.id);
    update.set_etag(GetProject(p.id).etag());
    update.mutable_project()->set_industry_code(industry);
    update.mutable_update_mask()->add_paths("industry_code");
    return Call<v1::Project>("ProjectService", "UpdateProject", update, County()).status();
  }
  absl::StatusOr<v1::ShortBoard> CreateBoard(type::v1::SubjectType type, const std::string& subject,
                                             absl::CivilDay due) {
    v1::CreateShortBoardRequest create;
    create.set_request_id(RequestId());
    v1::ShortBoard& board = *create.mutable_short_board();
    board.set_subject_type(type);
    board.set_subject_id(subject);
    board.set_kind("FACILITY");
    board.set_description("缺冷藏设施");
    if (due.year() < 9999) {
      SetDay(static_cast<int>(due.year()), due.month(), due.day(), board.mutable_due_on());
    }
    return Call<v1::ShortBoard>("IndustryService", "CreateShortBoard", create, County());
  }
  v1::ShortBoard GetBoard(const std::string& id) {
    v1::GetShortBoardRequest get;
    get.set_id(id);
    auto board = Call<v1::ShortBoard>("IndustryService", "GetShortBoard", get, County());
    EXPECT_OK(board);
    return board.ok() ? *board : v1::ShortBoard();
  }
  absl::Status VoidBoard(const v1::ShortBoard& board) {
    v1::VoidShortBoardRequest request;
    request.set_request_id(RequestId());
    request.set_id(board.id());
    request.set_etag(board.etag());
    request.set_reason("重复登记");
    return Call<v1::ShortBoard>("IndustryService", "VoidShortBoard", request, County()).status();
  }
  std::string Industry(const std::string& code) {
    v1::EnsureIndustryRequest ensure;
    ensure.set_request_id(RequestId());
    ensure.set_region_code(kCounty);
    ensure.set_industry_code(code);
    auto industry = Call<v1::Industry>("IndustryService", "EnsureIndustry", ensure, County());
    EXPECT_OK(industry);
    return industry.ok() ? industry->id() : "";
  }
  absl::Status Report(const std::string& project, const std::string& period) {
    v1::SubmitOperationReportRequest request;
    request.set_request_id(RequestId());
    request.mutable_report()->set_project_id(project);
    request.mutable_report()->set_period(period);
    return Call<v1::OperationReport>("OperationReportService", "SubmitOperationReport", request,
                                     County())
        .status();
  }
  // 并村: this one is retired and goes into that one, with all that it has.
  void Merge(const std::string& from, const std::string& to) {
    server_.database().Run(
        Cat("UPDATE region SET end_year = ", ThisMonth().year(), " WHERE code = '", from, "';"));
    v1::RecodeRegionRequest request;
    request.set_request_id(RequestId());
    request.set_from_code(from);
    request.set_to_code(to);
    request.set_reason("并村");
    ASSERT_OK(Call<v1::RecodeRegionResponse>("RegionService", "RecodeRegion", request, Admin()));
    std::erase(villages_, from);
    for (Known& p : projects_) p.region = p.region == from ? to : p.region;
    for (Board& b : boards_) b.region = b.region == from ? to : b.region;
    std::set<Month> months;
    for (const Month& month : months_) {
      months.emplace(month.first == from ? to : month.first, month.second);
    }
    months_ = std::move(months);
  }
  absl::Status Recounted() {
    return inbox::Recount(server_.database().db(),
                          {MonthlyReportSource(server_.clock()), ShortBoardSource()}, server_.ids(),
                          server_.clock().Now(),
                          {.every = absl::ZeroDuration(), .calendar = InboxCalendar()});
  }

  std::vector<std::string> villages_ = {kVillage, kVillage2, kVillage3, kVillage4};
  std::vector<Known> projects_;
  std::vector<Board> boards_;
  std::set<std::pair<std::string, std::string>> reported_;  // project and month
  std::set<Month> months_;                                  // that wait
};

TEST_F(ProjectWorkWalk, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = ::bangfu::testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const ::bangfu::testing::SeededRandom random(seed);
  for (int i = 1; i <= 4; ++i) {  // some that others are merged into
    villages_.push_back(Cat(kTownship, "21", i));
    AddRegion(villages_.back(), Cat("新村", i));
  }
  StoreRegions();
  const std::map<std::string, std::string> industries = {{"OIL", Industry("OIL")},
                                                         {"TEA", Industry("TEA")}};
  static constexpr v1::ProjectState kStates[] = {
      v1::PROJECT_STATE_OPERATING, v1::PROJECT_STATE_OPERATING, v1::PROJECT_STATE_IDLE,
      v1::PROJECT_STATE_ACCEPTED, v1::PROJECT_STATE_TERMINATED};
  const int steps = ::bangfu::testing::Runs(220, 2500);
  int done = 0, merged = 0, reopened = 0;
  // A village whose month waits is merged into another one, however few are in the random steps.
  Known first;
  first.region = villages_.back();
  first.sources = {kSources[0]};
  first.industry = kIndustries[0];
  first.state = v1::PROJECT_STATE_OPERATING;
  v1::Project moving = RegistryFixture::NewProject("并村项目", first.region, kSources[0]);
  moving.set_industry_code(first.industry);
  moving.set_state(first.state);
  ASSERT_OK_AND_ASSIGN(const v1::Project moved, Register(moving));
  first.id = moved.id();
  projects_.push_back(std::move(first));
  Follow();
  ASSERT_EQ(Stored(), Expected());
  ASSERT_FALSE(months_.empty());
  Merge(villages_.back(), villages_.front());
  if (HasFatalFailure()) return;
  ++merged;
  Follow();
  ASSERT_EQ(Stored(), Expected());
  for (int i = 0; i < steps; ++i) {
    // A step that does not call anything is none that was taken.
    absl::Status status = absl::CancelledError("nothing was called");
    // Mostly one that is not void.
    const auto any = [&]() -> Known* {
      std::vector<Known*> some;
      for (Known& p : projects_) {
        if (!p.is_void || random.Below(8) == 0) some.push_back(&p);
      }
      return some.empty() ? nullptr : some[random.Below(some.size())];
    };
    Known* const p = any();
    Board* const board = boards_.empty() ? nullptr : &boards_[random.Below(boards_.size())];
    const auto live = std::count_if(projects_.begin(), projects_.end(),
                                    [](const Known& one) { return !one.is_void; });
    switch (p == nullptr ? 0 : random.Below(17)) {
      case 0: {
        if (live >= 14) break;
        Known made;
        made.region = villages_[random.Below(villages_.size())];
        made.sources = {kSources[random.Below(3)]};
        made.industry = kIndustries[random.Below(2)];
        made.state = kStates[random.Below(5)];
        v1::Project project =
            RegistryFixture::NewProject(Cat("项目", i), made.region, *made.sources.begin());
        project.set_industry_code(made.industry);
        project.set_state(made.state);
        auto registered = Register(project);
        status = registered.status();
        if (!registered.ok()) break;
        made.id = registered->id();
        projects_.push_back(std::move(made));
        break;
      }
      case 1:
      case 2: {
        if (p->is_void) break;
        const v1::ProjectState state = kStates[random.Below(5)];
        ASSERT_OK(AsImported(p->id, [&](v1::Project& project) { project.set_state(state); }));
        status = absl::OkStatus();
        reopened += !p->Runs() && state == v1::PROJECT_STATE_OPERATING ? 1 : 0;
        p->state = state;
        break;
      }
      case 3: {
        if (p->is_void) break;
        std::set<std::string> sources = {kSources[random.Below(3)], kSources[random.Below(3)]};
        ASSERT_OK(AsImported(p->id, [&](v1::Project& project) {
          const v1::DeclaredFunding one = project.declared_funding(0);
          project.clear_declared_funding();
          for (const std::string& source : sources) {
            v1::DeclaredFunding& funding = *project.add_declared_funding();
            funding = one;
            funding.set_source_code(source);
          }
        }));
        status = absl::OkStatus();
        p->sources = std::move(sources);
        break;
      }
      case 4: {
        const std::string industry = kIndustries[random.Below(2)];
        status = SetIndustry(*p, industry);
        if (status.ok()) p->industry = industry;
        break;
      }
      case 5:
        if (random.Below(2) == 0) break;
        status = Void(GetProject(p->id)).status();
        if (status.ok()) p->is_void = true;
        break;
      case 6:
      case 7:
      case 8:
      case 9: {
        // Of a month that waits or of the newest ones, the one under way among them.
        const std::string period = Text(ThisMonth() - static_cast<int>(random.Below(4)));
        status = Report(p->id, period);
        if (status.ok()) reported_.emplace(p->id, period);
        break;
      }
      case 10:
        server_.clock().Advance(absl::Hours(24 * random.Between(1, 25)));
        ASSERT_OK(Recounted());
        break;
      case 11:
        if (villages_.size() <= 3 || random.Below(3) != 0) break;
        {
          const std::string from = villages_[random.Below(villages_.size())];
          const std::string to = villages_[random.Below(villages_.size())];
          if (from == to) break;
          Merge(from, to);
          if (HasFatalFailure()) return;
          ++merged;
          status = absl::OkStatus();
        }
        break;
      case 12:
      case 13: {
        if (boards_.size() >= 60) break;
        Board made;
        if (random.Below(3) != 0) {
          made.due = ShanghaiDay(server_.clock().Now()) + random.Between(0, 60);
        }
        const bool of_project = random.Below(3) != 0;
        made.project = of_project ? p->id : "";
        made.industry = of_project ? "" : kIndustries[random.Below(2)];
        made.region = of_project ? p->region : kCounty;
        auto created = of_project ? CreateBoard(type::v1::SUBJECT_TYPE_PROJECT, p->id, made.due)
                                  : CreateBoard(type::v1::SUBJECT_TYPE_INDUSTRY,
                                                industries.at(made.industry), made.due);
        status = created.status();
        EXPECT_EQ(created.ok(), !of_project || !p->is_void) << created.status();
        if (!created.ok()) break;
        made.id = created->id();
        boards_.push_back(std::move(made));
        break;
      }
      case 14:
      case 15:
        if (board == nullptr) break;
        status = CompleteBoard(GetBoard(board->id),
                               random.Below(4) == 0 ? Village(board->region) : County())
                     .status();
        board->closed |= status.ok();
        break;
      default:
        if (board == nullptr) break;
        status = VoidBoard(GetBoard(board->id));
        board->closed |= status.ok();
    }
    ASSERT_NE(status.code(), absl::StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    Follow();
    ASSERT_EQ(Stored(), Expected()) << "step " << i << ", seed " << seed;
  }
  std::cout << steps << " steps, " << done << " of them taken, " << merged << " villages merged, "
            << reopened << " projects that run again" << std::endl;
  EXPECT_GT(done, steps / 4);
  EXPECT_GT(merged, 0);
  EXPECT_GT(reopened, 0);
  kWalk.ExpectSeen(server_.database().db());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_desk d LEFT JOIN work_item w ON "
                                   "w.id = d.item_id AND w.open_mark = 1 WHERE w.id IS NULL"),
            0);
  // The recount agrees.
  const int64_t version = server_.database().Int("SELECT SUM(version) FROM work_item");
  ASSERT_OK(Recounted());
  EXPECT_EQ(server_.database().Int("SELECT SUM(version) FROM work_item"), version);
  EXPECT_EQ(Stored(), Expected());
}

}  // namespace
}  // namespace bangfu::registry
