# Every service is written to by four people at once, for tests of what happens to them meanwhile; and what must hold
# afterwards. After lib.sh.
# shellcheck shell=bash
P=$registry.ProjectService
A=bangfu.asset.v1.AssetService
F=$evaluation.FactService

of_each() {  # of_each COMMAND [ARGUMENT…]: of each service, its name first
  local command=$1 service; shift
  for service in "${SERVICES[@]}"; do "$command" "$service" "$@" || { echo "$service: $command"; return 1; }; done
}
first_project() {
  local project
  project=$(register 茶园一号 "$village") || return 1
  keep id "$(json 'j["id"]' <<<"$project")"
}
asset_json() {  # of the first project, as RegisterAsset takes it
  printf '{"request_id":"{rid}","details":{"name":"%s","asset_class":"ASSET_CLASS_OPERATING","asset_form":"ASSET_FORM_FIXED","region_code":"%s","source_projects":[{"project_id":"%s"}],"fund_sources":[{"source_code":"BRIDGE_CENTRAL","amount_fen":"100000"}],"original_value_fen":"100000","formed_date":{"year":2022,"month":11,"day":30},"owners":[{"name":"股份经济合作社","level":"OWNER_LEVEL_VILLAGE_COLLECTIVE","share_bp":10000}]},"use":{"use_state":"USE_STATE_IN_USE","since":{"year":2023,"month":3,"day":1}}}' \
    "$1" "$village" "$id"
}
score_json() { printf '{"request_id":"{rid}","scores":[{"subject_id":"%s","market_outlook":70,"resource_basis":60,"opinion":"%s"}]}' "$id" "$1"; }
one() {  # one METHOD ROLE JSON: a single call
  local answer; answer=$(storm "$1" --role "$2" --region "$county" --callers 1 --data "$3" 2>&1)
  printf '%s\n' "$answer"
  [ "$answer" = OK=1 ]
}
write_of() {  # write_of SERVICE
  case $1 in
    registry) register 茶园 "$village" ;;
    asset) one $A.RegisterAsset COUNTY_OPERATOR "$(asset_json 厂房)" ;;
    evaluation) one $F.SubmitExpertScores APPRAISER "$(score_json 看好)" ;;
  esac
}
# The project has come to the other two, and the lists that they check a record by.
others_know_it() {
  wait_for 20 write_of asset || { write_of asset; return 1; }
  wait_for 20 write_of evaluation || { write_of evaluation; return 1; }
}

scores_told() { database_sql -N bangfu_evaluation -e "SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'expert_score'"; }
load_of() {  # load_of SERVICE: four people write without a pause
  local options=(--callers 4 --seconds 9 --region "$county" --acknowledged "$BANGFU_RUN/acknowledged.$1")
  case $1 in
    registry) storm $P.RegisterProject --role COUNTY_OPERATOR --data "$(project_json '负载{n}' "$village")" "${options[@]}" ;;
    asset) storm $A.RegisterAsset --role COUNTY_OPERATOR --data "$(asset_json '负载{n}')" "${options[@]}" ;;
    evaluation) storm $F.SubmitExpertScores --role APPRAISER --data "$(score_json '第{n}次')" "${options[@]}" ;;
  esac >"$BANGFU_RUN/load.$1.txt" 2>&1
}
# writes SERVICE: its load is under way. A score takes the place of the same expert's last one; the trail has them all.
writes() { if [ "$1" = evaluation ]; then [ "$(scores_told)" -gt "$told" ]; else [ -s "$BANGFU_RUN/acknowledged.$1" ]; fi; }

