// Whatever happens to the reports of an inventory, the items of the inbox are equal to their
// states.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "common/inbox/walks_for_test.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;

const inbox::Walk kWalk({"UNIT_REPORT_SUBMIT", "UNIT_REPORT_CORRECT", "UNIT_REPORT_PASS",
                         "UNIT_REPORT_SIGN", "UNIT_REPORT_COMPLETE", "UNIT_REPORT_SEND_BACK",
                         "UNIT_REPORT_REVERIFY", "SAMPLE_RESULT", "SAMPLE_DRAW",
                         "INVENTORY_CONFIRM"});

class InboxProperty : public InboxTest {
 protected:
  // What has to wait, from the reports as the contract shows them: "unit action slot", and the
  // money that it is for: a signature's, or any, of whoever holds a grant for everything.
  std::set<std::string> Expected(const std::string& campaign, bool open) {
    std::set<std::string> out;
    if (!open) return out;
    const std::vector<v1::InventoryUnitReport> units = Units(campaign);
    v1::ListSamplesRequest samples;
    samples.set_campaign_id(campaign);
    auto drawn = Inventory<v1::ListSamplesResponse>("ListSamples", samples, Province());
    EXPECT_OK(drawn);
    bool sampled = drawn->samples_size() > 0;
    bool to_draw = !sampled;
    for (const v1::Sample& sample : drawn->samples()) {
      sampled &= !sample.enlargement_required();
      to_draw |= sample.enlargement_required() && sample.results_recorded() == sample.drawn();
    }
    // What is taken back before it was drawn will not be what the sample was drawn from.
    for (const v1::InventoryUnitReport& unit : units) {
      const bool stands = unit.state() == v1::UNIT_REPORT_STATE_COUNTY_VERIFIED ||
                          unit.state() == v1::UNIT_REPORT_STATE_CITY_SAMPLED_OK ||
                          unit.state() == v1::UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE ||
                          unit.state() == v1::UNIT_REPORT_STATE_PROV_CONFIRMED;
      const auto id = Ulid::Parse(unit.id());
      if (!stands && server_.database().Int(
                         "SELECT COUNT(*) FROM sample_unit WHERE unit_report_id = ?", {*id}) == 0) {
        population_.erase(unit.id());
      }
    }
    bool confirmed = true;
    for (const v1::InventoryUnitReport& unit : units) {
      confirmed &= unit.state() == v1::UNIT_REPORT_STATE_PROV_CONFIRMED;
    }
    if (confirmed) out.insert(Cat(campaign, " close ||"));
    for (const std::string county : {kCounty, kOtherCounty}) {
      bool verified = true, waiting = false, covered = true;
      for (const v1::InventoryUnitReport& unit : units) {
        if (unit.region_path().substr(0, 6) != county) continue;
        const bool ready = unit.state() == v1::UNIT_REPORT_STATE_COUNTY_VERIFIED ||
                           unit.state() == v1::UNIT_REPORT_STATE_CITY_SAMPLED_OK;
        waiting |= ready;
        covered &= !ready || population_.count(unit.id()) > 0;
        verified &= ready || unit.state() == v1::UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE ||
                    unit.state() == v1::UNIT_REPORT_STATE_PROV_CONFIRMED;
      }
      const int64_t missing = server_.database().Int(
          "SELECT COUNT(*) FROM sample_unit WHERE has_result = 0 AND LEFT(region_path, 6) = ?",
          {county});
      if (!verified || !waiting) continue;
      if (sampled && covered && missing == 0) out.insert(Cat(county, " confirm"));
      if (to_draw || !covered) out.insert(Cat(county, " draw_sample"));
    }
    for (const v1::InventoryUnitReport& unit : units) {
      const auto add = [&](std::string_view action, std::string_view slot = "",
                           std::string_view sources = "||") {
        out.insert(Cat(unit.id(), " ", action, " ", slot, sources));
      };
      const auto county = [&] {
        const v1::VerificationTask task = TaskOf(unit.id());
        bool missing = false;
        for (const auto& d : task.departments()) {
          if (d.signed_()) continue;
          std::string sources;
          for (const std::string& code : d.source_codes()) {
            sources += Cat(sources.empty() ? "|" : "", code, "|");
          }
          add("sign", d.department_code(), sources);
          missing = true;
        }
        if (!missing) add("complete");
      };
      // Drawn, and nobody has said yet what was found: of each level that drew it.
      if (Verified(unit)) {
        auto levels = server_.database().db().Query(
            "SELECT DISTINCT s.level FROM sample_unit su JOIN sample s ON s.id = su.sample_id "
            "WHERE su.unit_report_id = ? AND su.has_result = 0",
            {*Ulid::Parse(unit.id())});
        EXPECT_OK(levels);
        for (const mysql::Row& row : *levels) {
          add("record_sample_result", Cat("LEVEL_", row.Int(0)));
        }
      }
      switch (unit.state()) {
        case v1::UNIT_REPORT_STATE_NOT_STARTED:
        case v1::UNIT_REPORT_STATE_DRAFT:
          add("submit");
          break;
        case v1::UNIT_REPORT_STATE_SUBMITTED:
          add("pass");
          break;
        case v1::UNIT_REPORT_STATE_TOWNSHIP_PASSED:
          county();
          break;
        case v1::UNIT_REPORT_STATE_RETURNED:
          if (unit.current_return().to_level() == v1::REGION_LEVEL_VILLAGE) add("submit");
          if (unit.current_return().to_level() == v1::REGION_LEVEL_TOWNSHIP) add("pass");
          if (unit.current_return().to_level() == v1::REGION_LEVEL_COUNTY) county();
          break;
        case v1::UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE:
          add("return");
          break;
        default:
          if (Verified(unit) && WaitsToBeVerifiedAnew(unit, units)) add(WayBack(unit.id()));
          break;
      }
    }
    return out;
  }
  static bool Verified(const v1::InventoryUnitReport& unit) {
    return unit.state() == v1::UNIT_REPORT_STATE_COUNTY_VERIFIED ||
           unit.state() == v1::UNIT_REPORT_STATE_CITY_SAMPLED_OK ||
           unit.state() == v1::UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE ||
           unit.state() == v1::UNIT_REPORT_STATE_PROV_CONFIRMED;
  }
  // The projects that the round of the report that stands disputes.
  std::set<std::string> DisputedBy(const std::string& unit) {
    std::set<std::string> out;
    const Ulid id = *Ulid::Parse(unit);
    auto rounds = CountyRounds(server_.database().db(), {id});
    EXPECT_OK(rounds);
    const v1::VerificationTask task = TaskOf(unit);
    for (const v1::VerificationFinding& finding : task.findings()) {
      const absl::Time found = absl::FromUnixSeconds(finding.found_at().seconds()) +
                               absl::Nanoseconds(finding.found_at().nanos());
      if (finding.action() == v1::FINDING_ACTION_DISPUTED && found >= (*rounds)[id]) {
        out.insert(finding.project_id());
      }
    }
    return out;
  }
  // A project of the village is not verified, and not because of another village's report alone.
  bool WaitsToBeVerifiedAnew(const v1::InventoryUnitReport& unit,
                             const std::vector<v1::InventoryUnitReport>& units) {
    auto rows = server_.database().db().Query(
        "SELECT p.id, p.verification_state FROM project_region r JOIN project p ON p.id = "
        "r.project_id WHERE r.region_path = ? AND p.is_void = 0 AND p.verification_state <> 2",
        {unit.region_path()});
    EXPECT_OK(rows);
    for (const mysql::Row& row : *rows) {
      const std::string project = row.Id(0).ToString();
      if (row.Int(1) != v1::VERIFICATION_STATE_DISPUTED || DisputedBy(unit.id()).count(project)) {
        return true;
      }
      bool elsewhere = false;
      for (const v1::InventoryUnitReport& other : units) {
        elsewhere |=
            other.id() != unit.id() && Verified(other) && DisputedBy(other.id()).count(project) > 0;
      }
      if (!elsewhere) return true;
    }
    return false;
  }
  // As the report tells the county: taken back by it, or returned from above.
  std::string WayBack(const std::string& id) {
    v1::GetUnitReportRequest request;
    request.set_id(id);
    for (const std::string county : {kCounty, kOtherCounty}) {
      auto unit =
          Inventory<v1::InventoryUnitReport>("GetUnitReport", request, County("operator", county));
      if (!unit.ok()) continue;
      for (const type::v1::AllowedAction& a : unit->allowed_actions()) {
        if (a.action() == "recall" && a.allowed()) return "recall";
      }
    }
    return "return";
  }
  absl::Status Amend(const std::string& village, int step) {
    auto rows = server_.database().db().Query(
        "SELECT id FROM project WHERE region_path = ? AND is_void = 0 ORDER BY id LIMIT 1",
        {village});
    EXPECT_OK(rows);
    if (rows->empty()) return absl::NotFoundError("no project");
    v1::GetProjectRequest get;
    get.set_id(rows->at(0).Id(0).ToString());
    auto project = Call<v1::Project>("ProjectService", "GetProject", get, Province());
    EXPECT_OK(project);
    v1::UpdateProjectRequest amend;
    amend.set_request_id(RequestId());
    amend.set_id(project->id());
    amend.set_etag(project->etag());
    amend.mutable_project()->set_name(Cat("更正", step));
    amend.mutable_update_mask()->add_paths("name");
    amend.set_reason("名称有误");
    return Call<v1::Project>("ProjectService", "UpdateProject", amend,
                             County("operator", village.substr(0, 6)))
        .status();
  }

