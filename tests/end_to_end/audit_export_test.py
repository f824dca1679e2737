#!/usr/bin/python3
"""The audit trail on its way to an audit record repository: over TCP, TLS and UDP, while the repository is away, after kill -9.
Ends with `N passed, N failed`."""
import base64
import http.client
import os
import queue
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(os.path.dirname(HERE), "faults")]
from library import CT_SMALL, LARMOR, Library, get  # noqa: E402
from scenarios import Scenarios  # noqa: E402

SCENARIOS = Scenarios("audit-export")
# RFC 5424 section 6, and the MSGID of PS3.15 section A.6.
HEADER = re.compile(rb"<85>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z \S+ larmor \d+ DICOM\+RFC3881 - \xef\xbb\xbf")


class Repository:
    """Takes messages on a port of loopback until it is closed."""

    def __init__(self, port=0, tls=None, datagrams=False):
        self.messages = queue.Queue()
        self.tls = tls
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        if not datagrams:
            self.socket.listen(4)
        self.port = self.socket.getsockname()[1]
        self.connections = []
        self.refused = queue.Queue()
        threading.Thread(target=self.take_datagrams if datagrams else self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            if self.tls:
                try:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                except (ssl.SSLError, OSError) as error:
                    self.refused.put(error)
                    continue
            self.connections.append(connection)
            threading.Thread(target=self.take_frames, args=(connection,), daemon=True).start()

    def take_frames(self, connection):
        """RFC 6587 section 3.4.1: the length, a blank, the message."""
        with connection.makefile("rb") as stream:
            while True:
                try:
                    length = b""
                    while not length.endswith(b" "):
                        byte = stream.read(1)
                        if not byte:
                            return
                        length += byte
                    self.messages.put(stream.read(int(length)))
                except OSError:
                    return

    def take_datagrams(self):
        while True:
            try:
                self.messages.put(self.socket.recv(65536))
            except OSError:
                return

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.connections:
            connection.close()

    def until(self, wanted):
        """Records by number, up to the first for which `wanted` is true."""
        records = {}
        while True:
            message = self.messages.get(timeout=30)
            assert HEADER.match(message), message[:100]
            tree = ElementTree.fromstring(message[HEADER.match(message).end():])
            details = {detail.attrib["type"]: base64.b64decode(detail.attrib["value"]).decode()
                       for detail in tree.iter("ParticipantObjectDetail")}
            records[int(details["record"])] = (details, tree, message)
            if wanted(details):
                return records


def is_stop(details):
    return details["action"] == "stop"


def retrieve(port, token, uid):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    get(connection, token, f"/dicomweb/studies/{uid}", 'multipart/related; type="application/dicom"; transfer-syntax=*')


def study_of(port, token):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = get(connection, token, "/dicomweb/studies", "application/dicom+json")
    return re.search(rb'"0020000D":\{"vr":"UI","Value":\["([^"]+)"', body).group(1).decode()


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def filled(folder):
    library = Library(f"{folder}/library")
    library.run("import", CT_SMALL, "--no-previews")
    return library


@SCENARIOS.test
def every_record_arrives_as_a_dicom_audit_message(folder):
    library, repository = filled(folder), Repository()
    process, port, token = library.serve("--audit-syslog", f"tcp://127.0.0.1:{repository.port}")
    uid = study_of(port, token)
    retrieve(port, token, uid)
    stop(process)
    records = repository.until(is_stop)
    assert list(records) == list(range(1, len(records) + 1)), f"numbers {list(records)}"
    codes = {details["action"]: tree.find("EventIdentification/EventID").attrib["csd-code"]
             for details, tree, _ in records.values()}
    # PS3.16 CID 400.
    assert codes.items() >= {"store": "110107", "token-create": "110113", "start": "110100", "query": "110112",
                             "retrieve": "110104", "stop": "110100"}.items(), codes
    _, tree, _ = next(record for record in records.values() if record[0]["action"] == "retrieve")
    assert {item.attrib["ParticipantObjectID"] for item in tree.iter("ParticipantObjectIdentification")} == {uid, "1CT1"}
    everything = b"".join(message for _, _, message in records.values())
    assert b"CompressedSamples" not in everything, "a person's name"
    assert token.encode() not in everything, "a secret"
    # The same from the command line.
    shown = subprocess.run([LARMOR, "audit", "show", "--dicom", "--library", library.folder], capture_output=True, check=True)
    assert len(shown.stdout.splitlines()) == len(records)
    for line in shown.stdout.splitlines():
        ElementTree.fromstring(line)
    repository.close()


@SCENARIOS.test
def nothing_is_lost_while_the_repository_is_away_or_we_are_killed(folder):
    library, repository = filled(folder), Repository()
    target = ("--audit-syslog", f"tcp://127.0.0.1:{repository.port}")
    process, port, token = library.serve(*target)
    uid = study_of(port, token)
    records = repository.until(lambda details: details["action"] == "query")
    repository.close()
    retrieve(port, token, uid)  # nobody waits for the repository
    process.kill()
    process.wait()
    process, _, _ = library.serve(*target)
    again = Repository(repository.port)
    records |= again.until(lambda details: details["action"] == "start" and int(details["record"]) > max(records))
    stop(process)
    records |= again.until(is_stop)
    assert sorted(records) == list(range(1, len(records) + 1)), f"numbers {sorted(records)}"
    assert "retrieve" in {details["action"] for details, _, _ in records.values()}
    again.close()


@SCENARIOS.test
def tls_goes_to_the_right_machine_only(folder):
    library = filled(folder)
    for name in ("right", "wrong"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", "-days", "2", "-subj", f"/CN={name}",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/right.pem", f"{folder}/right.key")
    repository = Repository(tls=context)
    target = ("--audit-syslog", f"tls://127.0.0.1:{repository.port}", "--audit-syslog-ca")
    process, _, _ = library.serve(*target, f"{folder}/wrong.pem")
    repository.refused.get(timeout=30)
    stop(process)
    assert repository.messages.empty(), "a record went to a machine that nobody vouches for"
    process, _, _ = library.serve(*target, f"{folder}/right.pem")
    stop(process)
    records = repository.until(lambda details: is_stop(details) and int(details["record"]) > 5)
    assert list(records) == list(range(1, len(records) + 1)), f"numbers {list(records)}"
    repository.close()


@SCENARIOS.test
def udp_has_one_message_a_datagram(folder):
    library, repository = filled(folder), Repository(datagrams=True)
    process, _, _ = library.serve("--audit-syslog", f"udp://127.0.0.1:{repository.port}")
    stop(process)
    records = repository.until(is_stop)
    assert list(records) == list(range(1, len(records) + 1)), f"numbers {list(records)}"


@SCENARIOS.test
def a_target_that_is_none_is_refused_at_the_start(folder):
    library = filled(folder)
    run = subprocess.run([LARMOR, "serve", "--library", library.folder, "--port", "0", "--audit-syslog", "http://audit"],
                         capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode != 0 and "tls://audit.example:6514" in run.stderr, run.stderr


if __name__ == "__main__":
    sys.exit(SCENARIOS.run())