# load_says SERVICE [REASONS]: only what the caller can act upon, and both of it; where the service itself was away, nobody
# was there to give a reason.
load_says() {
  cat "$BANGFU_RUN/load.$1.txt"
  tr ' ' '\n' <"$BANGFU_RUN/load.$1.txt" | grep -vE '^(OK|UNAVAILABLE/'"${2:-[A-Z_]+}"'|RESOURCE_EXHAUSTED/[A-Z_]+|ABORTED/[A-Z_]+)=[0-9]+$' && return 1
  grep -q 'OK=' "$BANGFU_RUN/load.$1.txt" && grep -q UNAVAILABLE "$BANGFU_RUN/load.$1.txt"
}
all_assets() {  # as ULIDs
  database_sql -N bangfu_asset -e 'SELECT HEX(id) FROM asset' | python3 -c 'import sys
for line in sys.stdin:
    number = int(line, 16)
    print("".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[number >> 5 * (25 - at) & 31] for at in range(26)))' | sort
}
all_of() {  # all_of SERVICE LIST: what it acknowledged, it has
  "$2" >"$BANGFU_RUN/stored"
  sort -u "$BANGFU_RUN/acknowledged.$1" >"$BANGFU_RUN/acknowledged.sorted"
  echo "$1: acknowledged $(wc -l <"$BANGFU_RUN/acknowledged.sorted"), stored $(wc -l <"$BANGFU_RUN/stored")"
  [ -s "$BANGFU_RUN/acknowledged.sorted" ] && [ "$(comm -23 "$BANGFU_RUN/acknowledged.sorted" "$BANGFU_RUN/stored" | wc -l)" = 0 ]
}
nothing_acknowledged_is_lost() {
  all_of registry all_projects && all_of asset all_assets || return 1
  local acknowledged; acknowledged=$(grep -o '\bOK=[0-9]*' "$BANGFU_RUN/load.evaluation.txt" | cut -d= -f2)
  echo "evaluation: acknowledged $acknowledged, told $(($(scores_told) - told))"
  [ "$acknowledged" -gt 0 ] && [ $(($(scores_told) - told)) -ge "$acknowledged" ]
}
codes_are_unique() {
  [ "$(database_sql -N bangfu_registry -e 'SELECT COUNT(*) - COUNT(DISTINCT project_code) FROM project')" = 0 ] &&
    [ "$(database_sql -N bangfu_asset -e 'SELECT COUNT(*) - COUNT(DISTINCT asset_code) FROM asset')" = 0 ]
}
# Whatever was stored is whole: its audit row and its event came with it, or none of them did.
nothing_is_half_done() {
  local counts
  counts=$(database_sql -N bangfu_registry -e "
    SELECT COUNT(*) FROM project p LEFT JOIN audit_log a ON a.aggregate_id = p.id WHERE a.aggregate_id IS NULL
    UNION ALL SELECT COUNT(*) FROM project p LEFT JOIN project_funding f ON f.project_id = p.id WHERE f.project_id IS NULL") || return 1
  [ "$(tr '\n' ' ' <<<"$counts")" = '0 0 ' ] || { echo "$counts"; return 1; }
  counts=$(database_sql -N bangfu_asset -e "
    SELECT COUNT(*) FROM asset s LEFT JOIN audit_log a ON a.aggregate_id = s.id WHERE a.aggregate_id IS NULL
    UNION ALL SELECT COUNT(*) FROM asset s LEFT JOIN asset_project p ON p.asset_id = s.id WHERE p.asset_id IS NULL") || return 1
  [ "$(tr '\n' ' ' <<<"$counts")" = '0 0 ' ] || { echo "asset: $counts"; return 1; }
  # Each expert's newest score is the last that the trail tells of that expert.
  counts=$(database_sql -N bangfu_evaluation -e "
    SELECT COUNT(*) FROM (SELECT subject_id, expert, MAX(scored_at) AS scored_at FROM expert_score
      GROUP BY subject_id, expert) s WHERE s.scored_at <> (SELECT MAX(a.occurred_at) FROM audit_log a
      WHERE a.aggregate_type = 'expert_score' AND a.aggregate_id = s.subject_id AND a.actor_subject = s.expert)") || return 1
  [ "$counts" = 0 ] || { echo "evaluation: $counts"; return 1; }
}
mirror_of() { as SYSTEM_INTEGRATOR 36 feed mirror "$1" --dir "$BANGFU_RUN/mirror" --check; }
audit_holds() { as AUDITOR 36 audit verify "$1"; }
