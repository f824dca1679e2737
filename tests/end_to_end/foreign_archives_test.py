#!/usr/bin/python3
"""`larmor reassemble` of archives that others made: GNU tar, bsdtar and Python's tarfile in all their formats, with long names, holes,
hard links and members without bytes, joined and with garbage between them. What comes out is what went in. Ends with `N passed, N failed`."""
import glob
import hashlib
import json
import os
import random
import re
import shlex
import subprocess
import sys
import tarfile

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("foreign-archives")
test = scenarios.test
ROOT_UID = "1.2.826.0.1.3680043.10.7777."
ROWS, COLUMNS = 128, 256  # 64 KiB of 16 bits: room for holes
TOOLS = {
    "tar-v7": "tar --format=v7", "tar-oldgnu": "tar --format=oldgnu", "tar-gnu": "tar --format=gnu", "tar-ustar": "tar --format=ustar",
    "tar-pax": "tar --format=pax", "bsdtar-v7": "bsdtar --format=v7", "bsdtar-ustar": "bsdtar --format=ustar",
    "bsdtar-gnutar": "bsdtar --format=gnutar", "bsdtar-pax": "bsdtar --format=pax",
    "tar-sparse-oldgnu": "tar --sparse --format=oldgnu", "tar-sparse-gnu": "tar --sparse --format=gnu",
    "tar-sparse-0.0": "tar --sparse --format=pax --sparse-version=0.0", "tar-sparse-0.1": "tar --sparse --format=pax --sparse-version=0.1",
    "tar-sparse-1.0": "tar --sparse --format=pax --sparse-version=1.0",
    "python-ustar": tarfile.USTAR_FORMAT, "python-gnu": tarfile.GNU_FORMAT, "python-pax": tarfile.PAX_FORMAT,
}
LONG = {"v7": "", "ustar": "n" * 80 + "/" + "m" * 70 + "/"}  # else longer than any header has room for


