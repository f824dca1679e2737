#!/usr/bin/python3
"""Archives of `larmor split`, damaged in as many seeded ways as asked, and re-assembled. Whatever the damage: the run finishes, its
counts add up, every instance that it writes is made of two members of this very UID (looked up in the damaged archives, at the places
that the manifest names, and by content: each instance has pixels and texts that no other has), what is not as it was is in the
report, and two threads write what one writes. Ends with `N passed, N failed`."""
import argparse
import collections
import gzip
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import traceback
import zlib

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate

import kinds

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
LARMOR = os.environ.get("LARMOR_BINARY", f"{ROOT}/build/dev/bin/larmor")
ROWS, COLUMNS, INSTANCES = 32, 48, 24
FRAME_BYTES = ROWS * COLUMNS
RECORD = 20 * kinds.BLOCK  # that archives of most tools are filled up to
# What `larmor split` makes of the files, and how often a seed takes it.
SPLITS = ((), ("--shuffle", "--frames"), ("--gzip-metadata", "--headless"),
          ("--no-file-meta", "--shuffle", "--duplicates", "20", "--conflicts", "10", "--missing", "10"),
          ("--compression", "gz"), ("--compression", "zst", "--shuffle"))
WEIGHTS = (5, 4, 3, 4, 1, 1)


def marker(uid):
    return "M" + hashlib.sha256(uid.encode()).hexdigest()[:24]


