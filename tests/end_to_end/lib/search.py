"""What the scripts about search share: a stand-in for OpenSearch, and a query."""
import json
import os
import subprocess
import urllib.request

from dimse import ROOT

HAS_API = os.path.isdir(f"{ROOT}/tests/end_to_end/node_modules/@opensearch-project")


class StandIn:
    """tests/opensearch/stand_in.py; it needs HAS_API."""

    def __init__(self):
        self.process = subprocess.Popen([f"{ROOT}/tests/opensearch/stand_in.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().split()[1]}"

    def ask(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(self.url + path, method=method, data=body and body.encode(), headers={"Content-Type": kind})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def fail(self, count, status):
        """The next requests."""
        self.ask("POST", f"/_stand_in/fail?count={count}&status={status}")

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def ask(server, **query):
    return server.ask("POST", "/v1/search", query)
