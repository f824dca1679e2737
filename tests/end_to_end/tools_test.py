#!/usr/bin/python3
"""What we write and give out, judged by programs that nobody here wrote: Debian's dcmdump, dcm2json,
dciodvfy and pydicom. The real files of python3-pydicom go in by `larmor import`, come out by WADO-RS, and
`larmor dump` reads them from the disk. Ends with `N passed, N failed`."""
import collections
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import pydicom

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LARMOR = os.environ.get("LARMOR_BINARY", f"{ROOT}/build/dev/bin/larmor")
FILES = "/usr/lib/python3/dist-packages/pydicom/data/test_files"
failures = []
passed = 0


def check(name, good, detail=""):
    global passed
    if good:
        passed += 1
    else:
        failures.append(name)
        print(f"FAILED  {name}\n{detail}"[:3000], flush=True)


def run(*command):
    return subprocess.run(command, capture_output=True, check=False)


def serve(library):
    """(process, url, token)"""
    token = run(LARMOR, "token", "create", "--role", "reader", "--library", library).stdout.decode().strip()
    process = subprocess.Popen([LARMOR, "serve", "--library", library, "--port", "0", "--log-level", "warning"],
                               stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        found = re.search(r"at (http://\S+)", line)
        if found:
            return process, found.group(1).rstrip("/"), token
    sys.exit("larmor serve did not start")


def get(url, token, accept):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}", "Accept": accept})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def single_part(body):
    start = body.index(b"\r\n\r\n") + 4
    return body[start:body.rindex(b"\r\n--")]


def complaints(path):
    """What dciodvfy says of a file, without what differs by name only."""
    out = run("dciodvfy", path)
    lines = (out.stdout + out.stderr).decode("latin-1").splitlines()
    if "Error - Dicom dataset read failed" in lines:
        return None  # it reads no deflated data set
    return collections.Counter(line for line in lines if line.startswith("Error"))


def source_of(body, report, files):
    """The file that a body was stored as: one of the encodings of its instance, else the primary."""
    for path in files.get(report["sop_instance_uid"], []):
        with open(path, "rb") as file:
            if file.read() == body:
                return path
    return report["file"]


def check_retrieved(library, stored, files, folder):
    process, url, token = serve(library)
    try:
        for name, report in sorted(stored.items()):
            base = (f"{url}/dicomweb/studies/{report['study_instance_uid']}/series/{report['series_instance_uid']}"
                    f"/instances/{report['sop_instance_uid']}")
            with open(report["file"], "rb") as file:
                original = file.read()
            body = single_part(get(base, token, 'multipart/related; type="application/dicom"; transfer-syntax=*'))
            check(f"{name}: as stored is the file, byte for byte", body == original)
            try:
                body = single_part(get(base, token, 'multipart/related; type="application/dicom"'))
            except urllib.error.HTTPError as error:
                # Pixels that can't be decoded have no native form: 406 says so.
                check(f"{name}: no native form is 406", error.code == 406, str(error))
                continue
            back = f"{folder}/{name}"
            with open(back, "wb") as file:
                file.write(body)
            dump = run("dcmdump", "+E", "-q", back)
            check(f"{name}: dcmdump reads what we wrote", dump.returncode == 0, dump.stderr.decode("latin-1"))
            read = pydicom.dcmread(back)
            check(f"{name}: it is Explicit VR Little Endian", read.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1")
            before, after = complaints(source_of(body, report, files)), complaints(back)
            check(f"{name}: dciodvfy reads what we wrote", after is not None)
            if before is not None and after is not None:
                more = after - before
                check(f"{name}: dciodvfy has no new complaint", not more, "\n".join(more))
    finally:
        process.send_signal(signal.SIGTERM)
        check("the server ends cleanly", process.wait(60) == 0)


def normal(value):
    """Numbers by value; dcm2json writes DS and IS as text, and a name of delimiters alone as none."""
    if isinstance(value, dict):
        if set("".join(map(str, value.values()))) <= set("^="):
            return None
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [normal(item) for item in value]
        return None if all(item is None for item in items) else items
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return float(value) if isinstance(value, int) else value


def check_dump(names, folder):
    """The values of every element that both print, text and numbers; binary has other tests."""
    compared = 0
    for name in names:
        theirs = run("dcm2json", f"{FILES}/{name}", f"{folder}/theirs.json")
        if theirs.returncode != 0:
            continue  # dcm2json takes no compressed pixel data
        ours = run(LARMOR, "dump", "--format", "json", f"{FILES}/{name}")
        check(f"{name}: larmor dump reads what dcm2json reads", ours.returncode == 0, ours.stderr.decode())
        if ours.returncode != 0:
            continue
        with open(f"{folder}/theirs.json", encoding="utf-8") as file:
            expected = json.load(file)
        actual = json.loads(ours.stdout)
        # dcm2json keeps group 0002 only when asked to, and group lengths never. 0008,0005 is ours to set.
        expected.pop("00080005", None)
        actual.pop("00080005", None)
        check(f"{name}: the same data elements as dcm2json", actual.keys() == expected.keys(),
              str(sorted(actual.keys() ^ expected.keys())))
        different = [key for key in actual.keys() & expected.keys()
                     if actual[key]["vr"] == expected[key]["vr"] and actual[key]["vr"] not in ("SQ", "UN", "OB", "OW", "FD", "FL")
                     and normal(actual[key].get("Value")) != normal(expected[key].get("Value"))]
        check(f"{name}: the same values as dcm2json", not different, str(different))
        compared += 1
    check("dcm2json reads at least 20 of the files", compared >= 20, str(compared))


def main():
    folder = tempfile.mkdtemp(prefix="larmor-tools-")
    try:
        library = f"{folder}/library"
        imported = run(LARMOR, "import", "--json", "--keep-going", "--library", library, FILES)
        check("the import ends with 0", imported.returncode == 0, imported.stderr.decode())
        reports = [json.loads(line) for line in imported.stdout.decode().splitlines()]
        summary = reports.pop()
        check("every file has its line", len(reports) == sum(summary[key] for key in ("imported", "duplicates", "alternates", "conflicts", "rejected")))
        stored = {os.path.basename(report["file"]): report for report in reports
                  if report["outcome"] == "stored" and "!" not in report["file"] and os.path.dirname(report["file"]) == FILES}
        check("at least 30 of the files are stored", len(stored) >= 30, str(summary))
        files = collections.defaultdict(list)
        for report in reports:
            if "!" not in report["file"]:
                files[report.get("sop_instance_uid")].append(report["file"])
        check_retrieved(library, stored, files, folder)
        check_dump(sorted(os.path.basename(path) for path in glob.glob(f"{FILES}/*.dcm")), folder)
    finally:
        shutil.rmtree(folder)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
