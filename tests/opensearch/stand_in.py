#!/usr/bin/python3
"""Stands in for OpenSearch in tests, which can't be had from Debian or npm: the part of its API that our driver uses, strictly. What the
published API does not have is refused, and so is what this does not do; no request is answered by guessing.

    tests/opensearch/stand_in.py            # prints `port N`, serves until its input ends; exit code 77 where the API's description is missing

As the engine does: documents are found after a refresh (every 500 ms where the index says so, or when asked) and read at once by id; an
external version keeps the higher document; the version of a deleted document is forgotten after index.gc_deletes (60 s), of a clock that
`POST /_stand_in/let_pass?seconds=N` moves. `POST /_stand_in/fail?count=N&status=S` fails the next requests, `POST
/_stand_in/fail_items?count=N&status=S` the next items of bulks, whose requests are good; `POST /_stand_in/sign_in?user=U&password=P` wants a
sign-in from then on."""
import base64
import collections
import http.server
import json
import socket
import sys
import threading
import time
import urllib.parse

from published_api import PublishedApi, Refused

GC_DELETES_S = 60
WINDOW_MAX = 10_000
OPEN_PITS_MAX = 300
FAILURES_OF_ITEMS = {409: "version_conflict_engine_exception", 429: "rejected_execution_exception"}


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
        for name, value in source.items():
            if name not in self.properties:
                if self.strict:
                    raise Failed(400, "strict_dynamic_mapping_exception", name)
                raise unsupported("mappings made of documents")
            kind = {"keyword": str, "long": int, "boolean": bool}[self.properties[name]["type"]]
            for one in value if isinstance(value, list) else [value]:
                if type(one) is not kind:  # the engine would take "1" for 1: we don't send it
                    raise Failed(400, "mapper_parsing_exception", name)
                if kind is str and len(one.encode()) > 32766:
                    raise Failed(400, "illegal_argument_exception", "immense term")


def values(source, field):
    value = source.get(field, [])
    return value if isinstance(value, list) else [value]


