#!/usr/bin/python3
"""Writes small DICOM files into file/ and the data sets of them into data_set/ (behind the byte that
chooses the encoding there): a little of everything that the reader knows."""
import zlib
from pathlib import Path
from struct import pack

HERE = Path(__file__).resolve().parent
UNDEFINED = 0xFFFFFFFF
LONG = {b"OB", b"OW", b"SQ", b"UN", b"UT", b"OF", b"UC", b"ZZ"}


class Encoder:
    def __init__(self, explicit, order):
        self.explicit, self.order = explicit, order

    def element(self, group, number, vr, value, length=None):
        length = len(value) if length is None else length
        tag = pack(self.order + "HH", group, number)
        if not self.explicit:
            return tag + pack(self.order + "I", length) + value
        if vr in LONG:
            return tag + vr + bytes(2) + pack(self.order + "I", length) + value
        return tag + vr + pack(self.order + "H", length) + value

    def item(self, value=b"", length=None, number=0xE000):
        length = len(value) if length is None else length
        return pack(self.order + "HHI", 0xFFFE, number, length) + value

    def data_set(self, encapsulated):
        item_end, sequence_end = self.item(number=0xE00D), self.item(number=0xE0DD)
        number = lambda value: pack(self.order + "H", value)
        uid = self.element(8, 0x1155, b"UI", b"1.2\0")
        nested = self.element(8, 0x1140, b"SQ", self.item(uid) + self.item())
        pixels = bytes(range(8))
        if encapsulated:
            fragments = self.item() + self.item(b"\xff\xd8\xff\xd9") + sequence_end
            pixel_data = self.element(0x7FE0, 0x10, b"OB", fragments, UNDEFINED)
        else:
            pixel_data = self.element(0x7FE0, 0x10, b"OW", pixels)
        return b"".join([
            self.element(8, 0, b"UL", pack(self.order + "I", 10)),
            self.element(8, 5, b"CS", b"ISO_IR 100"),
            self.element(8, 0x60, b"CS", b"CT"),
            self.element(8, 0x1115, b"SQ", self.item(nested + item_end, UNDEFINED) + sequence_end,
                         UNDEFINED),
            self.element(9, 0x10, b"LO", b"GEMS_IDEN_01"),
            self.element(9, 0x1001, b"LO", b"AB"),
            self.element(9, 0x1002, b"UN", b"\1\2\3\4"),
            self.element(0x10, 0x10, b"PN", b"A^B "),
            self.element(0x11, 0x1001, b"ZZ", b"\1\2") if self.explicit else b"",
            self.element(0x18, 0x9313, b"FD", pack(self.order + "d", 1.5)),
            self.element(0x20, 0x9165, b"AT", pack(self.order + "HH", 0x10, 0x20)),
            self.element(0x28, 0x103, b"US", number(1)),
            self.element(0x28, 0x106, b"SS", number(0xFFFF)),
            self.element(0x28, 0x3010, b"SQ", self.item(self.element(0x28, 0x3006, b"OW", pixels))),
            self.element(0x6002, 0x3000, b"OW", pixels),
            pixel_data])


def main():
    little = Encoder(True, "<")
    un_items = Encoder(False, "<")
    un = little.element(9, 0x1001, b"UN", un_items.item(
        un_items.element(8, 0x60, b"CS", b"CT") + un_items.item(number=0xE00D), UNDEFINED)
        + un_items.item(number=0xE0DD), UNDEFINED)
    explicit = little.data_set(False)
    found = {
        "explicit": ("1.2.840.10008.1.2.1", 0, explicit),
        "implicit": ("1.2.840.10008.1.2", 1, Encoder(False, "<").data_set(False)),
        "big": ("1.2.840.10008.1.2.2", 2, Encoder(True, ">").data_set(False)),
        "encapsulated": ("1.2.840.10008.1.2.4.50", 0, little.data_set(True)),
        "un": ("1.2.840.10008.1.2.1", 0, un),
    }
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = deflate.compress(explicit) + deflate.flush()
    files = dict(found, deflated=("1.2.840.10008.1.2.1.99", 0, deflated))
    for name, (syntax, _, data_set) in files.items():
        syntax = syntax.encode() + b"\0" * (len(syntax) % 2)
        meta = little.element(2, 0x10, b"UI", syntax)
        meta = little.element(2, 0, b"UL", pack("<I", len(meta))) + meta
        (HERE / "file" / name).write_bytes(bytes(128) + b"DICM" + meta + data_set)
    (HERE / "file" / "bare").write_bytes(explicit)
    for name, (_, encoding, data_set) in found.items():
        (HERE / "data_set" / name).write_bytes(bytes([encoding]) + data_set)


main()
