#!/usr/bin/env python3
"""Writes src/features/tags/dictionary.json: keywords of tags and names of UIDs, from Debian's python3-pydicom.

Run it with Debian's own interpreter, from the folder web: /usr/bin/python3 scripts/make-dictionary.py
"""
import json
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._uid_dict import UID_dictionary

keywords = {f"{tag:08X}": entry[4] for tag, entry in sorted(DicomDictionary.items()) if entry[4]}
# Repeating groups, as masks: 60xx3000.
keywords.update({mask: entry[4] for mask, entry in sorted(RepeatersDictionary.items()) if entry[4]})
uids = {uid: entry[0] for uid, entry in UID_dictionary.items() if entry[1] in ("SOP Class", "Transfer Syntax") and entry[0]}

with open("src/features/tags/dictionary.json", "w", encoding="utf-8") as out:
    json.dump({"keywords": keywords, "uids": uids}, out, indent=0, sort_keys=True)
    out.write("\n")
