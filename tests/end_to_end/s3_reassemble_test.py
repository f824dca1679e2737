#!/usr/bin/python3
"""`larmor reassemble` from S3 into S3, on a real server: the same files and report as in a folder, also when the server is busy, connections
break and bodies end too early; never a short object, never a finished run that is none. Ends with `N passed, N failed`."""
import glob
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request

import pydicom

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES  # noqa: E402
from lib.s3 import S3  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("s3-reassemble")
test = scenarios.test
server = None
shared = None  # folder of archives and of the run that is the truth
ARCHIVES = "archives"


def start(*arguments):
    return subprocess.run([LARMOR, *arguments], capture_output=True, text=True, check=False, timeout=120,
                          env={**os.environ, **server.environment})


def larmor(*arguments, code=0):
    done = start(*arguments)
    assert done.returncode == code, (arguments, done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout if code == 0 else done.stderr


def frames_beside_whole_images(folder):
    """1.2.3.3: an image, and frames in two archives that make another one. 1.2.3.4: an image, and frames that make the same, but that the
    second is there in another version."""
    def element(vr, *values):
        return {"vr": vr, "Value": list(values)}

    def metadata(uid):
        return json.dumps({"00080016": element("UI", "1.2.840.10008.5.1.4.1.1.7"), "00080018": element("UI", uid),
                           "0020000D": element("UI", "1.2.9"), "0020000E": element("UI", "1.2.9.1"), "00280002": element("US", 1),
                           "00280004": element("CS", "MONOCHROME2"), "00280008": element("IS", 2), "00280010": element("US", 2),
                           "00280011": element("US", 2), "00280100": element("US", 8), "00280101": element("US", 8),
                           "00280102": element("US", 7), "00280103": element("US", 0), "7FE00010": {"vr": "OB", "BulkDataURI": "b"}}).encode()

    for name, members in (("metadata-00004", {f"{uid}.json": metadata(uid) for uid in ("1.2.3.3", "1.2.3.4")}),
                          ("image-00004", {"1.2.3.3.raw": b"wholeimg", "1.2.3.3_1.raw": b"frm1", "1.2.3.4.raw": b"onlysame",
                                           "1.2.3.4_1.raw": b"only", "1.2.3.4_2.raw": b"same"}),
                          ("image-00005", {"1.2.3.3_2.raw": b"frm2", "1.2.3.4_2.raw": b"else"})):
        with tarfile.open(f"{folder}/{name}.tar", "w") as archive:
            for path, content in members.items():
                member = tarfile.TarInfo(path)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))


def split(folder):
    """Archives in a folder and in a bucket, with halves missing, doubled and changed; and the run in a folder that is the truth."""
    larmor("split", PYDICOM_FILES, "--out", f"{folder}/split", "--archives", "3", "--shuffle", "--duplicates", "20", "--conflicts", "10",
           "--missing", "10", "--frames", "--seed", "5")
    frames_beside_whole_images(f"{folder}/split")
    server.make_bucket(ARCHIVES)
    for kind, count in (("metadata", 4), ("image", 5)):
        paths = glob.glob(f"{folder}/split/{kind}-*")
        assert len(paths) == count, paths
        for path in paths:
            with open(path, "rb") as file:
                server.put(ARCHIVES, f"in/{kind}/{os.path.basename(path)}", file.read())
    larmor("reassemble", "--metadata", *glob.glob(f"{folder}/split/metadata-*"), "--images", *glob.glob(f"{folder}/split/image-*"),
           "--out", f"{folder}/truth", "--memory", "512MiB")


def command(folder, bucket, *options, source=None, target=None, work="work"):
    return ("reassemble", "--metadata", server.address(ARCHIVES, "in/metadata", source), "--images",
                  server.address(ARCHIVES, "in/image", source), "--out", server.address(bucket, "out", target),
                  "--work", f"{folder}/{work}", "--memory", "512MiB", *options)


def reassemble(folder, bucket, *options, code=0, **where):
    return larmor(*command(folder, bucket, *options, **where), code=code)


def in_folder(folder):
    files = {}
    for path in glob.glob(f"{folder}/**", recursive=True):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                files[os.path.relpath(path, folder)] = file.read()
    return files


def in_bucket(bucket, prefix="out/"):
    return {name[len(prefix):]: server.get(bucket, name) for name in server.names(bucket) if name.startswith(prefix)}


def without_places(name, content):
    """Archives are named by where they are; a run's fingerprint has that too."""
    if name == "complete.json":
        return {key: value for key, value in json.loads(content).items() if key != "fingerprint"}
    if not name.startswith("report/"):
        return hashlib.sha256(content).hexdigest()
    return re.sub(rb'"archive":"[^"]*/', b'"archive":"', content)


