#!/usr/bin/python3
"""A library whose objects lie in S3, on a real server: imported, served, checked. Ends with `N passed, N failed`."""
import hashlib
import json
import os
import sys
import urllib.request

import pydicom

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import command_line_test  # noqa: E402
from command_line_test import FILES, closing_line, end, serve  # noqa: E402
from lib.s3 import S3  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("s3")
test = scenarios.test
server = None
NAMES = ("CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm")


def larmor(folder, *arguments, environment=None):
    return command_line_test.larmor(folder, *arguments, environment=server.environment if environment is None else environment)


def import_some(folder, bucket, prefix=""):
    server.make_bucket(bucket)
    done = larmor(folder, "import", "--objects", server.address(bucket, prefix), *(f"{FILES}/{name}" for name in NAMES))
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def fsck(folder, *arguments):
    done = larmor(folder, "fsck", "--json", *arguments)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, lines[:-1], lines[-1] if lines else done.stderr


def fetch(url, accept="*/*"):
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=60) as answer:
        return answer.read()


def post(base, path):
    with open(path, "rb") as file:
        store = urllib.request.Request(f"{base}/dicomweb/studies", data=file.read(), method="POST",
                                       headers={"Content-Type": "application/dicom"})
    with urllib.request.urlopen(store, timeout=60) as answer:
        assert answer.status == 200


def address_of(base, name):
    data_set = pydicom.dcmread(f"{FILES}/{name}")
    return data_set, (f"{base}/dicomweb/studies/{data_set.StudyInstanceUID}/series/{data_set.SeriesInstanceUID}"
                      f"/instances/{data_set.SOPInstanceUID}")


def file_of(name):
    with open(f"{FILES}/{name}", "rb") as file:
        return file.read()