  // What the province's sample is drawn from, followed through its draws: what is verified then,
  // and of what there was what is confirmed or drawn.
  void Drawn(const std::string& campaign, const v1::Sample& sample) {
    std::set<std::string> now;
    for (const v1::InventoryUnitReport& unit : Units(campaign)) {
      switch (unit.state()) {
        case v1::UNIT_REPORT_STATE_COUNTY_VERIFIED:
        case v1::UNIT_REPORT_STATE_CITY_SAMPLED_OK:
        case v1::UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE:
          now.insert(unit.id());
          break;
        case v1::UNIT_REPORT_STATE_PROV_CONFIRMED:
          if (population_.count(unit.id()) > 0) now.insert(unit.id());
          break;
        default:
          break;
      }
    }
    for (const v1::SampleUnit& unit : sample.units()) now.insert(unit.unit_report_id());
    population_ = std::move(now);
    EXPECT_EQ(sample.population(), static_cast<int32_t>(population_.size()));
  }
  std::set<std::string> population_;

  // As the province sees it: the reports lie in two counties.
  v1::VerificationTask TaskOf(const std::string& unit) {
    v1::GetVerificationTaskRequest request;
    request.set_unit_report_id(unit);
    auto task = Verification<v1::VerificationTask>("GetVerificationTask", request, Province());
    EXPECT_OK(task);
    return task.ok() ? *task : v1::VerificationTask();
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows = server_.database().db().Query(
        "SELECT subject_id, action, slot, region_path, fund_sources FROM work_item WHERE open_mark "
        "= 1");
    EXPECT_OK(rows);
    for (const mysql::Row& row : *rows) {
      if (row.String(1) == "confirm" || row.String(1) == "draw_sample") {
        out.insert(Cat(row.String(3), " ", row.String(1)));
        continue;
      }
      out.insert(Cat(row.Id(0).ToString(), " ", row.String(1), " ", row.String(2), row.String(4)));
    }
    return out;
  }
};

