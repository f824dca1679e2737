"""OpenSearch's API as its project publishes it: paths, methods, query parameters and members of bodies, read from the official client
of npm (@opensearch-project/opensearch), which is generated from the API description, opensearch-api-specification.

    api = PublishedApi.installed()
    api.check("POST", "/larmor/_search", {"size": "1"}, {"query": {...}})    # Refused where the description has no such thing"""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = f"{ROOT}/tests/end_to_end/node_modules/@opensearch-project/opensearch/api"
# What our driver and its tests send: nothing else is answered.
OPERATIONS = ("_core/bulk", "_core/createPit", "_core/deletePit", "_core/get", "_core/info", "_core/reindex", "_core/search", "indices/create", "indices/getAlias",
              "indices/putIndexTemplate", "indices/refresh", "indices/updateAliases")
TOKEN = re.compile(r"\s+|/\*.*?\*/|//[^\n]*|('(?:[^'\\]|\\.)*')|([A-Za-z_$][\w$]*)|(-?\d+(?:\.\d+)?)|(.)", re.S)
# The generator of the client leaves out what the description has under `anyOf`.
LEFT_OUT = dict.fromkeys(("MetricAggregationBase", "TermsAggregationFields"), ("members", {"field": (False, ("name", "string"))}, None))
PRIMITIVES = {"string": str, "boolean": bool, "number": (int, float), "object": dict}


class Refused(Exception):
    """What the description does not have."""


class Reader:
    """Types of TypeScript, as far as the generator writes them, as tuples."""

    def __init__(self, text):
        self.tokens = [match.group(0) for match in TOKEN.finditer(text) if match.lastindex]
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected=None):
        token = self.peek()
        if expected is not None and token != expected:
            raise ValueError(f"{expected} expected, not {token}")
        self.at += 1
        return token

    def skip(self, token):
        if self.peek() != token:
            return False
        self.at += 1
        return True

    def union(self):
        self.skip("|")
        kinds = [self.intersection()]
        while self.skip("|"):
            kinds.append(self.intersection())
        return kinds[0] if len(kinds) == 1 else ("union", kinds)

    def intersection(self):
        kinds = [self.array()]
        while self.skip("&"):
            kinds.append(self.array())
        return kinds[0] if len(kinds) == 1 else ("all", kinds)

    def array(self):
        kind = self.single()
        while self.skip("["):
            self.take("]")
            kind = ("list", kind)
        return kind

    def single(self):
        token = self.take()
        if token == "(":
            kind = self.union()
            self.take(")")
            return kind
        if token == "{":
            return self.members()
        if token.startswith("'"):
            return ("literal", token[1:-1])
        if re.match(r"-?\d", token):
            return ("literal", float(token))
        name = token
        while self.skip("."):
            name += "." + self.take()
        arguments = []
        if self.skip("<"):
            arguments.append(self.union())
            while self.skip(","):
                arguments.append(self.union())
            self.take(">")
        if name == "Record":
            return ("members", {}, arguments[1])
        return ("name", name)

    def members(self):
        members, others = {}, None
        while not self.skip("}"):
            if self.skip("["):
                while not self.skip("]"):
                    self.take()
                self.take(":")
                others = self.union()
            else:
                name = self.take().strip("'")
                needed = not self.skip("?")
                self.take(":")
                members[name] = (needed, self.union())
            self.skip(";")
        return ("members", members, others)


