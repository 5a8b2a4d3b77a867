# What the commands answer a script: exit codes, one JSON document with as many rows as there are, and
# the words that a shell completes. For main_job: it calls what is here when its county is loaded.
# shellcheck shell=bash disable=SC2154  # county and city are those of main_job

# shows EXPRESSION ROLE REGION COMMAND…: it succeeds, and what it prints in JSON holds.
shows() {
  local expression=$1 role=$2 region=$3; shift 3
  as "$role" "$region" --json "$@" >"$BANGFU_RUN/shown.json" || return 1
  holds "$expression" <"$BANGFU_RUN/shown.json"
}
villages_in() { awk -F, -v c="$1" '$3 == "VILLAGE" && index($1, c) == 1' deploy/sample/regions-36.csv | wc -l; }
cli() { "$BANGFU_BIN/bangfuctl" "$@"; }

# --- inventory, evaluation, ledger ---
inventory_in_json() {
  shows "int(j['total']['units']) == $(villages_in "$county")" CITY_SUPERVISOR "$city" inventory status "$county" &&
    as CITY_SUPERVISOR "$city" inventory status "$county" | grep '核实率' >/dev/null &&
    shows "len(j['unit_reports']) == $(villages_in "$city") > 500 and 'next_page_token' not in j" \
      CITY_SUPERVISOR "$city" inventory list "$city" || return 1
  as CITY_SUPERVISOR "$city" inventory overdue "$city" --on 2027-10-31 >"$BANGFU_RUN/overdue.txt" || return 1
  shows "len(j['units']) == int(j['total']) > 200" CITY_SUPERVISOR "$city" inventory overdue "$city" --on 2027-10-31 &&
    [ "$(grep -c "^$city" "$BANGFU_RUN/overdue.txt")" = "$(value_of 'j["total"]')" ]
}
# A village of another county, whose reports are still open for a service with that offset.
a_return_with_reasons() {  # a_return_with_reasons OFFSET
  local village due
  village=$(awk -F, '$3 == "VILLAGE" && index($1, "360704") == 1 {print $1; exit}' deploy/sample/regions-36.csv)
  due=$(TZ=Asia/Shanghai date -d -7days +%F)
  export BANGFU_CLOCK_OFFSET=$1
  as VILLAGE_REPORTER "$village" inventory submit "$village" --nil --signatory 张三 || return 1
  shows "[(r.get('field', ''), r['text']) for r in j['current_return']['reasons']] == [('', '应重新入户'), ('is_nil', '村里有项目')]" \
    TOWNSHIP_REVIEWER "${village:0:9}" inventory return --reason 应重新入户 "$village" --item /is_nil=村里有项目 --due "$due" || return 1
  [ "$(value_of '"%d-%02d-%02d" % tuple(j["current_return"]["due_on"][k] for k in ("year", "month", "day"))')" = "$due" ]
}
an_evaluation_in_json() {
  local evaluation subject
  shows "len(j['entries']) > 0" COUNTY_OPERATOR "$county" ledger list --region "$county" || return 1
  # An industry is known by its id alone.
  subject=$(value_of 'next(e["subject_code"] for e in j["entries"] if e["subject_type"] == "SUBJECT_TYPE_PROJECT")')
  shows "j['result'] and j['snapshot_sha256']" COUNTY_OPERATOR "$county" explain "$subject" &&
    shows "len(j['outcomes']) == 1" COUNTY_OPERATOR "$county" evaluate --subject "$subject" --period 2026-10 || return 1
  evaluation=$(value_of '(j["outcomes"][0].get("evaluation") or {}).get("id", "")')
  [ -n "$evaluation" ] || { cat "$BANGFU_RUN/shown.json"; return 1; }
  # An auditor reviews nothing, and another county does not know of it.
  answers 4 as AUDITOR 36 review accept "$evaluation" && answers 5 as COUNTY_APPROVER 360733 review accept "$evaluation"
}
the_ledger_in_json() {
  shows "'rows' in j" CITY_SUPERVISOR "$city" ledger t14 --region "$county" || return 1
  shows "sum(int(c.get('count', 0)) for c in j['cells']) > 0" CITY_SUPERVISOR "$city" ledger rollup --region "$county" || return 1
  local counted class rows=0
  counted=$(value_of 'sum(int(c.get("count", 0)) for c in j["cells"])')
  shows "len(j['entries']) == $counted" CITY_SUPERVISOR "$city" ledger list --region "$county" || return 1
  for class in CONSOLIDATE UPGRADE REVITALIZE ADJUST; do
    shows "j['file'] and len(j['rows_sha256']) == 64" COUNTY_OPERATOR "$county" ledger t2 --region "$county" --class $class \
      -o "$BANGFU_RUN/t2.csv" || return 1
    [ "$(rows_of_file "$BANGFU_RUN/t2.csv")" -ge "$(value_of 'j["rows"]')" ] || return 1
    rows=$((rows + $(value_of 'j["rows"]')))
  done
  if [ "$rows" = 0 ] || [ "$rows" -gt "$counted" ]; then echo "$rows rows of $counted"; return 1; fi
  shows "j['rows'] > 0" CITY_SUPERVISOR "$city" ledger t14 --region "$county" -o "$BANGFU_RUN/t14.xlsx"
}

