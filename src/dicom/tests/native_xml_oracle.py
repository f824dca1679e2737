#!/usr/bin/python3
"""Whether an XML document says the same of a DICOM file as DCMTK's dcm2xml: an oracle that shares no code with us.

native_xml_oracle.py XML DICOM      prints every difference; the last line is the number of values that were compared
"""
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

OURS = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")


def name_of(element):
    return element.tag.removeprefix(OURS)


def text_of(value):
    if name_of(value) != "PersonName":
        return (value.text or "").strip()
    groups = []
    for group in value:
        parts = {name_of(part): part.text or "" for part in group}
        groups.append((name_of(group), *(parts.get(component, "").strip() for component in COMPONENTS)))
    return groups


def number(text, vr):
    """DCMTK writes FL and FD by digits of its own, which stand for the same number."""
    try:
        return struct.unpack("f", struct.pack("f", float(text))) if vr == "FL" else float(text)
    except (TypeError, ValueError):
        return text


def flatten(data_set, path, found):
    for attribute in data_set:
        tag, vr = attribute.get("tag"), attribute.get("vr")
        # dcm2xml writes what it made of the text, we what was read.
        if tag.endswith("0000") or tag == "00080005":
            continue
        place = (*path, tag, attribute.get("privateCreator"))
        values = []
        for value in attribute:
            kind = name_of(value)
            if kind == "Item":
                flatten(value, (*place, value.get("number")), found)
            elif kind in ("Value", "PersonName"):
                text = text_of(value)
                if text:
                    values.append((value.get("number"), number(text, vr) if vr in ("FL", "FD", "DS", "IS") else text))
        found[place] = (vr, attribute.get("keyword"), values)
    return found


def main():
    ours = ElementTree.parse(sys.argv[1]).getroot()
    assert ours.tag == OURS + "NativeDicomModel", ours.tag
    theirs = subprocess.run(["dcm2xml", "-nat", "+U8", sys.argv[2]], check=True, capture_output=True).stdout
    ours, theirs = flatten(ours, (), {}), flatten(ElementTree.fromstring(theirs), (), {})
    for place in sorted(ours.keys() | theirs.keys(), key=str):
        if ours.get(place) != theirs.get(place):
            print(place, ours.get(place), theirs.get(place))
    print(sum(len(values) for _, _, values in ours.values()))


main()
