#include "common/period/service_message.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/period/calendar.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"

namespace bangfu::period {

namespace {

constexpr size_t kMaxNamed = 200;

bool IsLate(const v1::Period& p, absl::CivilDay today) {
  const bool waits =
      p.state() < v1::PERIOD_STATE_SUBMITTED || p.state() == v1::PERIOD_STATE_RETURNED;
  return waits && today > DayFrom(p.cut_off());
}

std::string NameIn(const std::map<std::string, std::string>& names, const std::string& code) {
  auto it = names.find(code);
  return it == names.end() ? code : it->second;
}

}  // namespace

bool IsUp(int state) {
  return state == v1::PERIOD_STATE_SUBMITTED || state == v1::PERIOD_STATE_ACCEPTED;
}

const Table* FindTable(const Tables& tables, std::string_view table_no) {
  for (const auto& table : tables) {
    if (table->table_no() == table_no) return table.get();
  }
  return nullptr;
}

absl::Status FillPlain(mysql::Executor& db, const ServiceOptions& options, absl::Time now,
                       std::vector<v1::Period*> periods) {
  std::set<std::string> codes;
  for (const v1::Period* p : periods) codes.insert(p->region_code());
  if (codes.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto names, options.names(db, {codes.begin(), codes.end()}));
  for (v1::Period* p : periods) {
    p->set_region_name(NameIn(names, p->region_code()));
    p->set_late(IsLate(*p, ShanghaiDay(now)));
    const Table* table = FindTable(options.tables, p->table_no());
    p->set_table_name_zh(table == nullptr ? p->table_no() : table->name_zh());
  }
  return absl::OkStatus();
}

absl::StatusOr<Whole> LoadWhole(mysql::Executor& db, PeriodRow row) {
  Whole whole;
  whole.row = std::move(row);
  ASSIGN_OR_RETURN(whole.units, LoadUnits(db, whole.row.id));
  whole.board = BoardOf(whole.units);
  ASSIGN_OR_RETURN(whole.components, LoadComponents(db, whole.row.id));
  if (whole.row.message.state() == v1::PERIOD_STATE_FREEZING) {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(whole.row.message.operation_id()));
    absl::StatusOr<operation::v1::Operation> freezing =
        operation::Get(db, id, {whole.row.message.region_code()});
    if (freezing.ok()) {
      whole.freeze_running = freezing->state() == operation::v1::OPERATION_STATE_PENDING ||
                             freezing->state() == operation::v1::OPERATION_STATE_RUNNING;
    } else if (!absl::IsNotFound(freezing.status())) {
      return freezing.status();
    }
  }
  return whole;
}

absl::Status FillWhole(mysql::Executor& db, const ServiceOptions& options, absl::Time now,
                       Whole& whole) {
  v1::Period& p = whole.row.message;
  RETURN_IF_ERROR(FillPlain(db, options, now, {&p}));
  if (p.state() < v1::PERIOD_STATE_FROZEN) return absl::OkStatus();
  std::vector<std::string> missing = whole.board.Unsigned(p.region_code(), true);
  if (!HasSigners(p.region_code())) missing.clear();
  if (!whole.components.empty()) {
    std::vector<std::string> codes;
    for (const ComponentState& c : whole.components) codes.push_back(c.component.region_path);
    ASSIGN_OR_RETURN(auto names, options.names(db, codes));
    for (const ComponentState& c : whole.components) {
      v1::PeriodComponent* out = p.add_components();
      out->set_region_code(c.component.region_path);
      out->set_region_name(NameIn(names, c.component.region_path));
      if (!c.component.id.is_zero()) out->set_period_id(c.component.id.ToString());
      out->set_revision(c.component.revision);
      out->set_rows_sha256(c.component.rows_sha256);
      out->set_state(static_cast<v1::PeriodState>(c.state));
      const bool is_signed =
          c.state >= v1::PERIOD_STATE_COUNTY_SIGNED && c.state <= v1::PERIOD_STATE_ACCEPTED;
      if (!is_signed) missing.push_back(c.component.region_path);
    }
  }
  p.set_unsigned_count(static_cast<int64_t>(missing.size()));
  for (size_t i = 0; i < missing.size() && i < kMaxNamed; ++i) p.add_unsigned_regions(missing[i]);
  ASSIGN_OR_RETURN(std::string note, DraftNote(db, missing, options.names));
  if (p.needs_update()) note += Cat(note.empty() ? "" : "；", "需更新：下级报表已重报或退回");
  p.set_draft_note(std::move(note));
  return absl::OkStatus();
}

