#!/usr/bin/python3
"""`larmor reassemble` from S3 into S3, on a real server: the same files and report as in a folder, also when the server is busy, connections
break and bodies end too early; never a short object, never a finished run that is none. Ends with `N passed, N failed`."""
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import time
import urllib.request

import pydicom

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES  # noqa: E402
from lib import s3_reassembly as s3  # noqa: E402
from lib.s3_reassembly import ARCHIVES, assert_equal_to_truth, assert_none_is_short, command, in_bucket, in_folder, larmor, reassemble, start  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("s3-reassemble")
test = scenarios.test


@test
def gives_the_files_and_the_report_that_a_folder_gets(folder):
    s3.server.make_bucket("plain")
    said = json.loads(reassemble(folder, "plain", "--json"))
    assert_equal_to_truth("plain")
    assert said["instances"] > 30, said
    # The manifest names what is there, by size and hash.
    there = in_bucket("plain")
    for line in there["report/manifest.ndjson"].splitlines():
        instance = json.loads(line)
        assert len(there[instance["key"]]) == instance["size"]
        assert hashlib.sha256(there[instance["key"]]).hexdigest() == instance["sha256"]
    # Finished is finished, from any work folder; other options and foreign places are refused.
    assert json.loads(reassemble(folder, "plain", "--json"))["instances"] == said["instances"]
    assert json.loads(reassemble(folder, "plain", "--json", work="other"))["instances"] == said["instances"]
    assert "other archives or options" in reassemble(folder, "plain", "--raw-endian", "big", work="third", code=1)
    s3.server.make_bucket("foreign")
    s3.server.put("foreign", "out/something", b"x")
    refused = larmor("reassemble", "--metadata", s3.server.address(ARCHIVES, "in/metadata"), "--images", s3.server.address(ARCHIVES, "in/image"),
                     "--out", s3.server.address("foreign", "out"), "--work", f"{folder}/fourth", code=1)
    assert "not empty" in refused and s3.server.names("foreign") == ["out/something"], refused


@test
def goes_on_after_faults_and_reads_each_byte_once(folder):
    s3.server.make_bucket("faults")
    proxy = s3.server.proxy()
    try:
        for kind in ("metadata", "image"):
            proxy.fault("short", "GET", match=f"{kind}-", after=100_000, times=2)
            proxy.fault("reset_body", "GET", match=f"{kind}-", after=70_000, times=2)
            proxy.fault("reset", "GET", match=f"{kind}-", times=1)
            proxy.fault("status", "GET", match=f"{kind}-", status=503, code="SlowDown", times=2)
            proxy.fault("slow", "GET", match=f"{kind}-", after=1000, seconds=1, times=1)
        proxy.fault("status", "PUT", match="/instances/", status=503, code="SlowDown", times=3)
        proxy.fault("reset", "PUT", match="/instances/", times=2)
        proxy.fault("lost_reply", "PUT", match="/instances/", times=3)
        proxy.fault("lost_reply", "PUT", match="/report/", times=1)
        proxy.fault("lost_reply", "PUT", match="/complete.json", times=1)
        said = reassemble(folder, "faults", source=proxy.url, target=proxy.url)
        read, size = re.search(r"image archives: (\d+) bytes read of (\d+)", said).groups()
        assert read == size == str(sum(map(os.path.getsize, glob.glob(f"{s3.shared}/split/image-*")))), said
        assert proxy.counts()["faults_left"] == 0, proxy.counts()
    finally:
        proxy.end()
    assert_equal_to_truth("faults")


@test
def stops_with_a_clear_error_when_it_is_too_much_and_begins_again(folder):
    s3.server.make_bucket("stops")
    proxy = s3.server.proxy()
    try:
        for name, fault, said in (
                ("reading", {"kind": "status", "method": "GET", "match": "image-", "status": 503, "code": "SlowDown"}, "SlowDown"),
                ("writing", {"kind": "status", "method": "PUT", "match": "/instances/", "status": 503, "code": "SlowDown"}, "SlowDown"),
                ("denied", {"kind": "status", "method": "PUT", "match": "/instances/", "status": 403, "code": "AccessDenied"},
                 "AccessDenied"),
                # What the server refuses is no damage of an archive, and no member that can't be read.
                ("not given", {"kind": "status", "method": "GET", "match": "image-", "status": 400, "code": "Whatever"}, "status 400"),
                ("a proxy's limit", {"kind": "status", "method": "PUT", "match": "/instances/", "status": 413, "code": "Whatever"},
                 "status 413"),
                ("not known there", {"kind": "status", "method": "PUT", "match": "/instances/", "status": 501, "code": "NotImplemented"},
                 "NotImplemented"),
                ("sent elsewhere", {"kind": "status", "method": "PUT", "match": "/instances/", "status": 301, "code": "PermanentRedirect"},
                 "PermanentRedirect")):
            proxy.clear()
            kind, method = fault.pop("kind"), fault.pop("method")
            proxy.fault(kind, method, times=1000, **fault)
            error = reassemble(folder, "stops", source=proxy.url, target=proxy.url, code=1)
            assert said in error and s3.server.secret not in error, (name, error)
            assert s3.server.get("stops", "out/complete.json") is None, name
            assert_none_is_short("stops")
        assert "another work folder" in reassemble(folder, "stops", work="other", code=1)
    finally:
        proxy.end()
    reassemble(folder, "stops")
    assert_equal_to_truth("stops")