# --- feed, operations, audit, doctor, whoami ---
the_feed_in_json() {
  shows "len(j['events']) == 50 and int(j['next_after']) >= 50" SYSTEM_INTEGRATOR 36 feed pull registry --limit 50 &&
    shows "j['equal'] and j['records'] == j['source_records'] > 0" SYSTEM_INTEGRATOR 36 feed mirror asset --dir "$BANGFU_RUN/mirror" --check
}
operations_in_json() {
  local listed
  listed=$(as PROV_ADMIN 36 ops list registry | grep -c '^[0-9A-Z]\{26\} ')
  [ "$listed" -gt 0 ] && shows "len(j['operations']) == $listed" PROV_ADMIN 36 ops list registry
}
the_audit_in_json() {
  local listed project
  as AUDITOR 36 audit search registry --region "$county" --type project >"$BANGFU_RUN/search.txt" || return 1
  listed=$(grep -c '^20' "$BANGFU_RUN/search.txt")
  shows "len(j['entries']) == $listed > 100" AUDITOR 36 audit search registry --region "$county" --type project || return 1
  project=$(value_of 'j["entries"][0]["aggregate_id"]')
  shows "len(j['entries']) > 0 and all(e['aggregate_id'] == '$project' for e in j['entries'])" \
    AUDITOR 36 audit history registry project "$project" &&
    shows "int(j['chains']) > 0 and not j.get('broken')" AUDITOR 36 audit verify asset &&
    shows "j['anchors'] >= 0 and j['file']" AUDITOR 36 audit anchors asset --save "$BANGFU_RUN/asset-anchors.json" || return 1
  shows "j['rows'] == $listed" AUDITOR 36 audit export registry --region "$county" --type project \
    -o "$BANGFU_RUN/audit.ndjson" --reason 年度审计 || return 1
  [ "$(wc -l <"$BANGFU_RUN/audit.ndjson")" = "$listed" ]
}
a_flag_is_answered_and_closed() {
  local project flag
  shows "len(j['entries']) > 0" AUDITOR 36 audit search registry --region "$county" --type project || return 1
  project=$(value_of 'j["entries"][0]["aggregate_id"]')
  shows "j['state'] == 'RECORD_FLAG_STATE_OPEN' and 'answer_due' in j" \
    AUDITOR "$county" flag put registry project "$project" --reason 凭证与合同金额不符 --days 5 || return 1
  flag=$(value_of 'j["id"]')
  shows "'$flag' in [f['id'] for f in j['record_flags']]" COUNTY_APPROVER "$county" flag list registry --state OPEN &&
    answers 4 as AUDITOR "$county" flag answer registry "$flag" --text 已补传 &&
    as COUNTY_APPROVER "$county" flag answer registry "$flag" --text 已补传补充协议 >"$BANGFU_RUN/flag.txt" &&
    grep -q '已答复' "$BANGFU_RUN/flag.txt" || return 1
  shows "j['outcome'] == 'RECORD_FLAG_OUTCOME_CORRECTED' and j['state'] == 'RECORD_FLAG_STATE_CLOSED'" \
    AUDITOR "$county" flag close registry "$flag" --outcome CORRECTED --note 已补传 &&
    shows "'$flag' in [f['id'] for f in j['record_flags']]" COUNTY_OPERATOR "$county" flag list registry --record "$project"
}
a_notice_is_answered_and_closed() {
  local notice
  answers 4 as CITY_SUPERVISOR "$city" notice issue "$city" --kind REMIND --matter FUNDS --title 支出进度 --text 请说明 || return 1
  shows "[n['state'] for n in j['notices']] == ['NOTICE_STATE_OPEN'] and 'answer_due' in j['notices'][0]" \
    CITY_SUPERVISOR "$city" notice issue "$county" --kind SUPERVISE --matter FUNDS --title 支出进度偏慢 --text 请说明原因 || return 1
  notice=$(value_of 'j["notices"][0]["id"]')
  shows "'$notice' in [n['id'] for n in j['notices']]" COUNTY_APPROVER "$county" notice list --side RECEIVED --state OPEN &&
    refused SAME_PERSON as CITY_SUPERVISOR "$city" notice answer "$notice" --text 已付款 &&
    as COUNTY_APPROVER "$county" notice answer "$notice" --text 已督促付款 >"$BANGFU_RUN/notice.txt" &&
    grep -q '已答复' "$BANGFU_RUN/notice.txt" || return 1
  shows "j['state'] == 'NOTICE_STATE_RETURNED' and j['returns'] == 1" \
    CITY_SUPERVISOR "$city" notice return "$notice" --reason 未写明时限 &&
    as COUNTY_APPROVER "$county" notice answer "$notice" --text 月底前付清 >"$BANGFU_RUN/notice.txt" &&
    shows "j['state'] == 'NOTICE_STATE_CLOSED'" CITY_SUPERVISOR "$city" notice close "$notice" --note 安排可行 &&
    shows "any(c['state'] == 'NOTICE_STATE_CLOSED' for c in j['counts'])" CITY_SUPERVISOR "$city" notice count --side SENT || return 1
  # Several at once: one was answered, the other ended already.
  shows "len(j['notices']) == 1" \
    CITY_SUPERVISOR "$city" notice issue "$county" --kind REMIND --matter FUNDS --title 支出进度 --text 请说明 || return 1
  local second
  second=$(value_of 'j["notices"][0]["id"]')
  as COUNTY_APPROVER "$county" notice answer "$second" --text 已付清 >/dev/null &&
    refused 有未能办理的 as CITY_SUPERVISOR "$city" --json notice close "$notice" "$second" --note 安排可行 &&
    shows "j['state'] == 'NOTICE_STATE_CLOSED'" CITY_SUPERVISOR "$city" notice show "$second"
}
who_and_how_in_json() {
  shows "j['grants'][0]['role'] == 'ROLE_AUDITOR'" AUDITOR 36 whoami &&
    shows "[s['service'] for s in j['services']] == sorted('${SERVICES[*]}'.split()) and {s['state'] for s in j['services']} == {'OK'}" \
      SYSTEM_INTEGRATOR 36 doctor
}

