#!/usr/bin/python3
"""DICOM JSON of the files named on standard input, by pydicom: one object a line.

{"file": name, "data_set": {tag: {"vr", "Value"...}}} or {"file": name, "error": text}. The form of
each data element is pydicom's own (DataElement.to_json_dict); only the walk through items is here,
so that one element that pydicom cannot convert costs that element ({"error": text}), not the file.
Binary values over 768 bytes, and Pixel Data, are {"BulkDataURI": "sha256:<hex>:<bytes>"}.
"""
import hashlib
import json
import sys
import warnings

import pydicom

INLINE_MAX = 768
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


def main():
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    for line in sys.stdin:
        name = line.rstrip("\n")
        try:
            answer = {"file": name, "data_set": data_set_form(pydicom.dcmread(name, force=True))}
        except Exception as error:
            answer = {"file": name, "error": f"{type(error).__name__}: {error}"[:120]}
        try:
            text = json.dumps(answer, allow_nan=True)
        except Exception as error:
            text = json.dumps({"file": name, "error": f"json: {error}"})
        sys.stdout.write(text + "\n")


main()
