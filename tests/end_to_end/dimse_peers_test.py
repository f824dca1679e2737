#!/usr/bin/python3
"""Peers in both directions: Orthanc that stores to us, searches, moves, asks for commitment, and takes what we send; TLS with
DCMTK's programs; cancelled searches; commitment within the association. Ends with `N passed, N failed`."""
import glob
import io
import json
import os
import signal
import struct
import subprocess
import sys
import urllib.error
import urllib.request

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, data_set_bytes, free_port, run, start_listening, wait_until  # noqa: E402
from scenarios import Scenarios  # noqa: E402
from upper_layer import IMPLICIT, VERIFICATION, Peer, command, data, element, short, status_of  # noqa: E402

scenarios = Scenarios("dimse-peers")
test = scenarios.test
CT = f"{PYDICOM_FILES}/CT_small.dcm"
FILES = [CT] + [f"{PYDICOM_FILES}/{name}" for name in ("MR_small_RLE.dcm", "JPEG2000.dcm", "rtplan.dcm")]
COMMITMENT = "1.2.840.10008.1.20.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"


class Orthanc:
    def __init__(self, folder, larmor_port):
        self.port, http = free_port(), free_port()
        self.url = f"http://127.0.0.1:{http}"
        configuration = {
            "StorageDirectory": f"{folder}/orthanc", "IndexDirectory": f"{folder}/orthanc", "HttpPort": http, "Plugins": [],
            "AuthenticationEnabled": False, "RemoteAccessAllowed": False, "DicomAet": "ORTHANC", "DicomPort": self.port,
            "DicomAlwaysAllowStore": True,
            "DicomModalities": {"larmor": {"AET": "LARMOR", "Host": "127.0.0.1", "Port": larmor_port, "AllowStorageCommitment": True}}}
        with open(f"{folder}/orthanc.json", "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        self.process = start_listening(["Orthanc", f"{folder}/orthanc.json"], self.port)
        wait_until(self.answers)

    def answers(self):
        try:
            return bool(self.get("/system"))
        except (urllib.error.URLError, ConnectionError):
            return False

    def ask(self, method, path, body=None):
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, content, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body):
        return self.ask("POST", path, body)

    def file(self, instance):
        with urllib.request.urlopen(f"{self.url}/instances/{instance}/file", timeout=60) as answer:
            return answer.read()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def with_orthanc(folder, files=()):
    """A server of ours that holds `files`, and an Orthanc: each knows the other."""
    if files:
        code, said = run(LARMOR, "import", "--library", f"{folder}/larmor-library", *files)
        assert code == 0, said
    # Whoever starts first must know a port of the other: Orthanc takes ours from a file that it reads at its start.
    port = free_port()
    orthanc = Orthanc(folder, port)
    try:
        return Server(folder, "--dimse-port", str(port), "--dimse-remote", f"ORTHANC=127.0.0.1:{orthanc.port}"), orthanc
    except BaseException:
        orthanc.end()
        raise


def same(one, other):
    """Equal element by element: others write lengths, group lengths and padding as they like."""
    read = [pydicom.dcmread(io.BytesIO(file)) for file in (one, other)]
    assert read[0].file_meta.TransferSyntaxUID == read[1].file_meta.TransferSyntaxUID
    kept = [{element.tag: element.value for element in data_set if element.tag.element != 0 and element.tag != 0xfffcfffc}
            for data_set in read]
    return kept[0] == kept[1]


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