# --- imports with a cell that cannot be read ---
# spoilt FILE COLUMN TEXT: its first three rows, the second with this text; prints the name of the new file.
spoilt() {
  python3 - "$1" "$BANGFU_RUN/spoilt.csv" "$2" "$3" <<'PY'
import csv, sys
source, target, column, text = sys.argv[1:]
rows = list(csv.DictReader(open(source, encoding="utf-8-sig")))[:3]
rows[1][column] = text
with open(target, "w", encoding="utf-8", newline="") as out:
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
PY
}
a_bad_report() {  # a_bad_report COLUMN TEXT
  spoilt "$BANGFU_RUN/sample/$county/reports.csv" "$1" "$2" || return 1
  answers 6 as COUNTY_OPERATOR "$county" import reports "$BANGFU_RUN/spoilt.csv" --region "$county" >"$BANGFU_RUN/spoilt.txt" || return 1
  grep -q "拒绝 1$" "$BANGFU_RUN/spoilt.txt" || return 1
  grep -q "第 3 行 $1：.*$2" "$BANGFU_RUN/spoilt.txt" || { cat "$BANGFU_RUN/spoilt.txt"; return 1; }
  answers 6 as COUNTY_OPERATOR "$county" --json import reports "$BANGFU_RUN/spoilt.csv" --region "$county" >"$BANGFU_RUN/shown.json" || return 1
  holds "j['refused'] == 1 and j['unchanged'] == 2 and [(p['row'], p['column']) for p in j['problems']] == [(3, '$1')]" <"$BANGFU_RUN/shown.json"
}
bad_reports_are_refused_alone() { a_bad_report 务工人数 80人 && a_bad_report '产值（万元）' 约十万 && a_bad_report 产量 十二; }
a_bad_score() {  # a_bad_score COLUMN TEXT
  spoilt "$BANGFU_RUN/sample/$county/scores-1.csv" "$1" "$2" || return 1
  answers 6 as APPRAISER "$county" --json import scores "$BANGFU_RUN/spoilt.csv" --region "$county" >"$BANGFU_RUN/shown.json" || return 1
  holds "j['accepted'] == 2 and j['refused'] == 1 and [(p['row'], p['column']) for p in j['problems']] == [(3, '$1')]" <"$BANGFU_RUN/shown.json"
}
# The last is refused by the service, with the whole batch: the others go again.
bad_scores_are_refused_alone() { a_bad_score 市场前景 80分 && a_bad_score 资源支撑 85.5 && a_bad_score 困难原因 NO_SUCH_CAUSE; }