class PublishedApi:
    @staticmethod
    def installed():
        """None where the package is not there."""
        return PublishedApi() if os.path.isdir(PACKAGE) else None

    def __init__(self):
        self.modules = {}
        self.operations = [self.read_operation(name) for name in OPERATIONS]

    def module(self, path):
        """(types by name, files by the names under which they are imported)"""
        path = os.path.normpath(path)
        if path not in self.modules:
            with open(f"{path}.d.ts", encoding="utf-8") as file:
                text = file.read()
            imports = {name: os.path.join(os.path.dirname(path), where)
                       for name, where in re.findall(r"import \* as (\w+) from '([^']+)'", text)}
            types = {}
            for found in re.finditer(r"^export (type|interface) (\w+)(?:<[^>]*>)?(?: extends ([\w.]+))?( =)?", text, re.M):
                end = re.compile(r"^export |\Z", re.M).search(text, found.end())
                types[found.group(2)] = (found.group(3), text[found.end():end.start()])
            self.modules[path] = (types, imports)
        return self.modules[path]

    def resolve(self, path, name):
        """The type and the file that it is in."""
        types, imports = self.module(path)
        if "." in name:
            module, name = name.split(".")
            return self.resolve(imports[module], name)
        kind = types[name]
        if len(kind) == 2 and isinstance(kind[1], str):
            base, text = kind
            kind = Reader(text).union()
            if name in LEFT_OUT:
                kind = ("all", [kind, LEFT_OUT[name]])
            if base:
                kind = ("all", [("name", base), kind])
            kind = types[name] = ("read", kind, None)
        return kind[1], path

    def read_operation(self, name):
        with open(f"{PACKAGE}/{name}.js", encoding="utf-8") as file:
            text = file.read()
        path = re.search(r"const path = (.*);", text).group(1)
        if path.startswith("["):
            parts = re.match(r"\[(.*?)\]", path).group(1).split(", ")[1:]
            # Where the name of an index is missing, its part is.
            pattern = "".join(f"/{part[1:-1]}" if part[0] == "'" else r"(?:/[^/]+)?" for part in parts)
        else:
            pattern = "".join(part[1:-1] if part[0] == "'" else "[^/]+" for part in path.split(" + "))
        methods = set(re.findall(r"'(GET|PUT|POST|DELETE|HEAD)'", re.search(r"const method = (.*);", text).group(1)))
        function = name.rsplit("/", 1)[1]
        prefix = "" if name.startswith("_core") else name.split("/")[0].capitalize() + "_"
        request = f"{prefix}{function[0].upper()}{function[1:]}_Request"
        return re.compile(pattern), methods, f"{PACKAGE}/{name}", request

    def check(self, method, path, parameters, body):
        """`body` is None, parsed JSON, or the list of a bulk. Gives the name of the operation."""
        # `/_search` is no index of that name.
        found = [one for one in self.operations if one[0].fullmatch(path) and method in one[1]
                 and not (one[0].pattern == "/[^/]+" and path.startswith("/_"))]
        if not found:
            raise Refused(f"no operation {method} {path}")
        _, _, module, request = found[0]
        members, _ = self.members_of(("name", request), module)
        for name, value in parameters.items():
            if name not in members or name == "body":
                raise Refused(f"{method} {path} has no parameter {name}")
            self.check_parameter(members[name], name, value)
        if body is not None:
            if "body" not in members:
                raise Refused(f"{method} {path} has no body")
            _, kind, where = members["body"]
            self.check_value(kind, where, body, "body")
        elif "body" in members and members["body"][0]:
            raise Refused(f"{method} {path} needs a body")
        return module[len(PACKAGE) + 1:]

    def check_type(self, module, name, value):
        """A value by itself: a line of a bulk."""
        self.check_value(("name", name), f"{PACKAGE}/_types/{module}", value, name)

    def members_of(self, kind, where):
        """({name: (needed, type, file)}, type of all others)"""
        if kind[0] == "name":
            return self.members_of(*self.resolve(where, kind[1]))
        if kind[0] == "members":
            return {name: (needed, one, where) for name, (needed, one) in kind[1].items()}, (kind[2], where) if kind[2] else None
        members, others = {}, None
        for one in kind[1]:
            more, other = self.members_of(one, where)
            # One of several kinds: what it needs, others do not.
            members.update({name: (needed and kind[0] == "all", *rest) for name, (needed, *rest) in more.items()})
            others = others or other
        return members, others

    def check_parameter(self, member, name, text):
        _, kind, where = member
        for value in (text, {"true": True, "false": False}.get(text), float(text) if re.fullmatch(r"\d+", text) else None,
                      text.split(",")):
            try:
                if value is not None:
                    self.check_value(kind, where, value, name)
                    return
            except Refused:
                pass
        raise Refused(f"the parameter {name} can't be {text}")

    def check_value(self, kind, where, value, place):
        sort = kind[0]
        if sort == "name":
            name = kind[1]
            if name in ("any", "unknown"):
                return
            if name in PRIMITIVES:
                if not isinstance(value, PRIMITIVES[name]) or (isinstance(value, bool) and name != "boolean"):
                    raise Refused(f"{place} is no {name}")
                return
            if name in ("null", "undefined", "true", "false"):
                if value is not {"true": True, "false": False}.get(name):
                    raise Refused(f"{place} is not {name}")
                return
            self.check_value(*self.resolve(where, name), value, place)
        elif sort == "literal":
            if value != kind[1]:
                raise Refused(f"{place} is not {kind[1]}")
        elif sort == "list":
            if not isinstance(value, list):
                raise Refused(f"{place} is no list")
            for index, one in enumerate(value):
                self.check_value(kind[1], where, one, f"{place}[{index}]")
        elif sort == "union":
            self.check_any(kind[1], where, value, place)
        else:
            self.check_members(kind, where, value, place)

    def check_any(self, kinds, where, value, place):
        reasons = []
        for one in kinds:
            try:
                self.check_value(one, where, value, place)
                return
            except Refused as refused:
                reasons.append(str(refused))
        # The one that went deepest says most.
        raise Refused(max(reasons, key=len))

    def check_members(self, kind, where, value, place):
        if not isinstance(value, dict):
            raise Refused(f"{place} is no object")
        members, others = self.members_of(kind, where)
        for name, one in value.items():
            if name in members:
                self.check_value(*members[name][1:], one, f"{place}.{name}")
            elif others:
                self.check_value(*others, one, f"{place}.{name}")
            else:
                raise Refused(f"{place} has no member {name}")
        for name, (needed, _, _) in members.items():
            if needed and name not in value:
                raise Refused(f"{place} lacks {name}")
