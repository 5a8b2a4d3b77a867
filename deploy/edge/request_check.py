"""The tables of request_check.lua: which JSON a path takes, which rpcs need the service's name."""
import json
import re

TYPE_MESSAGE = 11

# Every service serves them, though the contracts here do not hold them.
STANDARD_OF_GRPC = ("grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection")


def shared_services(contracts, areas):
    return [s for s in contracts.services() if s.split(".")[1] not in areas] + list(STANDARD_OF_GRPC)


def path_pattern(path):
    """/v1/a/{id}:submit as a pattern of Lua. A variable is one segment, and holds no colon."""
    pattern = ""
    for literal, variable in re.findall(r"([^{]+)|(\{[^}]*\})", path):
        pattern += "[^/:]+" if variable else re.sub(r"([^\w/:])", r"%\1", literal)
    return f"^{pattern}$"


def body_message(binding, rpc):
    if not binding.body:
        return None
    if binding.body == "*":
        return rpc.request
    return rpc.request.fields_by_name[binding.body].message_type


def _fields(message):
    """name -> (number, message inside or ""). Maps and google.protobuf.* are no plain objects of fields."""
    fields = {}
    for field in message.fields:
        inside = field.message_type if field.type == TYPE_MESSAGE else None
        if inside is not None and (inside.GetOptions().map_entry or inside.full_name.startswith("google.protobuf.")):
            inside = None
        for name in (field.name, field.json_name):
            fields[name] = (field.number, inside)
    return fields


def _quote(text):
    return json.dumps(text, ensure_ascii=True)


def tables(contracts, areas):
    types, routes, waiting = {}, {}, []
    shared = shared_services(contracts, areas)
    for rpc in contracts.rpcs:
        for binding in rpc.bindings:
            message = body_message(binding, rpc)
            if message is not None:
                waiting.append(message)
            lists = [f.name for f in rpc.request.fields if f.label == f.LABEL_REPEATED]
            lists += [f.json_name for f in rpc.request.fields if f.label == f.LABEL_REPEATED]
            collection = re.match(r"/v1/(\w+)", binding.path).group(1)
            routes.setdefault(f"{binding.verb} {collection}", []).append(
                "{%s, %s, %s, {%s}}" % (_quote(path_pattern(binding.path)),
                                        _quote(message.full_name if message is not None else ""),
                                        "true" if rpc.service in shared else "false",
                                        ", ".join(f"[{_quote(name)}] = true" for name in sorted(set(lists)))))
    while waiting:
        message = waiting.pop()
        if message.full_name in types:
            continue
        types[message.full_name] = _fields(message)
        waiting += [inside for _, inside in types[message.full_name].values() if inside is not None]

    lines = ["local SERVICES = {%s}" % ", ".join(f"[{_quote(a)}] = true" for a in areas),
             "local SHARED = {%s}" % ", ".join(f"[{_quote(s)}] = true" for s in shared),
             "local TYPES = {"]
    for name, fields in sorted(types.items()):
        inside = ", ".join("[%s] = {%d, %s}" % (_quote(key), number, _quote(message.full_name if message else ""))
                           for key, (number, message) in sorted(fields.items()))
        lines.append(f"  [{_quote(name)}] = {{{inside}}},")
    lines += ["}", "local ROUTES = {"]
    for key, entries in sorted(routes.items()):
        lines.append(f"  [{_quote(key)}] = {{{', '.join(entries)}}},")
    lines.append("}")
    return "\n".join(lines) + "\n"
