# The work of the offices through the commands, where the walkthrough calls the services itself. For main_job: with the
# `shows` of commands.sh.
# shellcheck shell=bash disable=SC2154  # county and city are those of main_job

# A village of another city, whose reports are still open for a service with that offset: reported, passed, verified and
# drawn.
inventory_to_the_sample() {  # inventory_to_the_sample OFFSET
  local village
  export BANGFU_CLOCK_OFFSET=$1
  village=$(awk -F, '$3 == "VILLAGE" && index($1, "360102") == 1 {print $1; exit}' deploy/sample/regions-36.csv)
  as VILLAGE_REPORTER "$village" inventory submit "$village" --nil --signatory 张三 | grep '已上报（零报告）' >/dev/null &&
    answers 4 as COUNTY_OPERATOR 360102 inventory pass "$village" &&
    shows "j['state'] == 'UNIT_REPORT_STATE_TOWNSHIP_PASSED'" TOWNSHIP_REVIEWER "${village:0:9}" inventory pass "$village" --opinion 属实 &&
    refused SIGNATURES_MISSING as COUNTY_OPERATOR 360102 inventory verify "$village" &&
    refused DEPARTMENT_NOT_REQUIRED as COUNTY_APPROVER 360102 inventory verify "$village" --department NOBODY &&
    shows "[d['department_code'] for d in j['departments'] if d.get('signed')] == ['AGRICULTURE'] and not j.get('complete')" \
      COUNTY_APPROVER 360102 inventory verify "$village" --department AGRICULTURE --opinion 属实 &&
    as COUNTY_OPERATOR 360102 inventory verify "$village" | grep 核实完成 >/dev/null || return 1
  refused OUTSIDE_SAMPLE_LEVEL as CITY_SUPERVISOR 3601 inventory sample 360102 &&
    shows "j['seed'] == '20261101' and int(j['population']) == int(j['drawn']) == 1" CITY_SUPERVISOR 3601 inventory sample 3601 --seed 20261101 &&
    refused SAMPLE_EXISTS as CITY_SUPERVISOR 3601 inventory sample 3601
}

