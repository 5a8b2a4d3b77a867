"""Envoy's configuration, made of the contracts and a few settings. Envoy reads JSON as well as YAML.

Three parts lie in files of their own that Envoy watches, so that they change while it runs: the token check with the
issuer's keys (tokens.json), the instances of each service (instances.<service>.json), the edge's certificate
(certificate.json). Put a new file in place by renaming it.
"""
import json

import refusals

EXTENSIONS = "type.googleapis.com/envoy.extensions"
SUBJECT = "x-bangfu-subject"
LONG = 1  # bangfu.options.v1.LANE_LONG
READ = 1  # bangfu.options.v1.ACCESS_MODE_READ
MEBIBYTE = 1 << 20


def _typed(name, kind, **config):
    return {"name": name, "typed_config": {"@type": f"{EXTENSIONS}.{kind}", **config}}


def _http_filter(name, kind, **config):
    return _typed(f"envoy.filters.http.{name}", f"filters.http.{kind}", **config)


def _watched(directory, name):
    return {"path_config_source": {"path": f"{directory}/{name}", "watched_directory": {"path": directory}},
            "resource_api_version": "V3"}


# ---- the parts that change while Envoy runs


def tokens(settings):
    """Tokens are checked here so that what is not signed costs the services nothing; they check them again."""
    with open(settings.jwks) as keys:
        key_set = json.load(keys)
    # Health wants no token; one that comes along is checked.
    optional = {"requires_any": {"requirements": [{"provider_name": "issuer"}, {"allow_missing": {}}]}}
    open_paths = [{"match": {"prefix": "/grpc.health.v1.Health/"}, "requires": optional},
                  {"match": {"prefix": "/openapi.json"}}]
    check = _http_filter(
        "jwt_authn", "jwt_authn.v3.JwtAuthentication",
        bypass_cors_preflight=True,
        providers={"issuer": {
            "issuer": settings.issuer,
            "audiences": [settings.audience],
            "local_jwks": {"inline_string": json.dumps(key_set)},
            # Named, else a token in the query would do, and would be in every log.
            "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}],
            "forward": True,
            "require_expiration": True,
            "clock_skew_seconds": 60,
            "payload_in_metadata": "token",
            "claim_to_headers": [{"header_name": SUBJECT, "claim_name": "sub"}],
            "jwt_cache_config": {"jwt_cache_size": 4096},
        }},
        rules=open_paths + [{"match": {"prefix": "/"}, "requires": {"provider_name": "issuer"}}])
    return {"resources": [{"@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig", **check}]}


