#!/usr/bin/python3
"""kill -9 in the middle of `larmor reassemble`, at random points, also while it goes on after the kill before; into a folder, and
into S3 where a server is installed. In the end names and bytes of all files, report included, are those of a run that nobody disturbed.

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

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "end_to_end"))
from lib.s3 import S3  # noqa: E402
from library import CT_SMALL, LARMOR, PIXELS, Instances  # noqa: E402

PYDICOM_FILES = os.path.dirname(CT_SMALL)
ROWS = b"\x28\x00\x10\x00US\x02\x00"
SPLITS = (
    ("--archives", "6", "--shuffle", "--frames", "--missing", "10", "--duplicates", "20", "--conflicts", "10", "--damage", "5",
     "--seed", "5"),
    ("--archives", "6", "--compression", "zst", "--shuffle", "--duplicates", "10", "--truncate", "1", "--seed", "6"),
    ("--archives", "4", "--shuffle", "--frames", "--duplicates", "20", "--conflicts", "10", "--seed", "7"),
    ("--archives", "2", "--frames", "--seed", "8"))


def command(archives, *options):
    return [LARMOR, "reassemble", "--metadata", *sorted(glob.glob(f"{archives}-*/metadata-*")),
            "--images", *sorted(glob.glob(f"{archives}-*/image-*")), "--memory", "512MiB", "--json", *options]


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


class IntoFolder:
    """Where a run goes to that has a folder of its own here."""
    name = "a folder"
    environment = dict(os.environ)

    @staticmethod
    def work(folder):
        return f"{folder}/out"

    @staticmethod
    def options(folder):
        return ["--out", f"{folder}/out"]

    @staticmethod
    def found(folder):
        return tree(f"{folder}/out")

    @staticmethod
    def expected(whole):
        return whole

    @staticmethod
    def remove(folder):
        shutil.rmtree(folder)


class IntoS3:
    name = "S3"
    BUCKET = "reassembled"

    def __init__(self, server):
        self.server = server
        self.environment = {**os.environ, **server.environment}
        server.make_bucket(self.BUCKET)

    @staticmethod
    def work(folder):
        return f"{folder}/work"

    def options(self, folder):
        return ["--out", self.server.address(self.BUCKET, os.path.basename(folder)), "--work", self.work(folder)]

    def names(self, folder):
        return [name for name in self.server.names(self.BUCKET) if name.startswith(os.path.basename(folder) + "/")]

    def found(self, folder):
        return {name.partition("/")[2]: hashlib.sha256(self.server.get(self.BUCKET, name)).hexdigest() for name in self.names(folder)}

    def remove(self, folder):
        """It holds all in memory."""
        for name in self.names(folder):
            self.server.delete(self.BUCKET, name)
        shutil.rmtree(folder)

    @staticmethod
    def expected(whole):
        return {name: digest for name, digest in whole.items() if digest is not None}


class Resumed:
    """One run, killed until it is done."""

    def __init__(self, archives, folder, chance, whole_seconds, into):
        self.archives, self.folder, self.chance, self.whole_seconds, self.into = archives, folder, chance, whole_seconds, into
        self.kills = self.in_checkpoint = 0

    def has_checkpoint(self):
        return os.path.exists(f"{self.into.work(self.folder)}/.reassembly/checkpoint")

    def attempt(self, seconds):
        """True when it was done before it was killed."""
        options = ["--threads", str(self.chance.choice((1, 2))), "--checkpoint-seconds", self.chance.choice(("0", "0.02"))]
        with open(f"{self.folder}/said", "w+b") as said:
            process = subprocess.Popen(command(self.archives, *self.into.options(self.folder), *options), stdout=said, stderr=said,
                                       env=self.into.environment)
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


def undisturbed(archives, folder, into):
    """How long it takes, and what it makes."""
    began = time.monotonic()
    done = subprocess.run(command(archives, *into.options(folder), "--checkpoint-seconds", "0"), check=True, capture_output=True,
                          env=into.environment)
    seconds = time.monotonic() - began
    print(f"undisturbed into {into.name} in {seconds:.2f} s: {json.loads(done.stdout)}")
    return seconds, into.found(folder)


def kill_many(root, chance, into, kills_wanted, seconds, expected):
    """How many runs came out right, and how many did not."""
    passed = failed = kills = resumed = 0
    # Kills before the first checkpoint prove little: where chance gave few others, some more.
    while kills < kills_wanted or (resumed < kills_wanted / 4 and kills < 4 * kills_wanted):
        folder = f"{root}/{into.name.replace(' ', '-')}-{passed + failed}"
        os.makedirs(folder)
        one = Resumed(f"{root}/archives", folder, chance, seconds, into)
        before = kills
        try:
            one.run(min(chance.randint(1, 6), max(1, kills_wanted - kills)))
            different = differences(into.expected(expected), into.found(folder))
            assert not different, f"not as undisturbed: {different[:5]} and {max(0, len(different) - 5)} more"
            passed += 1
            into.remove(folder)
        except AssertionError as error:
            failed += 1
            print(f"left in {folder}: {error}", flush=True)
        kills += one.kills
        resumed += one.in_checkpoint
        if kills > before:
            print(f"{kills} killed, {one.in_checkpoint} of {one.kills} behind a checkpoint", flush=True)
    print(f"{kills} kills into {into.name}, {resumed} of them behind a checkpoint")
    if resumed < kills_wanted / 4:
        failed += 1
        print("too few were killed behind a checkpoint: this tested nothing")
    return passed, failed


def kill_into_s3(root, chance, kills_wanted, expected):
    server = S3.start()
    if server is None:
        return 0, 0
    try:
        into = IntoS3(server)
        seconds, found = undisturbed(f"{root}/archives", f"{root}/whole-in-s3", into)
        different = differences(into.expected(expected), found)
        assert not different, f"not as in a folder: {different[:5]}"
        return kill_many(root, chance, into, kills_wanted, seconds, expected)
    finally:
        server.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100, help="into a folder; into S3 a third as many")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    root = tempfile.mkdtemp(prefix="larmor-reassembly-")
    for number, (sources, split) in enumerate(zip(make_files(root, 300 if options.kills < 20 else 1500), SPLITS)):
        subprocess.run([LARMOR, "split", sources, "--out", f"{root}/archives-{number}", *split], check=True, capture_output=True)
    seconds, expected = undisturbed(f"{root}/archives", f"{root}/whole", IntoFolder)
    passed, failed = kill_many(root, chance, IntoFolder, options.kills, seconds, expected)
    passed_in_s3, failed_in_s3 = kill_into_s3(root, chance, max(2, options.kills // 3), expected)
    passed, failed = passed + passed_in_s3, failed + failed_in_s3
    if failed == 0:
        shutil.rmtree(root)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