def assert_equal_to_truth(bucket):
    truth, there = in_folder(f"{shared}/truth"), in_bucket(bucket)
    assert sorted(truth) == sorted(there), set(truth) ^ set(there)
    for name, content in truth.items():
        assert without_places(name, content) == without_places(name, there[name]), name
    kinds = {name.split("/")[0] for name in truth}
    assert {"instances", "conflicts", "report"} <= kinds, kinds


def assert_none_is_short(bucket):
    """Whatever is there under a name of an instance is all of it."""
    truth = in_folder(f"{shared}/truth")
    for name, content in in_bucket(bucket).items():
        if name.startswith("instances/") and name in truth:
            assert content == truth[name], name


@test
def gives_the_files_and_the_report_that_a_folder_gets(folder):
    server.make_bucket("plain")
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
    server.make_bucket("foreign")
    server.put("foreign", "out/something", b"x")
    refused = larmor("reassemble", "--metadata", server.address(ARCHIVES, "in/metadata"), "--images", server.address(ARCHIVES, "in/image"),
                     "--out", server.address("foreign", "out"), "--work", f"{folder}/fourth", code=1)
    assert "not empty" in refused and server.names("foreign") == ["out/something"], refused


@test
def goes_on_after_faults_and_reads_each_byte_once(folder):
    server.make_bucket("faults")
    proxy = server.proxy()
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
        assert read == size == str(sum(map(os.path.getsize, glob.glob(f"{shared}/split/image-*")))), said
        assert proxy.counts()["faults_left"] == 0, proxy.counts()
    finally:
        proxy.end()
    assert_equal_to_truth("faults")


@test
def stops_with_a_clear_error_when_it_is_too_much_and_begins_again(folder):
    server.make_bucket("stops")
    proxy = server.proxy()
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
            assert said in error and server.secret not in error, (name, error)
            assert server.get("stops", "out/complete.json") is None, name
            assert_none_is_short("stops")
        assert "another work folder" in reassemble(folder, "stops", work="other", code=1)
    finally:
        proxy.end()
    reassemble(folder, "stops")
    assert_equal_to_truth("stops")


