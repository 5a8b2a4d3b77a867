# A batch evaluation of the county for the month $period, for tests of what happens to it on its way. After lib.sh.
# shellcheck shell=bash
sql() { database_sql -N bangfu_evaluation -e "$1"; }
in_the_middle() { [ "$(sql "SELECT COUNT(*) FROM operation WHERE kind = 'evaluate_batch' AND done > 0 AND state = 2")" = 1 ]; }
batch_ended() { [ "$(sql "SELECT COUNT(*) FROM operation WHERE kind = 'evaluate_batch' AND state = 3 AND fence > 1")" = 1 ]; }
taken_up_again() { wait_for 120 batch_ended || { sql "SELECT * FROM operation WHERE kind = 'evaluate_batch'\\G"; return 1; }; }
every_subject_once() {
  local doubles
  doubles=$(sql "SELECT subject_id FROM evaluation WHERE period = '$period' GROUP BY subject_id HAVING COUNT(*) > 1")
  [ -z "$doubles" ] || { echo "$doubles" | head -3 | od -c | head; return 1; }
  # As many as the run says.
  local result; result=$(call COUNTY_OPERATOR "$county" bangfu.operation.v1.OperationService.ListOperations '{"kind":"evaluate_batch","page_size":5}' --service evaluation) || return 1
  [ "$(json 'sum(int(o["result"].get("evaluated", 0)) for o in j["operations"])' <<<"$result")" = "$(sql "SELECT COUNT(*) FROM evaluation WHERE period = '$period'")" ] || { echo "$result"; return 1; }
}