# evaluated REGION: the exit code is what the result says.
evaluated() {
  local code wanted
  as COUNTY_OPERATOR "$1" --json evaluate --region "$1" --period 2026-11 >"$BANGFU_RUN/shown.json"; code=$?
  wanted=$(value_of '(lambda r: (lambda done, left: 0 if left == 0 else 6 if done else 1)(int(r.get("evaluated", 0)) + int(r.get("unchanged", 0)),
    int(r.get("refused", 0)) + len(r.get("failures", []))))(j["result"])') || return 1
  [ "$code" = "$wanted" ] || { echo "exit code $code, not $wanted"; cat "$BANGFU_RUN/shown.json"; return 1; }
  echo "$code"
}
regions_are_evaluated() {
  evaluated "$county" && holds "int(j['result'].get('evaluated', 0)) > 0" <"$BANGFU_RUN/shown.json" || return 1
  as COUNTY_OPERATOR "$county" evaluate --region "$county" --period 2026-11 --detach | grep '^任务 ' >/dev/null
}
# Those of the villages that have not reported.
an_unverified_project_is_left_out() {
  local unverified verified
  shows "len(j['projects']) > 0" COUNTY_OPERATOR "$county" call bangfu.registry.v1.ProjectService.ListProjects \
    --data "{\"region_code\":\"$county\",\"verification_state\":\"VERIFICATION_STATE_UNVERIFIED\",\"page_size\":1}" || return 1
  unverified=$(value_of 'j["projects"][0]["project_code"]')
  shows "len(j['entries']) > 0" COUNTY_OPERATOR "$county" ledger list --region "$county" || return 1
  verified=$(value_of 'next(e["subject_code"] for e in j["entries"] if e["subject_type"] == "SUBJECT_TYPE_PROJECT")')
  answers 1 as COUNTY_OPERATOR "$county" evaluate --subject "$unverified" --period 2026-11 >"$BANGFU_RUN/said.txt" &&
    grep -q NOT_VERIFIED "$BANGFU_RUN/said.txt" || { cat "$BANGFU_RUN/said.txt"; return 1; }
  answers 6 as COUNTY_OPERATOR "$county" --json evaluate --subject "$unverified" "$verified" --period 2026-11 >"$BANGFU_RUN/shown.json" &&
    holds "['evaluation' in o for o in j['outcomes']] == [False, True]" <"$BANGFU_RUN/shown.json"
}
# Two evaluations that the county can judge by itself: $first and $second.
to_be_reviewed() {
  shows "len(j['evaluations']) > 1" COUNTY_OPERATOR "$county" call bangfu.evaluation.v1.EvaluationService.ListEvaluations \
    --data "{\"region_code\":\"$county\",\"state\":\"EVALUATION_STATE_COMPUTED\",\"period\":\"2026-11\",\"page_size\":200}" || return 1
  value_of '" ".join(e["id"] for e in j["evaluations"] if e["subject_type"] == "SUBJECT_TYPE_PROJECT" and e["result"] == "EVALUATION_RESULT_UPGRADE")'
}
signed_by_all() {  # signed_by_all EVALUATION: each department by a person of its own
  local department role
  for department in $(value_of '" ".join(s["department"] for s in j.get("joint_signatures", []) if "signed_by" not in s)'); do
    role=SECTOR_VERIFIER
    [ "$department" = FINANCE ] && role=FINANCE_OFFICER
    BANGFU_TOKEN=$(token $role "$county" --subject "signs-$department") ctl --json review sign "$1" --department "$department" >"$BANGFU_RUN/shown.json" || return 1
  done
  holds "j['state'] == 'EVALUATION_STATE_JOINT_CONFIRMED'" <"$BANGFU_RUN/shown.json"
}
put_basis() {  # put_basis NAME: prints the number of a file that holds it
  printf '%%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%% %s\ntrailer<</Root 1 0 R>>\n%%%%EOF\n' "$1" >"$BANGFU_RUN/$1.pdf"
  as COUNTY_OPERATOR "$county" --json evidence put "$BANGFU_RUN/$1.pdf" --kind OVERRIDE_BASIS --region "$county" --service evaluation \
    >"$BANGFU_RUN/put.json" && python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["id"])' "$BANGFU_RUN/put.json"
}
a_class_is_reviewed() {
  local first second
  read -r first second _ <<<"$(to_be_reviewed)"
  [ -n "$second" ] || { cat "$BANGFU_RUN/shown.json"; return 1; }
  # Proposed and turned down, then accepted as it was computed.
  local propose=(--to CONSOLIDATE --code DATA_OUTDATED --reason '冷藏设施已于上月建成投用，台账数据尚未更新，现场核查与专家意见一致认为链条已经完备')
  answers 2 as COUNTY_OPERATOR "$county" review override "$first" --to CONSOLIDATE &&
    shows "j['state'] == 'EVALUATION_STATE_OVERRIDE_PROPOSED'" COUNTY_OPERATOR "$county" review override "$first" "${propose[@]}" --evidence "$(put_basis basis-1)" &&
    refused STATE_NOT_ALLOWED as COUNTY_APPROVER "$county" review accept "$first" &&
    shows "j['state'] == 'EVALUATION_STATE_COMPUTED'" COUNTY_APPROVER "$county" review reject "$first" --reason 佐证材料与现状不符 &&
    shows "j['final_class'] == 'FOUR_CLASS_UPGRADE'" COUNTY_APPROVER "$county" review accept "$first" &&
    signed_by_all "$first" &&
    shows "j['state'] == 'EVALUATION_STATE_PUBLICISED'" COUNTY_OPERATOR "$county" review publicise "$first" --channel 村务公开栏 &&
    refused PUBLICITY_NOT_PASSED as COUNTY_APPROVER "$county" review effective "$first" || return 1
  # Proposed, approved by another person and filed by the city.
  shows "j['state'] == 'EVALUATION_STATE_OVERRIDE_PROPOSED'" COUNTY_OPERATOR "$county" review override "$second" "${propose[@]}" --evidence "$(put_basis basis-2)" &&
    answers 4 as COUNTY_OPERATOR "$county" review approve "$second" &&
    shows "j['final_class'] == 'FOUR_CLASS_CONSOLIDATE'" COUNTY_APPROVER "$county" review approve "$second" &&
    as CITY_SUPERVISOR "$city" review file "$second" | grep '巩固' >/dev/null
}
# Of a project that is to be upgraded; the rows of its village are others then than those that were signed.
a_measure_is_planned() {  # a_measure_is_planned ENTRY ETAG
  as COUNTY_OPERATOR "$county" call bangfu.evaluation.v1.LedgerService.PlanMeasures --data "{\"request_id\":\"measure-$1\",\"id\":\"$1\",
    \"etag\":\"$2\",\"plan\":{\"measures\":[{\"code\":\"COLD_STORAGE\"}],\"responsible_unit\":\"样例乡镇人民政府\",
    \"responsible_person\":\"样例责任人\",\"due\":$(date -d '+180 days' +'{"year":%Y,"month":%-m,"day":%-d}')}}"
}
a_ledger_is_signed() {
  local village entry etag
  shows "len(j['entries']) > 0" COUNTY_OPERATOR "$county" ledger list --region "$county" || return 1
  read -r village entry etag <<<"$(value_of 'next("%s %s %s" % (e["region_path"], e["id"], e["etag"]) for e in j["entries"]
    if len(e["region_path"]) == 12 and e["class"] == "FOUR_CLASS_UPGRADE" and "plan" not in e)')"
  refused ALREADY_CURRENT as VILLAGE_REPORTER "$village" ledger sign --region "$village" &&
    a_measure_is_planned "$entry" "$etag" >/dev/null &&
    as VILLAGE_REPORTER "$village" ledger status --region "$village" | grep 签后有变 >/dev/null || return 1
  refused LEDGER_CHANGED as VILLAGE_REPORTER "$village" ledger sign --region "$village" --hash "$(printf '%064d' 0)" &&
    answers 4 as AUDITOR 36 ledger sign --region "$village" &&
    shows "j['signature']['signed_by']['name'] and len(j['rows_sha256']) == 64" VILLAGE_REPORTER "$village" ledger sign --region "$village" &&
    as VILLAGE_REPORTER "$village" ledger status --region "$village" | grep '已签字：' >/dev/null
}