def instances(service, addresses):
    endpoints = []
    for address in addresses:
        host, port = address.rsplit(":", 1)
        endpoints.append({"endpoint": {"address": {"socket_address": {"address": host, "port_value": int(port)}}}})
    return {"resources": [{
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": service, "endpoints": [{"lb_endpoints": endpoints}]}]}


def certificate(settings):
    """By value: were the files only named, a new certificate under the old name would be no change to Envoy."""
    with open(settings.certificate) as chain, open(settings.key) as key:
        chain, key = chain.read(), key.read()
    return {"resources": [{
        "@type": f"{EXTENSIONS}.transport_sockets.tls.v3.Secret",
        "name": "edge",
        "tls_certificate": {"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": key}}}]}


# ---- routes


def _deadline(seconds):
    # The caller's deadline rules, capped; without one the service still sees the cap.
    return {"timeout": "0s",
            "max_stream_duration": {"max_stream_duration": f"{seconds}s", "grpc_timeout_header_max": f"{seconds}s"}}


# Reads are safe to repeat: a lost connection is tried on another instance.
READ_RETRY = {
    "retry_on": "connect-failure,refused-stream,reset,unavailable,cancelled", "num_retries": 4,
    "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
    "retry_host_predicate": [{
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {"@type": f"{EXTENSIONS}.retry.host.previous_hosts.v3.PreviousHostsPredicate"}}],
    "host_selection_retry_max_attempts": 8,
}
# Writes only when the request certainly reached no service; a client repeats with its request_id.
WRITE_RETRY = {
    "retry_on": "connect-failure,refused-stream,reset-before-request", "num_retries": 2,
    "retry_host_predicate": READ_RETRY["retry_host_predicate"], "host_selection_retry_max_attempts": 3,
}


def _buffer(most):
    """Takes the request whole before it goes on, and refuses a larger one. Not for streams of requests: it would hang them."""
    return {"typed_per_filter_config": {"envoy.filters.http.buffer": {
        "@type": f"{EXTENSIONS}.filters.http.buffer.v3.BufferPerRoute", "buffer": {"max_request_bytes": most}}}}


def _regex(rpcs):
    by_service = {}
    for rpc in rpcs:
        by_service.setdefault(rpc.service.replace(".", r"\."), []).append(rpc.name)
    parts = [f"{service}/({'|'.join(names)})" for service, names in sorted(by_service.items())]
    return "/(" + "|".join(parts) + ")"


def _routes_to(cluster, name, rpcs, fallback_prefixes, settings, header=None):
    """Routes of one service's rpcs: streams, long calls, reads, and the rest."""
    kinds = [
        ("streams", [r for r in rpcs if r.server_streaming], {**_deadline(3600), "idle_timeout": "300s"}),
        ("long", [r for r in rpcs if not r.server_streaming and r.access.lane == LONG],
         _deadline(settings.long_seconds)),
        ("reads", [r for r in rpcs if not r.server_streaming and r.access.lane != LONG and r.access.mode == READ],
         {**_deadline(settings.read_seconds), "retry_policy": READ_RETRY}),
    ]
    matches = [(kind, {"safe_regex": {"regex": _regex(chosen)}}, action) for kind, chosen, action in kinds if chosen]
    # Reflection is a stream; the idle timeout ends it.
    matches += [("rest", {"prefix": prefix}, {**_deadline(settings.write_seconds), "retry_policy": WRITE_RETRY})
                for prefix in fallback_prefixes]
    for kind, match, action in matches:
        if header:
            match = {**match, "headers": [header]}
        # gRPC in a service has a whole message in memory before it finds it too large, however large it is.
        whole = {} if match.get("prefix", "").startswith("/grpc.") else _buffer(settings.message_bytes)
        yield {"name": f"{name}.{kind}", "match": match, "route": {"cluster": cluster, **action}, **whole}


def routes(contracts, settings):
    areas = sorted(settings.services)
    shared = [r for r in contracts.rpcs if r.area not in areas]
    prefixes = sorted({f"/bangfu.{r.area}.v1." for r in shared}) + [
        "/grpc.health.v1.Health/", "/grpc.reflection.v1alpha.ServerReflection/"]
    result = [{
        "name": "openapi", "match": {"path": "/openapi.json"},
        "direct_response": {"status": 200, "body": {"filename": settings.openapi}},
        "response_headers_to_add": [refusals._set("content-type", "application/json"),
                                    refusals._set("cache-control", "max-age=300")],
        "typed_per_filter_config": {
            f"envoy.filters.http.{name}": {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
                                           "config": {}, "disabled": True}
            for name in ("lua", "grpc_json_transcoder")},
    }]
    for area in areas:
        own = [r for r in contracts.rpcs if r.area == area]
        result += _routes_to(area, area, own, [f"/bangfu.{area}.v1."], settings)
    # What every service serves goes where the header says; request_check.lua has refused those without.
    for area in areas:
        header = {"name": "x-bangfu-service", "string_match": {"exact": area}}
        result += _routes_to(area, f"shared.{area}", shared, prefixes, settings, header)
    # A preflight names no service, and CORS needs a route to a cluster to answer it or to let a page read a refusal. No
    # call stays here: request_check.lua has refused what names no service.
    result += [{"name": "unnamed", "match": {"prefix": prefix}, "route": {"cluster": areas[0], "timeout": "5s"}}
               for prefix in prefixes]
    # JSON paths match here first; the transcoder rewrites them and the routes above decide. No request stays here:
    # request_check.lua lets none pass that the transcoder does not know. (CORS and buffer need a route to a cluster.)
    result.append({
        "name": "json", "match": {"prefix": "/v1/"}, "route": {"cluster": areas[0], "timeout": "60s"},
        **_buffer(settings.json_body_bytes),
    })
    result.append({"name": "nothing", "match": {"prefix": "/"}, "direct_response": {"status": 404}})
    return result


def _cors(settings):
    return {
        "@type": f"{EXTENSIONS}.filters.http.cors.v3.CorsPolicy",
        "allow_origin_string_match": [{"exact": origin} for origin in settings.origins],
        "allow_methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
        "allow_headers": "authorization,content-type,x-grpc-web,x-user-agent,grpc-timeout,accept-language,x-request-id,"
                         "traceparent,x-bangfu-service,x-source-system",
        "expose_headers": "grpc-status,grpc-message,grpc-status-details-bin,x-request-id",
        "max_age": "7200",
        "forward_not_matching_preflights": False,
    }


# ---- clusters


def cluster(service, settings):
    result = {
        "name": service,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": _watched(settings.directory, f"instances.{service}.json")},
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": f"{EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {
                "max_concurrent_streams": 100, "connection_keepalive": {"interval": "30s", "timeout": "5s"}}}}},
        # None healthy: refused at once, no blind tries.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        # An instance says NOT_SERVING before it goes, and is out at once (--drain-delay of two intervals is enough). One
        # that does not answer in time may only be busy: it is out when it happens twice.
        "health_checks": [{
            "timeout": "1s", "interval": settings.health_interval, "no_traffic_interval": settings.health_interval,
            "unhealthy_threshold": 2, "healthy_threshold": 1, "grpc_health_check": {}}],
        "ignore_health_on_host_removal": True,
        "circuit_breakers": {"thresholds": [
            {"max_connections": 100, "max_pending_requests": 1000, "max_requests": 2000, "max_retries": 50}]},
    }
    if settings.upstream_ca:
        context = {"trusted_ca": {"filename": settings.upstream_ca},
                   # Without the name any certificate of the CA would do.
                   "match_typed_subject_alt_names": [
                       {"san_type": "DNS", "matcher": {"exact": f"{service}.{settings.upstream_domain}"}}]}
        result["transport_socket"] = _typed(
            "envoy.transport_sockets.tls", "transport_sockets.tls.v3.UpstreamTlsContext",
            sni=f"{service}.{settings.upstream_domain}",
            common_tls_context={
                "alpn_protocols": ["h2"], "validation_context": context,
                "tls_certificates": [{"certificate_chain": {"filename": settings.upstream_certificate},
                                      "private_key": {"filename": settings.upstream_key}}]})
    return result


