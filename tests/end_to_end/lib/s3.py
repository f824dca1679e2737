"""A real S3 server (tests/s3/rgw.py) and what stands in front of it (tests/s3/fault_proxy.py), for scripts."""
import datetime
import hashlib
import hmac
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "s3")
NOT_INSTALLED = 77


class Script:
    """Runs as long as its input is open, and talks in lines."""

    def __init__(self, *words):
        self.process = subprocess.Popen(["/usr/bin/python3", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self):
        return self.process.stdout.readline().strip()

    def ask(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return json.loads(self.line())

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


class S3:
    """Started at once, ended by `end`. None of its packages: `start` gives nothing, and says so loudly."""

    @staticmethod
    def start():
        script = Script(f"{HERE}/rgw.py")
        greeting = script.line().split()
        if not greeting:
            assert script.process.wait(60) == NOT_INSTALLED, "tests/s3/rgw.py could not start the S3 server"
            print("*** Ceph's S3 gateway is not installed: NOTHING is tested on it. `./dev setup` installs it. ***")
            return None
        return S3(script, *greeting[1:])

    def __init__(self, script, endpoint, access, secret):
        self.script, self.endpoint, self.access, self.secret = script, endpoint, access, secret
        self.environment = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret}

    def request(self, method, path, query="", body=b""):
        """(status, body)"""
        status, _, answer = self.exchange(method, path, query, body)
        return status, answer

    def exchange(self, method, path, query="", body=b""):
        """(status, headers, body), signed here and not by the program. Source: Signature Version 4, "Signing requests"."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/us-east-1/s3/aws4_request"
        digest = hashlib.sha256(body).hexdigest()
        host = urllib.parse.urlsplit(self.endpoint).netloc
        path = urllib.parse.quote(path)
        canonical = "\n".join([method, path, query, f"host:{host}", f"x-amz-content-sha256:{digest}", f"x-amz-date:{now}", "",
                               "host;x-amz-content-sha256;x-amz-date", digest])
        key = ("AWS4" + self.secret).encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        headers = {"x-amz-date": now, "x-amz-content-sha256": digest, "Content-Type": "application/octet-stream",
                   "Authorization": f"AWS4-HMAC-SHA256 Credential={self.access}/{scope}, "
                                    f"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}"}
        url = f"{self.endpoint}{path}" + (f"?{query}" if query else "")
        request = urllib.request.Request(url, method=method, data=body if method in ("PUT", "POST") else None, headers=headers)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def make_bucket(self, name):
        status, answer = self.request("PUT", f"/{name}")
        assert status == 200, answer

    def put(self, bucket, key, body):
        status, answer = self.request("PUT", f"/{bucket}/{key}", body=body)
        assert status == 200, answer

    def get(self, bucket, key):
        status, answer = self.request("GET", f"/{bucket}/{key}")
        return answer if status == 200 else None

    def headers(self, bucket, key):
        status, headers, _ = self.exchange("HEAD", f"/{bucket}/{key}")
        assert status == 200, (status, key)
        return headers

    def delete(self, bucket, key):
        assert self.request("DELETE", f"/{bucket}/{key}")[0] == 204

    def names(self, bucket):
        names, token = [], ""
        while True:
            listing = self.request("GET", f"/{bucket}", f"{token}list-type=2")[1].decode()
            names += [part.split("</Key>")[0] for part in listing.split("<Key>")[1:]]
            if "<IsTruncated>false" in listing:
                return names
            next_token = listing.split("<NextContinuationToken>")[1].split("<")[0]
            token = f"continuation-token={urllib.parse.quote(next_token, safe='')}&"

    def address(self, bucket, prefix="", endpoint=None):
        return f"s3://{bucket}/{prefix}?endpoint={endpoint or self.endpoint}"

    def proxy(self):
        return FaultProxy(self.endpoint)

    def end(self):
        self.script.end()


class FaultProxy:
    def __init__(self, upstream):
        self.script = Script(f"{HERE}/fault_proxy.py", upstream)
        self.url = self.script.line().split()[1]

    def fault(self, kind, method, **more):
        self.script.ask(do="fault", kind=kind, method=method, **more)

    def cold(self, prefix, seconds, lasts=3600, step=0):
        self.script.ask(do="cold", prefix=prefix, seconds=seconds, lasts=lasts, step=step)

    def clear(self):
        self.script.ask(do="clear")

    def counts(self):
        return self.script.ask(do="counts")

    def end(self):
        self.script.end()
