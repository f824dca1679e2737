#!/usr/bin/python3
"""Prints, for each file of a list, `size:checksum` of its encapsulated frames as pydicom finds them."""
import sys
import warnings

import pydicom
from pydicom.encaps import generate_pixel_data_frame

warnings.filterwarnings("ignore")


def checksum(data):
    value = 1
    for byte in data:
        value = (value * 31 + byte) % 65521
    return value


with open(sys.argv[1], encoding="utf-8") as paths:
    for path in paths.read().splitlines():
        ds = pydicom.dcmread(path, force=True)
        count = int(getattr(ds, "NumberOfFrames", 1) or 1)
        frames = generate_pixel_data_frame(ds.PixelData, count)
        print("".join(f"{len(frame)}:{checksum(frame)} " for frame in frames))