class Search:
    def __init__(self, index, documents, body):
        self.index, self.documents, self.body = index, documents, body
        self.places = {id(source): place for place, (_, source) in enumerate(documents.values())}

    def field(self, name, for_sorting=False):
        if name not in self.index.properties:
            raise Failed(400, "query_shard_exception", f"No mapping found for [{name}]")
        if for_sorting and not self.index.properties[name].get("doc_values", True):
            raise Failed(400, "illegal_argument_exception", f"no doc values: {name}")
        return name

    def predicate(self, query):
        if len(query) != 1:
            raise Failed(400, "parsing_exception", "a query has one kind")
        (kind, given), = query.items()
        if kind == "bool":
            return self.bool(given)
        if kind == "match_all" and not given:
            return lambda source: True
        if kind == "exists":
            field = self.field(given["field"])
            return lambda source: bool(values(source, field))
        if kind not in ("term", "terms", "prefix", "range") or len(given) != 1:
            raise unsupported(kind)
        (name, condition), = given.items()
        field = self.field(name)
        if kind == "term":
            return lambda source: condition["value"] in values(source, field)
        if kind == "terms":
            if not isinstance(condition, list) or len(condition) > 65536:
                raise unsupported("terms that are no list")
            wanted = set(condition)
            return lambda source: any(value in wanted for value in values(source, field))
        if kind == "prefix":
            return lambda source: any(value.startswith(condition["value"]) for value in values(source, field))
        return self.range(field, condition)

    @staticmethod
    def range(field, condition):
        if set(condition) - {"gte", "lte"}:
            raise unsupported("this range")
        # As bytes of UTF-8, as Lucene compares terms; numbers as numbers.
        key = lambda value: value.encode() if isinstance(value, str) else value  # noqa: E731
        low, high = condition.get("gte"), condition.get("lte")
        return lambda source: any((low is None or key(value) >= key(low)) and (high is None or key(value) <= key(high))
                                  for value in values(source, field))

    def bool(self, given):
        if set(given) - {"filter", "should", "minimum_should_match"} or given.get("minimum_should_match", 1) != 1:
            raise unsupported("this bool")
        filters = [self.predicate(one) for one in given.get("filter", [])]
        should = [self.predicate(one) for one in given.get("should", [])]
        return lambda source: all(one(source) for one in filters) and (not should or any(one(source) for one in should))

    def sorted(self, found):
        for one in reversed(self.body.get("sort", [])):
            (name, how), = one.items()
            if name == "_doc" and how == {"order": "asc"}:
                found = sorted(found, key=lambda source: self.places[id(source)])
                continue
            self.field(name, for_sorting=True)
            if how.get("missing") != "_last":
                raise unsupported("missing values anywhere but last")
            key = lambda source: [v.encode() if isinstance(v, str) else v for v in values(source, name)][:1]  # noqa: E731, B023
            there = sorted((s for s in found if key(s)), key=key, reverse=how["order"] == "desc")
            found = there + [s for s in found if not key(s)]
        return found

    def sort_values(self, source):
        return [self.places[id(source)] if name == "_doc" else (values(source, name) or [None])[0]
                for one in self.body["sort"] for name in one]

    def behind(self, found, after):
        """Those that come after these sort values; what is missing comes last."""
        if any(how["order"] != "asc" for one in self.body["sort"] for how in one.values()) or self.body.get("from"):
            raise unsupported("this search_after")
        if len(after) != len(self.body["sort"]):
            raise Failed(400, "illegal_argument_exception", "search_after has another number of values than sort")
        key = lambda given: [(v is None, v.encode() if isinstance(v, str) else v or 0) for v in given]  # noqa: E731
        return [source for source in found if key(self.sort_values(source)) > key(after)]

    def composite(self, how, found):
        (named,) = how["sources"]
        (name, source_of), = named.items()
        if set(source_of) != {"terms"} or set(source_of["terms"]) != {"field"}:
            raise unsupported("this source of composite")
        field = self.field(source_of["terms"]["field"], for_sorting=True)
        counts = collections.Counter(value for source in found for value in set(values(source, field)))
        after = how.get("after", {name: ""})[name].encode()
        keys = sorted((key for key in counts if key.encode() > after), key=str.encode)[:how.get("size", 10)]
        answer = {"buckets": [{"key": {name: key}, "doc_count": counts[key]} for key in keys]}
        return {**answer, "after_key": {name: keys[-1]}} if keys else answer

    def aggregate(self, aggregations, found):
        answer = {}
        for name, given in aggregations.items():
            inner = given.get("aggs", {})
            (kind, how), = ((k, v) for k, v in given.items() if k != "aggs")
            if kind == "composite" and not inner:
                answer[name] = self.composite(how, found)
                continue
            field = self.field(how["field"], for_sorting=True)
            if kind == "cardinality":
                answer[name] = {"value": len({value for source in found for value in values(source, field)})}
            elif kind == "sum":
                answer[name] = {"value": float(sum(value for source in found for value in values(source, field)))}
            elif kind == "terms":
                answer[name] = self.terms(how, field, inner, found)
            else:
                raise unsupported(kind)
        return answer

    def terms(self, how, field, inner, found):
        if how.get("size", 10) < 1:
            raise Failed(400, "illegal_argument_exception", "[size] must be greater than 0")
        buckets = collections.defaultdict(list)
        for source in found:
            for value in set(values(source, field)):
                buckets[value].append(source)
        made = [{"key": key, "doc_count": len(sources), **self.aggregate(inner, sources)} for key, sources in buckets.items()]
        made.sort(key=lambda bucket: str(bucket["key"]).encode())
        for order in reversed(how.get("order", [{"_count": "desc"}])):
            (by, direction), = order.items()
            if by not in ("_key", "_count", *inner):
                raise Failed(500, "aggregation_execution_exception", f"Invalid aggregation order path [{by}]")
            key = {"_key": lambda b: str(b["key"]).encode(), "_count": lambda b: b["doc_count"]}.get(by, lambda b, by=by: b[by]["value"])
            made.sort(key=key, reverse=direction == "desc")
        return {"buckets": made[:how.get("size", 10)], "sum_other_doc_count": 0, "doc_count_error_upper_bound": 0}

    def run(self):
        body = self.body
        start, size = body.get("from", 0), body.get("size", 10)
        if start + size > WINDOW_MAX:
            raise Failed(400, "illegal_argument_exception", "Result window is too large")
        matches = self.predicate(body["query"])
        ids = {id(source): (key, version) for key, (version, source) in self.documents.items()}
        found = [source for _, source in self.documents.values() if matches(source)]
        hits = self.sorted(found)
        if "search_after" in body:
            hits = self.behind(hits, body["search_after"])
        if "collapse" in body:
            field, seen, first = self.field(body["collapse"]["field"], for_sorting=True), set(), []
            for source in hits:
                key = tuple(values(source, field))
                if key not in seen:
                    seen.add(key)
                    first.append(source)
            hits = first
        includes = body.get("_source", {}).get("includes")
        page = [{"_index": self.index.name, "_id": ids[id(source)][0], "_score": None,
                 **({"_version": ids[id(source)][1]} if body.get("version") else {}),
                 "_source": {k: v for k, v in source.items() if includes is None or k in includes},
                 **({"sort": self.sort_values(source)} if "sort" in body else {})} for source in hits[start:start + size]]
        answer = {"took": 1, "timed_out": False, "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
                  "hits": {"max_score": None, "hits": page}}
        counted = body.get("track_total_hits", 10_000)
        if counted is not False:
            more = counted is not True and len(found) > counted
            answer["hits"]["total"] = {"value": counted if more else len(found), "relation": "gte" if more else "eq"}
        if "aggs" in body:
            answer["aggregations"] = self.aggregate(body["aggs"], found)
        return answer