@test
def a_large_instance_that_is_in_memory_is_hashed_once_and_goes_with_its_hash(folder):
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    os.makedirs(f"{folder}/files")
    for number, rows in ((0, 100), (1, 2500)):  # looked up together, so that both are hashed before they are put
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        data_set.Rows = data_set.Columns = rows
        data_set.PixelData = os.urandom(2 * rows * rows)
        data_set.save_as(f"{folder}/files/{number}.dcm")
    larmor("split", f"{folder}/files", "--out", f"{folder}/split", "--archives", "1", "--headless")
    s3.server.make_bucket("hashed")
    larmor("reassemble", "--metadata", f"{folder}/split/metadata-00001.tar", "--images", f"{folder}/split/image-00001.tar",
           "--out", s3.server.address("hashed", "out"), "--work", f"{folder}/work", "--memory", "512MiB", "--threads", "1")
    names = [name for name in s3.server.names("hashed") if "/instances/" in name]
    assert len(names) == 2, names
    for name in names:
        assert s3.server.headers("hashed", name)["x-amz-meta-larmor-sha256"] == hashlib.sha256(s3.server.get("hashed", name)).hexdigest()


@test
def large_instances_go_in_parts_also_where_there_are_two_of_them(folder):
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    data_set.Rows = data_set.Columns = 2500
    for number in range(2):
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        data_set.PixelData = os.urandom(2500 * 2500 * 2)
        os.makedirs(f"{folder}/files", exist_ok=True)
        data_set.save_as(f"{folder}/files/{number}.dcm")
    for kind in ("duplicates", "conflicts"):
        larmor("split", f"{folder}/files", "--out", f"{folder}/{kind}", "--archives", "2", f"--{kind}", "100", "--seed", "3")
        sides = ("--metadata", *glob.glob(f"{folder}/{kind}/metadata-*"), "--images", *glob.glob(f"{folder}/{kind}/image-*"))
        larmor("reassemble", *sides, "--out", f"{folder}/{kind}-truth", "--memory", "512MiB")
        s3.server.make_bucket(f"large-{kind}")
        proxy = s3.server.proxy()
        try:
            proxy.fault("reset", "PUT", match="partNumber=", times=2)
            proxy.fault("lost_reply", "POST", match="uploadId=", times=1)
            larmor("reassemble", *sides, "--out", s3.server.address(f"large-{kind}", "out", proxy.url), "--work", f"{folder}/{kind}-work",
                   "--memory", "512MiB")
            assert proxy.counts()["faults_left"] == 0, proxy.counts()
        finally:
            proxy.end()
        truth, there = in_folder(f"{folder}/{kind}-truth"), in_bucket(f"large-{kind}")
        assert truth == there, (set(truth) ^ set(there), [name for name in truth if truth[name] != there.get(name)])
        wanted = "instances" if kind == "duplicates" else "conflicts"
        assert sum(len(content) > 12_500_000 for name, content in there.items() if name.startswith(wanted)) >= 2, sorted(there)


