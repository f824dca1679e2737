#!/usr/bin/python3
"""Python's codecs as oracle of the character tables: `<name> <bytes in hex> <code points in hex>` a
line, for every code of a set that stands for a character. The names are those of (0008,0005).
"""
import sys

SINGLE = {
    "ISO_IR 100": "latin_1", "ISO_IR 101": "iso8859_2", "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4", "ISO_IR 144": "iso8859_5", "ISO_IR 127": "iso8859_6",
    "ISO_IR 126": "iso8859_7", "ISO_IR 138": "iso8859_8", "ISO_IR 148": "iso8859_9",
    "ISO_IR 203": "iso8859_15", "ISO_IR 166": "tis_620",
}
# Name: (codec, what stands before the bytes for DICOM, for the codec, the bit that both set)
DOUBLE = {
    "\\ISO 2022 IR 87": ("iso2022_jp", b"\x1b$B", b"\x1b$B", 0),
    "\\ISO 2022 IR 159": ("iso2022_jp_2", b"\x1b$(D", b"\x1b$(D", 0),
    "\\ISO 2022 IR 149": ("euc_kr", b"\x1b$)C", b"", 0x80),
    "\\ISO 2022 IR 58": ("gb2312", b"\x1b$)A", b"", 0x80),
}


def emit(name, dicom, codec, encoded):
    try:
        text = encoded.decode(codec)
    except UnicodeError:
        return
    points = ",".join(f"{ord(c):x}" for c in text)
    sys.stdout.write(f"{name}\t{dicom.hex()}\t{points}\n")


def main():
    for name, codec in SINGLE.items():
        # From A0: what lies below are control characters.
        for byte in range(0xA0, 0x100):
            emit(name, bytes([byte]), codec, bytes([byte]))
    for byte in range(0xA1, 0xE0):
        emit("ISO_IR 13", bytes([byte]), "shift_jis", bytes([byte]))
    for name, (codec, escape, before, bit) in DOUBLE.items():
        for first in range(0x21, 0x7F):
            for second in range(0x21, 0x7F):
                code = bytes([first | bit, second | bit])
                emit(name, escape + code, codec, before + code)
    for first in range(0x81, 0xFF):
        for second in list(range(0x40, 0x7F)) + list(range(0x80, 0xFF)):
            code = bytes([first, second])
            emit("GBK", code, "gbk", code)
            emit("GB18030", code, "gb18030", code)
    for point in (0x80, 0x3402, 0xFFFF, 0x10000, 0x20087, 0x10FFFF):  # of four bytes
        code = chr(point).encode("gb18030")
        emit("GB18030", code, "gb18030", code)


main()