@test
def orthanc_stores_to_us_and_is_told_that_it_is_kept(folder):
    server, orthanc = with_orthanc(folder)
    try:
        ids = [orthanc.post("/instances", content_of(path))["ID"] for path in FILES]
        orthanc.post("/modalities/larmor/echo", {})
        orthanc.post("/modalities/larmor/store", ids)
        for path in FILES:
            data_set = pydicom.dcmread(path, stop_before_pixels=True)
            assert same(server.stored(data_set), content_of(path)), path
        # Orthanc leaves its association before the report, so that ours comes in another.
        references = [[str(data_set.SOPClassUID), str(data_set.SOPInstanceUID)]
                      for data_set in (pydicom.dcmread(path, stop_before_pixels=True) for path in FILES)]
        transaction = orthanc.post("/modalities/larmor/storage-commitment", {"DicomInstances": references})
        wait_until(lambda: orthanc.get(transaction["Path"])["Status"] != "Pending")
        report = orthanc.get(transaction["Path"])
        assert report["Status"] == "Success" and len(report["Success"]) == len(FILES), report
        transaction = orthanc.post("/modalities/larmor/storage-commitment",
                                   {"DicomInstances": [references[0], [references[0][0], "1.2.3.4"]]})
        wait_until(lambda: orthanc.get(transaction["Path"])["Status"] != "Pending")
        report = orthanc.get(transaction["Path"])
        assert report["Status"] == "Failure" and len(report["Success"]) == 1, report
        assert report["Failures"][0]["SOPInstanceUID"] == "1.2.3.4", report
    finally:
        orthanc.end()
        server.end()


@test
def orthanc_searches_in_us_and_has_us_move_to_it(folder):
    server, orthanc = with_orthanc(folder, FILES)
    try:
        query = orthanc.post("/modalities/larmor/query", {"Level": "Study", "Query": {"PatientID": "1CT1"}})
        answers = orthanc.get(f"{query['Path']}/answers")
        assert len(answers) == 1, answers
        orthanc.post(f"{query['Path']}/answers/0/retrieve", "ORTHANC".encode())
        instances = orthanc.get("/instances")
        assert len(instances) == 1, instances
        assert same(orthanc.file(instances[0]), content_of(CT))
    finally:
        orthanc.end()
        server.end()


@test
def orthanc_takes_what_we_send(folder):
    server, orthanc = with_orthanc(folder)
    try:
        code, said = run(LARMOR, "send", "127.0.0.1", orthanc.port, "--called", "ORTHANC", *FILES)
        assert code == 0, said
        kept = {pydicom.dcmread(io.BytesIO(orthanc.file(instance)), stop_before_pixels=True).SOPInstanceUID: instance
                for instance in orthanc.get("/instances")}
        for path in FILES:
            uid = pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID
            assert same(orthanc.file(kept[uid]), content_of(path)), path
    finally:
        orthanc.end()
        server.end()


def certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/{name}.key",
                    "-out", f"{folder}/{name}.pem", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"], check=True, capture_output=True)


@test
def tls_on_the_way_in(folder):
    for name in ("ours", "strange"):
        certificate(folder, name)
    server = Server(folder, "--tls-certificate", f"{folder}/ours.pem", "--tls-key", f"{folder}/ours.key")

    def tool(name, certificate_of, *arguments):
        return run(name, "+tla", "+cf", f"{folder}/{certificate_of}.pem", "-aec", "LARMOR", "127.0.0.1", server.port, *arguments)
    try:
        assert tool("echoscu", "ours")[0] == 0
        assert tool("echoscu", "strange")[0] != 0, "the tool checks nothing"
        assert run("echoscu", "-aec", "LARMOR", "127.0.0.1", server.port)[0] != 0, "without TLS"
        code, said = tool("storescu", "ours", CT)
        assert code == 0, said
    finally:
        server.end()
    code, said = run(LARMOR, "fsck", "--library", server.library)
    assert code == 0 and said.startswith("1 instances"), said


