// What may be done with a publicity, when, and what comes of it.
#include "common/publicity/transitions.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/publicity/publicity.h"
#include "common/status/error.h"

namespace bangfu::publicity {
namespace {

using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_TOWNSHIP_REVIEWER;
using options::v1::ROLE_VILLAGE_REPORTER;
using v1::OBJECTION_STATE_UPHELD;
using v1::PUBLICITY_STATE_CANCELLED;
using v1::PUBLICITY_STATE_ENDED;
using v1::PUBLICITY_STATE_OBJECTED;
using v1::PUBLICITY_STATE_PASSED;
using v1::PUBLICITY_STATE_RUNNING;
using v1::PUBLICITY_STATE_UPHELD;

std::string DayZh(absl::CivilDay day) {
  return absl::StrCat(day.year(), "年", day.month(), "月", day.day(), "日");
}

}  // namespace

std::string StateLabel(v1::PublicityState state) {
  const auto* value = v1::PublicityState_descriptor()->FindValueByNumber(state);
  return value == nullptr ? "" : value->options().GetExtension(options::v1::value_label).zh();
}

const workflow::Table<v1::PublicityState, Subject>& Transitions() {
  using Table = workflow::Table<v1::PublicityState, Subject>;
  using Guard = workflow::Guard<Subject>;
  static const Table* const table = [] {
    const Guard in_period = {
        "in_period", [](const Subject& s, const workflow::Actor&) -> absl::Status {
          if (s.today <= s.to) return absl::OkStatus();
          return FailedPrecondition("PUBLICITY_NOT_RUNNING",
                                    absl::StrCat("公示期已于", DayZh(s.to), "结束"));
        }};
    const Guard period_over = {
        "period_over", [](const Subject& s, const workflow::Actor&) -> absl::Status {
          if (s.today > s.to) return absl::OkStatus();
          return FailedPrecondition("PUBLICITY_PERIOD_RUNNING",
                                    absl::StrCat("公示期至", DayZh(s.to), "，尚未届满"))
              .With("to", absl::FormatCivilTime(s.to));
        }};
    const Guard none_open = {"none_open",
                             [](const Subject& s, const workflow::Actor&) -> absl::Status {
                               if (s.open_objections == 0) return absl::OkStatus();
                               return FailedPrecondition("OBJECTION_OPEN", "还有未答复的异议");
                             }};
    const Guard some_open = {"some_open",
                             [](const Subject& s, const workflow::Actor&) -> absl::Status {
                               if (s.open_objections > 0) return absl::OkStatus();
                               return FailedPrecondition("NO_OPEN_OBJECTION", "没有待答复的异议");
                             }};
    const Guard shown = {"shown", [](const Subject& s, const workflow::Actor&) -> absl::Status {
                           if (s.evidence >= s.evidence_wanted) return absl::OkStatus();
                           return FailedPrecondition(
                                      "PUBLICITY_EVIDENCE_MISSING",
                                      absl::StrCat("请先补充公示材料：须有", s.evidence_wanted,
                                                   "份，现有", s.evidence, "份"))
                               .With("wanted", absl::StrCat(s.evidence_wanted));
                         }};
    // Of the one that is decided, or, where actions are told, of all that are open: one of somebody
    // else's is enough.
    const Guard other_person = {
        "other_person", [](const Subject& s, const workflow::Actor& a) -> absl::Status {
          for (const workflow::Person& recorder : s.recorders) {
            if (!a.Is(recorder)) return absl::OkStatus();
          }
          return FailedPrecondition("SAME_PERSON", "提出异议的人不能答复该异议");
        }};
    const Guard upheld = {"upheld", [](const Subject& s, const workflow::Actor&) -> absl::Status {
                            if (s.decision == OBJECTION_STATE_UPHELD) return absl::OkStatus();
                            return FailedPrecondition("NOT_UPHELD", "异议不成立");
                          }};
    const Guard more_open = {"more_open",
                             [](const Subject& s, const workflow::Actor&) -> absl::Status {
                               if (s.open_objections > 1) return absl::OkStatus();
                               return FailedPrecondition("LAST_OBJECTION", "没有其他异议");
                             }};
    const std::vector<workflow::RoleId> decides = {ROLE_COUNTY_APPROVER};
    // Those at whose boards and on whose sites it is shown.
    const std::vector<workflow::RoleId> shows = {ROLE_VILLAGE_REPORTER, ROLE_TOWNSHIP_REVIEWER,
                                                 ROLE_COUNTY_OPERATOR};
    const std::vector<std::string> showing = {"PUBLICITY", "PHOTO"};
    return new Table(
        [](const Subject& s) { return s.state; }, StateLabel,
        {
            {.from = {PUBLICITY_STATE_RUNNING, PUBLICITY_STATE_OBJECTED},
             .action = "raise_objection",
             .label_zh = "提出异议",
             .roles = {ROLE_VILLAGE_REPORTER, ROLE_TOWNSHIP_REVIEWER, ROLE_COUNTY_OPERATOR},
             .guards = {in_period},
             .to = PUBLICITY_STATE_OBJECTED,
             .takes = {"PHOTO", "MINUTES", "CONTRACT", "VOUCHER", "TITLE", "BOOKS", "OTHER"}},
            // The first that fits: upheld sends it back, another open one keeps it objected.
            {.from = {PUBLICITY_STATE_OBJECTED, PUBLICITY_STATE_ENDED},
             .action = "decide_objection",
             .label_zh = "答复异议",
             .roles = decides,
             .guards = {some_open, other_person, upheld},
             .to = PUBLICITY_STATE_UPHELD},
            {.from = {PUBLICITY_STATE_OBJECTED},
             .action = "decide_objection",
             .label_zh = "答复异议",
             .roles = decides,
             .guards = {other_person, more_open},
             .to = PUBLICITY_STATE_OBJECTED},
            {.from = {PUBLICITY_STATE_OBJECTED},
             .action = "decide_objection",
             .label_zh = "答复异议",
             .roles = decides,
             .guards = {other_person},
             .to = PUBLICITY_STATE_RUNNING},
            {.from = {PUBLICITY_STATE_ENDED},
             .action = "decide_objection",
             .label_zh = "答复异议",
             .roles = decides,
             .guards = {some_open, other_person},
             .to = PUBLICITY_STATE_ENDED},
            // A publicity whose last day is over is ENDED before anything else is asked.
            {.from = {PUBLICITY_STATE_RUNNING, PUBLICITY_STATE_OBJECTED},
             .action = "end",
             .label_zh = "公示期满",
             .roles = {workflow::kSystem},
             .guards = {period_over},
             .to = PUBLICITY_STATE_ENDED},
            {.from = {PUBLICITY_STATE_RUNNING},
             .action = "add_evidence",
             .label_zh = "补充公示材料",
             .roles = shows,
             .to = PUBLICITY_STATE_RUNNING,
             .takes = showing,
             .wants_one = true},
            {.from = {PUBLICITY_STATE_OBJECTED},
             .action = "add_evidence",
             .label_zh = "补充公示材料",
             .roles = shows,
             .to = PUBLICITY_STATE_OBJECTED,
             .takes = showing,
             .wants_one = true},
            {.from = {PUBLICITY_STATE_ENDED},
             .action = "add_evidence",
             .label_zh = "补充公示材料",
             .roles = shows,
             .to = PUBLICITY_STATE_ENDED,
             .takes = showing,
             .wants_one = true},
            // Out of RUNNING and OBJECTED only where a provisional last day has been counted again.
            {.from = {PUBLICITY_STATE_RUNNING, PUBLICITY_STATE_OBJECTED, PUBLICITY_STATE_ENDED},
             .action = "conclude",
             .label_zh = "结束公示",
             .roles = {ROLE_COUNTY_OPERATOR, ROLE_COUNTY_APPROVER, workflow::kSystem},
             .guards = {period_over, none_open, shown},
             .to = PUBLICITY_STATE_PASSED},
            {.from = {PUBLICITY_STATE_RUNNING, PUBLICITY_STATE_OBJECTED, PUBLICITY_STATE_ENDED},
             .action = "cancel",
             .label_zh = "撤销公示",
             .roles = {workflow::kSystem},
             .to = PUBLICITY_STATE_CANCELLED},
        });
  }();
  return *table;
}

}  // namespace bangfu::publicity
