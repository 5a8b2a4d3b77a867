# Shared by deploy/up, deploy/down and tests: a private MariaDB and the services on free ports, all
# state below one directory ($BANGFU_RUN). Nothing outside it is touched; only processes started here
# are ended, by their ids.
# shellcheck shell=bash

# As deploy/services has them: SERVICES in the order in which they start (tests take fewer), all of them in the order in
# which they stop, and whom each calls.
SERVICES=()
STOP_ORDER=()
declare -A PEERS=()
read_services() {  # read_services FILE
  local name peers
  while read -r name peers; do
    case $name in '' | '#'*) continue ;; esac
    SERVICES+=("$name")
    STOP_ORDER=("$name" "${STOP_ORDER[@]}")
    PEERS[$name]=$peers
  done <"$1"
}
read_services "$(dirname "${BASH_SOURCE[0]}")/services"

say() { printf '\n▶ %s\n' "$*"; }

# alive PIDFILE: the process that it names is still running. After a restart of the machine the number may be
# somebody else's; all of ours have $BANGFU_RUN in their environment, and one that is dead has none.
alive() {
  local variable
  [ -s "$1" ] || return 1
  while IFS= read -r -d '' variable; do
    case $variable in
      BANGFU_RUN=*)  # by either of its names; the folder itself may be gone
        # Not a bare return: in a trap that gives what the script ended with.
        if [ "${variable#*=}" = "$BANGFU_RUN" ] || [ "${variable#*=}" -ef "$BANGFU_RUN" ]; then return 0; fi
        return 1 ;;
    esac
  done 2>/dev/null <"/proc/$(cat "$1")/environ"
  return 1
}

# gone PID: it has ended, also where nobody asks how.
gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

# end PIDFILE [SECONDS]: SIGTERM, then SIGKILL when it does not end in time.
end() {
  local file=$1 patience=${2:-30} pid
  alive "$file" || { rm -f "$file"; return 0; }
  pid=$(cat "$file")
  rm -f "$file"
  kill -TERM "$pid" || return 0
  for _ in $(seq $((patience * 20))); do
    if gone "$pid"; then return 0; fi
    sleep 0.05
  done
  kill -KILL "$pid" 2>/dev/null || return 0
  # One that hangs in the kernel ends when it can; whoever stops the rest goes on.
  wait_for 5 gone "$pid" || true
}

# wait_for SECONDS COMMAND…: until it succeeds.
wait_for() {
  local patience=$1; shift
  for _ in $(seq $((patience * 20))); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  return 1
}


secret() {  # secret NAME: made once, mode 0600
  local file="$BANGFU_RUN/secrets/$1"
  mkdir -p "$BANGFU_RUN/secrets" && chmod 700 "$BANGFU_RUN/secrets"
  if [ ! -s "$file" ]; then (umask 077 && head -c 24 /dev/urandom | base64 | tr -d '/+=\n' >"$file"); fi
  printf '%s' "$file"
}

database_sql() { mariadb --no-defaults --protocol=socket -S "$BANGFU_RUN/db.sock" -u root "$@"; }

start_database() {
  local data="$BANGFU_RUN/db" user
  user=$(id -un)
  mkdir -p "$BANGFU_RUN" && chmod 700 "$BANGFU_RUN"
  if [ ! -d "$data/mysql" ]; then
    rm -rf "$data"
    # --force: the machine's own name need not resolve, everything goes by the socket. --tmpdir: in /tmp
    # another server that starts would sweep the temporary tables of this one.
    mariadb-install-db --no-defaults --user="$user" --datadir="$data" --tmpdir="$BANGFU_RUN" --skip-test-db --skip-name-resolve --force \
      --auth-root-authentication-method=normal >"$BANGFU_RUN/db-install.log" 2>&1 ||
      { tail -20 "$BANGFU_RUN/db-install.log"; return 1; }
  fi
  if ! alive "$BANGFU_RUN/db.pid"; then
    setsid nohup mariadbd --no-defaults --user="$user" --datadir="$data" --tmpdir="$BANGFU_RUN" --socket="$BANGFU_RUN/db.sock" \
      --pid-file="$BANGFU_RUN/db.mariadbd.pid" --skip-networking --skip-log-bin \
      --character-set-server=utf8mb4 --collation-server=utf8mb4_bin --skip-name-resolve \
      --innodb-buffer-pool-size="${BANGFU_DB_BUFFER:-512M}" --innodb-log-file-size=256M --max-connections=300 \
      --max-allowed-packet=64M >"$BANGFU_RUN/db.log" 2>&1 </dev/null &
    echo $! >"$BANGFU_RUN/db.pid"
  fi
  wait_for 60 database_sql -e 'SELECT 1' || { tail -20 "$BANGFU_RUN/db.log"; return 1; }
  local service
  for service in "${SERVICES[@]}"; do
    database_sql <<SQL || return 1
CREATE DATABASE IF NOT EXISTS bangfu_$service CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE USER IF NOT EXISTS 'bangfu_$service'@'localhost' IDENTIFIED BY '$(cat "$(secret "$service")")';
CREATE USER IF NOT EXISTS 'bangfu_${service}_ddl'@'localhost' IDENTIFIED BY '$(cat "$(secret "${service}_ddl")")';
GRANT SELECT, INSERT, UPDATE, DELETE ON bangfu_$service.* TO 'bangfu_$service'@'localhost';
GRANT ALL ON bangfu_$service.* TO 'bangfu_${service}_ddl'@'localhost';
SQL
  done
}