TEST_F(InboxProperty, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  testing::SeededRandom random(seed);
  v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  const std::vector<std::string> villages = {kVillage, kVillage2, kVillage3, kVillage4,
                                             kOtherVillage};
  int done = 0, recalled = 0, taken_in = 0, amended = 0, disputed = 0;
  std::string sample;
  // Something to amend and to dispute: one project of two villages, one of each other.
  v1::Project wide = NewProject("两村冷链", kVillage);
  wide.add_covered_regions()->set_region_code(kVillage2);
  ASSERT_OK(Register(wide, County("operator", kCounty)));
  for (const std::string village : {kVillage2, kVillage3, kOtherVillage}) {
    ASSERT_OK(Register(NewProject("油茶", village), County("operator", village.substr(0, 6))));
  }
  const int steps = ::bangfu::testing::Runs(1000, 10000);
  for (int i = 0; i < steps; ++i) {
    const std::string village = villages[random.Below(villages.size())];
    const std::string county = village.substr(0, 6);
    const v1::InventoryUnitReport unit = Unit(campaign.id(), village);
    absl::Status status;
    server_.clock().Advance(absl::Seconds(1));  // findings belong to their round by time
    switch (random.Below(15)) {
      case 0: {
        v1::SaveUnitReportDraftRequest draft;
        draft.set_request_id(RequestId());
        draft.set_id(unit.id());
        draft.set_etag(unit.etag());
        status = Inventory<v1::InventoryUnitReport>("SaveUnitReportDraft", draft, Village(village))
                     .status();
        break;
      }
      case 1:
      case 2:
        status = Submit(unit, unit.project_count() == 0).status();
        break;
      case 3:
      case 4:
        status = Pass(unit).status();
        break;
      case 5: {
        const std::vector<std::string> who = {Township(village.substr(0, 9)),
                                              County("operator", county),
                                              City(village.substr(0, 4)), Province()};
        // Half of the time the one whose turn it is with what the village has just sent.
        const bool sent = unit.state() == v1::UNIT_REPORT_STATE_SUBMITTED && random.Below(2) == 0;
        status = Return(unit, sent ? who[0] : who[random.Below(who.size())]).status();
        break;
      }
      case 6:
      case 7: {
        const v1::VerificationTask task = TaskOf(unit.id());
        if (task.departments().empty()) break;
        const auto& d = task.departments(
            static_cast<int>(random.Below(static_cast<uint64_t>(task.departments_size()))));
        std::vector<v1::VerificationFinding> findings;
        if (d.is_lead() && random.Below(2) == 0) {
          auto rows = server_.database().db().Query(
              "SELECT project_id FROM project_region WHERE region_path = ? ORDER BY project_id "
              "LIMIT 1",
              {village});
          ASSERT_OK(rows);
          for (const mysql::Row& row : *rows) {
            v1::VerificationFinding& finding = findings.emplace_back();
            finding.set_project_id(row.Id(0).ToString());
            finding.set_field("workers");
            finding.set_action(v1::FINDING_ACTION_DISPUTED);
          }
        }
        status = Sign(unit.id(), task.etag(), d.department_code(),
                      d.is_lead() ? County("lead", county)
                                  : Token(options::v1::ROLE_SECTOR_VERIFIER, county,
                                          Cat("of-", d.department_code())),
                      findings)
                     .status();
        disputed += status.ok() && !findings.empty() ? 1 : 0;
        break;
      }
      case 8:
        status = Complete(unit.id(), TaskOf(unit.id()).etag(), County("lead", county)).status();
        break;
      case 9: {
        // New subjects open reports again; few, or the lists get long.
        if (random.Below(8) != 0) break;
        static constexpr const char* kSources[] = {"BRIDGE_CENTRAL", "BRIDGE_COUNTY", "EAST_WEST"};
        v1::Project project = NewProject(Cat("项目", i), village, kSources[random.Below(3)]);
        if (village == kVillage && random.Below(2) == 0) {
          project.add_covered_regions()->set_region_code(kVillage2);
        }
        status = Register(project, County("operator", county)).status();
        break;
      }
      case 10: {
        v1::DrawSampleRequest draw;
        draw.set_request_id(RequestId());
        draw.set_campaign_id(campaign.id());
        draw.set_region_code("36");
        // The first one, one that takes in what was verified since, or a larger one.
        const bool enlarge = !sample.empty() && random.Below(2) == 0;
        if (sample.empty() || enlarge) {
          draw.set_rate_bp(static_cast<int32_t>(random.Between(1000, 10000)));
        }
        draw.set_enlarge(enlarge);
        auto drawn = Inventory<v1::Sample>("DrawSample", draw, Province());
        status = drawn.status();
        if (!drawn.ok()) break;
        taken_in += drawn->id() == sample && !enlarge ? 1 : 0;
        sample = drawn->id();
        Drawn(campaign.id(), *drawn);
        break;
      }
      case 11: {
        v1::ConfirmProvinceRequest confirm;
        confirm.set_request_id(RequestId());
        confirm.set_campaign_id(campaign.id());
        confirm.set_region_code(county);
        status =
            Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, Province()).status();
        break;
      }
      case 12: {
        v1::RecallUnitReportRequest recall;
        recall.set_request_id(RequestId());
        recall.set_id(unit.id());
        recall.set_etag(unit.etag());
        recall.set_reason("更正已核实内容");
        status = Inventory<v1::InventoryUnitReport>("RecallUnitReport", recall,
                                                    County("operator", county))
                     .status();
        recalled += status.ok() ? 1 : 0;
        break;
      }
      case 13:
        status = Amend(village, i);
        amended += status.ok() ? 1 : 0;
        break;
      default: {
        if (sample.empty()) break;
        v1::RecordSampleResultRequest result;
        result.set_request_id(RequestId());
        result.set_id(sample);
        result.set_unit_report_id(unit.id());
        result.set_issue(random.Below(2) == 0);
        result.set_note("核对");
        status = Inventory<v1::Sample>("RecordSampleResult", result, Province()).status();
      }
    }
    ASSERT_NE(status.code(), StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    ASSERT_EQ(Stored(), Expected(campaign.id(), true)) << "step " << i << ", seed " << seed;
  }
  const int64_t anew =
      server_.database().Int("SELECT COUNT(*) FROM work_item WHERE kind = 'UNIT_REPORT_REVERIFY'");
  std::cout << steps << " steps, " << done << " of them taken, " << taken_in
            << " draws for what was verified since, " << amended << " amendments, " << disputed
            << " disputes, " << anew << " reports to be verified anew" << std::endl;
  EXPECT_GT(anew, 0);
  EXPECT_GT(done, steps / 10);
  EXPECT_GT(recalled, 0);
  kWalk.ExpectSeen(server_.database().db());
  // Each item lies on its desks, and nothing else does.
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_desk d LEFT JOIN work_item w ON "
                                   "w.id = d.item_id AND w.open_mark = 1 WHERE w.id IS NULL"),
            0);
}

}  // namespace
}  // namespace bangfu::registry
