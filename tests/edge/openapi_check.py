"""What tests/edge/openapi looks for: openapi_check.py rpcs|whole|words CONTRACTS.pb OPENAPI.json"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/edge"))

from contracts import Contracts  # noqa: E402


def operations(document):
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            yield path, verb, operation


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def rpcs(contracts, document):
    there = {(verb.upper(), path) for path, verb, _ in operations(document)}
    for rpc in contracts.rpcs:
        if not rpc.bindings and not rpc.server_streaming:
            yield f"{rpc.path} has no JSON binding"
        for binding in rpc.bindings:
            if (binding.verb, binding.path) not in there:
                yield f"{rpc.path}: {binding.verb} {binding.path} is missing"
    # Two names of a variable do not make two paths.
    shapes = [(verb, re.sub(r"\{[^}]*\}", "{}", path)) for verb, path in there]
    for shape in sorted({shape for shape in shapes if shapes.count(shape) > 1}):
        yield f"two rpcs answer {shape}"
    bindings = sum(len(rpc.bindings) for rpc in contracts.rpcs)
    if len(there) != bindings:
        yield f"{bindings} bindings, {len(there)} operations: two rpcs share a path"


def whole(contracts, document):
    for reference in sorted(set(references(document))):
        if reference.split("/")[-1] not in document["components"]["schemas"]:
            yield f"{reference} leads nowhere"
    seen = set()
    for path, verb, operation in operations(document):
        if operation["operationId"] in seen:
            yield f"{operation['operationId']} twice"
        seen.add(operation["operationId"])
        declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        if declared != set(re.findall(r"\{(\w+)\}", path)):
            yield f"{verb} {path} declares {sorted(declared)}"


def words(contracts, document):
    schemas = document["components"]["schemas"]
    submit = document["paths"]["/v1/unitReports/{id}:submit"]["post"]
    body = submit["requestBody"]["content"]["application/json"]["schema"]
    expected = {
        "the role": submit["x-bangfu-roles"] == ["ROLE_VILLAGE_REPORTER"],
        "the label": body["properties"]["signatory"]["title"] == "签字人",
        "the rule": body["properties"]["signatory"]["maxLength"] == 50,
        "what is required": {"request_id", "etag"} <= set(body["required"]),
        "no path variable in the body": "id" not in body["properties"],
        "labels of values": schemas["bangfu.type.v1.FourClass"]["x-bangfu-labels"]["FOUR_CLASS_UPGRADE"] == "升级类",
        "int64 as text": schemas["bangfu.type.v1.Watermark"]["properties"]["sequence"]["type"] == "string",
        "the service's header": any(p["name"] == "x-bangfu-service" and p["required"] for p in
                                    document["paths"]["/v1/feed/status"]["get"]["parameters"]),
        "the error": "details" in schemas["google.rpc.Status"]["properties"],
    }
    yield from (f"missing: {name}" for name, there in expected.items() if not there)


if __name__ == "__main__":
    with open(sys.argv[3]) as source:
        faults = list({"rpcs": rpcs, "whole": whole, "words": words}[sys.argv[1]](Contracts(sys.argv[2]), json.load(source)))
    print("\n".join(faults))
    sys.exit(1 if faults else 0)
