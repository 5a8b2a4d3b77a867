// The regions of the registry: imported, resolved by name and year, followed through their codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bangfu/registry/v1/events.pb.h"
#include "common/recode/recode.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/registry_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::AllOf;

TEST_F(RegistryTest, R130_RealRegionsGiveCitiesCountiesAndTheirBureaus) {
  // The whole province, as it is published, and the history beside it.
  std::vector<v1::Region> regions;
  const auto read = [&](const std::string& file, auto parse) {
    std::ifstream in(std::string(BANGFU_SAMPLE_DIR) + "/" + file);
    ASSERT_TRUE(in.good()) << file;
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      const std::vector<std::string> cells = absl::StrSplit(line, ',');
      regions.push_back(parse(cells));
    }
  };
  read("regions-36.csv", [](const std::vector<std::string>& c) {
    v1::Region r;
    r.set_code(c[0]);
    r.set_name(c[1]);
    r.set_parent_code(c[3]);
    return r;
  });
  ASSERT_EQ(regions.size(), 23959u);
  const size_t current = regions.size();
  read("region-history-36.csv", [](const std::vector<std::string>& c) {
    v1::Region r;
    r.set_code(c[0]);
    r.set_name(c[1]);
    int year = 0;
    if (absl::SimpleAtoi(c[5], &year)) r.set_start_year(year);
    if (absl::SimpleAtoi(c[6], &year)) r.set_end_year(year);
    for (const std::string& s :
         std::vector<std::string>(absl::StrSplit(c[7], ';', absl::SkipEmpty()))) {
      v1::RegionSuccessor& out = *r.add_successors();
      out.set_code(s.substr(0, 6));
      if (s.size() > 6 && absl::SimpleAtoi(s.substr(7, 4), &year)) out.set_year(year);
    }
    return r;
  });
  // A span of years in which a code changes only its name keeps one row per last year.
  std::set<std::pair<std::string, int>> keys;
  std::vector<v1::Region> unique;
  for (v1::Region& r : regions) {
    if (keys.insert({r.code(), r.end_year()}).second || unique.empty()) unique.push_back(r);
  }
  (void)current;
  int created = 0, unchanged = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (size_t begin = 0; begin < unique.size(); begin += 2000) {
      v1::ImportRegionsRequest request;
      for (size_t i = begin; i < std::min(unique.size(), begin + 2000); ++i)
        *request.add_regions() = unique[i];
      const auto imported =
          Call<v1::ImportRegionsResponse>(kRegions, "ImportRegions", request, admin_);
      ASSERT_THAT(imported, IsOk());
      (pass == 0 ? created : unchanged) += pass == 0 ? imported->created() : imported->unchanged();
    }
  }
  EXPECT_GT(created, 23900);
  EXPECT_EQ(unchanged, static_cast<int>(unique.size()));  // the second run changes nothing

  const auto count = [&](v1::OrgType type) {
    return Int(absl::StrCat("SELECT COUNT(*) FROM organisation WHERE org_type = ",
                            static_cast<int>(type)));
  };
  EXPECT_EQ(count(v1::ORG_TYPE_PROV_OFFICE), 19);
  EXPECT_EQ(count(v1::ORG_TYPE_CITY_BUREAU), 12);  // 11 cities and 赣江新区
  EXPECT_EQ(count(v1::ORG_TYPE_COUNTY_BUREAU), 100);

  // Old codes lead to today's path; one that split does not decide.
  v1::GetRegionRequest get;
  get.set_code("360727");
  EXPECT_EQ(Call<v1::Region>(kRegions, "GetRegion", get, county_)->region_path(), "360783");
  get.set_code("362128");  // 龙南县 in the prefecture of the time
  EXPECT_EQ(Call<v1::Region>(kRegions, "GetRegion", get, county_)->region_path(), "360783");
  EXPECT_EQ(Int("SELECT COUNT(*) FROM region WHERE code = '360402' AND end_year = 2016 AND "
                "region_path = ''"),
            1);

  // Names with a year.
  v1::ResolveRegionRequest resolve;
  resolve.set_county("九江县");
  resolve.set_year(2015);
  const auto at_year = Call<v1::ResolveRegionResponse>(kRegions, "ResolveRegion", resolve, county_);
  ASSERT_THAT(at_year, IsOk());
  EXPECT_EQ(at_year->grade(), v1::MATCH_GRADE_AT_YEAR);
  EXPECT_EQ(at_year->region().code(), "360404");
  resolve.set_county("庐山区");
  const auto split = Call<v1::ResolveRegionResponse>(kRegions, "ResolveRegion", resolve, county_);
  ASSERT_THAT(split, IsOk());
  EXPECT_EQ(split->grade(), v1::MATCH_GRADE_NONE);
  EXPECT_EQ(split->candidates_size(), 2);
}

