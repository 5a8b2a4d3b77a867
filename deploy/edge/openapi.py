#!/usr/bin/python3
"""OpenAPI 3.0 of the JSON that the edge takes, from the contracts' http annotations, labels and rules.

Own and small on purpose: the generators that exist know google.api.http, but not our rules, labels and access, which are
what a form needs; and the JSON they describe is not the one our edge speaks (names as in the contracts).

    deploy/edge/openapi.py CONTRACTS.pb SERVICE …     prints it
"""
import json
import re
import sys

INTEGERS_AS_TEXT = {"TYPE_INT64", "TYPE_UINT64", "TYPE_SINT64", "TYPE_FIXED64", "TYPE_SFIXED64"}
WELL_KNOWN = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"},
    "google.protobuf.FieldMask": {"type": "string", "description": "Names of fields, comma separated"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.Any": {"type": "object", "properties": {"@type": {"type": "string"}}},
    "google.protobuf.Empty": {"type": "object"},
}
TYPES = ["", "TYPE_DOUBLE", "TYPE_FLOAT", "TYPE_INT64", "TYPE_UINT64", "TYPE_INT32", "TYPE_FIXED64", "TYPE_FIXED32",
         "TYPE_BOOL", "TYPE_STRING", "TYPE_GROUP", "TYPE_MESSAGE", "TYPE_BYTES", "TYPE_UINT32", "TYPE_ENUM",
         "TYPE_SFIXED32", "TYPE_SFIXED64", "TYPE_SINT32", "TYPE_SINT64"]
SHAPES = {
    "SHAPE_ULID": r"^[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}$", "SHAPE_REGION_CODE": r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$",
    "SHAPE_USCC": r"^[0-9A-Z]{18}$", "SHAPE_CODE": r"^[A-Z0-9_-]{1,64}$", "SHAPE_SHA256": r"^[0-9a-f]{64}$",
    "SHAPE_PERIOD": r"^[0-9]{4}-[0-9]{2}$", "SHAPE_REQUEST_ID": r"^[A-Za-z0-9_.:-]{8,64}$",
}
ERROR = {"$ref": "#/components/schemas/google.rpc.Status"}


