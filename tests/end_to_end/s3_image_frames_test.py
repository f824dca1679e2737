#!/usr/bin/python3
"""GetImageFrame where the objects of the library lie in S3, on a real server: frames as HTJ2K are made once, kept in the bucket and
given from there, each against pydicom's pixels by a decoder that others wrote. Ends with `N passed, N failed`."""
import os
import subprocess
import sys
import urllib.error
import warnings

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, wait_until  # noqa: E402
from image_frames_test import all_documents, by_openjpeg, frame, instances_of, kept, made, noise, pixels_of  # noqa: E402
from lib.s3 import S3  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

warnings.simplefilter("ignore")
scenarios = Scenarios("s3-image-frames")
test = scenarios.test
s3 = None


def imported(folder, bucket, *paths):
    """A library whose objects lie in a bucket of its own, served."""
    s3.make_bucket(bucket)
    done = subprocess.run([LARMOR, "import", "--library", f"{folder}/larmor-library", "--objects", s3.address(bucket), *paths], check=False,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return Server(folder)


def frames_in(bucket):
    return sorted(name for name in s3.names(bucket) if ".htj2k" in name)


def all_frames(server):
    """Of every instance by its UID: what is given, in the order of frames."""
    given = {}
    for document in all_documents(server):
        for uid, instance in instances_of(document):
            given[uid] = [frame(server, document, one) for one in instance["ImageFrames"]]
            assert [len(body) for body, _ in given[uid]] == [one["FrameSizeInBytes"] for one in instance["ImageFrames"]], uid
    return given


@test
def frames_are_kept_in_the_bucket_and_given_from_there_also_when_connections_break(folder):
    # The last one is too large for one request: an upload in parts.
    paths = [f"{PYDICOM_FILES}/CT_small.dcm", made(folder, "some", noise((3, 64, 48), -2000, 2000, "<i2")),
             made(folder, "long", noise((20, 32, 32), 0, 4096, "<u2"), 12), made(folder, "large", noise((12, 512, 640), 0, 65536, "<u2"))]
    server = imported(folder, "frames", *paths, f"{PYDICOM_FILES}/SC_rgb_jpeg_dcmtk.dcm")
    try:
        first = all_frames(server)
        for path in paths:
            data_set = pydicom.dcmread(path)
            frames = first[data_set.SOPInstanceUID]
            assert len(frames) == int(data_set.get("NumberOfFrames", 1)), path
            for number, (body, content_type) in enumerate(frames):
                assert content_type == "image/jph", (path, content_type)
                assert (by_openjpeg(folder, body, data_set) == pixels_of(data_set, number).ravel()).all(), (path, number)
        lossy = pydicom.dcmread(f"{PYDICOM_FILES}/SC_rgb_jpeg_dcmtk.dcm")
        ((body, content_type),) = first[lossy.SOPInstanceUID]
        assert content_type == "image/jpeg" and body.rstrip(b"\0") in lossy.PixelData, content_type
        wait_until(lambda: kept(server) == len(paths) + 1)
        objects = frames_in("frames")
        assert len(objects) == len(paths) + 1, objects
    finally:
        server.end()

    # Another process knows no frame yet, and its connections break.
    proxy = s3.proxy()
    try:
        server = Server(folder, "--objects", s3.address("frames", endpoint=proxy.url))
        proxy.fault("reset", "GET", match=".htj2k", times=2)
        proxy.fault("status", "GET", match=".htj2k", status=503, code="SlowDown", times=2)
        assert all_frames(server) == first
        assert frames_in("frames") == objects and kept(server) == len(objects), "made once"
        server.end()
    finally:
        proxy.end()


@test
def frames_whose_object_is_gone_are_an_error_and_no_other_bytes(folder):
    server = imported(folder, "gone", f"{PYDICOM_FILES}/CT_small.dcm")
    try:
        all_frames(server)
        wait_until(lambda: kept(server) == 1)
    finally:
        server.end()
    (name,) = frames_in("gone")
    s3.delete("gone", name)
    server = Server(folder)
    try:
        try:
            all_frames(server)
            raise AssertionError("there was a frame")
        except urllib.error.HTTPError as error:
            assert error.code in (404, 500), error.code
        # The instance itself is untouched.
        data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
        with open(f"{PYDICOM_FILES}/CT_small.dcm", "rb") as file:
            assert server.stored(data_set) == file.read()
    finally:
        server.end()


if __name__ == "__main__":
    s3 = S3.start()
    if s3 is None:
        print("0 passed, 0 failed")
        sys.exit(0)
    os.environ.update(s3.environment)
    try:
        sys.exit(scenarios.run())
    finally:
        s3.end()
