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
import urllib.parse

from index import Clock, Failed, Index, unsupported
from published_api import PublishedApi, Refused
from search import Search

OPEN_PITS_MAX = 300
FAILURES_OF_ITEMS = {403: "cluster_block_exception", 409: "version_conflict_engine_exception", 429: "rejected_execution_exception"}


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
        kept = body["source"].get("_source")
        for key, (version, document) in source.visible.items():
            try:
                to.put(key, {k: v for k, v in document.items() if kept is None or k in kept}, version, body["dest"]["version_type"])
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
