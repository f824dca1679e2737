#!/usr/bin/python3
"""What pydicom says, in lines that reader_oracle_test.cc makes too.

oracle.py elements OUT < PATHS   each file: "file PATH", "error TEXT" or one line for each element
oracle.py dictionary OUT         each entry of pydicom's dictionary: tag, VR, VM, keyword
"""
import sys
import warnings
import zlib

import pydicom
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.datadict import DicomDictionary, RepeatersDictionary
from pydicom.sequence import Sequence

warnings.simplefilter("ignore")
config.replace_un_with_known_vr = False
config.convert_wrong_length_to_UN = False
config.settings.reading_validation_mode = config.IGNORE


def vr_of(data_set, raw):
    if getattr(raw, "VR", None):
        return raw.VR
    try:
        return data_set[raw.tag].VR
    except Exception:  # values that pydicom cannot convert
        return pydicom.datadict.dictionary_VR(raw.tag)


def lines(data_set, depth):
    for tag in data_set.keys():
        raw = data_set.get_item(tag)
        vr = vr_of(data_set, raw)
        place = f"{depth} {tag:08X}"
        value = raw.value
        if vr == "SQ" or isinstance(value, Sequence):
            yield f"{place} SQ"
            for item in data_set[tag].value:
                yield f"{depth} item"
                yield from lines(item, depth + 1)
            continue
        if value is None:
            value = b""
        if not isinstance(value, bytes):
            yield f"{place} {vr} ? {type(value).__name__}"
            continue
        yield f"{place} {vr.replace(' ', '')} {len(value)} {zlib.crc32(value):08x}"


def elements(out):
    for path in sys.stdin.read().splitlines():
        out.write(f"file {path}\n")
        try:
            data_set = pydicom.dcmread(path, force=True)
            found = list(lines(data_set, 0))
        except Exception as error:
            found = [f"error {type(error).__name__}"]
        out.write("".join(line + "\n" for line in found))


def dictionary(out):
    for tag, (vr, vm, _, _, keyword) in sorted(DicomDictionary.items()):
        out.write(f"{tag:08X}\t{vr}\t{vm}\t{keyword}\n")
    for tag, (vr, vm, _, _, keyword) in sorted(RepeatersDictionary.items()):
        # The first group, and one in the middle.
        for digit in "02":
            # (0028,0400) and (1000,0000) are other things.
            element = tag[4:].replace("x", digit)
            if keyword and not (digit == "0" and (element == "0000" or tag[4:6] == "04")):
                out.write(f"{tag.replace('x', digit).upper()}\t{vr}\t{vm}\t{keyword}\n")


with open(sys.argv[2], "w", encoding="utf-8") as file:
    {"elements": elements, "dictionary": dictionary}[sys.argv[1]](file)
