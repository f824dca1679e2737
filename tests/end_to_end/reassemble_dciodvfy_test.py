#!/usr/bin/python3
"""Every image of the project's data, else of python3-pydicom, split and re-assembled: dciodvfy finds no error in what was made that the
original did not have. Ends with `N passed, N failed`."""
import collections
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("reassemble-dciodvfy")
test = scenarios.test
SHARED_FILES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared/data/dicom")
# Why a file does not come back, as the report says it: docs/operating/reassembly.md has the cases.
REFUSED = {
    "JPEG2000-embedded-sequence-delimiter.dcm": "conflicts: Columns: the data set says 256, the codestream 3722445056",
    "badVR.dcm": "conflicts: the metadata has no sound rows",
    "MR_small_padded.dcm": "conflicts: there are 8320 bytes of pixels; .* make 8192",
}
SLICES = 3  # of a series: the others are like them


def larmor(*arguments):
    done = subprocess.run([LARMOR, *arguments], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, (arguments[:2], done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def runs_of(root, folder):
    """Links to the files, in folders of which none has a SOP Instance UID twice."""
    paths = sorted(path for path in glob.glob(f"{root}/**", recursive=True) if os.path.isfile(path))
    slices = collections.Counter()
    for path in list(paths):
        slices[os.path.dirname(path)] += "/series/" in path
        if slices[os.path.dirname(path)] > SLICES:
            paths.remove(path)
    told = subprocess.run(["dcmdump", "-q", "+P", "0008,0018", "+F", *paths], capture_output=True, text=True, errors="replace", check=False)
    uids, path = {}, None
    for line in told.stdout.splitlines():
        named = re.match(r"# dcmdump \(\d+/\d+\): (.*)", line)
        if named:
            path = named.group(1)
        elif line.startswith("(0008,0018)"):
            uids.setdefault(path, line)
    seen = collections.Counter()
    for number, path in enumerate(paths):
        uid = uids.get(path, path)
        run = f"{folder}/run-{seen[uid]}"
        seen[uid] += 1
        os.makedirs(run, exist_ok=True)
        os.symlink(os.path.abspath(path), f"{run}/{number:05}-{os.path.basename(path)}")
    return sorted(glob.glob(f"{folder}/run-*"))


def errors_of(path):
    """Without their numbers: an item more or less is no other error."""
    told = subprocess.run(["dciodvfy", path], capture_output=True, text=True, errors="replace", check=False).stderr
    return {re.sub(r"\s+", " ", line) for line in told.splitlines() if line.startswith("Error")}


def new_errors(original, made, folder):
    found = errors_of(made) - errors_of(original)
    if found:
        # It can't read what is deflated or has no meta group; as DCMTK rewrites it, it can.
        rewritten = f"{folder}/{os.path.basename(made)}.rewritten"
        if subprocess.run(["dcmconv", "-q", "+te", original, rewritten], capture_output=True, check=False).returncode == 0:
            found -= errors_of(rewritten)
    return found


def go_round(run):
    """Splits and re-assembles: [(original, made)], {original: why not}."""
    larmor("split", run, "--out", f"{run}-split", "--archives", "1", "--json")
    larmor("reassemble", "--metadata", *glob.glob(f"{run}-split/metadata-*"), "--images", *glob.glob(f"{run}-split/image-*"), "--out",
           f"{run}-out", "--memory", "512MiB")
    sources = {line["uid"]: os.path.realpath(line["source"]) for line in lines_of(f"{run}-split/truth.ndjson") if line["kind"] == "instance"}
    made = {line["sop_instance_uid"]: f"{run}-out/{line['key']}" for line in lines_of(f"{run}-out/report/manifest.ndjson")}
    refused = {}
    for kind in ("orphans", "incomplete", "conflicts", "corrupt"):
        for line in lines_of(f"{run}-out/report/{kind}.ndjson"):
            assert "sop_instance_uid" in line, line  # damage, and nothing is damaged
            refused[sources[line["sop_instance_uid"]]] = f"{kind}: {line['reason']}"
    assert set(sources) == set(made) | {uid for uid, source in sources.items() if source in refused}
    return [(sources[uid], path) for uid, path in made.items()], refused


@test
def no_image_has_an_error_that_it_did_not_have(folder):
    root = SHARED_FILES if os.path.isdir(SHARED_FILES) else PYDICOM_FILES
    pairs, refused = [], {}
    for run in runs_of(root, folder):
        more, because = go_round(run)
        pairs += more
        refused.update(because)
    print(f"{len(pairs)} images came back, {len(refused)} did not")
    assert len(pairs) > 30, len(pairs)
    unexpected = {path: reason for path, reason in refused.items() if not re.search(REFUSED.get(os.path.basename(path), "^$"), reason)}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda pair: new_errors(*pair, folder), pairs))
    worse = {original: errors for (original, _), errors in zip(pairs, found) if errors}
    assert not unexpected and not worse, (unexpected, worse)


if __name__ == "__main__":
    sys.exit(scenarios.run())
