"""What the edge itself refuses, told in the services' own error shape.

A client must not have to know whether the edge or a service answered: code, reason and zh-CN text are there in gRPC
(grpc-status-details-bin), in grpc-web and in JSON. Without this Envoy answers in plain text, and over grpc-web a 429
or 504 arrives as UNAVAILABLE, which clients retry.
"""
import base64
import json

from google.protobuf import message_factory

DOMAIN = "bangfu"
# Set by early header mutation (protocol) and by request_check.lua (refusal); clients cannot set them.
PROTOCOL = "x-bangfu-protocol"
REFUSAL = "x-bangfu-refusal"


def _status(code):
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": {"default_value": code, "runtime_key": "none"}}}}


def _server_error():
    return {"status_code_filter": {"comparison": {"op": "GE", "value": {"default_value": 500, "runtime_key": "none"}}}}


def _any(*filters):
    return {"or_filter": {"filters": list(filters)}}


def _all(*filters):
    return {"and_filter": {"filters": list(filters)}}


def _header(name, **match):
    return {"header_filter": {"header": {"name": name, "string_match": match}}}


def _details(text):
    return {"extension_filter": {
        "name": "envoy.access_loggers.extension_filters.cel",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
            "expression": f"response.code_details.contains('{text}')"}}}


# when, HTTP status (None: as it is), gRPC code, reason, zh-CN, seconds after which to try again
REFUSALS = [
    (_header(REFUSAL, exact="service"), None, 3, "SERVICE_HEADER_REQUIRED", "请求头 x-bangfu-service 须指明服务", 0),
    (_all(_status(401), _details("missing")), None, 16, "TOKEN_MISSING", "请先登录", 0),
    (_all(_status(401), _details("expired")), None, 16, "TOKEN_EXPIRED", "登录已过期，请重新登录", 0),
    # 403 is Envoy's answer to a token for another audience: no token of ours.
    (_any(_status(401), _status(403)), 401, 16, "TOKEN_INVALID", "登录信息无效，请重新登录", 0),
    (_status(429), None, 8, "RATE_LIMITED", "请求过于频繁，请稍后再试", 1),
    (_any(_status(413), _status(431)), None, 8, "REQUEST_TOO_LARGE", "请求过大", 0),
    (_any(_status(408), _status(504)), None, 4, "DEADLINE_EXCEEDED", "处理超时，请稍后重试", 0),
    (_status(404), None, 12, "METHOD_UNKNOWN", "没有这个接口", 0),
    (_status(400), None, 3, "MALFORMED_REQUEST", "请求格式有误", 0),
    (_server_error(), None, 14, "UNAVAILABLE", "服务暂时不可用，请稍后重试", 1),
]


def mappers(contracts):
    # A complete body made by request_check.lua.
    result = [{
        "filter": _header(REFUSAL, exact="json"),
        "body_format_override": {"text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"},
                                 "content_type": "application/json"},
    }]
    for when, http, code, reason, zh, again in REFUSALS:
        status = {} if http is None else {"status_code": http}
        details = _rich(contracts, code, reason, zh, again)
        grpc_headers = [_set("grpc-status", str(code)), _set("grpc-status-details-bin", _encode(details))]
        # Order: grpc-web's content type begins as gRPC's does.
        result.append({
            "filter": _all(when, _header(PROTOCOL, prefix="application/grpc-web")),
            # A trailers-only answer, which every grpc-web client knows.
            "status_code": 200,
            "headers_to_add": grpc_headers + [_set("grpc-message", reason)],
            "body_format_override": {"text_format_source": {"inline_string": ""},
                                     "content_type": "application/grpc-web+proto"},
        })
        result.append({
            "filter": _all(when, _header(PROTOCOL, prefix="application/grpc")),
            "headers_to_add": grpc_headers,
            **status,
        })
        result.append({
            "filter": when,
            "body_format_override": {"json_format": {
                "code": code, "message": "%LOCAL_REPLY_BODY%", "details": _as_json(contracts, details)}},
            **status,
        })
    return result


def _set(name, value):
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _class(contracts, name):
    pool = contracts.pool
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(name))


def _rich(contracts, code, reason, zh, again):
    status = _class(contracts, "google.rpc.Status")(code=code, message=reason)
    details = [_class(contracts, "google.rpc.ErrorInfo")(reason=reason, domain=DOMAIN),
               _class(contracts, "google.rpc.LocalizedMessage")(locale="zh-CN", message=zh)]
    if again:
        retry = _class(contracts, "google.rpc.RetryInfo")()
        retry.retry_delay.seconds = again
        details.append(retry)
    for detail in details:
        packed = status.details.add()
        packed.type_url = f"type.googleapis.com/{detail.DESCRIPTOR.full_name}"
        packed.value = detail.SerializeToString()
    return status


def _encode(status):
    return base64.b64encode(status.SerializeToString()).decode().rstrip("=")


def _as_json(contracts, status):
    from google.protobuf import json_format
    text = json_format.MessageToJson(status, preserving_proto_field_name=True, descriptor_pool=contracts.pool)
    return json.loads(text)["details"]