@test
def tls_on_the_way_out(folder):
    for name in ("theirs", "strange"):
        certificate(folder, name)
    port = free_port()
    os.mkdir(f"{folder}/received")
    receiver = start_listening(["storescp", "+tls", f"{folder}/theirs.key", f"{folder}/theirs.pem", "-ic", "+xa", "--bit-preserving",
                                "-od", f"{folder}/received", port], port)
    code, said = run(LARMOR, "import", "--library", f"{folder}/larmor-library", CT)
    assert code == 0, said
    server = Server(folder, "--dimse-remote", f"STORESCP=tls://127.0.0.1:{port}", "--dimse-remote-ca", f"{folder}/theirs.pem")
    try:
        data_set = pydicom.dcmread(CT, stop_before_pixels=True)
        code, said = run("movescu", "-v", "-S", "-aec", "LARMOR", "-aem", "STORESCP", "127.0.0.1", server.port,
                         "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={data_set.StudyInstanceUID}")
        assert code == 0 and "Received Final Move Response (Success)" in said, said
        moved = glob.glob(f"{folder}/received/*{data_set.SOPInstanceUID}*")
        assert len(moved) == 1, moved
        assert data_set_bytes(content_of(moved[0])) == data_set_bytes(content_of(CT))
        # The command goes the same way, and only to whom it trusts.
        code, said = run(LARMOR, "send", "127.0.0.1", port, "--tls-ca", f"{folder}/theirs.pem", FILES[1])
        assert code == 0, said
        code, said = run(LARMOR, "send", "127.0.0.1", port, "--attempts", "1", "--tls-ca", f"{folder}/strange.pem", FILES[2])
        assert code != 0, said
        assert len(os.listdir(f"{folder}/received")) == 2, os.listdir(f"{folder}/received")
    finally:
        receiver.kill()
        receiver.wait()
        server.end()


@test
def a_cancelled_search_ends_and_the_association_goes_on(folder):
    code, said = run(LARMOR, "import", "--library", f"{folder}/larmor-library", *FILES)
    assert code == 0, said
    server = Server(folder)
    try:
        with Peer(server.port) as peer:
            peer.associate(contexts=((STUDY_ROOT_FIND, IMPLICIT), (VERIFICATION, IMPLICIT)))
            request = command(element(0, 2, STUDY_ROOT_FIND.encode()), short(0x100, 0x20), short(0x110, 9), short(0x700, 0),
                              short(0x800, 1))
            identifier = element(8, 0x52, b"STUDY") + element(0x20, 0xd, b"")
            # The cancel is there before the first match is answered.
            peer.send(data(request, command=True) + data(identifier) + data(
                command(short(0x100, 0xfff), short(0x120, 9), short(0x800, 0x101)), command=True))
            while status_of(message := peer.message()) == 0xff00:
                assert peer.receive()[0] == 4  # the match
            assert status_of(message) == 0xfe00, hex(status_of(message))
            echo = command(element(0, 2, VERIFICATION.encode()), short(0x100, 0x30), short(0x110, 10), short(0x800, 0x101))
            peer.send(data(echo, context=3, command=True))
            assert status_of(peer.message()) == 0
    finally:
        server.end()


@test
def commitment_is_reported_within_the_association_where_it_stays(folder):
    code, said = run(LARMOR, "import", "--library", f"{folder}/larmor-library", CT)
    assert code == 0, said
    server = Server(folder)
    data_set = pydicom.dcmread(CT, stop_before_pixels=True)
    try:
        with Peer(server.port) as peer:
            peer.associate(contexts=((COMMITMENT, IMPLICIT),))
            reference = element(8, 0x1150, str(data_set.SOPClassUID).encode()) + element(8, 0x1155, str(data_set.SOPInstanceUID).encode())
            sequence = struct.pack("<HHI", 0xfffe, 0xe000, len(reference)) + reference
            request = element(8, 0x1195, b"1.2.3.99") + struct.pack("<HHI", 8, 0x1199, len(sequence)) + sequence
            action = command(element(0, 3, COMMITMENT.encode()), short(0x100, 0x130), short(0x110, 5), short(0x800, 1),
                             element(0, 0x1001, b"1.2.840.10008.1.20.1.1"), short(0x1008, 1))
            peer.send(data(action, command=True) + data(request))
            assert status_of(peer.message()) == 0
            report = peer.message()
            assert struct.unpack("<H", report[0x100])[0] == 0x100, "N-EVENT-REPORT-RQ"
            assert struct.unpack("<H", report[0x1002])[0] == 1, "all committed: PS3.4 table J.3.3-1"
            kind, content = peer.receive()
            assert kind == 4 and str(data_set.SOPInstanceUID).encode() in content and b"1.2.3.99" in content
    finally:
        server.end()


if __name__ == "__main__":
    sys.exit(scenarios.run())
