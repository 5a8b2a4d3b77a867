"""The contracts, read from a descriptor set: rpcs with their JSON bindings, access, rules and labels.

Options are extensions that no generated code here knows, so they are read with a pool made of the set itself.
"""
import re
from dataclasses import dataclass, field

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

HTTP_VERBS = ("get", "post", "put", "patch", "delete")


@dataclass
class Binding:
    """One way to call an rpc as JSON over HTTP."""
    verb: str  # "GET"
    path: str  # "/v1/unitReports/{id}:submit"
    body: str  # "*", a field's name, or "" for none

    @property
    def variables(self):
        return re.findall(r"\{([^}=]+)", self.path)


@dataclass
class Rpc:
    service: str  # "bangfu.registry.v1.ProjectService"
    name: str
    request: object  # message descriptors
    response: object
    server_streaming: bool
    access: object  # bangfu.options.v1.Access
    bindings: list = field(default_factory=list)
    comment: str = ""

    @property
    def path(self):
        return f"/{self.service}/{self.name}"

    @property
    def area(self):
        return self.service.split(".")[1]


class Contracts:
    def __init__(self, file_name):
        with open(file_name, "rb") as source:
            self.files = descriptor_pb2.FileDescriptorSet.FromString(source.read())
        self.pool = descriptor_pool.DescriptorPool()
        self._comments = {}
        for file in self.files.file:
            self._read_comments(file)
            bare = descriptor_pb2.FileDescriptorProto()
            bare.CopyFrom(file)
            bare.ClearField("source_code_info")
            self.pool.Add(bare)
        factory = message_factory.MessageFactory(self.pool)
        self._options = {}
        for kind in ("MethodOptions", "FieldOptions", "EnumValueOptions"):
            self._options[kind] = factory.GetPrototype(self.pool.FindMessageTypeByName(f"google.protobuf.{kind}"))
        for file in self.files.file:
            for extension in file.extension:
                described = self.pool.FindExtensionByName(f"{file.package}.{extension.name}")
                if described.containing_type.full_name.split(".")[-1] in self._options:
                    self._options[described.containing_type.name].RegisterExtension(described)
        self.rpcs = [rpc for file in self.files.file for rpc in self._rpcs_of(file)]

    # ---- what is declared

    def services(self):
        return sorted({rpc.service for rpc in self.rpcs})

    def option(self, descriptor, kind, name):
        """An option of a method, field or enum value; None when it is not set."""
        read = self._options[kind].FromString(descriptor.GetOptions().SerializeToString())
        extension = self.pool.FindExtensionByName(name)
        return read.Extensions[extension] if read.HasExtension(extension) else None

    def rules(self, field_descriptor):
        return self.option(field_descriptor, "FieldOptions", "bangfu.options.v1.rules")

    def label(self, field_descriptor):
        return self.option(field_descriptor, "FieldOptions", "bangfu.options.v1.label")

    def value_label(self, value_descriptor):
        return self.option(value_descriptor, "EnumValueOptions", "bangfu.options.v1.value_label")

    def comment(self, full_name):
        """The comment above a declaration, one paragraph per line."""
        return self._comments.get(full_name, "")

    def without_comments(self):
        """The set's bytes as a running program needs them."""
        bare = descriptor_pb2.FileDescriptorSet()
        bare.CopyFrom(self.files)
        for file in bare.file:
            file.ClearField("source_code_info")
        return bare.SerializeToString()

    # ---- reading

    def _rpcs_of(self, file):
        for service in file.service:
            described = self.pool.FindServiceByName(f"{file.package}.{service.name}")
            for method in described.methods:
                http = self.option(method, "MethodOptions", "google.api.http")
                yield Rpc(service=described.full_name, name=method.name, request=method.input_type,
                          response=method.output_type, server_streaming=self._streams(file, service.name, method.name),
                          access=self.option(method, "MethodOptions", "bangfu.options.v1.access"),
                          bindings=self._bindings(http), comment=self.comment(method.full_name))

    @staticmethod
    def _streams(file, service_name, method_name):
        service = next(s for s in file.service if s.name == service_name)
        return next(m for m in service.method if m.name == method_name).server_streaming

    @staticmethod
    def _bindings(http):
        bindings = []
        for rule in [http, *http.additional_bindings] if http is not None else []:
            verb = rule.WhichOneof("pattern")
            if verb not in HTTP_VERBS:
                raise ValueError(f"custom verb in {rule}")
            bindings.append(Binding(verb.upper(), getattr(rule, verb), rule.body))
        return bindings

    def _read_comments(self, file):
        for location in file.source_code_info.location:
            name = _name_at(file, list(location.path))
            if name and location.leading_comments:
                self._comments[name] = " ".join(location.leading_comments.split())


def _name_at(file, path):
    """The full name of what a source location's path points to; None for what is no declaration."""
    node, name = file, file.package
    while path:
        number = path.pop(0)
        declared = node.DESCRIPTOR.fields_by_number.get(number)
        if declared is None or declared.label != declared.LABEL_REPEATED or not path:
            return None
        node = getattr(node, declared.name)[path.pop(0)]
        if not hasattr(node, "name"):
            return None
        # Values of an enum are named beside it, not inside; here they are looked up below it.
        name = f"{name}.{node.name}"
    return name