class Engine:
    def __init__(self, api):
        self.api, self.clock, self.lock = api, Clock(), threading.Lock()
        self.indices, self.aliases, self.templates = {}, collections.defaultdict(set), {}
        self.fail_count, self.fail_status, self.credentials = 0, 0, None
        self.failing_items = []  # statuses
        self.pits, self.pits_made = {}, 0  # id: (index, its documents)

    def one_index(self, name):
        names = self.aliases.get(name) or ({name} if name in self.indices else set())
        if not names:
            raise Failed(404, "index_not_found_exception", name)
        if len(names) > 1:
            raise Failed(400, "illegal_argument_exception", "the alias has several indices")
        return self.indices[next(iter(names))]

    def answer(self, method, target, text, content_type, authorization):
        """(status, JSON)"""
        url = urllib.parse.urlsplit(target)
        parameters = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
        if url.path.startswith("/_stand_in/"):
            return self.control(url.path.rsplit("/", 1)[1], parameters)
        if self.credentials and authorization != self.credentials:
            raise Failed(401, "security_exception")
        if self.fail_count > 0:
            self.fail_count -= 1
            raise Failed(self.fail_status, "circuit_breaking_exception")
        is_bulk = url.path.endswith("/_bulk")
        if text and content_type != ("application/x-ndjson" if is_bulk else "application/json"):
            raise Failed(406, "media_type_header_exception", content_type)
        if is_bulk and not text.endswith("\n"):
            raise Failed(400, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]")
        body = [json.loads(line) for line in text.splitlines()] if is_bulk else json.loads(text) if text else None
        operation = self.api.check(method, url.path, parameters, body)
        parts = [urllib.parse.unquote(part) for part in url.path.split("/")[1:]]
        return getattr(self, operation.rsplit("/", 1)[1])(parts, parameters, body)

    def control(self, what, parameters):
        if what == "let_pass":
            self.clock.passed += float(parameters["seconds"])
        elif what == "sign_in":
            self.credentials = "Basic " + base64.b64encode(f"{parameters['user']}:{parameters['password']}".encode()).decode()
        elif what == "fail_items":
            self.failing_items = [int(parameters["status"])] * int(parameters["count"])
        else:
            self.fail_count, self.fail_status = int(parameters["count"]), int(parameters["status"])
        return 200, {}

    def info(self, _parts, _parameters, _body):
        return 200, {"name": "stand-in", "cluster_name": "stand-in", "cluster_uuid": "-", "tagline": "no OpenSearch",
                     "version": {"distribution": "stand-in", "number": "3.0.0"}}

    def putIndexTemplate(self, parts, _parameters, body):  # noqa: N802: operations are called as in the API
        for name, other in self.templates.items():
            overlap = any(one[:-1].startswith(two[:-1]) or two[:-1].startswith(one[:-1])
                          for one in body["index_patterns"] for two in other["index_patterns"])
            if name != parts[1] and overlap and body.get("priority", 0) == other.get("priority", 0):
                raise Failed(400, "illegal_argument_exception", f"patterns overlap with those of {name}, of the same priority")
        self.templates[parts[1]] = body
        return 200, {"acknowledged": True}

    def create(self, parts, _parameters, body):
        name = parts[0]
        if name in self.indices or name in self.aliases:
            raise Failed(400, "resource_already_exists_exception", name)
        if body is not None:
            raise unsupported("an index of its own mappings")
        for template in sorted(self.templates.values(), key=lambda one: -one.get("priority", 0)):
            if any(pattern.endswith("*") and name.startswith(pattern[:-1]) for pattern in template["index_patterns"]):
                made = template["template"]
                self.indices[name] = Index(name, made["mappings"], made["settings"], self.clock)
                return 200, {"acknowledged": True, "shards_acknowledged": True, "index": name}
        raise unsupported("an index without template")

    def getAlias(self, parts, _parameters, _body):  # noqa: N802
        if not self.aliases.get(parts[1]):
            return 404, {"error": f"alias [{parts[1]}] missing", "status": 404}
        return 200, {index: {"aliases": {parts[1]: {}}} for index in self.aliases[parts[1]]}

    def updateAliases(self, _parts, _parameters, body):  # noqa: N802
        made = {alias: set(indices) for alias, indices in self.aliases.items()}
        for action in body["actions"]:
            (kind, of), = action.items()
            if of["index"] not in self.indices:
                raise Failed(404, "index_not_found_exception", of["index"])
            indices = made.setdefault(of["alias"], set())
            if kind == "add":
                indices.add(of["index"])
            elif of["index"] in indices:
                indices.remove(of["index"])
            else:
                raise Failed(404, "aliases_not_found_exception", of["alias"])
        self.aliases = collections.defaultdict(set, made)
        return 200, {"acknowledged": True}

    def refresh(self, parts, _parameters, _body):
        self.one_index(parts[0]).refresh()
        return 200, {"_shards": {"total": 1, "successful": 1, "failed": 0}}

    def reindex(self, _parts, parameters, body):
        if parameters.get("wait_for_completion") != "true" or body.get("conflicts") != "proceed":
            raise unsupported("this way of _reindex")
        source, to = self.one_index(body["source"]["index"]), self.one_index(body["dest"]["index"])
        conflicts = 0
        for key, (version, document) in source.visible.items():
            try:
                to.put(key, document, version, body["dest"]["version_type"])
            except Failed as failed:
                if failed.status != 409:
                    raise
                conflicts += 1
        if parameters.get("refresh") == "true":
            to.refresh()
        return 200, {"took": 1, "timed_out": False, "total": len(source.visible), "version_conflicts": conflicts, "failures": []}

    def get(self, parts, parameters, _body):
        index = self.one_index(parts[0])
        if parts[2] not in index.documents:
            return 404, {"_index": index.name, "_id": parts[2], "found": False}
        version, source = index.documents[parts[2]]
        includes = parameters.get("_source_includes")
        shown = {k: v for k, v in source.items() if includes is None or k in includes.split(",")}
        return 200, {"_index": index.name, "_id": parts[2], "_version": version, "found": True, "_source": shown}

    def search(self, parts, _parameters, body):
        if "pit" not in body:
            index = self.one_index(parts[0])
            return 200, Search(index, index.searchable(), body).run()
        if len(parts) != 1:
            raise Failed(400, "action_request_validation_exception", "[indices] cannot be used with point in time")
        if body["pit"]["id"] not in self.pits:
            raise Failed(404, "search_phase_execution_exception", "no such point in time")
        return 200, Search(*self.pits[body["pit"]["id"]], body).run()

    def createPit(self, parts, parameters, _body):  # noqa: N802
        if not parameters.get("keep_alive"):
            raise Failed(400, "action_request_validation_exception", "keep_alive is missing")
        if len(self.pits) >= OPEN_PITS_MAX:
            raise Failed(429, "search_phase_execution_exception", "too many points in time are open")
        index = self.one_index(parts[0])
        self.pits_made += 1
        name = f"pit-{self.pits_made}"
        self.pits[name] = (index, dict(index.searchable()))
        return 200, {"pit_id": name, "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0}, "creation_time": 0}

    def deletePit(self, _parts, _parameters, body):  # noqa: N802
        return 200, {"pits": [{"pit_id": name, "successful": self.pits.pop(name, None) is not None} for name in body["pit_id"]]}

    def bulk(self, parts, parameters, lines):
        items, at = [], 0
        while at < len(lines):
            self.api.check_type("_core.bulk", "OperationContainer", lines[at])
            (kind, action), = lines[at].items()
            if kind not in ("index", "delete"):
                raise unsupported(kind)
            source = lines[at + 1] if kind == "index" else None
            at += 2 if kind == "index" else 1
            items.append({kind: self.bulk_item(kind, action, source, parameters, parts)})
        return 200, {"took": 1, "errors": any("error" in item[kind] for item in items for kind in item), "items": items}

    def bulk_item(self, kind, action, source, parameters, parts):
        name = action.get("_index") or parts[0]
        try:
            if self.failing_items:
                status = self.failing_items.pop()
                raise Failed(status, FAILURES_OF_ITEMS[status])
            if parameters.get("require_alias") == "true" and not self.aliases.get(name):
                raise Failed(404, "index_not_found_exception", f"[require_alias] is true and [{name}] is not an alias")
            index = self.one_index(name)
            if kind == "index":
                was_there = index.put(action["_id"], source, action["version"], action["version_type"])
                status, result = (200, "updated") if was_there else (201, "created")
            else:
                was_there = index.delete(action["_id"], action["version"], action["version_type"])
                status, result = (200, "deleted") if was_there else (404, "not_found")
        except Failed as failed:
            return {"_index": name, "_id": action["_id"], **failed.json()}
        return {"_index": name, "_id": action["_id"], "_version": action["version"], "result": result, "status": status}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine = None

    def handle_any(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        with self.engine.lock:
            try:
                status, body = self.engine.answer(self.command, self.path, text, self.headers.get("Content-Type"),
                                                  self.headers.get("Authorization"))
            except Failed as failed:
                status, body = failed.status, failed.json()
            except Refused as refused:
                print(f"refused: {refused}", file=sys.stderr, flush=True)
                status, body = 400, {"error": {"type": "not_in_the_published_api", "reason": str(refused)}, "status": 400}
        sent = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815

    def log_message(self, format, *arguments):  # noqa: A002
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def process_request(self, request, client_address):
        # An answer is two small writes: the second must not wait for an acknowledgement.
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().process_request(request, client_address)


def main():
    api = PublishedApi.installed()
    if api is None:
        print("the package @opensearch-project/opensearch is missing: ./dev setup installs it", file=sys.stderr)
        return 77
    Handler.engine = Engine(api)
    server = Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
    print(f"port {server.server_address[1]}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
