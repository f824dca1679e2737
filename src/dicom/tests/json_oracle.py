#!/usr/bin/python3
"""`json_oracle.py write`: DICOM JSON of the files named on standard input, by pydicom, one object a
line. `json_oracle.py read`: reads such lines of ours with pydicom and compares with the files.

{"file": name, "data_set": {tag: {"vr", "Value"...}}} or {"file": name, "error": text}. The form of
each data element is pydicom's own (DataElement.to_json_dict); only the walk through items is here,
so that one element that pydicom cannot convert costs that element ({"error": text}), not the file.
Binary values over 768 bytes, and Pixel Data, are {"BulkDataURI": "sha256:<hex>:<bytes>"}.
"""
import hashlib
import json
import struct
import sys
import warnings

import pydicom

INLINE_MAX = 768
BULK = b"apart"
PIXEL_DATA = {0x7FE00008, 0x7FE00009, 0x7FE00010}


def element_form(element):
    if element.VR == "SQ":
        form = {"vr": "SQ"}
        if len(element.value) > 0:
            form["Value"] = [data_set_form(item) for item in element.value]
        return form
    if isinstance(element.value, bytes):
        is_apart = element.tag in PIXEL_DATA or len(element.value) > INLINE_MAX
        if is_apart and element.value:
            digest = hashlib.sha256(element.value).hexdigest()
            return {"vr": element.VR, "BulkDataURI": f"sha256:{digest}:{len(element.value)}"}
    return element.to_json_dict(None, 0)


def data_set_form(data_set):
    form = {}
    for tag in data_set.keys():
        if tag.element == 0 or tag.group == 2:
            continue
        key = f"{tag:08X}"
        try:
            form[key] = element_form(data_set[tag])
        except Exception as error:  # whatever pydicom throws is its answer
            form[key] = {"error": f"{type(error).__name__}: {error}"[:120]}
    return form


def write_files():
    for line in sys.stdin:
        name = line.rstrip("\n")
        try:
            answer = {"file": name, "data_set": data_set_form(pydicom.dcmread(name, force=True))}
        except Exception as error:
            answer = {"file": name, "error": f"{type(error).__name__}: {error}"[:120]}
        sys.stdout.write(json.dumps(answer) + "\n")


def same_values(ours, theirs):
    """Compares two data elements: one from our JSON, one from the file."""
    if ours.VR == "SQ":
        return len(ours.value) == len(theirs.value) and all(
            not differences(a, b) for a, b in zip(ours.value, theirs.value)
        )
    if ours.VR == "FL":  # shortest digits of the float
        first = [ours.value] if ours.VM == 1 else list(ours.value or [])
        second = [theirs.value] if theirs.VM == 1 else list(theirs.value or [])
        return [struct.pack("f", v) for v in first] == [struct.pack("f", v) for v in second]
    return ours.value == theirs.value or str(ours.value) == str(theirs.value)


def differences(ours, theirs):
    """(path, what) of each data element of ours that the file's has otherwise."""
    found = []
    for element in ours:
        # Large values are digests here; the character set is UTF-8 now.
        if element.tag == 0x00080005 or element.value == BULK:
            continue
        try:
            other = theirs[element.tag]
            if element.VR != other.VR or not same_values(element, other):
                found.append((f"{element.tag:08X}", "another value"))
        except (KeyError, ValueError) as error:
            found.append((f"{element.tag:08X}", f"{type(error).__name__}: {error}"))
    return found


def read_files():
    """Reads {"file", "data_set"} of ours; writes file, path, what a line."""
    for line in sys.stdin:
        answer = json.loads(line)
        try:
            ours = pydicom.Dataset.from_json(answer["data_set"], lambda tag, vr, uri: BULK)
            theirs = pydicom.dcmread(answer["file"], force=True)
            found = differences(ours, theirs)
        except Exception as error:
            found = [("", f"{type(error).__name__}: {error}")]
        for path, what in found:
            sys.stdout.write(f"{answer['file']}\t{path}\t{what}\n")
    sys.stdout.write("end\n")


def main():
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    if sys.argv[1:] == ["read"]:
        read_files()
    else:
        write_files()


main()
