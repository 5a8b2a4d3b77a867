// What may be done with a revision of a report period, by whom, and when: one table for the rpcs,
// for allowed_actions and for the test of every triple.
#pragma once

#include <string>
#include <vector>

#include "bangfu/period/v1/period.pb.h"
#include "common/period/signing.h"
#include "common/workflow/workflow.h"

namespace bangfu::period {

// What the transition table looks at.
struct Subject {
  v1::PeriodState state = v1::PERIOD_STATE_UNSPECIFIED;
  size_t region_digits = 6;  // of the table's region: 2 province, 4 city, 6 county
  workflow::Person prepared_by, submitted_by;
  // The operation that freezes it is at work or waits to be.
  bool freeze_running = false;
  bool needs_update = false;
  // Of a table made of others: those below that are not submitted, as they are named to people.
  std::vector<std::string> components_unsigned;
  // Of a table that units sign: all that have not, and that in words (未定稿 …).
  std::vector<std::string> table_unsigned;
  std::string table_note;
  // Of the call to sign: by which unit, why it cannot, and where its signature would lead.
  size_t unit_digits = 0;
  SignRefusal refusal = SignRefusal::kNone;
  std::vector<std::string> units_unsigned;  // inside the unit
  std::string units_note;                   // 未定稿 …
  v1::PeriodState after_signature = v1::PERIOD_STATE_UNSPECIFIED;
};

// Actions freeze, freeze_done (system), sign, submit, accept, return, reissue.
const workflow::Table<v1::PeriodState, Subject>& Transitions();

// Where the signatures of a frozen table have come: the highest level all of whose units, and those
// of every level below it, have signed. A level without units is skipped.
v1::PeriodState StateOf(const SignBoard& board);

}  // namespace bangfu::period