class Document:
    def __init__(self, contracts, areas):
        self.contracts = contracts
        self.areas = areas
        self.schemas = {}

    def build(self):
        paths, tags = {}, {}
        for rpc in self.contracts.rpcs:
            for number, binding in enumerate(rpc.bindings):
                path = re.sub(r"\{([^}=]+)=[^}]*\}", r"{\1}", binding.path)
                paths.setdefault(path, {})[binding.verb.lower()] = self._operation(rpc, binding, number)
            if rpc.bindings:
                tags[rpc.service] = {"name": rpc.service, "description": self.contracts.comment(rpc.service)}
        self._message(self.contracts.pool.FindMessageTypeByName("google.rpc.Status"))
        return {
            "openapi": "3.0.3",
            "info": {"title": "bangfu 帮扶产业监管", "version": "v1",
                     "description": "JSON over HTTP of the gRPC contracts. int64 is a string, an enum its name, a "
                                    "field is named as in the contracts. Streams are not served as JSON: use "
                                    "gRPC or grpc-web."},
            "servers": [{"url": "/"}],
            "security": [{"token": []}],
            "tags": [tags[name] for name in sorted(tags)],
            "paths": {path: paths[path] for path in sorted(paths)},
            "components": {
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
                "schemas": {name: self.schemas[name] for name in sorted(self.schemas)}},
        }

    # ---- operations

    def _operation(self, rpc, binding, number):
        bound = set(binding.variables)
        parameters = [self._parameter(rpc.request.fields_by_name[name], "path", name) for name in binding.variables]
        if rpc.area not in self.areas:
            parameters.append({"name": "x-bangfu-service", "in": "header", "required": True,
                               "description": "Which service is meant: every service serves this.",
                               "schema": {"type": "string", "enum": list(self.areas)}})
        operation = {"operationId": f"{rpc.service.split('.', 1)[1].replace('.', '_')}_{rpc.name}" +
                                    (f"_{number}" if number else ""),
                     "tags": [rpc.service], "description": self._describe(rpc)}
        if binding.body:
            operation["requestBody"] = {"required": True, "content": {
                "application/json": {"schema": self._body(rpc, binding, bound)}}}
        if binding.body != "*":
            taken = bound | {binding.body}
            parameters += self._query(rpc.request, taken, "")
        if parameters:
            operation["parameters"] = parameters
        operation["responses"] = {
            "200": {"description": "OK", "content": {
                "application/json": {"schema": self._message(rpc.response)}}},
            "default": {"description": "An error: reason in ErrorInfo, field errors in BadRequest, zh-CN text in "
                                       "LocalizedMessage.",
                        "content": {"application/json": {"schema": ERROR}}}}
        access = rpc.access
        if access is not None:
            roles = access.DESCRIPTOR.fields_by_name["roles"].enum_type.values_by_number
            operation["x-bangfu-roles"] = ["*"] if access.any_role else [roles[role].name for role in access.roles]
        return operation

    def _describe(self, rpc):
        return " ".join(part for part in (rpc.comment, f"`{rpc.path}`") if part)

    def _body(self, rpc, binding, bound):
        if binding.body != "*":
            return self._field(rpc.request.fields_by_name[binding.body])
        # What the path says is not said again in the body.
        if not bound:
            return self._message(rpc.request)
        return self._object(rpc.request, bound)

    def _parameter(self, field, place, name):
        parameter = {"name": name, "in": place, "schema": self._field(field, bare=True)}
        rules = self.contracts.rules(field)
        if place == "path" or (rules is not None and rules.required):
            parameter["required"] = True
        description = self._field_text(field)
        if description:
            parameter["description"] = description
        return parameter

    def _query(self, message, taken, prefix):
        parameters = []
        for field in message.fields:
            name = prefix + field.name
            if name in taken:
                continue
            if field.message_type is None or field.message_type.full_name in WELL_KNOWN:
                parameters.append(self._parameter(field, "query", name))
            elif field.label != field.LABEL_REPEATED:
                # A message's fields are named by their paths: day.year
                parameters += self._query(field.message_type, taken, f"{name}.")
        return parameters

    # ---- schemas

    def _message(self, message):
        name = message.full_name
        if name in WELL_KNOWN:
            return dict(WELL_KNOWN[name])
        if name not in self.schemas:
            self.schemas[name] = {}  # messages may hold themselves
            self.schemas[name] = self._object(message, set())
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, message, without):
        properties, required = {}, []
        for field in message.fields:
            if field.name in without:
                continue
            properties[field.name] = self._field(field)
            rules = self.contracts.rules(field)
            if rules is not None and rules.required:
                required.append(field.name)
        schema = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        comment = self.contracts.comment(message.full_name)
        if comment:
            schema["description"] = comment
        return schema

    def _enum(self, enum):
        name = enum.full_name
        if name not in self.schemas:
            labels = {}
            for value in enum.values:
                label = self.contracts.value_label(value)
                if label is not None:
                    labels[value.name] = label.zh
            schema = {"type": "string", "enum": [value.name for value in enum.values]}
            if self.contracts.comment(name):
                schema["description"] = self.contracts.comment(name)
            if labels:
                schema["x-bangfu-labels"] = labels
            self.schemas[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}

    def _field_text(self, field):
        label = self.contracts.label(field)
        parts = []
        if label is not None:
            parts += [label.zh + (f"（{label.unit}）" if label.unit else ""), label.help]
        parts.append(self.contracts.comment(field.containing_type.full_name + "." + field.name))
        return " ".join(part for part in parts if part)

    def _field(self, field, bare=False):
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return {"type": "object", "additionalProperties": self._single(field.message_type.fields_by_name["value"])}
        schema = self._single(field)
        rules = self.contracts.rules(field)
        if field.label == field.LABEL_REPEATED:
            schema = {"type": "array", "items": schema}
            if rules is not None:
                schema.update({key: value for key, value in
                               (("minItems", rules.min_items), ("maxItems", rules.max_items)) if value})
        if bare:
            return schema
        text = self._field_text(field)
        label = self.contracts.label(field)
        extras = {}
        if text:
            extras["description"] = text
        if label is not None and label.zh:
            extras["title"] = label.zh
        if self.contracts.option(field, "FieldOptions", "bangfu.options.v1.sensitive"):
            extras["x-bangfu-sensitive"] = True
        if extras and "$ref" in schema:
            schema = {"allOf": [schema]}  # beside a $ref nothing else counts
        return {**schema, **extras}

    def _single(self, field):
        """One value of a field, with the rules that hold for it."""
        if field.message_type is not None:
            return self._message(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        kind = TYPES[field.type]
        rules = self.contracts.rules(field)
        if kind == "TYPE_BOOL":
            return {"type": "boolean"}
        if kind in ("TYPE_DOUBLE", "TYPE_FLOAT"):
            return {"type": "number"}
        if kind in INTEGERS_AS_TEXT:
            # A bound of an int64 has no place on a string: it is told in words.
            schema = {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}
            if rules is not None and (rules.HasField("min") or rules.HasField("max")):
                schema["x-bangfu-bounds"] = {key: str(getattr(rules, key)) for key in ("min", "max")
                                             if rules.HasField(key)}
            return schema
        if kind == "TYPE_BYTES":
            return {"type": "string", "format": "byte"}
        if kind == "TYPE_STRING":
            return self._text(rules)
        schema = {"type": "integer", "format": "int32"}
        if rules is not None:
            for key, name in (("min", "minimum"), ("max", "maximum")):
                if rules.HasField(key):
                    schema[name] = getattr(rules, key)
        return schema

    def _text(self, rules):
        schema = {"type": "string"}
        if rules is None:
            return schema
        shapes = rules.DESCRIPTOR.fields_by_name["shape"].enum_type.values_by_number
        pattern = rules.pattern or SHAPES.get(shapes[rules.shape].name, "")
        if rules.min_length:
            schema["minLength"] = rules.min_length
        if rules.max_length:
            schema["maxLength"] = rules.max_length
        if pattern:
            anchored = pattern if pattern.startswith("^") and pattern.endswith("$") else f"^({pattern})$"
            # Rules hold for a value that is there; an empty one may stand where none is required.
            schema["pattern"] = anchored if rules.required else f"^$|{anchored}"
        return schema


if __name__ == "__main__":
    from contracts import Contracts
    print(json.dumps(Document(Contracts(sys.argv[1]), sorted(sys.argv[2:])).build(), ensure_ascii=False, indent=1))
