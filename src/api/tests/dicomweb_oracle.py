"""What pydicom says of frames and values: an oracle that shares no code with us.

frames FILE...        a line for each frame: file, number from 1, SHA-256 of its bytes as they lie in the file
                      (of a native one the little-endian bytes)
pictures FILE         PIL: format, width, height; then a line for each frame of it: duration in ms, SHA-256 of its RGB
profile FILE          PIL: SHA-256 of the ICC profile in a picture, `-` without
give-profile IN OUT   pydicom and PIL: writes an image again as if taken through an optical path with a profile
wadl FILE             `METHOD path id` for each method of a Capabilities Description
value FILE TAG...     SHA-256 of the value at a path of tags and item numbers: 7FE00010, 00081140 0 00091010
"""

import hashlib
import sys
import xml.etree.ElementTree as ElementTree

import pydicom
from PIL import Image, ImageCms, ImageSequence
from pydicom.encaps import generate_pixel_data_frame
from pydicom.uid import ExplicitVRBigEndian

WADL = "{http://wadl.dev.java.net/2009/02}"


def frame_bytes(dataset):
    count = int(getattr(dataset, "NumberOfFrames", 1) or 1)
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated:
        yield from generate_pixel_data_frame(dataset.PixelData, count)
        return
    if dataset.BitsAllocated == 1:
        bits = int.from_bytes(dataset.PixelData, "little")
        count_bits = dataset.Rows * dataset.Columns
        for number in range(count):
            frame = bits >> (number * count_bits) & ((1 << count_bits) - 1)
            yield frame.to_bytes((count_bits + 7) // 8, "little")
        return
    size = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.BitsAllocated // 8
    if dataset.PhotometricInterpretation == "YBR_FULL_422":
        size = size // 3 * 2
    data = bytearray(dataset.PixelData)
    if syntax == ExplicitVRBigEndian and dataset["PixelData"].VR == "OW":
        data[0::2], data[1::2] = data[1::2], data[0::2]
    for number in range(count):
        yield bytes(data[number * size : (number + 1) * size])


def list_methods(element, path):
    for child in element:
        if child.tag == WADL + "resource":
            list_methods(child, [*path, child.get("path")])
        elif child.tag == WADL + "method":
            print(child.get("name"), "/".join(path), child.get("id"))


def main():
    command, *arguments = sys.argv[1:]
    if command == "frames":
        for path in arguments:
            dataset = pydicom.dcmread(path, force=True)
            for number, data in enumerate(frame_bytes(dataset), 1):
                print(path, number, hashlib.sha256(data).hexdigest(), sep="\t")
    elif command == "pictures":
        with Image.open(arguments[0]) as image:
            print(image.format, *image.size, sep="\t")
            for frame in ImageSequence.Iterator(image):
                print(frame.info.get("duration", 0), hashlib.sha256(frame.convert("RGB").tobytes()).hexdigest(), sep="\t")
    elif command == "profile":
        with Image.open(arguments[0]) as image:
            profile = image.info.get("icc_profile")
            print(hashlib.sha256(profile).hexdigest() if profile else "-")
    elif command == "give-profile":
        image, path = pydicom.dcmread(arguments[0]), pydicom.Dataset()
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        path.ICCProfile = profile + b"\0" * (len(profile) % 2)
        image.OpticalPathSequence = [path]
        image.save_as(arguments[1])
    elif command == "wadl":
        list_methods(ElementTree.parse(arguments[0]).getroot().find(WADL + "resources"), [])
    elif command == "value":
        place = pydicom.dcmread(arguments[0], force=True)
        for step in arguments[1:-1]:
            place = place[int(step, 16)].value if len(step) == 8 else place[int(step)]
        print(hashlib.sha256(place[int(arguments[-1], 16)].value).hexdigest())
    else:
        sys.exit(__doc__)


main()