def larmor(*arguments, code=0):
    done = subprocess.run([LARMOR, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, (arguments, done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def pixels_of(number):
    """Noise in some pages of 4 KiB, zeros in the others; 6 has the pixels of 5, 7 has no zeros, 8 only zeros."""
    chance = random.Random(5 if number == 6 else number)
    pages = [chance.randbytes(4096) if number == 7 or (number != 8 and chance.randrange(3) == 0) else bytes(4096) for _ in range(16)]
    return b"".join(pages)


def make_halves(folder):
    """Files of the two halves, as others would have them before they archive them: {path: bytes}; and the pixels by UID."""
    made = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    made.Rows, made.Columns = ROWS, COLUMNS
    os.makedirs(f"{folder}/files")
    pixels = {}
    for number in range(9):
        uid = ROOT_UID + str(number)
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid
        made.PixelData = pixels[uid] = pixels_of(number)
        made.save_as(f"{folder}/files/{number}.dcm")
    larmor("split", f"{folder}/files", "--out", f"{folder}/split", "--archives", "1")
    halves = {}
    for side in ("metadata", "image"):
        [path] = glob.glob(f"{folder}/split/{side}-*")
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                halves[os.path.basename(member.name)] = archive.extractfile(member).read()
    assert sorted(halves) == sorted(uid + end for uid in pixels for end in (".json", ".raw")), sorted(halves)
    return halves, pixels


def write_with_holes(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        for at in range(0, len(content), 4096):
            page = content[at:at + 4096]
            if page.strip(b"\0"):
                file.seek(at)
                file.write(page)
        file.truncate(len(content))


def lay_out(root, halves, long_name):
    """The halves below `root/metadata` and `root/image`, as a disk has them."""
    for name, content in halves.items():
        side = "metadata" if name.endswith(".json") else "image"
        below = long_name if name.startswith(f"{ROOT_UID}1.") else "p/"
        if name == f"{ROOT_UID}6.raw":
            continue
        write_with_holes(f"{root}/{side}/{below}{name}", content)
    image = f"{root}/image"
    # Other names of the same bytes: those of another UID, and the same UID once more.
    os.link(f"{image}/p/{ROOT_UID}5.raw", f"{image}/p/{ROOT_UID}6.raw")
    os.makedirs(f"{image}/q")
    os.link(f"{image}/p/{ROOT_UID}7.raw", f"{image}/q/{ROOT_UID}7.raw")
    # Members without bytes: metadata that says nothing, pixels without metadata.
    for path in (f"{root}/metadata/p/{ROOT_UID}98.json", f"{image}/p/{ROOT_UID}99.raw"):
        with open(path, "wb"):
            pass


def archive(tool, folder, out):
    if isinstance(tool, str):
        subprocess.run([*shlex.split(tool), "-C", folder, "-cf", out, "."], check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
        return
    with tarfile.open(out, "w", format=tool) as archived:
        archived.add(folder, arcname="")


def reassemble(folder, name, metadata, images):
    out = f"{folder}/out-{name}"
    said = larmor("reassemble", "--metadata", *metadata, "--images", *images, "--out", out, "--memory", "512MiB", "--threads", "2")
    read, size = map(int, re.search(r"image archives: (\d+) bytes read of (\d+)", said).groups())
    report = {kind: lines_of(f"{out}/report/{kind}.ndjson")
              for kind in ("manifest", "duplicates", "orphans", "incomplete", "conflicts", "corrupt")}
    return out, report, read - size


def assert_all_came_back(out, report, halves, pixels, name):
    """Every instance has its pixels and the values of its metadata half."""
    assert {line["sop_instance_uid"] for line in report["manifest"]} == set(pixels), (name, report)
    for line in report["manifest"]:
        with open(f"{out}/{line['key']}", "rb") as file:
            assert hashlib.sha256(file.read()).hexdigest() == line["sha256"], name
        made = pydicom.dcmread(f"{out}/{line['key']}")
        uid = line["sop_instance_uid"]
        assert made.SOPInstanceUID == uid and made.PixelData == pixels[uid], (name, uid)
        said = json.loads(halves[f"{uid}.json"])
        assert made.PatientID == said["00100020"]["Value"][0] and len(made) == len([key for key in said if key[:4] != "0002"]), (name, uid)


@test
def every_tool_and_format_gives_back_what_went_in(folder):
    halves, pixels = make_halves(folder)
    truth = None
    for name, tool in TOOLS.items():
        root = f"{folder}/{name}"
        lay_out(root, halves, LONG.get(name.rsplit("-", 1)[1], "n" * 120 + "/" + "m" * 120 + "/") or "p/")
        sides = {}
        for side in ("metadata", "image"):
            sides[side] = f"{folder}/{name}-{side}.tar"
            archive(tool, f"{root}/{side}", sides[side])
        out, report, more_read = reassemble(folder, name, [sides["metadata"]], [sides["image"]])
        assert_all_came_back(out, report, halves, pixels, name)
        hashes = {line["sop_instance_uid"]: line["sha256"] for line in report["manifest"]}
        truth = truth or hashes
        assert hashes == truth, name
        assert not report["conflicts"] and not report["incomplete"], (name, report)
        assert [line["sop_instance_uid"] for line in report["duplicates"]] == [ROOT_UID + "7"], (name, report["duplicates"])
        assert [line["sop_instance_uid"] for line in report["orphans"]] == [ROOT_UID + "99"], (name, report["orphans"])
        assert [line.get("sop_instance_uid") for line in report["corrupt"]] == [ROOT_UID + "98"], (name, report["corrupt"])
        # The manifest says where the bytes are: of what has no holes, exactly there.
        with open(sides["image"], "rb") as file:
            content = file.read()
        places = {line["sop_instance_uid"]: line["images"][0] for line in report["manifest"]}
        is_sparse = "sparse" in name or name == "bsdtar-pax"
        for uid, place in places.items():
            if not place.get("sparse"):
                assert content[place["offset"]:place["offset"] + place["size"]] == pixels[uid], (name, place)
        assert {uid for uid, place in places.items() if place.get("sparse")} == (set(pixels) - {ROOT_UID + "7"} if is_sparse else set()), name
        # What is read again are two links: their bytes, as they are stored, and their headers.
        stored = [len(pixels[ROOT_UID + number].replace(bytes(4096), b"") if is_sparse else pixels[ROOT_UID + number]) for number in "57"]
        assert sum(stored) <= more_read <= sum(stored) + 2 * 8192, (name, more_read, stored)
        assert os.path.getsize(sides["image"]) < (500_000 if is_sparse else 10**6), name


@test
def what_is_read_once_is_counted_once_and_links_in_compressed_archives_are_named(folder):
    halves, pixels = make_halves(folder)
    root = f"{folder}/root"
    lay_out(root, halves, "p/")
    archive("tar --format=gnu", f"{root}/metadata", f"{folder}/metadata.tar")
    archive("tar --format=gnu -z", f"{root}/image", f"{folder}/image.tar.gz")
    _, report, more_read = reassemble(folder, "packed", [f"{folder}/metadata.tar"], [f"{folder}/image.tar.gz"])
    assert more_read == 0
    links = [line for line in report["corrupt"] if "hard link" in line["reason"]]
    assert len(links) == 2 and all("compressed" in line["reason"] for line in links), report["corrupt"]
    # Which of two names is the file and which the link is the order of the folder.
    named = {line["sop_instance_uid"] for line in links}
    assert named in ({ROOT_UID + "5", ROOT_UID + "7"}, {ROOT_UID + "6", ROOT_UID + "7"}), named
    assert {line["sop_instance_uid"] for line in report["manifest"]} == set(pixels) - named | {ROOT_UID + "7"}
    # Without links nothing is read twice.
    archive("tar --format=gnu --hard-dereference", f"{root}/image", f"{folder}/image.tar")
    _, report, more_read = reassemble(folder, "plain", [f"{folder}/metadata.tar"], [f"{folder}/image.tar"])
    assert more_read == 0 and len(report["manifest"]) == len(pixels)


@test
def joined_archives_and_garbage_between_them_lose_nothing(folder):
    halves, pixels = make_halves(folder)
    chance = random.Random(1)
    for name, between in (("joined", 0), ("blocks", 5120), ("shifted", 777)):
        joined = {"metadata": b"", "image": b""}
        tools = [tool for tool in TOOLS if "v7" not in tool]  # whose headers can't be found again: they have no magic
        for number, uid in enumerate(sorted(pixels)):
            for side, end in (("metadata", ".json"), ("image", ".raw")):
                root = f"{folder}/{name}-{side}-{number}"
                write_with_holes(f"{root}/x/{uid}{end}", halves[uid + end])
                archive(TOOLS[tools[number % len(tools)]], root, f"{folder}/part.tar")
                with open(f"{folder}/part.tar", "rb") as file:
                    joined[side] += (chance.randbytes(between) if joined[side] else b"") + file.read()
        for side, content in joined.items():
            with open(f"{folder}/{name}-{side}.tar", "wb") as file:
                file.write(content)
        out, report, more_read = reassemble(folder, name, [f"{folder}/{name}-metadata.tar"], [f"{folder}/{name}-image.tar"])
        assert_all_came_back(out, report, halves, pixels, name)
        assert more_read == 0, more_read
        places = [line["reason"] for line in report["corrupt"]]
        # Each joint is told of, and what lies there.
        assert len([reason for reason in places if "zeros" in reason]) == 2 * (len(pixels) - 1), places
        assert len([reason for reason in places if "no tar header" in reason]) == (2 * (len(pixels) - 1) if between else 0), places


if __name__ == "__main__":
    sys.exit(scenarios.run())
