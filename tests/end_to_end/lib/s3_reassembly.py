"""What the scripts share about re-assemblies from S3 into S3: the server, archives in a bucket, and the run in a folder that is the truth."""
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

from dimse import LARMOR, PYDICOM_FILES
from lib.s3 import S3

ARCHIVES = "archives"
server = None
shared = None  # folder of archives and of the run that is the truth


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


def main(scenarios):
    """Runs the scenarios beside the server and the archives."""
    global server, shared
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
