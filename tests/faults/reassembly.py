#!/usr/bin/python3
"""kill -9 in the middle of `larmor reassemble`, at random points, also while it goes on after the kill before. In the end
names and bytes of all files, report included, are those of a run that nobody disturbed.

The archives are made by `larmor split` of pydicom's files and of many small ones, with halves that are missing, doubled,
doubled with another content, and damaged; frames of one instance lie in different archives. Ends with `N passed, N failed`."""
import argparse
import glob
import hashlib
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from library import CT_SMALL, LARMOR, PIXELS, Instances

PYDICOM_FILES = os.path.dirname(CT_SMALL)
ROWS = b"\x28\x00\x10\x00US\x02\x00"
SPLITS = (
    ("--archives", "6", "--shuffle", "--frames", "--missing", "10", "--duplicates", "20", "--conflicts", "10", "--damage", "5",
     "--seed", "5"),
    ("--archives", "6", "--compression", "zst", "--shuffle", "--duplicates", "10", "--truncate", "1", "--seed", "6"),
    ("--archives", "4", "--shuffle", "--frames", "--duplicates", "20", "--conflicts", "10", "--seed", "7"),
    ("--archives", "2", "--frames", "--seed", "8"))


def command(archives, out, *options):
    return [LARMOR, "reassemble", "--metadata", *sorted(glob.glob(f"{archives}-*/metadata-*")),
            "--images", *sorted(glob.glob(f"{archives}-*/image-*")), "--out", out, "--memory", "512MiB", "--json", *options]


def tree(folder):
    """Folders too: what a broken run made and nobody needs must be gone."""
    found = {}
    for path, folders, names in os.walk(folder):
        found.update({os.path.relpath(f"{path}/{name}", folder): None for name in folders})
        for name in names:
            with open(f"{path}/{name}", "rb") as file:
                found[os.path.relpath(f"{path}/{name}", folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


def of_frames(instances, number):
    """The same instance with four frames, the last of them another one."""
    content = instances.make(number)[1]
    at, pixels_at = content.index(ROWS), content.index(PIXELS)
    pixels = content[pixels_at + 12:pixels_at + 12 + 2 * 128 * 128]
    return (content[:at] + b"\x28\x00\x08\x00IS\x02\x004 " + content[at:pixels_at] + PIXELS + struct.pack("<I", 4 * len(pixels))
            + pixels * 3 + pixels[::-1])


def make_files(root, count):
    """The folders that are split, one for each of SPLITS."""
    instances = Instances()
    for folder in ("small", "frames", "more-frames"):
        os.makedirs(f"{root}/{folder}")
    for number in range(count):
        folder, content = "small", instances.make(number)[1]
        if number % 7 == 1:
            folder, content = ("frames", "more-frames")[number % 2], of_frames(instances, number)
        with open(f"{root}/{folder}/{number}.dcm", "wb") as file:
            file.write(content)
    return PYDICOM_FILES, f"{root}/small", f"{root}/frames", f"{root}/more-frames"


def differences(expected, found):
    return [name for name in sorted(expected.keys() | found.keys()) if expected.get(name, "") != found.get(name, "")]


class Resumed:
    """One run, killed until it is done."""

    def __init__(self, archives, folder, chance, whole_seconds):
        self.archives, self.folder, self.chance, self.whole_seconds = archives, folder, chance, whole_seconds
        self.kills = self.in_checkpoint = 0

    def has_checkpoint(self):
        return os.path.exists(f"{self.folder}/out/.reassembly/checkpoint")

    def attempt(self, seconds):
        """True when it was done before it was killed."""
        options = ["--threads", str(self.chance.choice((1, 2))), "--checkpoint-seconds", self.chance.choice(("0", "0.02"))]
        with open(f"{self.folder}/said", "w+b") as said:
            process = subprocess.Popen(command(self.archives, f"{self.folder}/out", *options), stdout=said, stderr=said)
            # A machine that is busy with other things may come no further than to the start: two of three kills are
            # counted from the first checkpoint on.
            from_checkpoint = seconds and self.chance.random() < 2 / 3
            while from_checkpoint and not self.has_checkpoint():
                if process.poll() is not None:
                    break
                time.sleep(0.002)
            try:
                process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            said.seek(0)
            assert process.returncode in (0, -signal.SIGKILL), said.read()[-2000:]
        self.kills += process.returncode != 0
        self.in_checkpoint += process.returncode != 0 and self.has_checkpoint()
        return process.returncode == 0

    def run(self, kills_max):
        for _ in range(kills_max):
            if self.attempt(self.chance.uniform(0.0, self.whole_seconds)):
                return
        assert self.attempt(None)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    root = tempfile.mkdtemp(prefix="larmor-reassembly-")
    for number, (sources, split) in enumerate(zip(make_files(root, 300 if options.kills < 20 else 1500), SPLITS)):
        subprocess.run([LARMOR, "split", sources, "--out", f"{root}/archives-{number}", *split], check=True, capture_output=True)
    began = time.monotonic()
    done = subprocess.run(command(f"{root}/archives", f"{root}/whole", "--checkpoint-seconds", "0"), check=True, capture_output=True)
    seconds = time.monotonic() - began
    expected = tree(f"{root}/whole")
    print(f"undisturbed in {seconds:.2f} s: {json.loads(done.stdout)}")
    passed = failed = kills = resumed = 0
    # Kills before the first checkpoint prove little: where chance gave few others, some more.
    while kills < options.kills or (resumed < options.kills / 4 and kills < 4 * options.kills):
        folder = f"{root}/{passed + failed}"
        os.makedirs(folder)
        one = Resumed(f"{root}/archives", folder, chance, seconds)
        before = kills
        try:
            one.run(min(chance.randint(1, 6), max(1, options.kills - kills)))
            different = differences(expected, tree(f"{folder}/out"))
            assert not different, f"not as undisturbed: {different[:5]} and {max(0, len(different) - 5)} more"
            passed += 1
            shutil.rmtree(folder)
        except AssertionError as error:
            failed += 1
            print(f"left in {folder}: {error}", flush=True)
        kills += one.kills
        resumed += one.in_checkpoint
        if kills > before:
            print(f"{kills} killed, {one.in_checkpoint} of {one.kills} behind a checkpoint", flush=True)
    print(f"{kills} kills, {resumed} of them behind a checkpoint")
    if resumed < options.kills / 4:
        failed += 1
        print("too few were killed behind a checkpoint: this tested nothing")
    if failed == 0:
        shutil.rmtree(root)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
