#!/usr/bin/python3
"""`larmor split` takes real files apart, `larmor reassemble` puts them together again: compared by pydicom, equal whatever threads do,
with what the split has left out, doubled and damaged in the report. Ends with `N passed, N failed`."""
import collections
import glob
import io
import json
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import tarfile
import time
import warnings
import zlib

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

warnings.simplefilter("ignore")
scenarios = Scenarios("reassemble")
test = scenarios.test
# A codestream whose header is of another image, and a data set without sound rows and columns.
CONTRADICT_THEMSELVES = ("JPEG2000-embedded-sequence-delimiter.dcm", "badVR.dcm")
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def larmor(*arguments, code=0):
    done = subprocess.run([LARMOR, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, (arguments, done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout if code == 0 else done.stderr


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def split(out, *options):
    """The truth: its lines, by kind."""
    larmor("split", PYDICOM_FILES, "--out", out, "--archives", "3", "--json", *options)
    truth = collections.defaultdict(list)
    for line in lines_of(f"{out}/truth.ndjson"):
        truth[line["kind"]].append(line)
    return truth


def reassemble(archives, out, *options, code=0):
    images = sorted(glob.glob(f"{archives}/image-*"))
    metadata = sorted(glob.glob(f"{archives}/metadata-*"))
    said = larmor("reassemble", "--metadata", *metadata, "--images", *images, "--out", out, "--memory", "512MiB", "--json", *options,
                  code=code)
    return json.loads(said) if code == 0 else said


def frames_of(data_set):
    """What of the pixels must be equal: codestreams without padding, or native bytes in little endian."""
    keyword = next(name for name in PIXELS if name in data_set)
    value = data_set[keyword].value
    if data_set.file_meta.TransferSyntaxUID.is_compressed and data_set.file_meta.TransferSyntaxUID != "1.2.840.10008.1.2.1.99":
        frames = pydicom.encaps.generate_pixel_data(value, data_set.get("NumberOfFrames", 1))
        # A JPEG 2000 file's boxes have no place in DICOM (PS3.5 section A.4.4): its codestream has.
        return [frame[max(0, frame.find(b"\xff\x4f\xff\x51")):] if frame[4:8] == b"jP  " else frame
                for frame in (b"".join(parts).rstrip(b"\0") for parts in frames)]
    if data_set.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.2" and data_set.BitsAllocated == 16:
        value = bytes(byte for i in range(0, len(value), 2) for byte in (value[i + 1], value[i]))
    return [value]


def tree(folder):
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            with open(f"{path}/{name}", "rb") as file:
                found[os.path.relpath(f"{path}/{name}", folder)] = file.read()
    return found


@test
def every_image_comes_back_equal_whatever_the_archives_look_like(folder):
    for number, options in enumerate(((), ("--compression", "zst", "--shuffle", "--gzip-metadata", "--frames", "--seed", "7"),
                                      ("--compression", "gz", "--headless", "--no-file-meta", "--shuffle"))):
        archives, out = f"{folder}/archives-{number}", f"{folder}/out-{number}"
        truth = split(archives, *options)
        done = reassemble(archives, out)
        manifest = {line["sop_instance_uid"]: line for line in lines_of(f"{out}/report/manifest.ndjson")}
        refused = {line["sop_instance_uid"]: line["reason"] for line in lines_of(f"{out}/report/conflicts.ndjson")}
        assert len(truth["instance"]) > 30 and done, truth
        for instance in truth["instance"]:
            if instance["uid"] in refused:
                assert os.path.basename(instance["source"]) in CONTRADICT_THEMSELVES, (instance, refused[instance["uid"]])
                continue
            assert instance["uid"] in manifest, (options, instance)
            original = pydicom.dcmread(instance["source"], force=True)
            made = pydicom.dcmread(f"{out}/{manifest[instance['uid']]['key']}")
            assert frames_of(made) == frames_of(original), (options, instance)
            left_out = {tag for tag in original.keys() if tag.element == 0 or tag == 0xFFFCFFFC}
            missing = set(original.keys()) - set(made.keys()) - left_out
            assert not missing, (options, instance, missing)
            assert str(made.get("PatientID", "")) == str(original.get("PatientID", "")), instance


@test
def what_is_missing_doubled_or_damaged_is_reported_and_threads_decide_nothing(folder):
    archives = f"{folder}/archives"
    truth = split(archives, "--shuffle", "--missing", "15", "--duplicates", "15", "--conflicts", "10", "--seed", "3")
    one = reassemble(archives, f"{folder}/one", "--threads", "1")
    reassemble(archives, f"{folder}/two", "--threads", "2")
    assert tree(f"{folder}/one") == tree(f"{folder}/two")
    report = f"{folder}/one/report"
    manifest = {line["sop_instance_uid"] for line in lines_of(f"{report}/manifest.ndjson")}
    orphans = {line["sop_instance_uid"] for line in lines_of(f"{report}/orphans.ndjson")}
    conflicts = {line["sop_instance_uid"] for line in lines_of(f"{report}/conflicts.ndjson")}
    for instance in truth["instance"]:
        uid = instance["uid"]
        if os.path.basename(instance["source"]) in CONTRADICT_THEMSELVES:
            assert uid not in manifest, instance
        elif instance["halves"] != "both":
            assert uid in orphans and uid not in manifest, instance
        elif instance.get("conflict"):
            assert uid in conflicts and uid not in manifest, instance
        else:
            assert uid in manifest and uid not in conflicts, instance
    assert any(line.get("copy") == "duplicate" for line in truth["member"]) and orphans and conflicts
    assert lines_of(f"{report}/duplicates.ndjson") and one
    # The same again has nothing to do; what is not ours is not touched.
    assert reassemble(archives, f"{folder}/one") == one
    os.makedirs(f"{folder}/foreign/mine")
    assert "foreign" in reassemble(archives, f"{folder}/foreign", code=1)


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def parquet_rows(path):
    reader = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib", "read_parquet.mjs")
    done = subprocess.run(["node", reader, path], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [without_nulls(json.loads(line)) for line in done.stdout.splitlines()]


def assert_same_rows(lines, parquet):
    names = sorted(os.listdir(lines))
    assert sorted(os.listdir(parquet)) == [name.replace(".ndjson", ".parquet") for name in names] and len(names) == 6
    for name in names:
        expected, found = lines_of(f"{lines}/{name}"), parquet_rows(f"{parquet}/{name.replace('.ndjson', '.parquet')}")
        assert expected == found, (name, [pair for pair in zip(expected, found) if pair[0] != pair[1]][:2], len(expected), len(found))


def archives_with_everything(folder):
    """Every kind of line, every member that one may have, and paths that need quoting."""
    archives = f"{folder}/archives"
    split(archives, "--shuffle", "--frames", "--missing", "15", "--duplicates", "15", "--conflicts", "10", "--damage", "3", "--seed", "4")
    with tarfile.open(f"{archives}/image-links.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind in (("x/1.2.3.raw", tarfile.REGTYPE), ("x/1.2.4.raw", tarfile.LNKTYPE), ("1.2.7/2.raw", tarfile.REGTYPE),
                           ('we"ird\\ \n\x01\u00e9/notes.txt', tarfile.REGTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "x/1.2.3.raw"
            archive.addfile(member)
    with open(f"{folder}/1.2.5.raw", "wb") as file:
        file.truncate(1 << 20)
        file.write(b"end")
    subprocess.run(["tar", "--sparse", "-C", folder, "-cf", f"{archives}/image-sparse.tar", "1.2.5.raw"], check=True)
    with tarfile.open(f"{archives}/metadata-more.tar", "w") as archive:
        with open(f"{folder}/1.2.6.json", "w", encoding="utf-8") as file:
            json.dump({"00080018": {"vr": "UI", "Value": ["1.2.6"]}, "00091001": {"vr": "OB", "BulkDataURI": "nowhere"}}, file)
        archive.add(f"{folder}/1.2.6.json", "1.2.6.json")
    return archives


@test
def the_report_as_parquet_has_the_rows_that_lines_have(folder):
    archives = archives_with_everything(folder)
    lines = reassemble(archives, f"{folder}/lines")
    parquet = reassemble(archives, f"{folder}/parquet", "--report-format", "parquet", "--threads", "2")
    assert {**lines, "fingerprint": ""} == {**parquet, "fingerprint": ""}
    report = f"{folder}/lines/report"
    assert_same_rows(report, f"{folder}/parquet/report")
    assert all(lines_of(f"{report}/{name}") for name in os.listdir(report)), os.listdir(report)
    members = set(re.findall(r'"(\w+)":', b"".join(tree(report).values()).decode()))
    assert {"link_at", "sparse", "frame", "first", "sha256", "images", "is_other_syntax"} <= members, members
    assert not os.path.exists(f"{folder}/parquet/.reassembly")
    # Finished is finished; in another format it is another run.
    assert reassemble(archives, f"{folder}/parquet", "--report-format", "parquet") == parquet
    assert "other archives or options" in reassemble(archives, f"{folder}/parquet", code=1)


@test
def a_report_in_parquet_that_was_broken_off_has_equal_rows(folder):
    archives = archives_with_everything(folder)
    reassemble(archives, f"{folder}/lines")
    images, metadata = sorted(glob.glob(f"{archives}/image-*")), sorted(glob.glob(f"{archives}/metadata-*"))
    out = f"{folder}/out"
    # Killed when the first, and when the last of its files has its name: nothing else tells here. A pipe that nobody reads from stands where
    # the mark of a finished run is written, so that there is no way past it.
    for name in ("manifest", "corrupt"):
        process = subprocess.Popen([LARMOR, "reassemble", "--metadata", *metadata, "--images", *images, "--out", out, "--memory", "512MiB",
                                    "--report-format", "parquet", "--checkpoint-seconds", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while process.poll() is None and not os.path.exists(f"{out}/report/{name}.parquet"):
            time.sleep(0.001)
            if os.path.exists(f"{out}/.reassembly/run.json") and not os.path.exists(f"{out}/complete.json.new"):
                os.mkfifo(f"{out}/complete.json.new")
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL and not os.path.exists(f"{out}/complete.json"), process.returncode
    os.unlink(f"{out}/complete.json.new")
    reassemble(archives, out, "--report-format", "parquet", "--checkpoint-seconds", "0")
    assert_same_rows(f"{folder}/lines/report", f"{out}/report")
    assert sorted(os.listdir(out)) == ["complete.json", "conflicts", "instances", "report"]


def png(rows, columns):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    lines = zlib.compress(bytes(rows * (1 + columns)), 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)) + chunk(b"IDAT", lines)
            + chunk(b"IEND", b""))


def metadata_of(uid, rows, columns):
    def element(vr, value):
        return {"vr": vr, "Value": [value]}

    return json.dumps({"00080016": element("UI", "1.2.840.10008.5.1.4.1.1.7"), "00080018": element("UI", uid),
                       "0020000D": element("UI", "1.2.9"), "0020000E": element("UI", "1.2.9.1"), "00280002": element("US", 1),
                       "00280004": element("CS", "MONOCHROME2"), "00280010": element("US", rows), "00280011": element("US", columns),
                       "00280100": element("US", 8), "00280101": element("US", 8), "00280102": element("US", 7),
                       "00280103": element("US", 0), "7FE00010": {"vr": "OB", "BulkDataURI": "b"}}).encode()


@test
def pngs_that_are_small_and_images_that_are_large_are_in_memory_one_at_a_time(folder):
    image, peaks = png(2048, 2048), []
    for count in (2, 48):
        for side, ending, content in (("metadata", "json", lambda uid: metadata_of(uid, 2048, 2048)), ("image", "png", lambda _: image)):
            with tarfile.open(f"{folder}/{side}-{count}.tar", "w") as archive:
                for uid in (f"1.2.3.{number}" for number in range(count)):
                    member = tarfile.TarInfo(f"{uid}.{ending}")
                    member.size = len(content(uid))
                    archive.addfile(member, io.BytesIO(content(uid)))
        process = subprocess.Popen([LARMOR, "reassemble", "--metadata", f"{folder}/metadata-{count}.tar", "--images",
                                    f"{folder}/image-{count}.tar", "--out", f"{folder}/out-{count}", "--memory", "512MiB", "--threads", "1"],
                                   stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        assert len(glob.glob(f"{folder}/out-{count}/instances/1.2.9/1.2.9.1/*.dcm")) == count
        peaks.append(usage.ru_maxrss >> 10)
    # 192 MiB of pixels, of archives that are smaller than what is looked up at once.
    assert os.path.getsize(f"{folder}/image-48.tar") < 256 << 10 and peaks[1] - peaks[0] < 64, peaks


@test
def without_duckdb_a_report_in_parquet_is_refused_before_the_run(folder):
    split(f"{folder}/archives")
    os.environ["LARMOR_DUCKDB"] = f"{folder}/no-such-library.so"
    try:
        said = reassemble(f"{folder}/archives", f"{folder}/out", "--report-format", "parquet", code=1)
    finally:
        del os.environ["LARMOR_DUCKDB"]
    assert "DuckDB" in said and "no-such-library.so" in said, said
    assert not os.path.exists(f"{folder}/out")
    reassemble(f"{folder}/archives", f"{folder}/out")


@test
def a_plan_counts_a_manifest_and_warns_of_a_window_that_is_too_short(folder):
    with open(f"{folder}/manifest.csv", "w", encoding="utf-8") as file:
        file.write("key,side,size_bytes,members\na.tar,metadata,4000000000,600000000\nb.tar,metadata,4000000000,400000000\n"
                   "c.tar,image,40000000000000,\n")
    # 1e9 reads of the spool at 66,000 a second: 4.2 h; twice as many when the index has no room: its 16 GB in half of 24 GiB.
    asked = ("plan", "reassembly", "--manifest", f"{folder}/manifest.csv", "--iops", "66000", "--restore-days", "0.5")
    plan = json.loads(larmor(*asked, "--json"))
    assert plan["instances"] == 10**9 and plan["metadata"]["archives"] == 2 and plan["placement"]["reads_per_instance"] == 1
    assert abs(plan["placement"]["random_reads_hours"] - 4.2088) < 0.001, plan
    plan = json.loads(larmor(*asked, "--memory", "24GiB", "--json"))
    assert abs(plan["placement"]["random_reads_hours"] - 2 * 4.2088) < 0.001, plan
    assert any(tier["one"]["outlasts_window"] for tier in plan["tiers"])
    assert "outlasts the restore window" in larmor(*asked) and plan["prices"]["date"] in larmor(*asked)
    # The built-in prices, edited.
    with open(f"{folder}/mine.toml", "w", encoding="utf-8") as file:
        file.write(larmor("plan", "reassembly", "--print-prices").replace("thousand_puts_price = 0.005", "thousand_puts_price = 0.0"))
    mine = json.loads(larmor(*asked, "--json", "--prices", f"{folder}/mine.toml"))
    assert mine["one"]["requests_price"] < plan["one"]["requests_price"] and mine["prices"]["from"] == f"{folder}/mine.toml"


@test
def into_a_library_moves_what_is_right_and_leaves_the_report(folder):
    archives, out, library = f"{folder}/archives", f"{folder}/out", f"{folder}/library"
    split(archives, "--conflicts", "10", "--seed", "3")
    halves = ("--metadata", *glob.glob(f"{archives}/metadata-*"), "--images", *glob.glob(f"{archives}/image-*"))
    into = ("reassemble", *halves, "--out", out, "--memory", "512MiB", "--into-library", "--library", library, "--json")
    said = [json.loads(line) for line in larmor(*into).splitlines()]
    manifest = {line["sop_instance_uid"] for line in lines_of(f"{out}/report/manifest.ndjson")}
    assert {line["sop_instance_uid"] for line in said if line.get("outcome") == "stored"} == manifest and len(manifest) > 30
    assert not os.path.exists(f"{out}/instances") and os.path.exists(f"{out}/conflicts")
    assert len(larmor(*into).splitlines()) == 1  # finished, and nothing left to move


@test
def places_in_s3_refuse_what_they_cannot_do_before_anything_is_asked_of_them(folder):
    os.makedirs(f"{folder}/files")
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    data_set.Rows = data_set.Columns = 1200
    data_set.PixelData = os.urandom(2 * 1200 * 1200)
    data_set.save_as(f"{folder}/files/large.dcm")
    larmor("split", f"{folder}/files", "--out", f"{folder}/archives", "--archives", "1")
    halves = ("--metadata", f"{folder}/archives/metadata-00001.tar", "--images", f"{folder}/archives/image-00001.tar", "--memory", "512MiB")
    # Nobody listens there: who asks gets another error.
    place = "s3://bucket/out?endpoint=http://127.0.0.1:9"
    credentials = {**os.environ, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}

    def refused(*arguments, **options):
        done = subprocess.run([LARMOR, "reassemble", *halves, *arguments], capture_output=True, text=True, check=False, timeout=60,
                              **{"env": credentials, **options})
        assert done.returncode == 1, (arguments, done.stdout, done.stderr)
        return done.stderr

    assert "--out must be one" in refused("--out", place, "--work", f"{folder}/work", "--into-library", "--library", f"{folder}/library")
    assert not os.path.exists(f"{folder}/work") and not os.path.exists(f"{folder}/library")

    # A run into a folder that ends behind its first checkpoint: the instance is larger than files may be.
    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    refused("--out", f"{folder}/out", "--checkpoint-seconds", "0", preexec_fn=small_files)
    assert "unfinished run into that folder" in refused("--out", place, "--work", f"{folder}/out")
    assert json.loads(larmor("reassemble", *halves, "--out", f"{folder}/out", "--json"))["instances"] == 1


if __name__ == "__main__":
    sys.exit(scenarios.run())