def pixels(uid, frame):
    """Of one frame: each 32 bytes of it say whose they are."""
    return b"".join(hashlib.sha256(f"{uid} {frame} {part}".encode()).digest() for part in range(FRAME_BYTES // 32))


def rle(frame):
    """One segment of literal runs: PS3.5 annex G."""
    packed = b"".join(b"\x7f" + frame[at:at + 128] for at in range(0, len(frame), 128))
    return (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + packed


def make_files(folder):
    os.makedirs(folder)
    for number in range(INSTANCES):
        uid = f"1.2.826.0.1.3680043.10.9999.{1000 + number}"
        frames = 1 if number % 3 else 3
        is_rle = number % 5 == 0
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7.2"
        meta.MediaStorageSOPInstanceUID = uid
        meta.TransferSyntaxUID = "1.2.840.10008.1.2.5" if is_rle else "1.2.840.10008.1.2.1"
        made = FileDataset(f"{folder}/{number}.dcm", {}, file_meta=meta, preamble=bytes(128))
        made.is_little_endian, made.is_implicit_VR = True, False
        made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, uid
        made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.826.0.1.3680043.10.9999.1", "1.2.826.0.1.3680043.10.9999.2"
        made.Modality, made.PatientID, made.PatientName = "OT", marker(uid), "Test^" + marker(uid)
        made.ImageComments = " ".join([marker(uid)] * 40)  # over several blocks
        made.NumberOfFrames, made.Rows, made.Columns, made.SamplesPerPixel = frames, ROWS, COLUMNS, 1
        made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
        made.PhotometricInterpretation = "MONOCHROME2"
        all_frames = [pixels(uid, frame) for frame in range(frames)]
        made.PixelData = encapsulate([rle(frame) for frame in all_frames]) if is_rle else b"".join(all_frames)
        made["PixelData"].VR = "OB"
        made.save_as(f"{folder}/{number}.dcm", write_like_original=False)


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def tree(folder):
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            with open(f"{path}/{name}", "rb") as file:
                found[os.path.relpath(f"{path}/{name}", folder)] = file.read()
    return found


def reassemble(archives, out, threads):
    sides = {kind: sorted(f"{archives}/{name}" for name in os.listdir(archives) if name.startswith(kind))
             for kind in ("metadata", "image")}
    done = subprocess.run([LARMOR, "reassemble", "--metadata", *sides["metadata"], "--images", *sides["image"], "--out", out,
                           "--memory", "512MiB", "--threads", str(threads), "--json"], capture_output=True, text=True, check=False,
                          timeout=120)
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-2000:]}"
    return json.loads(done.stdout)


def unpacked(name, content):
    """As far as it goes."""
    if name.endswith(".zst"):
        return subprocess.run(["zstd", "-dcq"], input=content, capture_output=True, check=False).stdout
    if not name.endswith(".gz"):
        return content
    out, left = b"", content
    try:
        while left:
            one = zlib.decompressobj(31)
            while left and not one.eof:
                out, left = out + one.decompress(left[:4096]), left[4096:]
            left = one.unused_data + left
    except zlib.error:
        pass
    return out


class Split:
    """What `larmor split` made of the files with some options, and what comes back of it undamaged."""

    def __init__(self, folder, files, number):
        self.folder = f"{folder}/split-{number}"
        options = SPLITS[number]
        done = subprocess.run([LARMOR, "split", files, "--out", self.folder, "--archives", "2", "--seed", str(number + 1), *options],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self.truth = lines_of(f"{self.folder}/truth.ndjson")
        os.remove(f"{self.folder}/truth.ndjson")
        self.archives = sorted(os.listdir(self.folder))
        self.contents = {}
        for name in self.archives:
            with open(f"{self.folder}/{name}", "rb") as file:
                self.contents[name] = file.read()
        reassemble(self.folder, f"{folder}/sound-{number}", 2)
        self.sound = {line["sop_instance_uid"]: line["sha256"] for line in lines_of(f"{folder}/sound-{number}/report/manifest.ndjson")}
        assert len(self.sound) >= INSTANCES // 2, self.sound
        self.uids = {line["uid"] for line in self.truth}


class Seed:
    def __init__(self, seed, splits):
        self.random = random.Random(seed)
        self.split = self.random.choices(splits, WEIGHTS[:len(splits)])[0]
        self.contents = dict(self.split.contents)
        self.moved = False  # blocks lie elsewhere: then nobody can say what a raw member should have held
        self.bits = 0  # turned; None where nobody knows how many, since they were turned in packed bytes
        self.damaged = collections.defaultdict(list)  # archive to the names of what was done
        for _ in range(self.random.choice((1, 1, 2, 3))):
            self.damage()

    def damage(self):
        # Ways that look at the members come first: they want a sound archive.
        name = self.random.choice([name for name in self.contents if name not in self.damaged] or list(self.contents))
        ways = kinds.OF_METADATA if name.startswith("metadata") else kinds.OF_TAR
        packed = name.endswith(".gz")
        if name in self.damaged or name.endswith(".zst") or (packed and self.random.randrange(2)):
            ways, packed = kinds.ANYWHERE, False
        if not self.contents[name]:
            return
        kind = self.random.choice(ways)
        data = bytearray(gzip.decompress(self.contents[name]) if packed else self.contents[name])
        bits = kind(self.random, data)
        is_plain = name.endswith(".tar")
        self.moved |= bits is None
        self.bits = None if self.bits is None or (bits and not is_plain) else self.bits + (bits or 0)
        self.contents[name] = gzip.compress(bytes(data), 1) if packed else bytes(data)
        self.damaged[name].append(kind.__name__)

    def member_at(self, place, uid):
        """The member that the manifest names, whose header in the damaged archive must name this UID; nothing where the archive can't be
        unpacked that far: the tool holds back what stands before the damage."""
        name = os.path.basename(place["archive"])
        if name not in self.tars:
            self.tars[name] = unpacked(name, self.contents[name])
        data = self.tars[name]
        if place["offset"] + place["size"] > len(data) and not name.endswith(".tar"):
            return None, None
        header = data[place["offset"] - 512:place["offset"]]
        path = header[:100].split(b"\0")[0].decode()
        assert sum(header[:148]) + 8 * 32 + sum(header[156:]) == int(header[148:154].rstrip(b" \0"), 8), f"no header before {place}"
        assert uid in path.replace(".json", "/").split("/") or any(part.startswith(uid + ".") for part in path.split("/")), (path, uid)
        return path, data[place["offset"]:place["offset"] + place["size"]]

    def check_instance(self, line, content):
        uid = line["sop_instance_uid"]
        assert hashlib.sha256(content).hexdigest() == line["sha256"] and len(content) == line["size"], "the manifest is wrong"
        path, text = self.member_at(line["metadata"], uid)
        if path:
            document = json.loads(gzip.decompress(text) if path.endswith(".gz") else text)
            assert document["00080018"]["Value"] == [uid], f"metadata of {document['00080018']} went into {uid}"
            if "00100020" in document:
                assert document["00100020"]["Value"][0].encode() in content, f"{uid} has another metadata"
        for place in line["images"]:
            path, image = self.member_at(place, uid)
            if path and not path.endswith(".dcm"):
                assert image.rstrip(b"\0") in content, f"{uid} has other pixels than {place}"
            elif path and len(image) > 1024:
                at = len(image) * 3 // 4
                assert image[at:at + 64] in content, f"{uid} has other pixels than {place}"
        if line["sha256"] == self.split.sound.get(uid) or self.moved:
            return
        # Nothing was moved, so nothing of any other instance may be here.
        for other in self.split.uids - {uid}:
            assert marker(other).encode() not in content and pixels(other, 0)[256:288] not in content, f"{uid} has something of {other}"
        if line["transfer_syntax_uid"] == "1.2.840.10008.1.2.1" and self.bits is not None:
            count = len(content) % FRAME_BYTES and FRAME_BYTES * (3 if content[-FRAME_BYTES:-FRAME_BYTES + 16] == pixels(uid, 2)[:16] else 1)
            expected = b"".join(pixels(uid, frame) for frame in range(count // FRAME_BYTES))
            wrong = sum((a ^ b).bit_count() for a, b in zip(content[-count:], expected)) if count else 0
            assert wrong <= self.bits + 1, f"{uid}: {wrong} bits are wrong, {self.bits} were turned"

    def check(self, folder):
        self.tars = {}
        archives, out = f"{folder}/archives", f"{folder}/out"
        os.makedirs(archives)
        for name, content in self.contents.items():
            with open(f"{archives}/{name}", "wb") as file:
                file.write(content)
        done = reassemble(archives, out, 1)
        for side in ("metadata", "images"):
            counts = done[side]
            assert counts["members"] == sum(counts.values()) - counts["members"], counts
        report = {name: lines_of(f"{out}/report/{name}.ndjson")
                  for name in ("manifest", "duplicates", "orphans", "incomplete", "conflicts", "corrupt")}
        files = tree(f"{out}/instances")
        assert len(files) == len(report["manifest"]) == done["instances"], "files and manifest differ"
        for line in report["manifest"]:
            self.check_instance(line, files[line["key"].removeprefix("instances/")])
        self.check_report(report)
        if self.random.randrange(10) == 0:
            reassemble(archives, f"{folder}/again", 2)
            assert tree(out) == tree(f"{folder}/again"), "two threads made something else"

    def ends_as_if_sound(self, name):
        """With zeros that GNU tar would write at the end of some archive; rounded up, since a last member may end with zeros, too."""
        content = unpacked(name, self.contents[name])
        zeros = len(content) - len(content.rstrip(b"\0"))
        return zeros < 3 * kinds.BLOCK or (len(content) % RECORD == 0 and zeros < RECORD + 2 * kinds.BLOCK)

    def check_report(self, report):
        """Who is not there as before is named, by UID, or both its halves lay in archives with damaged places that are named."""
        made = {line["sop_instance_uid"] for line in report["manifest"]}
        named = {line.get("sop_instance_uid") for name, lines in report.items() if name != "manifest" for line in lines}
        places = {os.path.basename(line["archive"]) for line in report["corrupt"]}
        # Zeros in place of the last members may look like the end of the archive: their other halves are orphans, but where those
        # are damaged too, only their own places are named.
        places |= {name for name, done in self.damaged.items() if "zero_blocks" in done and self.ends_as_if_sound(name)}
        halves = collections.defaultdict(set)
        for line in self.split.truth:
            if line["kind"] == "member":
                halves[line["uid"]].add(line["archive"])
        for uid in self.split.sound.keys() - made - named:
            assert halves[uid] <= places, f"{uid} is gone, and the report is silent"
        for name, done in self.damaged.items():
            if len(done) == 1 and done[0] == "put_garbage_between":
                assert name in places, f"garbage in {name} is not reported"
        for name in self.damaged:
            if self.contents[name] == b"":
                assert name in places, f"{name} is empty, and the report is silent"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="larmor-damage-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    passed = failed = 0
    try:
        make_files(f"{folder}/files")
        splits = [Split(folder, f"{folder}/files", number) for number in range(len(SPLITS))]
        for seed in range(options.first, options.first + options.seeds):
            here = f"{folder}/seed"
            one = Seed(seed, splits)
            try:
                one.check(here)
                passed += 1
            except Exception:  # pylint: disable=broad-except
                failed += 1
                print(f"seed {seed}, {dict(one.damaged)} of {SPLITS[splits.index(one.split)]}:")
                traceback.print_exc(file=sys.stdout)
            shutil.rmtree(here, ignore_errors=True)
            if seed % 100 == 0:
                print(f"up to seed {seed}: {passed} passed, {failed} failed", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
