"""One index of the stand-in: documents with external versions, found after a refresh, read at once; what the engine forgets."""
import time

GC_DELETES_S = 60


class Failed(Exception):
    def __init__(self, status, kind, reason=""):
        super().__init__(reason)
        self.status, self.kind = status, kind

    def json(self):
        return {"error": {"type": self.kind, "reason": str(self)}, "status": self.status}


def unsupported(what):
    return Failed(400, "parsing_exception", f"the stand-in does not do {what}")


class Clock:
    def __init__(self):
        self.passed = 0.0

    def now(self):
        return time.monotonic() + self.passed


class Index:
    def __init__(self, name, mappings, settings, clock):
        self.name, self.clock = name, clock
        self.properties = mappings.get("properties", {})
        self.strict = mappings.get("dynamic") == "strict"
        self.nested_max = settings.get("index", {}).get("mapping", {}).get("nested_objects", {}).get("limit", 10_000)
        interval = settings.get("index", {}).get("refresh_interval", "1s")
        self.interval_s = float(interval[:-2]) / 1000 if interval.endswith("ms") else float(interval[:-1])
        self.documents = {}  # id: (version, source)
        self.deleted = {}  # id: (version, when)
        self.visible, self.refreshed, self.changed = {}, clock.now(), False

    def refresh(self):
        self.visible, self.refreshed, self.changed = dict(self.documents), self.clock.now(), False

    def searchable(self):
        if self.changed and self.clock.now() - self.refreshed >= self.interval_s:
            self.refresh()
        return self.visible

    def version_of(self, key):
        if key in self.documents:
            return self.documents[key][0]
        version, when = self.deleted.get(key, (None, 0))
        return version if version is not None and self.clock.now() - when < GC_DELETES_S else None

    def check_version(self, key, version, kind):
        there = self.version_of(key)
        if kind not in ("external", "external_gte"):
            raise unsupported(f"version_type {kind}")
        if there is not None and (there > version or (there == version and kind == "external")):
            raise Failed(409, "version_conflict_engine_exception", "a newer one is there")

    def put(self, key, source, version, kind):
        """Whether it was there before."""
        self.check_version(key, version, kind)
        self.check_source(source)
        was_there = key in self.documents
        self.changed = True
        self.documents[key] = (version, source)
        self.deleted.pop(key, None)
        return was_there

    def delete(self, key, version, kind):
        """Whether it was there. The version counts where it was not, too."""
        self.check_version(key, version, kind)
        self.changed = True
        self.deleted[key] = (version, self.clock.now())
        return self.documents.pop(key, None) is not None

    def check_source(self, source):
        self.check_members(source, self.properties)
        nested = sum(len(values(source, name)) for name, kind in self.properties.items() if kind["type"] == "nested")
        if nested > self.nested_max:
            raise Failed(400, "mapper_parsing_exception", f"{nested} nested documents are more than the limit")

    def check_members(self, source, properties):
        for name, value in source.items():
            if name not in properties:
                if self.strict:
                    raise Failed(400, "strict_dynamic_mapping_exception", name)
                raise unsupported("mappings made of documents")
            kind = {"keyword": str, "long": int, "boolean": bool, "nested": dict}[properties[name]["type"]]
            for one in value if isinstance(value, list) else [value]:
                if type(one) is not kind:  # the engine would take "1" for 1: we don't send it
                    raise Failed(400, "mapper_parsing_exception", name)
                if kind is str and len(one.encode()) > 32766:
                    raise Failed(400, "illegal_argument_exception", "immense term")
                if kind is dict:
                    self.check_members(one, properties[name]["properties"])


def values(source, field):
    value = source.get(field, [])
    return value if isinstance(value, list) else [value]
