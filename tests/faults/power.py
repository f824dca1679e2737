#!/usr/bin/python3
"""A power cut at seeded points of imports. recorder.cc writes down every write, name and sync; for each point disk.py makes
one of the worst disks that may be left, and on it everything that was acknowledged before that point must be there, whole
and once. With `--without CLASS` the syncs of that class count for nothing, and the run must find losses: `--proof` does
that for every class. Ends with `N passed, N failed`."""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "power"))
from disk import Disk, Op, read_log, write_out  # noqa: E402
from library import LARMOR, Instances, Library, check, hash_of  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CLASSES = ("log", "segment", "database", "directory", "object file", "audit")


def record(folder, instances):
    """Three imports into one library, each followed by a restart. Gives root, logs and what was sent."""
    recorder = f"{folder}/recorder.so"
    subprocess.run(["g++", "-std=c++20", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", f"{HERE}/power/recorder.cc", "-o", recorder],
                   check=True)
    root = f"{folder}/library"
    os.makedirs(root)
    logs, sent = [], {}
    for run, numbers in enumerate((range(0, 60), range(60, 90), range(90, 150))):
        source = f"{folder}/in-{run}"
        os.makedirs(source)
        for number in numbers:
            uid, content = instances.make(number)
            sent[uid] = hash_of(content)
            with open(f"{source}/{number}.dcm", "wb") as file:
                file.write(content)
        logs.append(f"{folder}/log-{run}")
        subprocess.run([LARMOR, "import", "--library", root, "--json", source], check=True, capture_output=True,
                       env={**os.environ, "LD_PRELOAD": recorder, "LARMOR_RECORD_ROOT": root, "LARMOR_RECORD_LOG": logs[-1]})
    return root, logs, sent


def acknowledged_in(output):
    """SOP Instance UIDs of whole lines that say stored."""
    for line in output.split(b"\n")[:-1]:
        report = json.loads(line)
        if report.get("outcome") == "stored":
            yield report["sop_instance_uid"]


def check_audit(library):
    """The trail is whole, and every acknowledged instance (each is a series of its own) is in it."""
    verified = subprocess.run([LARMOR, "audit", "verify", "--library", library.folder], capture_output=True, text=True, check=False)
    assert verified.returncode == 0, f"the audit trail: {verified.stderr}"
    records = map(json.loads, library.run("audit", "show", "--action", "store").splitlines())
    stored = {record["SeriesInstanceUID"].rsplit(".", 1)[-1] for record in records}
    unaudited = {uid for uid in library.acknowledged if uid.rsplit(".", 1)[-1] not in stored}
    assert not unaudited, f"{len(unaudited)} acknowledged instances are not in the audit trail"


def cut_at(files, root, sent, output, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    write_out(files, root, folder)
    library = Library(folder)
    library.maybe = set(sent)
    library.acknowledged = {uid: sent[uid] for uid in acknowledged_in(bytes(output))}
    check(library, list(library.acknowledged))
    check_audit(library)
    return len(library.acknowledged)


def run_points(recording, points, seed, without=None, stop_at_first=False):
    """(points that held, what was lost at the others, acknowledgements that were looked at)"""
    root, logs, sent = recording
    chance = random.Random(seed)
    records = [(log, record) for log in logs for record in read_log(log)]
    chosen = {}
    for _ in range(points):
        at = chance.randrange(1, len(records) + 1)
        chosen[at] = chosen.get(at, 0) + 1
    disk, output = Disk(root, without), bytearray()
    held, lost, looked_at, last_log = 0, [], 0, None
    work = tempfile.mkdtemp(prefix="larmor-power-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    try:
        for number, (log, record) in enumerate(records, 1):
            if log != last_log:
                disk.new_process()
                last_log = log
            if record[0] == Op.OUTPUT:
                output += record[5]
            else:
                disk.feed(record)
            for _ in range(chosen.get(number, 0)):
                try:
                    looked_at += cut_at(disk.after_power_cut(chance), root, sent, output, f"{work}/library")
                    held += 1
                except (AssertionError, SystemExit, subprocess.CalledProcessError) as error:
                    lost.append(f"after record {number} of {len(records)}: {error}")
                    if stop_at_first:
                        return held, lost, looked_at
    finally:
        shutil.rmtree(work)
    return held, lost, looked_at


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--without", choices=CLASSES)
    parser.add_argument("--proof", action="store_true", help="each class of syncs left out must show as a loss")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="larmor-record-")
    failed = 0
    try:
        recording = record(folder, Instances())
        held, lost, looked_at = run_points(recording, options.points, options.seed, options.without)
        for what in lost[:5]:
            print(what)
        print(f"{held} of {held + len(lost)} power cuts lost nothing; {looked_at} acknowledgements were looked up", flush=True)
        failed += len(lost) + (looked_at < options.points)
        if options.proof:
            for name in CLASSES:
                found = bool(run_points(recording, options.points, options.seed, name, stop_at_first=True)[1])
                print(f"without the syncs of class '{name}': {'a loss, as it must be' if found else 'NO LOSS WAS FOUND'}", flush=True)
                held, failed = held + found, failed + (not found)
    finally:
        shutil.rmtree(folder)
    print(f"{held} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