# What is committed is told at once to who reads from a pipe, and where to go on from beside it.
the_feed_is_watched() {
  local epoch reader
  as SYSTEM_INTEGRATOR 36 --json feed pull registry --limit 5 >"$BANGFU_RUN/shown.json" || return 1
  epoch=$(value_of 'j["epoch"]')
  as SYSTEM_INTEGRATOR 36 feed pull registry --limit 5 2>&1 >/dev/null | grep "^纪元 $epoch，读到 .*，最新 " >/dev/null || return 1
  (BANGFU_TOKEN=$(token SYSTEM_INTEGRATOR 36); export BANGFU_TOKEN
   exec "$BANGFU_BIN/bangfuctl" --endpoints "$BANGFU_RUN/endpoints.json" --json feed watch registry --seconds 600 --epoch "$epoch" \
     >"$BANGFU_RUN/events.ndjson" 2>"$BANGFU_RUN/positions.ndjson") &
  reader=$!
  wait_for 60 test -s "$BANGFU_RUN/positions.ndjson"; local told=$?
  kill $reader; wait $reader 2>/dev/null
  [ $told = 0 ] && [ -s "$BANGFU_RUN/events.ndjson" ] || return 1
  head -1 "$BANGFU_RUN/events.ndjson" | holds "int(j['sequence']) > 0 and j['aggregate_type']" &&
    head -1 "$BANGFU_RUN/positions.ndjson" | holds "j['epoch'] == '$epoch' and int(j['next_after']) > 0 and int(j['last_sequence']) >= int(j['next_after'])" &&
    refused EPOCH_CHANGED as SYSTEM_INTEGRATOR 36 feed watch registry --seconds 5 --epoch another
}

check_steps() {
  check regions_are_evaluated_and_the_exit_code_tells_what_was_left_out regions_are_evaluated
  check a_subject_that_is_refused_is_in_the_exit_code an_unverified_project_is_left_out
  check a_class_is_reviewed_step_by_step a_class_is_reviewed
  check a_ledger_is_signed_as_it_stands a_ledger_is_signed
  check the_feed_is_watched_from_a_pipe the_feed_is_watched
}
