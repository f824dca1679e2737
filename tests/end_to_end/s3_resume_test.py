#!/usr/bin/python3
"""`larmor reassemble` into S3 is killed and gone on with, from the work folder and in the place that belong together. Ends with `N passed, N failed`."""
import json
import os
import re
import subprocess
import sys
import time

import pydicom

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES  # noqa: E402
from lib import s3_reassembly as s3  # noqa: E402
from lib.s3_reassembly import ARCHIVES, assert_equal_to_truth, assert_none_is_short, command, in_bucket, in_folder, larmor, reassemble  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("s3-resume")
test = scenarios.test


def killed_where(proxy, fault, *arguments):
    """Starts the command, and kills it -9 when the request that the fault holds has come; says whether it came that far."""
    proxy.clear()
    proxy.fault("hold", **fault)
    process = subprocess.Popen([LARMOR, *arguments], env={**os.environ, **s3.server.environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while process.poll() is None and not proxy.counts()["held"]:
        assert time.monotonic() < deadline, fault
        time.sleep(0.002)
    process.kill()
    said = process.communicate()[1]
    assert process.returncode in (0, -9), (fault, said[-2000:])
    return process.returncode == -9


def open_uploads(bucket):
    return s3.server.request("GET", f"/{bucket}", "uploads=")[1].decode().count("<Upload>")


@test
def goes_on_with_the_archive_where_it_was_killed(folder):
    s3.server.make_bucket("killed")
    proxy = s3.server.proxy()
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
    s3.server.make_bucket("skipped")
    proxy = s3.server.proxy()
    try:
        arguments = command(folder, "skipped", "--checkpoint-seconds", "0", "--threads", "1", source=proxy.url, target=proxy.url)
        assert killed_where(proxy, {"method": "PUT", "match": "/report/"}, *arguments)
        proxy.clear()
        said = larmor(*arguments)
        # Only the last step was to do: no archive was opened, and an instance is compared, not put, where it stands.
        assert re.search(r"a run of which 9 archives were done", said) and "0 bytes read of 0" in said, said
        names = [name for name in s3.server.names("skipped") if "/instances/" in name]
        assert len(names) > 30 and proxy.counts()["requests"]["PUT"] < len(names) / 2, (proxy.counts(), len(names))
    finally:
        proxy.end()
    assert_equal_to_truth("skipped")


@test
def instances_that_were_put_behind_the_last_checkpoint_are_not_sent_again(folder):
    s3.server.make_bucket("whole")
    s3.server.make_bucket("again")
    proxy = s3.server.proxy()
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
        s3.server.make_bucket(bucket)
    proxy = s3.server.proxy()
    try:
        assert killed_where(proxy, {"method": "PUT", "match": "/report/"},
                            *command(folder, "mine", "--checkpoint-seconds", "0", target=proxy.url))
    finally:
        proxy.end()
    # Not into another place, nor into a folder, from here; and not from another folder into this place.
    assert "nothing is in" in reassemble(folder, "yours", code=1) and s3.server.names("yours") == []
    assert "unfinished run into S3" in into_a_folder(folder, "work")
    assert "another work folder" in reassemble(folder, "mine", work="other", code=1)
    reassemble(folder, "mine")
    assert "nothing is in" in reassemble(folder, "yours", code=1) and s3.server.names("yours") == []
    assert_equal_to_truth("mine")


def into_a_folder(folder, work, code=1):
    return larmor("reassemble", "--metadata", s3.server.address(ARCHIVES, "in/metadata"), "--images", s3.server.address(ARCHIVES, "in/image"),
                  "--out", f"{folder}/{work}", "--memory", "512MiB", code=code)


@test
def a_checkpoint_of_one_place_is_never_gone_on_with_in_another(folder):
    for bucket in ("first", "second"):
        s3.server.make_bucket(bucket)
    proxy = s3.server.proxy()
    try:
        # Before its first checkpoint, when the place is taken; then behind several, in another place, by the same work folder.
        assert killed_where(proxy, {"method": "PUT", "match": "/.reassembly/run.json", "done": True},
                            *command(folder, "first", target=proxy.url))
        assert killed_where(proxy, {"method": "PUT", "match": "/report/"},
                            *command(folder, "second", "--checkpoint-seconds", "0", target=proxy.url))
    finally:
        proxy.end()
    assert "another work folder" in reassemble(folder, "first", code=1)
    assert s3.server.names("first") == ["out/.reassembly/run.json"], s3.server.names("first")
    assert "a run of which 9 archives were done" in reassemble(folder, "second")
    assert_equal_to_truth("second")
    # The work folder says where its instances are, and is no run into a folder.
    assert json.loads(in_folder(f"{folder}/work")["complete.json"])["place"] == "s3://second/out/"
    assert "finished run into S3" in into_a_folder(folder, "work")
    assert "nothing is in" in reassemble(folder, "first", code=1)


@test
def a_place_that_is_finished_leaves_the_unfinished_run_of_a_work_folder_alone(folder):
    for bucket in ("done", "begun"):
        s3.server.make_bucket(bucket)
    reassemble(folder, "done", work="other")
    proxy = s3.server.proxy()
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
    s3.server.make_bucket("parts")
    proxy = s3.server.proxy()
    sides = ("--metadata", f"{folder}/split/metadata-00001.tar", "--images", f"{folder}/split/image-00001.tar")
    larmor("reassemble", *sides, "--out", f"{folder}/truth", "--memory", "512MiB")
    arguments = ("reassemble", *sides, "--out", s3.server.address("parts", "out", proxy.url), "--work", f"{folder}/work", "--memory", "512MiB",
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


if __name__ == "__main__":
    s3.main(scenarios)
