#!/usr/bin/python3
"""kill -9 in the middle of imports, at random points, then a restart. After each kill every acknowledged
instance is there and reads back equal, none is there twice, and no temporary file is left.

Two ways in take turns: the command line (`larmor import --json`: a line on its output is an acknowledgement)
and STOW-RS from four connections (an answer that names the instance is one). Small instances that share
segment files and larger ones that are files of their own are mixed. Ends with `N passed, N failed`."""
import argparse
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from library import LARMOR, Instances, Library, check, hash_of, store


def kill_after(process, seconds):
    timer = threading.Timer(seconds, process.send_signal, [signal.SIGKILL])
    timer.start()
    return timer


def import_by_command_line(library, instances, numbers, folder, seconds):
    os.makedirs(folder)
    sent = {}
    for number in numbers:
        uid, content = instances.make(number)
        sent[uid] = hash_of(content)
        with open(f"{folder}/{number}.dcm", "wb") as file:
            file.write(content)
    process = subprocess.Popen([LARMOR, "import", "--library", library.folder, "--json", folder],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    first = process.stdout.readline()  # the clock of the kill starts when work has begun
    timer = kill_after(process, seconds)
    lines = [first, *process.stdout]
    timer.cancel()
    process.wait()
    for line in lines:
        if line.endswith("}\n"):  # a line that was cut is no acknowledgement
            report = json.loads(line)
            if report.get("outcome") in ("stored", "duplicate"):
                uid = report["sop_instance_uid"]
                library.acknowledged[uid] = sent[uid]
    library.maybe |= sent.keys()
    return process.returncode == -signal.SIGKILL


def send_some(port, token, instances, numbers, sent, acknowledged):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for number in numbers:
        uid, content = instances.make(number)
        sent[uid] = hash_of(content)
        try:
            status, text = store(connection, token, content)
        except (OSError, http.client.HTTPException):
            return  # killed
        if status == 200:
            for item in json.loads(text)["00081199"]["Value"]:
                acknowledged.append(item["00081155"]["Value"][0])


def import_by_stow(library, instances, numbers, seconds):
    process, port, token = library.serve()
    sent, acknowledged = {}, []
    threads = [threading.Thread(target=send_some, args=(port, token, instances, numbers[i::4], sent, acknowledged))
               for i in range(4)]
    timer = kill_after(process, seconds)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    timer.cancel()
    if process.poll() is None:
        process.kill()
    process.wait()
    for uid in acknowledged:
        library.acknowledged[uid] = sent[uid]
    library.maybe |= sent.keys()
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    instances = Instances()
    root = tempfile.mkdtemp(prefix="larmor-kill-")
    library = Library(f"{root}/library")
    passed = failed = killed = 0
    next_number = 0
    try:
        for number in range(options.rounds):
            count = 800
            numbers = list(range(next_number, next_number + count))
            next_number += count
            before = set(library.acknowledged)
            seconds = chance.uniform(0.0, 0.6)
            try:
                if number % 2 == 0:
                    killed += import_by_command_line(library, instances, numbers, f"{root}/in-{number}", seconds)
                else:
                    killed += import_by_stow(library, instances, numbers, seconds)
                fresh = set(library.acknowledged) - before
                # The newest ones, and some of the oldest, which later rounds must not have harmed.
                sample = list(fresh) + chance.sample(sorted(before), min(20, len(before)))
                check(library, sample)
                passed += 1
                print(f"round {number + 1}: killed after {seconds * 1000:.0f} ms, {len(fresh)} acknowledged, all there", flush=True)
            except AssertionError as error:
                failed += 1
                print(f"round {number + 1}: {error}", flush=True)
            shutil.rmtree(f"{root}/in-{number}", ignore_errors=True)
        print(f"{killed} of {options.rounds} were killed in the middle; {len(library.acknowledged)} instances acknowledged")
        if killed < options.rounds / 2:
            failed += 1
            print("too few were killed in the middle: this tested nothing")
    finally:
        if failed == 0:
            shutil.rmtree(root, ignore_errors=True)
        else:
            print(f"the library is left at {root}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