migrate_all() {
  local service
  for service in "${SERVICES[@]}"; do
    "$BANGFU_BIN/bangfu-$service" migrate --db-host="$BANGFU_RUN/db.sock" --db-schema="bangfu_$service" \
      --db-user="bangfu_${service}_ddl" --db-password-file="$(secret "${service}_ddl")" \
      $(peers_of "$service" migrate) >>"$BANGFU_RUN/migrate.log" 2>&1 ||
      { tail -5 "$BANGFU_RUN/migrate.log"; return 1; }
  done
}

port_of() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$BANGFU_RUN/$1.port" "$2"; }

# Whom a service calls.
peers_of() {
  local peer
  for peer in ${PEERS[$1]:-}; do
    if [ "${2:-}" = migrate ]; then printf -- '--%s-address=unused ' "$peer"
    else printf -- '--%s-address=127.0.0.1:%s ' "$peer" "$(port_of "$peer" port)"; fi
  done
}

# The first administrator of a new installation, who grants everyone else what they may do.
bootstrap_of() {
  if [ "$1" = registry ]; then printf -- '--bootstrap-admin=sample-org_admin-36-1 --bootstrap-admin-name=样例机构管理1'; fi
}

# kept_ports NAME: the two ports that the service had when it last ran, so that whoever knows it finds it again; 0, any
# free one, for a port that it never had or that was taken meanwhile.
kept_ports() {
  python3 - "$BANGFU_RUN/$1.kept" <<'PY'
import json, socket, sys
try:
    kept = json.load(open(sys.argv[1]))
except (OSError, ValueError):
    kept = {}
ports = []
for name in ("port", "http_port"):
    try:
        with socket.socket() as probe:
            # As servers bind: what is left of the last one's connections is no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", kept[name]))
        ports.append(kept[name])
    except (OSError, KeyError):
        ports.append(0)
print(*ports)
PY
}

# start_service NAME [OPTION…]: on its ports of last time or free ones, ready when this returns. One that runs goes on.
start_service() {
  local service=$1; shift
  alive "$BANGFU_RUN/$service.pid" || launch_service "$service" "$@"
  wait_for 30 service_settled "$service"
  service_ready "$service" >/dev/null 2>&1 || { echo "$service does not become ready:"; tail -5 "$BANGFU_RUN/$service.log"; return 1; }
  cp "$BANGFU_RUN/$service.port" "$BANGFU_RUN/$service.kept"
}

launch_service() {
  local service=$1 port http_port; shift
  read -r port http_port < <(kept_ports "$service")
  rm -f "$BANGFU_RUN/$service.port"
  mkdir -p "$BANGFU_RUN/data/$service"
  # shellcheck disable=SC2046
  setsid nohup "$BANGFU_BIN/bangfu-$service" --db-host="$BANGFU_RUN/db.sock" --db-schema="bangfu_$service" \
    --db-user="bangfu_$service" --db-password-file="$(secret "$service")" --dev-key-dir="$BANGFU_RUN/dev-key" \
    $(bootstrap_of "$service") --port="$port" --http-port="$http_port" \
    --data-dir="$BANGFU_RUN/data/$service" --port-file="$BANGFU_RUN/$service.port" --reflection=true \
    $(peers_of "$service") "$@" >>"$BANGFU_RUN/$service.log" 2>&1 </dev/null &
  echo $! >"$BANGFU_RUN/$service.pid"
}

service_settled() { service_ready "$1" || gone "$(cat "$BANGFU_RUN/$1.pid")"; }
service_ready() {
  [ -s "$BANGFU_RUN/$1.port" ] && curl -fsS --noproxy '*' "http://127.0.0.1:$(port_of "$1" http_port)/readyz"
}

takes_writes() {
  local metrics
  metrics=$(curl -fsS --noproxy '*' "http://127.0.0.1:$(port_of "$1" http_port)/metrics") || return 1
  ! grep -q '^bangfu_copies_fresh[^ ]* 0$' <<<"$metrics"
}

# current NAME: it runs, and what runs is the program as it was built last.
current() {
  local program="$BANGFU_BIN/bangfu-$1" pid="$BANGFU_RUN/$1.pid"
  alive "$pid" && [ "/proc/$(cat "$pid")/exe" -ef "$program" ] && ! [ "$program" -nt "$pid" ]
}

# One that died may come back elsewhere, where the others would not find it, and one that was rebuilt must not meet a
# schema or a contract of another day: when one of them has to start, all do.
stop_stale_services() {
  local service
  for service in "${SERVICES[@]}"; do
    if ! current "$service"; then stop_services; return; fi
  done
}

start_services() {  # start_services [OPTION…]: those that run as they are built go on as they are
  local service
  stop_stale_services
  for service in "${SERVICES[@]}"; do start_service "$service" "$@" || return 1; done
  for service in "${SERVICES[@]}"; do
    # Ready is who can be read; who copies of another writes only once the copies are level.
    wait_for 60 takes_writes "$service" || { echo "$service takes no writes: its copies are old"; return 1; }
  done
  { printf '{'
    for service in "${SERVICES[@]}"; do
      printf '%s"%s": "127.0.0.1:%s"' "$([ "$service" = "${SERVICES[0]}" ] || echo ', ')" "$service" "$(port_of "$service" port)"
    done
    printf '}\n'; } >"$BANGFU_RUN/endpoints.json"
}

stop_services() {
  local service
  for service in "${STOP_ORDER[@]}"; do end "$BANGFU_RUN/$service.pid"; done
}

stop_database() { end "$BANGFU_RUN/db.pid" 60; }
