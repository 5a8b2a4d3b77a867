// As many grants as an installation has people, in the copy that a service reads, and as much work
// as lies on a busy desk: what they cost at the start, in memory and per call.
#include <algorithm>

#include "bangfu/type/v1/grant.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/grants/copies.h"
#include "common/inbox/inbox.h"
#include "common/mysql/session.h"
#include "tests/bench/bench.h"

namespace bangfu::bench {

namespace {

// To --schema by --socket.
std::unique_ptr<mysql::Session> SessionOf(const Flags& flags) {
  mysql::Options options;
  options.host = flags.Text("socket");
  options.user = "root";
  options.schema = flags.Text("schema");
  return mysql::Session::Create(options);
}

}  // namespace

// --socket, --schema, --count, --villages FILE of codes: one grant per person "bench-person-N", of
// a village, its township or its county in turns. 0 is a reviewer of --township, 1 administers the
// province, 2 has the role --writer in all of it: those in whose name the bench calls. Besides
// "bench-several", who reports for --several villages with a grant each.
Json Grants(const Flags& flags) {
  const auto session = SessionOf(flags);
  const std::vector<std::string> villages = ReadLines(flags.Text("villages"));
  const int64_t count = flags.Number("count", 30'000);
  options::v1::Role writer = options::v1::ROLE_UNSPECIFIED;
  if (!options::v1::Role_Parse(Cat("ROLE_", flags.Text("writer")), &writer))
    Die("unknown --writer");
  UlidGenerator ids(SystemClock());
  const absl::Time now = SystemClock().Now();
  const auto granted = [&](const std::string& person, const std::string& name,
                           options::v1::Role role, const std::string& region) {
    type::v1::Grant grant;
    grant.set_id(ids.Next().ToString());
    grant.set_person(person);
    grant.set_person_name(name);
    grant.set_role(role);
    type::v1::GrantRegion* held = grant.add_regions();
    held->set_code(region);
    held->set_region_path(region);
    held->set_name("样例");
    grants::SetTime(now - absl::Hours(24), grant.mutable_valid_from());
    grant.set_state(type::v1::GRANT_STATE_ACTIVE);
    grant.mutable_granted_by()->set_subject("bench-admin");
    grants::SetTime(now - absl::Hours(24), grant.mutable_granted_at());
    grant.set_etag("1");
    return grant;
  };
  const auto write = [&](const std::vector<type::v1::Grant>& grants) {
    // Of a generation that no snapshot ends.
    const absl::Status status = mysql::Transact(
        *session, [&](mysql::Tx& tx) { return grants::Write(tx, grants, int64_t{1} << 60); });
    if (!status.ok()) Die(Cat("grants: ", status.message()));
  };
  constexpr int64_t kChunk = 1000;
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    std::vector<type::v1::Grant> grants;
    for (int64_t n = begin; n < std::min(count, begin + kChunk); ++n) {
      std::string region = villages[static_cast<size_t>(n) % villages.size()];
      options::v1::Role role = options::v1::ROLE_VILLAGE_REPORTER;
      if (n == 0) {
        region = flags.Text("township");
        role = options::v1::ROLE_TOWNSHIP_REVIEWER;
      } else if (n == 1 || n == 2) {
        region.resize(2);
        role = n == 1 ? options::v1::ROLE_PROV_ADMIN : writer;
      } else if (n % 10 == 0) {
        region.resize(6);
        role = options::v1::ROLE_COUNTY_OPERATOR;
      } else if (n % 5 == 0) {
        region.resize(9);
        role = options::v1::ROLE_TOWNSHIP_REVIEWER;
      }
      grants.push_back(granted(Cat("bench-person-", n), Cat("样例人员", n), role, region));
    }
    write(grants);
  }
  std::vector<type::v1::Grant> several;
  for (size_t n = 0; n < static_cast<size_t>(flags.Number("several", 0)); ++n) {
    several.push_back(granted("bench-several", "样例人员", options::v1::ROLE_VILLAGE_REPORTER,
                              villages[n % villages.size()]));
  }
  write(several);
  return {{"grants", count}};
}

// --socket, --schema, --township, --role (its number), --count: open items of records that nobody
// has, in the villages of the township, due within two months.
Json Items(const Flags& flags) {
  const auto session = SessionOf(flags);
  const std::string township = flags.Text("township");
  const int64_t count = flags.Number("count", 20'000);
  UlidGenerator ids(SystemClock());
  inbox::Act act{ids, SystemClock().Now(), nullptr, "bench", {}};
  act.fresh = true;
  const absl::CivilDay today = ShanghaiDay(act.now);
  constexpr int64_t kChunk = 500;
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    std::vector<inbox::Subject> subjects;
    for (int64_t n = begin; n < std::min(count, begin + kChunk); ++n) {
      inbox::Wanted wanted;
      wanted.kind = "UNIT_REPORT_PASS";
      wanted.action = "pass";
      wanted.roles = {static_cast<workflow::RoleId>(flags.Number("role", 0))};
      wanted.region_path = Cat(township, 201 + n % 20);
      wanted.title = Cat("样例村", n, "摸排报告");
      wanted.due_on = today + n % 60;
      subjects.push_back({"bench", ids.Next(), {std::move(wanted)}, {}});
    }
    const absl::Status status =
        mysql::Transact(*session, [&](mysql::Tx& tx) { return inbox::Sync(tx, subjects, act); });
    if (!status.ok()) Die(Cat("items: ", status.message()));
  }
  return {{"items", count}};
}

}  // namespace bangfu::bench