Subject SubjectOf(const Whole& whole) {
  const v1::Period& p = whole.row.message;
  Subject s;
  s.state = p.state();
  s.region_digits = p.region_code().size();
  s.prepared_by = workflow::PersonOf(p.prepared_by());
  s.submitted_by = workflow::PersonOf(p.submitted_by());
  s.freeze_running = whole.freeze_running;
  s.needs_update = p.needs_update();
  if (HasSigners(p.region_code())) {
    s.table_unsigned = whole.board.Unsigned(p.region_code(), true);
    s.table_note = p.draft_note();
  }
  for (const v1::PeriodComponent& c : p.components()) {
    if (!IsUp(c.state())) s.components_unsigned.push_back(c.region_name());
  }
  return s;
}

absl::StatusOr<Subject> SignSubject(mysql::Executor& db, const ServiceOptions& options,
                                    const Whole& whole, const std::string& unit,
                                    std::string_view shown_sha256, const auth::Caller& caller) {
  Subject s = SubjectOf(whole);
  s.unit_digits = unit.size();
  const workflow::Person person = workflow::PersonAt(caller, {SignerOf(unit)}, unit);
  s.refusal = whole.board.Judge(unit, shown_sha256, person);
  if (s.refusal == SignRefusal::kLowerUnsigned) {
    s.units_unsigned = whole.board.Unsigned(unit, false);
    ASSIGN_OR_RETURN(s.units_note, DraftNote(db, s.units_unsigned, options.names));
  }
  std::map<std::string, UnitState> after = whole.board.units();
  if (auto own = after.find(unit); own != after.end()) {
    own->second.signed_sha256 = own->second.sha256;
    own->second.signed_by = person;
  }
  s.after_signature = StateOf(SignBoard(std::move(after)));
  return s;
}

absl::StatusOr<Taken> TakeRows(mysql::Session& db, const Table& table,
                               const std::string& region_path, const std::string& period) {
  return mysql::Transact(
      db,
      [&](mysql::Tx& tx) -> absl::StatusOr<Taken> {
        Taken taken;
        ASSIGN_OR_RETURN(std::vector<std::string> regions, table.ComponentRegions(tx, region_path));
        std::sort(regions.begin(), regions.end());
        ASSIGN_OR_RETURN(taken.components,
                         StandingComponents(tx, table.table_no(), period, regions, false));
        ASSIGN_OR_RETURN(taken.watermarks, table.Watermarks(tx));
        RowPacker packer(region_path, HasSigners(region_path));
        RETURN_IF_ERROR(table.Rows(tx, region_path, taken.components,
                                   [&](Row row) { return packer.Add(std::move(row)); }));
        taken.rows = packer.Finish();
        return taken;
      },
      mysql::Reads::kOneMoment);
}

std::string RevisionZh(const v1::Period& period) {
  return Cat(period.period(), " 第", period.revision(), "版");
}

std::string LiveZh(const std::vector<type::v1::Watermark>& watermarks) {
  std::string out = "实时";
  for (size_t i = 0; i < watermarks.size(); ++i) {
    out += Cat(i == 0 ? "（" : "、", watermarks[i].source(), " ", watermarks[i].sequence());
  }
  return watermarks.empty() ? out : out + "）";
}

absl::StatusOr<FrozenTable> FindFrozen(mysql::Executor& db, const ServiceOptions& options,
                                       const std::string& table_no, const std::string& region_path,
                                       const std::string& period, int revision, absl::Time now) {
  if (!ParseSpan(period)) {
    return InvalidField("period", "报表期应为2026-10、2026-Q4或2026-H2");
  }
  ASSIGN_OR_RETURN(std::optional<PeriodRow> row,
                   FindPeriod(db, table_no, period, region_path, revision));
  if (!row) {
    return NotFound("period", Cat(table_no, "/", region_path, "/", period, "/", revision));
  }
  ASSIGN_OR_RETURN(Whole whole, LoadWhole(db, *std::move(row)));
  RETURN_IF_ERROR(FillWhole(db, options, now, whole));
  return FrozenTable{whole.row.id, std::move(whole.row.message), std::move(whole.board)};
}

}  // namespace bangfu::period
