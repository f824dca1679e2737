#!/usr/bin/python3
"""Writes the files beside it: each breaks the standard in the way that its name says."""
from pathlib import Path
from struct import pack

HERE = Path(__file__).resolve().parent


def element(group, number, vr, value):
    return pack("<HH2sH", group, number, vr, len(value)) + value


def long_element(group, number, vr, value, length=None):
    return pack("<HH2sHI", group, number, vr, 0, len(value) if length is None else length) + value


def item(value, length=None):
    return pack("<HHI", 0xFFFE, 0xE000, len(value) if length is None else length) + value


UNDEFINED = 0xFFFFFFFF
ITEM_END = pack("<HHI", 0xFFFE, 0xE00D, 0)
SEQUENCE_END = pack("<HHI", 0xFFFE, 0xE0DD, 0)
MODALITY = element(8, 0x60, b"CS", b"CT")
PATIENT_ID = element(0x10, 0x20, b"LO", b"AB")
REFERENCE = element(8, 0x1150, b"UI", b"1.2.840\0")


def write(name, data_set):
    syntax = element(2, 0x10, b"UI", b"1.2.840.10008.1.2.1\0")
    meta = element(2, 0, b"UL", pack("<I", len(syntax))) + syntax
    (HERE / name).write_bytes(bytes(128) + b"DICM" + meta + data_set)


write("trailing_bytes.dcm", MODALITY + PATIENT_ID + bytes(100))

# The item's length counts its delimiter, and the sequence has one behind its end.
write("stray_delimiter.dcm",
      long_element(8, 0x1140, b"SQ", item(REFERENCE + ITEM_END)) + SEQUENCE_END + PATIENT_ID)

write("explicit_items_in_un.dcm",
      MODALITY
      + long_element(9, 0x1001, b"UN", item(REFERENCE + ITEM_END, UNDEFINED) + SEQUENCE_END,
                     UNDEFINED)
      + PATIENT_ID)

# Without VR: a short value, a sequence inside of an item of defined length, and Pixel Data.
inner = pack("<HHI", 8, 0x1155, 4) + b"1.2\0"
sequence = pack("<HHI", 8, 0x1140, UNDEFINED) + item(inner + ITEM_END, UNDEFINED) + SEQUENCE_END
write("implicit_element.dcm",
      pack("<HHI", 8, 0x60, 2) + b"CT"
      + long_element(8, 0x1115, b"SQ", item(sequence))
      + PATIENT_ID
      + pack("<HHI", 0x7FE0, 0x10, 4) + b"abcd")