# --- exit codes ---
wrong_arguments() {
  answers 2 cli && answers 2 cli no-such-command && answers 2 cli --timeout soon doctor && answers 2 cli inventory status &&
    answers 2 cli feed pull nowhere && answers 2 cli evaluate --period 2026-10 && answers 2 cli completion tcsh &&
    answers 2 cli inventory return "${county}105201" && answers 2 cli inventory return "${county}105201" --item 没有等号 &&
    answers 2 cli inventory return "${county}105201" --reason 甲 --reason 乙 --field name && answers 2 ctl call bangfu.No.Method &&
    answers 2 cli --token-file "$BANGFU_RUN/no-such-file" whoami && answers 0 cli --help
}
no_token() { answers 4 ctl whoami && answers 4 ctl --json ledger rollup --region "$county" && answers 4 env BANGFU_TOKEN=nonsense "$BANGFU_BIN/bangfuctl" --endpoints "$BANGFU_RUN/endpoints.json" whoami; }
nobody_there() {
  answers 3 cli --endpoints "$BANGFU_RUN/no-such-file" whoami || return 1
  BANGFU_REGISTRY=127.0.0.1:1 answers 3 as AUDITOR 36 --timeout 2 whoami || return 1
  BANGFU_REGISTRY=127.0.0.1:1 answers 3 as SYSTEM_INTEGRATOR 36 --timeout 2 --json doctor >"$BANGFU_RUN/shown.json" || return 1
  holds "[s['state'] for s in j['services'] if s['service'] == 'registry'] == ['UNAVAILABLE']" <"$BANGFU_RUN/shown.json"
}
not_found() { answers 5 as COUNTY_OPERATOR "$county" explain PJ000000-0000-000000 && answers 5 as AUDITOR 36 ops show registry 01JBZ3V7Q8X4M2N6P9R0S1T2V3; }

# --- completion ---
# completes EXPECTED WORD…: with the cursor in the last word the shell offers EXPECTED, or does not when it is led by "!".
completes() {
  local expected=$1; shift
  COMP_WORDS=(bangfuctl "$@") COMP_CWORD=$#
  _bangfuctl
  case " ${COMPREPLY[*]} " in
    *" ${expected#!} "*) [ "$expected" = "${expected#!}" ] && return 0 ;;
    *) [ "$expected" != "${expected#!}" ] && return 0 ;;
  esac
  echo "$* offers ${COMPREPLY[*]}, not $expected"; return 1
}
bash_completes() {
  local COMP_WORDS COMP_CWORD COMPREPLY
  cli completion >"$BANGFU_RUN/completion.bash" || return 1
  # shellcheck disable=SC1091
  . "$BANGFU_RUN/completion.bash" || return 1
  completes inventory inv && completes --token-file --tok && completes '!regions' r && completes regions import r &&
    completes --history import regions --h && completes '!--history' import --h &&
    completes ledger --token-file token led && completes t14 --token-file token ledger t &&
    completes --output --json --timeout 5 ledger t14 --o && completes t14 --token-file = token ledger t &&
    completes --revision ledger t14 --region 36 -o t14.xlsx --r && completes '!--revision' ledger t14 --region --r &&
    completes --due inventory return 360733105201 --reason import --d
}
other_shells_have_scripts() {
  cli completion zsh | grep '^compdef _bangfuctl bangfuctl$' >/dev/null && cli completion fish | grep "__bangfuctl_at '/import/regions'" >/dev/null
}

check_commands() {
  check inventory_lists_are_whole_in_json inventory_in_json
  check an_evaluation_is_told_in_json an_evaluation_in_json
  check the_ledger_is_whole_in_json the_ledger_in_json
  check the_feed_is_one_document_in_json the_feed_in_json
  check operations_are_all_listed operations_in_json
  check the_audit_is_whole_in_json the_audit_in_json
  check a_flag_on_a_record_is_answered_and_closed a_flag_is_answered_and_closed
  check a_notice_of_the_city_is_answered_and_closed a_notice_is_answered_and_closed
  check whoami_and_doctor_speak_json who_and_how_in_json
  check a_report_with_a_bad_cell_is_refused_alone bad_reports_are_refused_alone
  check a_score_with_a_bad_cell_is_refused_alone bad_scores_are_refused_alone
  check wrong_arguments_end_with_2 wrong_arguments
  check no_token_ends_with_4 no_token
  check nobody_reached_ends_with_3 nobody_there
  check nothing_found_ends_with_5 not_found
  check bash_completes_nested_commands bash_completes
  check zsh_and_fish_have_scripts other_shells_have_scripts
}
