#!/usr/bin/python3
"""Makes testdata/seeds/sparse and testdata/seeds/spool: what fuzz_sparse takes for the map of a sparse member, in each of its forms, and
spools (docs/formats/spool.md), whose checksums fuzz_spool makes right. Needs zstd."""
import pathlib
import struct
import subprocess

HERE = pathlib.Path(__file__).parent


def entries(*regions):
    return b"".join(b"%011o\0%011o\0" % region for region in regions)


def sparse_seeds():
    def seed(form, stored, text):
        return struct.pack("<BH", form, stored) + text

    header = entries((0, 512), (1024, 512), (4096, 1000)).ljust(96, b"\0") + b"\0" + b"%011o\0" % 9000
    more = entries((0, 512), (1024, 512), (4096, 512), (8192, 512)) + b"\1" + b"%011o\0" % 90000
    yield "old", seed(0, 2024, header)
    yield "old-extended", seed(0, 2561, more + (entries((16384, 512), (20000, 1)).ljust(504, b"\0") + b"\0").ljust(512, b"\0"))
    yield "pax-0.0", seed(1, 1024, b"GNU.sparse.size=3000\nGNU.sparse.numblocks=2\nGNU.sparse.offset=0\nGNU.sparse.numbytes=512\n"
                          b"GNU.sparse.offset=1024\nGNU.sparse.numbytes=512\n")
    yield "pax-0.1", seed(1, 1024, b"GNU.sparse.size=3000\nGNU.sparse.numblocks=2\nGNU.sparse.map=0,512,1024,512\nGNU.sparse.name=a/b\n")
    yield "pax-1.0", seed(1, 1024, b"GNU.sparse.major=1\nGNU.sparse.minor=0\nGNU.sparse.name=a/b\nGNU.sparse.realsize=3000\n\f"
                          b"2\n0\n512\n1024\n512\n")
    yield "pax-holes", seed(1, 0, b"GNU.sparse.major=1\nGNU.sparse.minor=0\nGNU.sparse.name=a\nGNU.sparse.realsize=1125899906842624\n\f0\n")


def zstd(content):
    return subprocess.run(["zstd", "-1", "-q", "-c", f"--stream-size={len(content)}"], input=content, capture_output=True, check=True).stdout


def spool_seeds():
    def record(number):
        uid = f"1.2.840.{number}".encode()
        return struct.pack("<IQB", number % 3, number * 512, len(uid)) + uid + b"data set " * number

    def block(number, count):
        frames = [zstd(record(16 * number + i)) for i in range(count)]
        return b"LSBL" + struct.pack("<IQII", count, number, sum(map(len, frames)), 0) + struct.pack(f"<{count}I", *map(len, frames)) + \
            b"".join(frames)

    head = b"LRMRSPOL" + struct.pack("<HHI", 1, 16, 0) + bytes(range(16)) + bytes(4)
    yield "two-blocks", b"\1\2" + head + block(0, 16) + block(1, 3)
    yield "out-of-order", b"\1\3" + head + block(2, 1) + block(0, 2)


for folder, seeds in (("sparse", sparse_seeds()), ("spool", spool_seeds())):
    (HERE / folder).mkdir(exist_ok=True)
    for name, content in seeds:
        (HERE / folder / name).write_bytes(content)
