#include "common/period/workflow.h"

#include <algorithm>
#include <utility>

#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/status/error.h"

namespace bangfu::period {

namespace {

using namespace options::v1;  // the roles
using Guard = workflow::Guard<Subject>;
using workflow::Actor;

constexpr size_t kProvince = 2;
constexpr size_t kCity = 4;
constexpr size_t kCounty = 6;
constexpr size_t kTownship = 9;
constexpr size_t kVillage = 12;

Guard TableOf(std::vector<size_t> digits) {
  return {"table_of_level", [digits](const Subject& s, const Actor&) -> absl::Status {
            if (std::find(digits.begin(), digits.end(), s.region_digits) != digits.end()) {
              return absl::OkStatus();
            }
            return Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED")
                .Zh("您的角色不能办理这一级的报表");
          }};
}

Guard UnitOf(size_t digits) {
  return {"unit_of_level", [digits](const Subject& s, const Actor&) -> absl::Status {
            if (s.unit_digits == digits) return absl::OkStatus();
            return Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED")
                .Zh("您的角色不能代这一级签字");
          }};
}

Guard Reaches(v1::PeriodState state) {
  return {"reaches", [state](const Subject& s, const Actor&) -> absl::Status {
            if (s.after_signature == state) return absl::OkStatus();
            return FailedPrecondition("STATE_NOT_ALLOWED", "当前状态不能签字");
          }};
}

absl::Status NotPreparer(const Subject& s, const Actor& a) {
  if (!a.Is(s.prepared_by)) return absl::OkStatus();
  return FailedPrecondition("SAME_PERSON", "填报人不能签字或接收自己填报的报表");
}

absl::Status MaySign(const Subject& s, const Actor&) {
  switch (s.refusal) {
    case SignRefusal::kNone:
      return absl::OkStatus();
    case SignRefusal::kEmpty:
      return FailedPrecondition("UNIT_EMPTY", "该单位在本表中没有记录，无须签字");
    case SignRefusal::kChanged:
      return Error(absl::StatusCode::kAborted, "ROWS_CHANGED")
          .Zh("所核对的数据已不是本版，请重新核对");
    case SignRefusal::kAlready:
      return FailedPrecondition("ALREADY_CURRENT", "该单位已签字");
    case SignRefusal::kLowerUnsigned:
      return LowerLevelUnsigned(s.units_unsigned, s.units_note);
    case SignRefusal::kSamePerson:
      return FailedPrecondition("SAME_PERSON", "同一人不能在两级签字");
  }
  return absl::InternalError("a refusal without words");
}

absl::Status ComponentsReady(const Subject& s, const Actor&) {
  if (s.needs_update) {
    return FailedPrecondition("NEEDS_UPDATE", "需更新：下级报表已重报或退回，请重报本表");
  }
  if (s.components_unsigned.empty()) return absl::OkStatus();
  std::string named;
  constexpr size_t kNamed = 10;
  for (size_t i = 0; i < s.components_unsigned.size() && i < kNamed; ++i) {
    named += Cat(i > 0 ? "、" : "", s.components_unsigned[i]);
  }
  if (s.components_unsigned.size() > kNamed)
    named += Cat("等", s.components_unsigned.size(), "个单位");
  return FailedPrecondition("COMPONENT_UNSIGNED", Cat("未定稿：", named, "尚未上报"))
      .With("count", Cat(s.components_unsigned.size()));
}

}  // namespace

const workflow::Table<v1::PeriodState, Subject>& Transitions() {
  using Table = workflow::Table<v1::PeriodState, Subject>;
  using Row = Table::TransitionType;
  static const Table* const table = [] {
    const Guard not_freezing = {"not_freezing", [](const Subject& s, const Actor&) -> absl::Status {
                                  if (!s.freeze_running) return absl::OkStatus();
                                  return FailedPrecondition("FREEZE_RUNNING", "正在冻结，请稍候");
                                }};
    const Guard may_sign = {"may_sign", MaySign};
    const Guard not_preparer = {"not_preparer", NotPreparer};
    const Guard not_submitter = {
        "not_submitter", [](const Subject& s, const Actor& a) -> absl::Status {
          if (!a.Is(s.submitted_by)) return absl::OkStatus();
          return FailedPrecondition("SAME_PERSON", "上报人不能接收自己上报的报表");
        }};
    const Guard components_ready = {"components_ready", ComponentsReady};
    const Guard needs_update = {"needs_update", [](const Subject& s, const Actor&) -> absl::Status {
                                  if (s.needs_update) return absl::OkStatus();
                                  return FailedPrecondition("STATE_NOT_ALLOWED",
                                                            "未退回、也无须更新，不能重报");
                                }};
    // Who prepares the tables of which level.
    struct Preparers {
      size_t digits;
      std::vector<workflow::RoleId> roles;
    };
    const std::vector<Preparers> preparers = {{kCounty, {ROLE_COUNTY_OPERATOR}},
                                              {kCity, {ROLE_CITY_SUPERVISOR}},
                                              {kProvince, {ROLE_PROV_OFFICE}}};
    const std::vector<v1::PeriodState> signing = {
        v1::PERIOD_STATE_FROZEN, v1::PERIOD_STATE_VILLAGE_SIGNED, v1::PERIOD_STATE_TOWNSHIP_SIGNED};
    std::vector<Row> rows;
    for (const auto& [digits, roles] : preparers) {
      rows.push_back({.from = {v1::PERIOD_STATE_OPEN, v1::PERIOD_STATE_FREEZING},
                      .action = "freeze",
                      .label_zh = "冻结",
                      .roles = roles,
                      .guards = {TableOf({digits}), not_freezing},
                      .to = v1::PERIOD_STATE_FREEZING});
    }
    rows.push_back({.from = {v1::PERIOD_STATE_FREEZING},
                    .action = "freeze_done",
                    .label_zh = "冻结完成",
                    .roles = {workflow::kSystem},
                    .to = v1::PERIOD_STATE_FROZEN});
    // A signature keeps the state or moves it on, as the units of the level stand after it.
    for (const auto& [digits, role] :
         {std::pair{kVillage, ROLE_VILLAGE_REPORTER}, std::pair{kTownship, ROLE_TOWNSHIP_APPROVER},
          std::pair{kCounty, ROLE_COUNTY_APPROVER}}) {
      for (v1::PeriodState to :
           {v1::PERIOD_STATE_FROZEN, v1::PERIOD_STATE_VILLAGE_SIGNED,
            v1::PERIOD_STATE_TOWNSHIP_SIGNED, v1::PERIOD_STATE_COUNTY_SIGNED}) {
        rows.push_back({.from = signing,
                        .action = "sign",
                        .label_zh = "签字",
                        .roles = {role},
                        .guards = {UnitOf(digits), not_preparer, may_sign, Reaches(to)},
                        .to = to});
      }
    }
    const Guard all_signed = {"all_signed", [](const Subject& s, const Actor&) -> absl::Status {
                                if (s.table_unsigned.empty()) return absl::OkStatus();
                                return LowerLevelUnsigned(s.table_unsigned, s.table_note);
                              }};
    rows.push_back({.from = {v1::PERIOD_STATE_FROZEN, v1::PERIOD_STATE_VILLAGE_SIGNED,
                             v1::PERIOD_STATE_TOWNSHIP_SIGNED, v1::PERIOD_STATE_COUNTY_SIGNED},
                    .action = "submit",
                    .label_zh = "上报",
                    .roles = {ROLE_COUNTY_OPERATOR, ROLE_COUNTY_APPROVER},
                    .guards = {TableOf({kCounty}), all_signed},
                    .to = v1::PERIOD_STATE_SUBMITTED});
    rows.push_back({.from = {v1::PERIOD_STATE_FROZEN},
                    .action = "submit",
                    .label_zh = "上报",
                    .roles = {ROLE_CITY_SUPERVISOR},
                    .guards = {TableOf({kCity}), components_ready},
                    .to = v1::PERIOD_STATE_SUBMITTED});
    rows.push_back({.from = {v1::PERIOD_STATE_FROZEN},
                    .action = "submit",
                    .label_zh = "上报",
                    .roles = {ROLE_PROV_OFFICE},
                    .guards = {TableOf({kProvince}), components_ready},
                    .to = v1::PERIOD_STATE_SUBMITTED});
    const auto decide = [&](std::string action, std::string label,
                            std::vector<v1::PeriodState> from, v1::PeriodState to) {
      const std::vector<Guard> others = {not_preparer, not_submitter};
      const auto add = [&](std::vector<workflow::RoleId> roles, std::vector<size_t> digits) {
        std::vector<Guard> guards = {TableOf(std::move(digits))};
        if (action == "accept") guards.insert(guards.end(), others.begin(), others.end());
        rows.push_back({.from = from,
                        .action = action,
                        .label_zh = label,
                        .roles = std::move(roles),
                        .guards = std::move(guards),
                        .to = to});
      };
      add({ROLE_CITY_SUPERVISOR}, {kCounty});
      add({ROLE_PROV_OFFICE}, {kCounty, kCity, kProvince});
    };
    decide("accept", "接收", {v1::PERIOD_STATE_SUBMITTED}, v1::PERIOD_STATE_ACCEPTED);
    decide("return", "退回", {v1::PERIOD_STATE_SUBMITTED, v1::PERIOD_STATE_ACCEPTED},
           v1::PERIOD_STATE_RETURNED);
    rows.push_back({.from = {v1::PERIOD_STATE_FROZEN, v1::PERIOD_STATE_VILLAGE_SIGNED,
                             v1::PERIOD_STATE_TOWNSHIP_SIGNED, v1::PERIOD_STATE_COUNTY_SIGNED},
                    .action = "return",
                    .label_zh = "退回",
                    .roles = {ROLE_COUNTY_APPROVER},
                    .guards = {TableOf({kCounty})},
                    .to = v1::PERIOD_STATE_RETURNED});
    for (const auto& [digits, roles] : preparers) {
      rows.push_back({.from = {v1::PERIOD_STATE_RETURNED},
                      .action = "reissue",
                      .label_zh = "重报",
                      .roles = roles,
                      .guards = {TableOf({digits})},
                      .to = v1::PERIOD_STATE_REISSUED});
      rows.push_back(
          {.from = {v1::PERIOD_STATE_FROZEN, v1::PERIOD_STATE_SUBMITTED, v1::PERIOD_STATE_ACCEPTED},
           .action = "reissue",
           .label_zh = "重报",
           .roles = roles,
           .guards = {TableOf({digits}), needs_update},
           .to = v1::PERIOD_STATE_REISSUED});
    }
    return new Table([](const Subject& s) { return s.state; },
                     [](v1::PeriodState state) { return contract::EnumText(state); },
                     std::move(rows));
  }();
  return *table;
}

v1::PeriodState StateOf(const SignBoard& board) {
  v1::PeriodState state = v1::PERIOD_STATE_FROZEN;
  for (const auto& [digits, reached] : {std::pair{kVillage, v1::PERIOD_STATE_VILLAGE_SIGNED},
                                        std::pair{kTownship, v1::PERIOD_STATE_TOWNSHIP_SIGNED},
                                        std::pair{kCounty, v1::PERIOD_STATE_COUNTY_SIGNED}}) {
    bool any = false;
    for (const auto& [unit, own] : board.units()) {
      if (unit.size() != digits) continue;
      any = true;
      if (!board.Stands(unit)) return state;
    }
    if (any) state = reached;
  }
  return state;
}

}  // namespace bangfu::period