@test
def what_nobody_needs_is_passed_over_and_hard_links_are_read_again(folder):
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    os.makedirs(f"{folder}/files")
    for number, rows in ((0, 4000), (1, 100), (2, 4000), (3, 100)):
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        data_set.Rows = data_set.Columns = rows
        data_set.PixelData = (b"13" if number % 2 else os.urandom(2)) * (rows * rows)
        data_set.save_as(f"{folder}/files/{number}.dcm")
    larmor("split", f"{folder}/files", "--out", f"{folder}/split", "--archives", "1")
    first = None
    for side, left_out in (("metadata", ("1.2.3.0.json", "1.2.3.2.json")), ("image", ())):
        with tarfile.open(f"{folder}/split/{side}-00001.tar") as split_archive, tarfile.open(f"{folder}/{side}.tar", "w") as archive:
            for member in split_archive.getmembers():
                name = os.path.basename(member.name)
                if name == "1.2.3.3.raw":  # the same bytes as those of 1
                    member.type, member.linkname, member.size = tarfile.LNKTYPE, first, 0
                    archive.addfile(member)
                elif name not in left_out:
                    first = member.name if name == "1.2.3.1.raw" else first
                    archive.addfile(member, split_archive.extractfile(member))
        with open(f"{folder}/{side}.tar", "rb") as file:
            s3.server.put(ARCHIVES, f"passed/{side}/{side}.tar", file.read())
    size = os.path.getsize(f"{folder}/image.tar")
    for images in (f"{folder}/image.tar", s3.server.address(ARCHIVES, "passed/image")):
        out = f"{folder}/out-{len(images)}"
        said = larmor("reassemble", "--metadata", s3.server.address(ARCHIVES, "passed/metadata"), "--images", images, "--out", out,
                      "--memory", "512MiB")
        read, whole = map(int, re.search(r"image archives: (\d+) bytes read of (\d+)", said).groups())
        # Of two members of 32 MB without metadata, what came before it was known that nobody needs it.
        assert whole == size > 64_000_000 and read < 40_000_000, (images, read, whole)
        manifest = in_folder(f"{out}/report")["manifest.ndjson"].splitlines()
        assert [json.loads(line)["sop_instance_uid"] for line in manifest] == ["1.2.3.1", "1.2.3.3"], manifest
        for line in map(json.loads, manifest):
            assert pydicom.dcmread(f"{out}/{line['key']}").PixelData == b"13" * 10_000
        assert "link_at" in json.loads(manifest[1])["images"][0], manifest


@test
def archives_of_a_cold_tier_are_refused_by_name_and_read_when_somebody_has_restored_them(folder):
    s3.server.make_bucket("cold")
    proxy = s3.server.proxy()
    try:
        proxy.cold(f"/{ARCHIVES}/in/image/", 2)
        cold = [name for name in s3.server.names(ARCHIVES) if name.startswith("in/image/")]
        error = reassemble(folder, "cold", source=proxy.url, code=1)
        assert "5 of 9 archives" in error and f"s3://{ARCHIVES}/{cold[0]}" in error and "--restore" in error, error
        assert proxy.counts()["asked"] == {}, "nobody asked for it"
        for name in cold:
            request = urllib.request.Request(f"{proxy.url}/{ARCHIVES}/{name}?restore", method="POST", data=b"<RestoreRequest/>")
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
                assert answer.status == 202
        # Until they are, the same command says so; nothing else tells here.
        deadline = time.monotonic() + 60
        while "has to be restored first" in start(*command(folder, "cold", source=proxy.url)).stderr:
            assert time.monotonic() < deadline
    finally:
        proxy.end()
    assert_equal_to_truth("cold")


@test
def archives_of_a_cold_tier_are_restored_and_read_as_they_come(folder):
    s3.server.make_bucket("restored")
    proxy = s3.server.proxy()
    try:
        asking = command(folder, "restored", "--restore", "expedited", "--restore-days", "2", "--restore-poll-seconds", "0.1",
                         "--checkpoint-seconds", "0", source=proxy.url)
        # Killed when it has asked for all and none has come.
        proxy.cold(f"/{ARCHIVES}/in/", 3600)
        process = subprocess.Popen([LARMOR, *asking], env={**os.environ, **s3.server.environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while len(proxy.counts()["asked"]) < 9 and process.poll() is None:
            assert time.monotonic() < deadline
        process.kill()
        assert process.wait() == -9, process.communicate()
        request = proxy.counts()["last_restore"]
        assert "<Days>2</Days>" in request and "<Tier>Expedited</Tier>" in request, request
        # Metadata comes first, an archive every 0.4 s. A copy lasts less long than the whole takes.
        proxy.cold(f"/{ARCHIVES}/in/", 0.5, lasts=2, step=0.4)
        larmor(*asking)
        counts = proxy.counts()
        assert len(counts["asked"]) == 9 and counts["read_early"] >= 2, counts
        # Finished: nothing has to be restored for that to be seen.
        proxy.cold(f"/{ARCHIVES}/in/", 3600)
        assert "finished already" in larmor(*asking)
        assert proxy.counts()["asked"] == {}
    finally:
        proxy.end()
    assert_equal_to_truth("restored")


if __name__ == "__main__":
    s3.main(scenarios)
