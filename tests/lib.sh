# For tests in shell: a private world of services below a temporary directory, and named checks.
# shellcheck shell=bash
# Before sourcing: build=<build directory>.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BANGFU_RUN=$(mktemp -d "${TMPDIR:-/tmp}/bangfu-test.XXXXXX")
export BANGFU_RUN BANGFU_BIN="$build/bin" BANGFU_DB_BUFFER=256M
# shellcheck source=deploy/lib.sh
. "$root/deploy/lib.sh"

results=${BANGFU_TEST_RESULTS:-$BANGFU_RUN}
mkdir -p "$results"
record="$results/$(basename "$0").ctest"
: >"$record"
status=0

# check NAME COMMAND…: one test case; its output is shown when it fails.
check() {
  local name=$1 output; shift
  if output=$("$@" 2>&1); then
    echo "ok $name" | tee -a "$record"
  else
    echo "failed $name" | tee -a "$record"
    printf '%s\n' "$output" | tail -40
    status=1
  fi
}

# refused REASON COMMAND…: it fails and names the reason.
refused() {
  local reason=$1 output; shift
  if output=$("$@" 2>&1); then echo "not refused: $*"; return 1; fi
  case "$output" in *"$reason"*) return 0 ;; *) printf 'refused otherwise: %s\n' "$output"; return 1 ;; esac
}

# answers CODE COMMAND…: it ends with this exit code.
answers() {
  local code=$1 got; shift
  "$@"; got=$?
  [ "$got" = "$code" ] || { echo "exit code $got, not $code: $*"; return 1; }
}
# holds EXPRESSION: one JSON document on stdin of which this expression of Python over `j` is true.
holds() {
  python3 -c 'import json, sys
j = json.load(sys.stdin)
if not eval(sys.argv[1]): sys.exit("not so: %s in %s" % (sys.argv[1], json.dumps(j, ensure_ascii=False)[:600]))' "$1"
}
# value_of EXPRESSION: of what was kept in shown.json.
value_of() { python3 -c 'import json, sys; j = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$BANGFU_RUN/shown.json" "$1"; }
rows_of_file() { python3 -c 'import csv, sys; print(sum(1 for r in csv.reader(open(sys.argv[1], encoding="utf-8-sig")) if r))' "$1"; }

# Its last word is that it stopped.
ended_well() { tail -n 1 "$BANGFU_RUN/$1.log" | grep -q '"stopped"'; }
# A service that breaks down, even while it ends, is a test that fails.
services_end_well() {
  local service found=0
  for service in "${SERVICES[@]}"; do
    [ -e "$BANGFU_RUN/$service.pid" ] || continue
    if alive "$BANGFU_RUN/$service.pid"; then end "$BANGFU_RUN/$service.pid"; fi
    if ! ended_well "$service"; then
      echo "$service broke down; its last words:"
      tail -n 3 "$BANGFU_RUN/$service.log" | cut -c1-400
      found=1
    fi
  done
  return $found
}

clean_up() {
  check services_end_well services_end_well
  stop_services
  stop_database
  rm -rf "$BANGFU_RUN"
  if [ $status -ne 0 ]; then exit $status; fi
}
trap clean_up EXIT

ctl() { "$BANGFU_BIN/bangfuctl" --endpoints "$BANGFU_RUN/endpoints.json" --dev-key "$BANGFU_RUN/dev-key" "$@"; }
token() {  # token ROLE REGION [OPTION…]: prints it
  local role=$1 region=$2; shift 2
  ctl token --role "$role" --region "$region" "$@"
}
# as ROLE REGION COMMAND…: bangfuctl with that token.
as() {
  local role=$1 region=$2; shift 2
  BANGFU_TOKEN=$(token "$role" "$region") ctl "$@"
}
