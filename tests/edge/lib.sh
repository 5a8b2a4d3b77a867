# The world of tests/chaos/lib.sh with the edge in front. Before sourcing: build=<build directory>.
# shellcheck shell=bash
edge_tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/chaos/lib.sh
. "$edge_tests/../chaos/lib.sh"
# shellcheck source=deploy/edge/lib.sh
. "$root/deploy/edge/lib.sh"

clean_up() {
  stop_edge
  for pid in "$BANGFU_RUN"/*.second.pid; do if [ -e "$pid" ]; then end "$pid"; fi; done
  check services_end_well services_end_well
  stop_services
  stop_database
  rm -rf "$BANGFU_RUN"
  if [ $status -ne 0 ]; then exit $status; fi
}

client() { "$edge_tests/client" "$@"; }
forge() { "$edge_tests/token" "$BANGFU_RUN/dev-key/dev-key-es256.pem" "$(dev_kid)" "$@"; }
dev_kid() { json 'j["keys"][0]["kid"]' <"$BANGFU_RUN/dev-key/jwks.json"; }
# with ROLE REGION COMMAND…: with that token.
with() {
  local role=$1 region=$2; shift 2
  BANGFU_TOKEN=$(token "$role" "$region") "$@"
}
# says EXPECTED COMMAND…: its first line begins so.
says() {
  local expected=$1 output; shift
  output=$("$@" 2>&1)
  case "$output" in "$expected"*) return 0 ;; *) printf 'expected %s\ngot      %s\n' "$expected" "$output"; return 1 ;; esac
}
raw() { curl -sS --noproxy '*' --cacert "$BANGFU_RUN/edge/certificates/ca.crt" --max-time 20 "$@"; }

# bangfuctl and the probe over gRPC and TLS, every service at the edge.
edge_endpoints() {
  local address; address=$(edge_url); address=${address#https://}
  printf '%s\n' "${SERVICES[@]}" | ADDRESS=$address python3 -c 'import json, os, sys
print(json.dumps({line.strip(): os.environ["ADDRESS"] for line in sys.stdin}))' >"$BANGFU_RUN/edge.json"
}
ctl_edge() {
  "$BANGFU_BIN/bangfuctl" --endpoints "$BANGFU_RUN/edge.json" --ca "$BANGFU_RUN/edge/certificates/ca.crt" "$@"
}
storm_edge() {
  "$BANGFU_BIN/bangfu-probe" --endpoints "$BANGFU_RUN/edge.json" --ca "$BANGFU_RUN/edge/certificates/ca.crt" \
    --dev-key "$BANGFU_RUN/dev-key" storm "$@"
}
