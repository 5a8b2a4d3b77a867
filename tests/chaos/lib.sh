# A small world for the tests of bad luck: real regions of two counties, a campaign that is open, and
# a sample of one county's projects. Before sourcing: build=<build directory>.
# shellcheck shell=bash
chaos=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib.sh
. "$chaos/../lib.sh"
cd "$root" || exit 1
export NO_PROXY='*' no_proxy='*'

county=361125     # 横峰县
village=361125200201
foreign=360482    # 共青城市, another city's county
registry=bangfu.registry.v1
evaluation=bangfu.evaluation.v1
admin=sample-org_admin-36-1

probe() { "$BANGFU_BIN/bangfu-probe" --endpoints "$BANGFU_RUN/endpoints.json" --dev-key "$BANGFU_RUN/dev-key" "$@"; }
storm() { probe storm "$@"; }
# json FILTER: reads JSON on stdin; FILTER is a Python expression over `j`.
json() { python3 -c 'import json, sys; j = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
rid() { printf 'chaos-%s-%s' "$$" "$(head -c 6 /dev/urandom | od -An -tx1 | tr -d ' \n')"; }
# A check runs in a shell of its own: what the next ones need is kept in a file.
keep() { printf '%s=%q\n' "$1" "$2" >>"$BANGFU_RUN/kept"; }
# given NAME COMMAND…: a check that must hold for the rest to make sense; then its kept values are here.
given() {
  local before=$status
  status=0
  check "$@"
  if [ $status -ne 0 ]; then no_internal_errors; exit 1; fi
  status=$before
  # shellcheck disable=SC1091
  if [ -e "$BANGFU_RUN/kept" ]; then . "$BANGFU_RUN/kept"; fi
}
# call ROLE REGION METHOD JSON [OPTION…]
call() {
  local role=$1 region=$2 method=$3 data=$4; shift 4
  as "$role" "$region" --json call "$method" --data "$data" "$@"
}

# me SUBJECT COMMAND…: bangfuctl with a token that says who it is and nothing else.
me() { BANGFU_TOKEN=$(ctl token --subject "$1") ctl "${@:2}"; }
# everywhere COMMAND…: with each service's name at the end, within ten seconds.
everywhere() {
  local service
  for service in "${SERVICES[@]}"; do wait_for 10 "$@" "$service" || { "$@" "$service"; return 1; }; done
}

bring_up() { start_database && migrate_all && start_services "$@"; }

regions() {  # regions [WITHOUT]: but for this one
  head -1 deploy/sample/regions-36.csv >"$BANGFU_RUN/regions.csv"
  grep -E "^(36|3611|3604|$county[0-9]*|$foreign[0-9]*)," deploy/sample/regions-36.csv | grep -v "^${1:-none}," >>"$BANGFU_RUN/regions.csv"
  as PROV_ADMIN 36 import regions "$BANGFU_RUN/regions.csv"
}

day() { date -u -d "$1" +'{"year":%Y,"month":%-m,"day":%-d}'; }
open_campaign() {
  local created campaign opening
  created=$(call PROV_OFFICE 36 $registry.InventoryService.CreateCampaign "{\"request_id\":\"$(rid)\",\"campaign\":{
    \"name\":\"摸底\",\"region_code\":\"36\",\"scope_start\":{\"year\":2012,\"month\":1,\"day\":1},
    \"village_deadline\":$(day '+5 days'),\"township_deadline\":$(day '+10 days'),\"county_deadline\":$(day '+15 days')}}") || return 1
  campaign=$(json 'j["id"]' <<<"$created")
  keep campaign "$campaign"
  opening=$(call PROV_OFFICE 36 $registry.InventoryService.OpenCampaign "{\"request_id\":\"$(rid)\",\"id\":\"$campaign\",
    \"etag\":\"$(json 'j["etag"]' <<<"$created")\"}") || return 1
  as PROV_OFFICE 36 ops show registry "$(json 'j["id"]' <<<"$opening")" --wait
}
village_of_county() { awk -F, -v c="$county" '$3 == "VILLAGE" && index($1, c) == 1 {print $1}' deploy/sample/regions-36.csv; }

# A project of a village, as RegisterProject takes it: project_json NAME [VILLAGE]
project_json() {
  printf '{"request_id":"{rid}","project":{"name":"%s","region_code":"%s","campaign_id":"%s","industry_code":"TEA","project_type":"PLANTING","year":2021,"state":"PROJECT_STATE_OPERATING","implementing_org":"村民委员会","declared_funding":[{"source_code":"BRIDGE_CENTRAL","year":2021,"amount":{"fen":"5000000","text":"5万元","parse_state":"AMOUNT_PARSE_STATE_EXACT"}}],"content_items":[{"category_code":"GREENHOUSE","description":"大棚"}]}}' \
    "$1" "${2:-$village}" "$campaign"
}
# register NAME [VILLAGE]: registers one, prints it.
register() {
  local data
  data=$(project_json "$@")
  call COUNTY_OPERATOR "$county" $registry.ProjectService.RegisterProject "${data//\{rid\}/$(rid)}"
}

# Ids of every project of the county, sorted.
all_projects() {
  local next='' page
  while :; do
    page=$(call PROV_ADMIN 36 $registry.ProjectService.ListProjects \
      "{\"region_code\":\"$county\",\"page_size\":200,\"page_token\":\"$next\"}") || return 1
    json '"\n".join(p["id"] for p in j.get("projects", []))' <<<"$page"
    next=$(json 'j.get("next_page_token", "")' <<<"$page")
    [ -n "$next" ] || break
  done | sort
}

# The service's log and nothing else tells what was masked: no answer was the server's own fault.
no_internal_errors() {
  local service bad=0
  for service in "${SERVICES[@]}"; do
    if grep -E '"internal error"|"code":"(INTERNAL|UNKNOWN|DATA_LOSS)"|terminate called|AddressSanitizer|Segmentation' "$BANGFU_RUN/$service.log" |
        head -5 | cut -c1-600 | grep .; then bad=1; fi
  done
  return $bad
}
database_dump() { mariadb-dump --no-defaults --protocol=socket -S "$BANGFU_RUN/db.sock" -u root "$@"; }
kill_service() {  # without a word, as a machine that loses its power
  local pid; pid=$(cat "$BANGFU_RUN/$1.pid")
  kill -KILL "$pid" && rm -f "$BANGFU_RUN/$1.pid" && wait_for 10 gone "$pid"
}
# restart_service NAME [OPTION…]: at its old port, where the others look for it.
restart_service() {
  local kept; kept=$(cat "$BANGFU_RUN/$1.kept")
  if start_service "$@" && at_its_port "$1"; then return 0; fi
  # Somebody beside this test held the port for a moment.
  end "$BANGFU_RUN/$1.pid"
  printf '%s\n' "$kept" >"$BANGFU_RUN/$1.kept"
  start_service "$@" && at_its_port "$1" || { echo "$1 has another port"; return 1; }
}
at_its_port() { [ "127.0.0.1:$(port_of "$1" port)" = "$(json 'j["'"$1"'"]' <"$BANGFU_RUN/endpoints.json")" ]; }