# ---- the listener


def _bucket(per_second):
    # Two seconds' calls at once are fine (a page makes many), a loop is not.
    filled = max(1, per_second // 10)
    return {"max_tokens": per_second * 2, "tokens_per_fill": filled, "fill_interval": f"{filled / per_second:.3f}s"}


def _rate_limit(settings):
    """One limit for a caller's gRPC, grpc-web and JSON together: it stands before the transcoder and hangs on no route."""
    everything = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return _http_filter(
        "local_ratelimit", "local_ratelimit.v3.LocalRateLimit",
        stat_prefix="calls", filter_enabled=everything, filter_enforced=everything,
        rate_limited_as_resource_exhausted=True, enable_x_ratelimit_headers="DRAFT_VERSION_03",
        token_bucket=_bucket(settings.calls_per_second),
        # One bucket a caller. Beyond this the caller longest unseen is forgotten and begins anew with a full bucket, so
        # there is room for every account of a province (30,000) and the machine clients.
        max_dynamic_descriptors=50000,
        rate_limits=[{"actions": [{"request_headers": {"header_name": SUBJECT, "descriptor_key": "caller"}}]}],
        descriptors=[{"entries": [{"key": "caller"}], "token_bucket": _bucket(settings.caller_calls_per_second)}])


def _transcoder(contracts, settings):
    return _http_filter(
        "grpc_json_transcoder", "grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor=settings.descriptors,
        services=sorted({r.service for r in contracts.rpcs if r.bindings}),
        convert_grpc_status=True,
        max_response_body_size=8 * MEBIBYTE,
        # Fields are named as in the contracts: as the paths of field errors name them.
        print_options={"always_print_primitive_fields": True, "preserve_proto_field_names": True},
        request_validation_options={"reject_unknown_method": True, "reject_unknown_query_parameters": True,
                                    "reject_binding_body_field_collisions": True})


def _http_filters(contracts, settings):
    """The order matters: what stands before the transcoder sees the JSON path, what stands after it the rpc's."""
    healthy = {area: {"value": 1} for area in settings.services}
    return [
        _http_filter("health_check", "health_check.v3.HealthCheck", pass_through_mode=False,
                     headers=[{"name": ":path", "string_match": {"exact": "/healthz"}}],
                     cluster_min_healthy_percentages=healthy),
        # Before the token check, so that its refusals reach a page and a grpc-web client.
        _http_filter("cors", "cors.v3.Cors"),
        _http_filter("grpc_web", "grpc_web.v3.GrpcWeb"),
        {"name": "envoy.filters.http.jwt_authn", "config_discovery": {
            "config_source": _watched(settings.directory, "tokens.json"),
            "type_urls": [f"{EXTENSIONS}.filters.http.jwt_authn.v3.JwtAuthentication"]}},
        _rate_limit(settings),
        # Off but where a route asks for it: it would hang streams. The transcoder's own limit does not stop a large body.
        {**_http_filter("buffer", "buffer.v3.Buffer", max_request_bytes=settings.json_body_bytes), "disabled": True},
        _http_filter("lua", "lua.v3.Lua", default_source_code={"filename": settings.request_check}),
        _transcoder(contracts, settings),
        _http_filter("router", "router.v3.Router"),
    ]


# A client must not be able to say these: the services, or the filters here, believe them.
TRUSTED_HEADERS = (refusals.PROTOCOL, refusals.REFUSAL, SUBJECT, "x-forwarded-for", "x-real-ip", "forwarded",
                   "x-forwarded-client-cert", "x-envoy-original-path")


def _early_headers():
    mutations = [{"remove": name} for name in TRUSTED_HEADERS]
    mutations.append({"append": {"header": {"key": refusals.PROTOCOL, "value": "%REQ(content-type)%"},
                                 "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}})
    return _typed("envoy.http.early_header_mutation.header_mutation",
                  "http.early_header_mutation.header_mutation.v3.HeaderMutation", mutations=mutations)


ACCESS_LOG = {
    "time": "%START_TIME%", "method": "%REQ(:METHOD)%",
    "path": "%PATH(NQ:ORIG_OR_PATH)%",  # as the client asked; the query may name persons
    "rpc": "%PATH(NQ:PATH)%", "service": "%REQ(X-BANGFU-SERVICE)%", "protocol": "%PROTOCOL%",
    "content_type": "%REQ(X-BANGFU-PROTOCOL)%", "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS(SNAKE_STRING)%", "grpc_web_status": "%TRAILER(GRPC-STATUS)%", "flags": "%RESPONSE_FLAGS%", "details": "%RESPONSE_CODE_DETAILS%",
    "duration_ms": "%DURATION%", "bytes_in": "%BYTES_RECEIVED%", "bytes_out": "%BYTES_SENT%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "upstream": "%UPSTREAM_HOST%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "request_id": "%REQ(X-REQUEST-ID)%",
    "traceparent": "%REQ(TRACEPARENT)%", "caller": "%REQ(X-BANGFU-SUBJECT)%",
}


def _connection_manager(contracts, settings):
    return _typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="edge", server_name="bangfu",
        use_remote_address=True, always_set_request_id_in_response=True,
        normalize_path=True, merge_slashes=True, path_with_escaped_slashes_action="REJECT_REQUEST",
        max_request_headers_kb=32, request_headers_timeout="5s", request_timeout="60s", stream_idle_timeout="300s",
        common_http_protocol_options={"idle_timeout": "300s", "max_headers_count": 64,
                                      "headers_with_underscores_action": "REJECT_REQUEST"},
        http2_protocol_options={"max_concurrent_streams": 100, "initial_stream_window_size": 256 << 10,
                                "initial_connection_window_size": MEBIBYTE,
                                "connection_keepalive": {"interval": "30s", "timeout": "10s"}},
        early_header_mutation_extensions=[_early_headers()],
        local_reply_config={"mappers": refusals.mappers(contracts)},
        access_log=[_typed("envoy.access_loggers.file", "access_loggers.file.v3.FileAccessLog",
                           path=settings.access_log, log_format={"json_format": ACCESS_LOG})],
        http_filters=_http_filters(contracts, settings),
        route_config={
            "name": "edge", "max_direct_response_body_size_bytes": 4 * MEBIBYTE,
            "virtual_hosts": [{"name": "edge", "domains": ["*"],
                               "typed_per_filter_config": {"envoy.filters.http.cors": _cors(settings)},
                               "routes": routes(contracts, settings)}]})


def _listener(contracts, settings):
    tls = _typed("envoy.transport_sockets.tls", "transport_sockets.tls.v3.DownstreamTlsContext",
                 common_tls_context={
                     "alpn_protocols": ["h2", "http/1.1"], "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
                     "tls_certificate_sds_secret_configs": [
                         {"name": "edge", "sds_config": _watched(settings.directory, "certificate.json")}]})
    return {"name": "edge",
            "address": {"socket_address": {"address": settings.host, "port_value": settings.port}},
            "per_connection_buffer_limit_bytes": MEBIBYTE,
            "filter_chains": [{"transport_socket": tls, "filters": [_connection_manager(contracts, settings)]}]}


HEAP = "envoy.resource_monitors.fixed_heap"


def configuration(contracts, settings):
    return {
        "node": {"id": "edge", "cluster": "edge"},
        # A socket in a private directory: it can drain, stop and dump everything.
        "admin": {"address": {"pipe": {"path": settings.admin, "mode": 0o600}}},
        # The patterns are lists of rpcs made here; nobody else writes any.
        "layered_runtime": {"layers": [{"name": "static", "static_layer": {
            "re2.max_program_size.error_level": 20000, "re2.max_program_size.warn_level": 20000}}]},
        # Requests are held whole until a service gets them: many at once must not take all of the machine.
        "overload_manager": {
            "refresh_interval": "0.25s",
            "resource_monitors": [
                _typed("envoy.resource_monitors.global_downstream_max_connections",
                       "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                       max_active_downstream_connections=10000),
                _typed(HEAP, "resource_monitors.fixed_heap.v3.FixedHeapConfig", max_heap_size_bytes=settings.heap_bytes)],
            "actions": [
                {"name": f"envoy.overload_actions.{action}", "triggers": [{"name": HEAP, "threshold": {"value": at}}]}
                for action, at in (("shrink_heap", 0.9), ("disable_http_keepalive", 0.92),
                                   ("stop_accepting_requests", 0.95), ("stop_accepting_connections", 0.98))]},
        "static_resources": {"listeners": [_listener(contracts, settings)],
                             "clusters": [cluster(service, settings) for service in sorted(settings.services)]},
    }