def killed_where(proxy, fault, *arguments):
    """Starts the command, and kills it -9 when the request that the fault holds has come; says whether it came that far."""
    proxy.clear()
    proxy.fault("hold", **fault)
    process = subprocess.Popen([LARMOR, *arguments], env={**os.environ, **server.environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while process.poll() is None and not proxy.counts()["held"]:
        assert time.monotonic() < deadline, fault
        time.sleep(0.002)
    process.kill()
    said = process.communicate()[1]
    assert process.returncode in (0, -9), (fault, said[-2000:])
    return process.returncode == -9


def open_uploads(bucket):
    return server.request("GET", f"/{bucket}", "uploads=")[1].decode().count("<Upload>")


@test
def goes_on_with_the_archive_where_it_was_killed(folder):
    server.make_bucket("killed")
    proxy = server.proxy()
    try:
        # Of about 50 instances; each point in the way of what was begun at the one before.
        for number, (method, match, skip, done) in enumerate((
                ("PUT", "/.reassembly/run.json", 0, False), ("PUT", "/.reassembly/run.json", 0, True),
                ("PUT", "/instances/", 3, True), ("PUT", "/instances/", 20, False), ("PUT", "/instances/", 12, True),
                ("PUT", "/conflicts/", 0, False), ("PUT", "/conflicts/", 0, True), ("PUT", "/conflicts/", 1, True),
                ("HEAD", "/conflicts/", 0, False), ("DELETE", "/instances/", 0, True), ("PUT", "/conflicts/1.2.3.3/2", 0, False),
                ("PUT", "/conflicts/1.2.3.4/", 0, True), ("PUT", "/report/", 2, True),
                ("PUT", "/complete.json", 0, False), ("PUT", "/complete.json", 0, True), ("DELETE", "/.reassembly/", 0, True))):
            options = ("--checkpoint-seconds", "0", "--threads", str(1 + number % 2))
            assert killed_where(proxy, {"method": method, "match": match, "skip": skip, "done": done},
                                *command(folder, "killed", *options, target=proxy.url)), (method, match, skip)
            assert_none_is_short("killed")
        proxy.clear()
        said = json.loads(reassemble(folder, "killed", "--json"))
        assert said["instances"] > 30, said
    finally:
        proxy.end()
    assert_equal_to_truth("killed")
    assert open_uploads("killed") == 0


@test
def archives_that_are_done_are_not_read_again_and_their_instances_not_put_again(folder):
    server.make_bucket("skipped")
    proxy = server.proxy()
    try:
        arguments = command(folder, "skipped", "--checkpoint-seconds", "0", "--threads", "1", source=proxy.url, target=proxy.url)
        assert killed_where(proxy, {"method": "PUT", "match": "/report/"}, *arguments)
        proxy.clear()
        said = larmor(*arguments)
        # Only the last step was to do: no archive was opened, and an instance is compared, not put, where it stands.
        assert re.search(r"a run of which 9 archives were done", said) and "0 bytes read of 0" in said, said
        names = [name for name in server.names("skipped") if "/instances/" in name]
        assert len(names) > 30 and proxy.counts()["requests"]["PUT"] < len(names) / 2, (proxy.counts(), len(names))
    finally:
        proxy.end()
    assert_equal_to_truth("skipped")


@test
def instances_that_were_put_behind_the_last_checkpoint_are_not_sent_again(folder):
    server.make_bucket("whole")
    server.make_bucket("again")
    proxy = server.proxy()
    try:
        options = ("--checkpoint-seconds", "3600", "--threads", "1")
        reassemble(folder, "whole", *options, target=proxy.url, work="whole-work")
        puts = proxy.counts()["requests"]["PUT"]
        # The only checkpoint is that behind the metadata.
        assert killed_where(proxy, {"method": "PUT", "match": "/instances/"},
                            *command(folder, "again", "--checkpoint-seconds", "0", "--threads", "1", target=proxy.url))
        assert killed_where(proxy, {"method": "PUT", "match": "/instances/", "skip": 30}, *command(folder, "again", *options, target=proxy.url))
        proxy.clear()
        said = reassemble(folder, "again", *options, target=proxy.url)
        assert "a run of which 4 archives were done" in said, said
        again = proxy.counts()["requests"]
        assert again["PUT"] <= puts - 30 and again["HEAD"] >= 30, (puts, again)
    finally:
        proxy.end()
    assert_equal_to_truth("again")


@test
def a_place_and_a_work_folder_belong_together(folder):
    for bucket in ("mine", "yours"):
        server.make_bucket(bucket)
    proxy = server.proxy()
    try:
        assert killed_where(proxy, {"method": "PUT", "match": "/report/"},
                            *command(folder, "mine", "--checkpoint-seconds", "0", target=proxy.url))
    finally:
        proxy.end()
    # Not into another place, nor into a folder, from here; and not from another folder into this place.
    assert "nothing is in" in reassemble(folder, "yours", code=1) and server.names("yours") == []
    assert "unfinished run into S3" in into_a_folder(folder, "work")
    assert "another work folder" in reassemble(folder, "mine", work="other", code=1)
    reassemble(folder, "mine")
    assert "nothing is in" in reassemble(folder, "yours", code=1) and server.names("yours") == []
    assert_equal_to_truth("mine")


def into_a_folder(folder, work, code=1):
    return larmor("reassemble", "--metadata", server.address(ARCHIVES, "in/metadata"), "--images", server.address(ARCHIVES, "in/image"),
                  "--out", f"{folder}/{work}", "--memory", "512MiB", code=code)


@test
def a_checkpoint_of_one_place_is_never_gone_on_with_in_another(folder):
    for bucket in ("first", "second"):
        server.make_bucket(bucket)
    proxy = server.proxy()
    try:
        # Before its first checkpoint, when the place is taken; then behind several, in another place, by the same work folder.
        assert killed_where(proxy, {"method": "PUT", "match": "/.reassembly/run.json", "done": True},
                            *command(folder, "first", target=proxy.url))
        assert killed_where(proxy, {"method": "PUT", "match": "/report/"},
                            *command(folder, "second", "--checkpoint-seconds", "0", target=proxy.url))
    finally:
        proxy.end()
    assert "another work folder" in reassemble(folder, "first", code=1)
    assert server.names("first") == ["out/.reassembly/run.json"], server.names("first")
    assert "a run of which 9 archives were done" in reassemble(folder, "second")
    assert_equal_to_truth("second")
    # The work folder says where its instances are, and is no run into a folder.
    assert json.loads(in_folder(f"{folder}/work")["complete.json"])["place"] == "s3://second/out/"
    assert "finished run into S3" in into_a_folder(folder, "work")
    assert "nothing is in" in reassemble(folder, "first", code=1)


@test
def a_place_that_is_finished_leaves_the_unfinished_run_of_a_work_folder_alone(folder):
    for bucket in ("done", "begun"):
        server.make_bucket(bucket)
    reassemble(folder, "done", work="other")
    proxy = server.proxy()
    try:
        assert killed_where(proxy, {"method": "PUT", "match": "/report/"},
                            *command(folder, "begun", "--checkpoint-seconds", "0", target=proxy.url))
    finally:
        proxy.end()
    assert "finished already" in reassemble(folder, "done")
    assert "a run of which 9 archives were done" in reassemble(folder, "begun")
    assert_equal_to_truth("begun")
    # A folder that was at no other run is finished with the place.
    assert "finished already" in reassemble(folder, "done", work="third")
    assert json.loads(in_folder(f"{folder}/third")["complete.json"])["place"] == "s3://done/out/"
    assert "finished run into S3" in into_a_folder(folder, "third")


@test
def large_instances_that_were_put_are_compared_when_a_run_goes_on(folder):
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    data_set.Rows = data_set.Columns = 2500
    os.makedirs(f"{folder}/files")
    for number in range(3):
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        data_set.PixelData = os.urandom(2500 * 2500 * 2)
        data_set.save_as(f"{folder}/files/{number}.dcm")
    larmor("split", f"{folder}/files", "--out", f"{folder}/split", "--archives", "1")
    server.make_bucket("parts")
    proxy = server.proxy()
    sides = ("--metadata", f"{folder}/split/metadata-00001.tar", "--images", f"{folder}/split/image-00001.tar")
    larmor("reassemble", *sides, "--out", f"{folder}/truth", "--memory", "512MiB")
    arguments = ("reassemble", *sides, "--out", server.address("parts", "out", proxy.url), "--work", f"{folder}/work", "--memory", "512MiB",
                 "--threads", "1", "--checkpoint-seconds", "0")
    try:
        # In a part of the first; when the second is there and nobody knows; in a part of the third.
        for fault in ({"method": "PUT", "match": "partNumber=2"}, {"method": "POST", "match": "uploadId=", "skip": 1, "done": True},
                      {"method": "PUT", "match": "partNumber=1"}):
            assert killed_where(proxy, fault, *arguments), fault
        proxy.clear()
        larmor(*arguments)
        # The third in two parts, the report and the mark; the others are there.
        counts = proxy.counts()["requests"]
        assert counts["PUT"] == 2 + 6 + 1, counts
    finally:
        proxy.end()
    assert in_folder(f"{folder}/truth") == in_bucket("parts")
    assert open_uploads("parts") == 0


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
    server.make_bucket("hashed")
    larmor("reassemble", "--metadata", f"{folder}/split/metadata-00001.tar", "--images", f"{folder}/split/image-00001.tar",
           "--out", server.address("hashed", "out"), "--work", f"{folder}/work", "--memory", "512MiB", "--threads", "1")
    names = [name for name in server.names("hashed") if "/instances/" in name]
    assert len(names) == 2, names
    for name in names:
        assert server.headers("hashed", name)["x-amz-meta-larmor-sha256"] == hashlib.sha256(server.get("hashed", name)).hexdigest()


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
        server.make_bucket(f"large-{kind}")
        proxy = server.proxy()
        try:
            proxy.fault("reset", "PUT", match="partNumber=", times=2)
            proxy.fault("lost_reply", "POST", match="uploadId=", times=1)
            larmor("reassemble", *sides, "--out", server.address(f"large-{kind}", "out", proxy.url), "--work", f"{folder}/{kind}-work",
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
            server.put(ARCHIVES, f"passed/{side}/{side}.tar", file.read())
    size = os.path.getsize(f"{folder}/image.tar")
    for images in (f"{folder}/image.tar", server.address(ARCHIVES, "passed/image")):
        out = f"{folder}/out-{len(images)}"
        said = larmor("reassemble", "--metadata", server.address(ARCHIVES, "passed/metadata"), "--images", images, "--out", out,
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
    server.make_bucket("cold")
    proxy = server.proxy()
    try:
        proxy.cold(f"/{ARCHIVES}/in/image/", 2)
        cold = [name for name in server.names(ARCHIVES) if name.startswith("in/image/")]
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
    server.make_bucket("restored")
    proxy = server.proxy()
    try:
        asking = command(folder, "restored", "--restore", "expedited", "--restore-days", "2", "--restore-poll-seconds", "0.1",
                         "--checkpoint-seconds", "0", source=proxy.url)
        # Killed when it has asked for all and none has come.
        proxy.cold(f"/{ARCHIVES}/in/", 3600)
        process = subprocess.Popen([LARMOR, *asking], env={**os.environ, **server.environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
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
    server = S3.start()
    if server is None:
        print("0 passed, 0 failed")
        sys.exit(0)
    try:
        with tempfile.TemporaryDirectory(prefix="larmor-s3-archives-") as shared:
            split(shared)
            sys.exit(scenarios.run())
    finally:
        server.end()
