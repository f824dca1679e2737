#!/usr/bin/python3
"""oracle.py FOLDER: compares FOLDER/<n>.made with FOLDER/<n>.original by pydicom and dciodvfy, neither of which is ours.
Prints a line for each difference, and `compared N`."""
import collections
import pathlib
import re
import subprocess
import sys
import warnings

import pydicom
from pydicom.datadict import tag_for_keyword

warnings.simplefilter("ignore")
pydicom.config.replace_un_with_known_vr = False  # it takes UN of big endian files for big endian: PS3.5 6.2.2 note 2
PIXELS = {tag_for_keyword(k) for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData", "ExtendedOffsetTableLengths")}
TEXT = {"AE", "AS", "CS", "DA", "DT", "IS", "LO", "LT", "SH", "ST", "TM", "UC", "UI", "UR", "UT", "PN"}


def meaning(value):
    if isinstance(value, (list, tuple, pydicom.multival.MultiValue)):
        values = [meaning(one) for one in value]
        while values and values[-1] in ("", None):
            values.pop()
        return values[0] if len(values) == 1 else values or ""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value + b"\0" * (len(value) % 2)
    if isinstance(value, (int, float)) or hasattr(value, "original_string") and not str(value).strip().isalpha():
        try:
            return float(value)
        except (TypeError, ValueError):
            pass
    return str(value).rstrip("= \0").strip()


def flat(dataset, path=""):
    out = {}
    for element in dataset:
        if element.tag.element == 0 or element.tag == 0xFFFCFFFC or (not path and element.tag in PIXELS):
            continue
        name = f"{path}{element.tag}"
        if element.VR == "SQ":
            out[name] = ("SQ", len(element.value))
            for number, item in enumerate(element.value):
                out.update(flat(item, f"{name}[{number}]."))
        elif element.tag == 0x00080005:
            out[name] = ("CS", "any")
        else:
            out[name] = (element.VR, meaning(element.value))
    return out


def problems(path):
    """The errors of dciodvfy, each without its numbers; it needs a file that it can read."""
    told = subprocess.run(["dciodvfy", path], capture_output=True, text=True, errors="replace").stderr
    return collections.Counter(re.sub(r"\s+", " ", line) for line in told.splitlines() if line.startswith("Error"))


folder = pathlib.Path(sys.argv[1])
compared = 0
for made in sorted(folder.glob("*.made")):
    original = made.with_suffix(".original")
    compared += 1
    try:
        ours, theirs = pydicom.dcmread(made), pydicom.dcmread(original, force=True)
        a, b = flat(theirs), flat(ours)
    except Exception as error:  # pylint: disable=broad-except
        print(f"{made.name}: {type(error).__name__} {str(error)[:100]}")
        continue
    for name in sorted(a.keys() | b.keys()):
        x, y = a.get(name), b.get(name)
        if x == y or (name == "(0008,0005)" and x is None):
            continue
        if x and y and x[0] == y[0] and x[0] in ("DS", "FL", "FD") and str(x[1])[:8] == str(y[1])[:8]:
            continue
        print(f"{made.name}: {name} is {str(y)[:60]}, was {str(x)[:60]}")
    if theirs.file_meta.get("TransferSyntaxUID") == "1.2.840.10008.1.2.1.99":  # dciodvfy can't inflate
        subprocess.run(["dcmconv", "+te", original, original], check=True)
    more = problems(made) - problems(original)
    for line in more:
        print(f"{made.name}: dciodvfy: {line}")
print(f"compared {compared}")
