"""The server under test, over plain HTTP: nothing here knows a product."""
import base64
import email.parser
import email.policy
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field

from suite import expect, equal

JSON = "application/dicom+json"
TIMEOUT_SECONDS = 120


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


@dataclass
class Answer:
    status: int
    headers: object
    body: bytes

    @property
    def content_type(self):
        return (self.headers.get("Content-Type") or "").split(";")[0].strip().lower()

    @property
    def warnings(self):
        return self.headers.get_all("Warning") or []

    def json(self):
        return json.loads(self.body) if self.body else []

    def parts(self):
        """[(content type, bytes)] of a multipart body."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + self.body)
        expect(message.is_multipart(), f"not a multipart body but {self.content_type}")
        boundary = message.get_boundary().encode()
        found = []
        # By hand: the parser of mails rewrites the line ends of bodies, which are bytes here.
        for piece in self.body.split(b"--" + boundary)[1:-1]:
            fields, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            kind = email.message_from_bytes(fields + b"\r\n\r\n").get("Content-Type", "")
            found.append((kind, content.removesuffix(b"\r\n")))
        return found


@dataclass
class Server:
    url: str  # of the DICOMweb root, without a slash at the end
    uri_url: str = ""  # of the URI service, PS3.18 section 9
    token: str = ""
    basic: str = ""
    insecure: bool = False
    data: object = None  # the instances that were stored, see instances.py
    facts: dict = field(default_factory=dict)  # found out once, used by several requirements

    def send(self, method, url, query=(), headers=None, body=None):
        """One request. `query` is a list of pairs or a text that is sent as it is."""
        if not url.startswith("http"):
            url = self.url + url
        # What a query may hold as it is (RFC 3986 section 3.4) is not encoded, all else is.
        text = query if isinstance(query, str) else urllib.parse.urlencode(
            query, safe="*?,:@/!$'()", quote_via=urllib.parse.quote)
        request = urllib.request.Request(url + ("?" + text if text else ""), method=method, data=body)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        elif self.basic:
            request.add_header("Authorization", "Basic " + base64.b64encode(self.basic.encode()).decode())
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        context = ssl._create_unverified_context() if self.insecure else None
        opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=context))
        try:
            with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def get(self, path, query=(), accept=None, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if accept is not None:
            fields["Accept"] = accept
        return self.send("GET", path, query, fields)

    def search(self, path, query=()):
        """The results of a search that must succeed: no match is 200 or, in older editions, 204."""
        answer = self.get(path, query, accept=JSON)
        expect(answer.status in (200, 204), f"{path}: status {answer.status}")
        return answer.json() if answer.status == 200 else []

    def store(self, files, path="/studies", kind="application/dicom", accept=JSON):
        """STOW-RS of whole files."""
        boundary = uuid.uuid4().hex
        body = b"".join(f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + file + b"\r\n" for file in files)
        return self.send("POST", path, (), {
            "Content-Type": f'multipart/related; type="{kind}"; boundary={boundary}', "Accept": accept},
            body + f"--{boundary}--\r\n".encode())


def value_of(result, tag):
    """The first value of an attribute of the DICOM JSON model; None for an empty or absent one."""
    values = result.get(tag, {}).get("Value", [])
    return values[0] if values else None


def uids(results, tag="0020000D"):
    return sorted({value_of(result, tag) for result in results})


def found(server, path, query, expected, tag="0020000D"):
    """A search must find exactly `expected`, by UID."""
    equal(uids(server.search(path, query), tag), sorted(expected), f"{path}?{query}")