@test
def imports_serves_and_checks(folder):
    assert closing_line(import_some(folder, "library", "a/b"))[:4] == [3, 0, 0, 0]
    names = server.names("library")
    for name in NAMES:
        data_set = pydicom.dcmread(f"{FILES}/{name}")
        key = (f"a/b/instances/{data_set.StudyInstanceUID}/{data_set.SeriesInstanceUID}/{data_set.SOPInstanceUID}/"
               f"{hashlib.sha256(file_of(name)).hexdigest()}.dcm")
        assert key in names, (key, names)
        assert server.get("library", key) == file_of(name)
    # The folder has rows and audit, and no bytes of an object.
    assert not os.path.exists(f"{folder}/larmor-library/objects/segments")
    assert os.listdir(f"{folder}/larmor-library/objects") == ["keys.lock"]

    # It is remembered where they are; a key on the command line or in the folder is none.
    process, base, _ = serve_with_keys(folder)
    try:
        data_set, url = address_of(base, "CT_small.dcm")
        whole = fetch(url, "application/dicom; transfer-syntax=*")
        assert whole == file_of("CT_small.dcm")
        for _ in range(2):  # the second time its place is known
            assert fetch(f"{url}/frames/1", "application/octet-stream") == data_set.PixelData
        metadata = json.loads(fetch(f"{url}/metadata", "application/dicom+json"))
        assert metadata[0]["00080018"]["Value"] == [data_set.SOPInstanceUID]
        assert fetch(f"{url}/thumbnail", "image/jpeg")[:2] == b"\xff\xd8"
        # Several frames, one after the other; of an instance that is large enough to be an upload.
        frames = [os.urandom(512 * 512 * 2) for _ in range(4)]
        data_set.SOPInstanceUID, data_set.Rows, data_set.Columns, data_set.NumberOfFrames = "1.2.3.4.5", 512, 512, 4
        data_set.file_meta.MediaStorageSOPInstanceUID, data_set.PixelData = "1.2.3.4.5", b"".join(frames)
        data_set.save_as(f"{folder}/frames.dcm")
        post(base, f"{folder}/frames.dcm")
        url = f"{url.rpartition('/')[0]}/1.2.3.4.5/frames"
        parts = fetch(f"{url}/4,2,1", 'multipart/related; type="application/octet-stream"')
        places = [parts.find(frames[number - 1]) for number in (4, 2, 1)]
        assert 0 < places[0] < places[1] < places[2], places
        assert fetch(f"{url}/3", "application/octet-stream") == frames[2]
        # A range of what lies in S3.
        _, url = address_of(base, "MR_small.dcm")
        request = urllib.request.Request(url, headers={"Accept": "application/dicom; transfer-syntax=*", "Range": "bytes=128-131"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.read() == b"DICM"
        # And one that comes by HTTP.
        post(base, f"{FILES}/rtplan.dcm")
        assert fetch(address_of(base, "rtplan.dcm")[1], "application/dicom; transfer-syntax=*") == file_of("rtplan.dcm")
    finally:
        end(process)
    assert closing_line(larmor(folder, "import", f"{FILES}/CT_small.dcm"))[:4] == [0, 1, 0, 0]
    code, findings, summary = fsck(folder)
    assert (code, findings) == (0, []), (code, findings, summary)
    assert summary["instances"] == 5 and summary["objects"] > 5, summary


def serve_with_keys(folder):
    before = {name: os.environ.get(name) for name in server.environment}
    os.environ.update(server.environment)
    try:
        return serve(folder, "--auth", "off")
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@test
def fsck_names_what_is_gone_or_changed(folder):
    import_some(folder, "damaged")
    instances = [name for name in server.names("damaged") if name.startswith("instances/")]
    server.delete("damaged", instances[0])
    body = server.get("damaged", instances[1])
    server.put("damaged", instances[1], body[:5000] + bytes([body[5000] ^ 1]) + body[5001:])
    code, findings, summary = fsck(folder)
    assert code == 1 and summary["errors"] == 2, (code, findings, summary)
    told = {finding["where"] for finding in findings}
    assert told == {f"object file {instances[0]}", f"object file {instances[1]}"}, findings


@test
def what_a_folder_alone_has_is_refused_and_credentials_are_never_shown(folder):
    import_some(folder, "refusals")
    for command in (("compact",), ("backup", "copy")):
        done = larmor(folder, *command)
        assert done.returncode == 1 and "S3" in done.stderr, done.stdout + done.stderr
    # Without credentials, with wrong ones, and at a place of another library.
    none = larmor(folder, "import", f"{FILES}/rtplan.dcm",
                  environment={"AWS_SHARED_CREDENTIALS_FILE": f"{folder}/none", "AWS_ACCESS_KEY_ID": ""})
    assert none.returncode == 1 and "no S3 credentials" in none.stderr, none.stderr
    wrong = larmor(folder, "import", f"{FILES}/rtplan.dcm", environment={**server.environment, "AWS_SECRET_ACCESS_KEY": "hush-hush"})
    assert wrong.returncode == 1 and "hush-hush" not in wrong.stdout + wrong.stderr, wrong.stderr
    os.mkdir(f"{folder}/other")
    other = larmor(f"{folder}/other", "import", "--objects", server.address("refusals"), f"{FILES}/rtplan.dcm")
    assert other.returncode == 1 and "belongs to another library" in other.stderr, other.stderr
    # One that has its objects in its folder keeps them there.
    assert larmor(f"{folder}/other", "import", "--library", "local", f"{FILES}/rtplan.dcm").returncode == 0
    server.make_bucket("too-late")
    moved = larmor(f"{folder}/other", "import", "--library", "local", "--objects", server.address("too-late"), f"{FILES}/rtplan.dcm")
    assert moved.returncode == 1 and "leave --objects out" in moved.stderr, moved.stderr


@test
def an_import_goes_on_when_the_server_is_busy_or_connections_break(folder):
    server.make_bucket("faults")
    proxy = server.proxy()
    try:
        proxy.fault("status", "PUT", status=503, code="SlowDown", times=2)
        proxy.fault("reset", "PUT", match="/instances/", times=1)
        proxy.fault("lost_reply", "PUT", match="/instances/", times=1)
        proxy.fault("lost_reply", "PUT", match="/prepared/", times=1)
        done = larmor(folder, "import", "--objects", server.address("faults", endpoint=proxy.url),
                      *(f"{FILES}/{name}" for name in NAMES))
        assert done.returncode == 0 and closing_line(done)[:4] == [3, 0, 0, 0], done.stdout + done.stderr
        # Another way to the same place, remembered from now on.
        again = larmor(folder, "import", "--objects", server.address("faults"), f"{FILES}/CT_small.dcm")
        assert closing_line(again)[:4] == [0, 1, 0, 0], again.stderr
    finally:
        proxy.end()
    assert fsck(folder)[:2] == (0, [])


if __name__ == "__main__":
    server = S3.start()
    if server is None:
        print("0 passed, 0 failed")
        sys.exit(0)
    try:
        sys.exit(scenarios.run())
    finally:
        server.end()