TEST_F(RegistryTest, R130_RegionsAndOrganisationsThatDoNotFitAreRefusedAsAWhole) {
  const auto bureaus = [&] { return Int("SELECT COUNT(*) FROM organisation"); };
  const int64_t before = bureaus();
  const auto add = [](v1::ImportRegionsRequest* to, const char* code, const char* name) {
    v1::Region& r = *to->add_regions();
    r.set_code(code);
    r.set_name(name);
  };
  const auto bring = [&](const v1::ImportRegionsRequest& regions, const std::string& token) {
    return Call<v1::ImportRegionsResponse>(kRegions, "ImportRegions", regions, token);
  };
  v1::ImportRegionsRequest regions;
  add(&regions, "360734", "寻乌县");
  EXPECT_THAT(bring(regions, county_), StatusIs(Code::kPermissionDenied));  // the province's alone
  // With the good one none of the others comes in: a level that is not the code's, a code twice.
  v1::ImportRegionsRequest misfits = regions;
  add(&misfits, "360735", "石城县");
  misfits.mutable_regions(1)->set_level(v1::REGION_LEVEL_CITY);
  EXPECT_THAT(bring(misfits, admin_), HasViolation("regions[1].level"));
  misfits = regions;
  add(&misfits, "360734", "寻乌县");
  EXPECT_THAT(bring(misfits, admin_), HasViolation("regions[1].code"));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM region WHERE code IN ('360734', '360735')"), 0);

  v1::UpsertOrganisationsRequest organisations;
  v1::Organisation& o = *organisations.add_organisations();
  o.set_org_code("COUNTY_BUREAU_360734");
  o.set_name("寻乌县农业农村局");
  o.set_org_type(v1::ORG_TYPE_COUNTY_BUREAU);
  o.set_region_code("360734");
  const auto upsert = [&](const std::string& token) {
    return Call<v1::UpsertOrganisationsResponse>(kOrganisations, "UpsertOrganisations",
                                                 organisations, token);
  };
  EXPECT_THAT(upsert(county_), StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(upsert(admin_), AllOf(StatusIs(Code::kInvalidArgument, "REGION_UNKNOWN"),
                                    HasViolation("organisations[0].region_code")));
  EXPECT_EQ(bureaus(), before);
  // The region brings its bureau along.
  EXPECT_THAT(bring(regions, admin_), IsOk());
  EXPECT_EQ(bureaus(), before + 1);
}

TEST_F(RegistryTest, OldCodesKeepTheirFilingAndGetTodaysPath) {
  v1::Project p = SomeProject("龙南县大棚", "360727100001");
  const auto made = Register(p, other_county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->region_code(), "360727100001");
  EXPECT_EQ(made->region_path(), "360783100001");
  v1::ListProjectsRequest list;
  list.set_region_code("360727");  // asked for by the old code too
  EXPECT_EQ(List(list, admin_).projects_size(), 1);
  p.set_region_code("360402");  // in use today as 濂溪区
  EXPECT_THAT(Register(p, admin_),
              StatusIs(Code::kPermissionDenied));  // the province registers nothing
  p.set_region_code("360999100001");
  EXPECT_THAT(Register(p, county_), StatusIs(Code::kInvalidArgument, "REGION_UNKNOWN"));
}

TEST_F(RegistryTest, ARecodedCountyKeepsItsRecords) {
  const auto made = Register(SomeProject("旧县", "360783100001"), other_county_);
  ASSERT_THAT(made, IsOk());
  // 360783 becomes another code, as 360727 did before.
  v1::ImportRegionsRequest import;
  const auto add = [&](const char* code, const char* name, int end, const char* successor) {
    v1::Region& r = *import.add_regions();
    r.set_code(code);
    r.set_name(name);
    r.set_end_year(end);
    if (*successor != 0) r.add_successors()->set_code(successor);
  };
  add("360799", "龙南区", 0, "");
  add("360799100", "龙南镇", 0, "");
  add("360799100001", "新都村", 0, "");
  ASSERT_THAT(Call<v1::ImportRegionsResponse>(kRegions, "ImportRegions", import, admin_), IsOk());
  v1::RecodeRegionRequest recode;
  recode.set_from_code("360783");
  recode.set_to_code("360799");
  recode.set_reason("撤市设区");
  EXPECT_THAT(Call<v1::RecodeRegionResponse>(kRegions, "RecodeRegion", recode, admin_),
              StatusIs(Code::kFailedPrecondition, "REGION_IN_USE"));
  // That it ends is imported beside its use: a code may come back.
  import.Clear();
  add("360783", "龙南市", 2015, "360799");
  ASSERT_THAT(Call<v1::ImportRegionsResponse>(kRegions, "ImportRegions", import, admin_), IsOk());
  recode.set_request_id("");
  EXPECT_THAT(Call<v1::RecodeRegionResponse>(kRegions, "RecodeRegion", recode, admin_),
              StatusIs(Code::kFailedPrecondition, "REGION_IN_USE"));
  import.Clear();
  add("360783", "龙南市", static_cast<int>(ShanghaiDay(server_.clock().Now()).year()), "360799");
  ASSERT_THAT(Call<v1::ImportRegionsResponse>(kRegions, "ImportRegions", import, admin_), IsOk());
  server_.database().Run(
      "INSERT IGNORE INTO blob_file (region_path) VALUES ('360783100001');\n"
      "INSERT IGNORE INTO import_job (region_path) VALUES ('360783');");
  recode.set_request_id("");
  EXPECT_THAT(Call<v1::RecodeRegionResponse>(kRegions, "RecodeRegion", recode, county_),
              StatusIs(Code::kPermissionDenied));
  const auto done = Call<v1::RecodeRegionResponse>(kRegions, "RecodeRegion", recode, admin_);
  ASSERT_THAT(done, IsOk());
  EXPECT_GE(done->records(), 5);
  // Subscribers get the state again, under the new path.
  EXPECT_EQ(
      Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'project' AND region_path = "
          "'360799100001'"),
      1);
  const auto read = Get(made->id(), server_.Token(role::ROLE_COUNTY_OPERATOR, "360799", "new"));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->region_path(), "360799100001");
  EXPECT_EQ(read->region_code(), "360783100001");  // as filed
  EXPECT_THAT(Get(made->id(), other_county_), StatusIs(Code::kNotFound));
  // The codes below end with it, and lead to today's.
  EXPECT_EQ(Int("SELECT COUNT(*) FROM region WHERE code LIKE '360783%' AND end_year = 0"), 0);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM region WHERE code = '360783100001' AND region_path = "
                "'360799100001'"),
            1);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM region WHERE code = '360727' AND region_path = '360799'"), 1);
  // The rooms' rows follow; and the others are told, now and in every snapshot.
  EXPECT_EQ(Int("SELECT COUNT(*) FROM blob_file WHERE region_path = '360799100001'"), 1);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM import_job WHERE region_path = '360799'"), 1);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project WHERE county_path = '360799'"), 1);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM region_move WHERE from_path = '360783' AND to_path = "
                "'360799'"),
            1);
  // A step that began before the move wrote under the old code: its state comes again, too.
  server_.database().Run("UPDATE project SET region_path = '360783100001';");
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK(recode::SweepStragglers(server_.database().db(), RegionParts(), server_.clock().Now(),
                                      [&](mysql::Tx& tx, const recode::Move& move, int64_t rows) {
                                        return PublishSwept(tx, move, rows, server_.clock().Now());
                                      }));
  }
  EXPECT_EQ(
      Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'project' AND region_path = "
          "'360799100001'"),
      2);
  // A code that comes back for another county: what is filed under it is that one's.
  import.Clear();
  add("360783", "新设县", 0, "");
  ASSERT_THAT(Call<v1::ImportRegionsResponse>(kRegions, "ImportRegions", import, admin_), IsOk());
  server_.database().Run("UPDATE project SET region_path = '360783';");
  const auto sweep = [&] {
    return recode::SweepStragglers(server_.database().db(), RegionParts(), server_.clock().Now(),
                                   nullptr,
                                   recode::BorneBy([](mysql::Executor& db, std::string_view code) {
                                     return ResolvePath(db, std::string(code), "region_code");
                                   }));
  };
  ASSERT_OK(sweep());
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project WHERE region_path = '360783'"), 1);
  server_.database().Run("DELETE FROM region WHERE code = '360783' AND end_year = 0;");
  ASSERT_OK(sweep());
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project WHERE region_path = '360799'"), 1);
  server_.database().Run("UPDATE project SET region_path = '360799100001';");
  // The new code gets another soon after: who copies anew is told of both.
  import.Clear();
  add("360798", "龙南新区", 0, "");
  add("360798100", "龙南镇", 0, "");
  add("360798100001", "新都村", 0, "");
  add("360799", "龙南区", static_cast<int>(ShanghaiDay(server_.clock().Now()).year()), "360798");
  ASSERT_THAT(Call<v1::ImportRegionsResponse>(kRegions, "ImportRegions", import, admin_), IsOk());
  recode.set_request_id("");
  recode.set_from_code("360799");
  recode.set_to_code("360798");
  ASSERT_THAT(Call<v1::RecodeRegionResponse>(kRegions, "RecodeRegion", recode, admin_), IsOk());
  const auto states = MakeSnapshotSource()->Page(server_.database().db(), "region_batch", Ulid(),
                                                 1000, std::nullopt);
  ASSERT_OK(states);
  std::vector<std::string> moves;
  for (const feed::OutboxEvent& state : *states) {
    v1::RegionsChanged changed;
    ASSERT_TRUE(changed.ParseFromString(state.payload));
    for (const v1::RegionMove& move : changed.moves()) {
      moves.push_back(absl::StrCat(move.from_path(), ">", move.to_path()));
    }
  }
  EXPECT_THAT(moves, ::testing::UnorderedElementsAre("360783>360799", "360799>360798"));
}

}  // namespace
}  // namespace bangfu::registry
