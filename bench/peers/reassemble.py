#!/usr/bin/python3
"""Split archives back to DICOM as one would write it down: METADATA_FOLDER IMAGES_FOLDER OUT.

tarfile and pydicom, all metadata in a dictionary, then one image after the other. Native pixels only; nothing is
checked, hashed, synced or reported. Prints seconds and count as JSON."""
import json
import os
import sys
import tarfile
import time

import pydicom

TRANSFER_SYNTAX_UID = 0x00020010


def members(folder):
    for name in sorted(os.listdir(folder)):
        with tarfile.open(f"{folder}/{name}") as archive:
            for member in archive:
                if member.isfile():
                    yield os.path.basename(member.name), archive.extractfile(member).read()


def main():
    metadata_folder, images_folder, out = sys.argv[1:]
    started = time.monotonic()
    metadata = {name.removesuffix(".json"): content for name, content in members(metadata_folder)}
    count = 0
    for name, pixels in members(images_folder):
        uid = name.removesuffix(".raw")
        data_set = pydicom.Dataset.from_json(metadata[uid].decode(), bulk_data_uri_handler=lambda _: b"")
        data_set.PixelData = pixels
        data_set["PixelData"].VR = "OW"
        data_set.file_meta = pydicom.dataset.FileMetaDataset()
        data_set.file_meta.TransferSyntaxUID = data_set.pop(TRANSFER_SYNTAX_UID).value
        folder = f"{out}/{data_set.StudyInstanceUID}/{data_set.SeriesInstanceUID}"
        os.makedirs(folder, exist_ok=True)
        data_set.is_little_endian, data_set.is_implicit_VR = True, False
        data_set.save_as(f"{folder}/{uid}.dcm", write_like_original=False)
        count += 1
    print(json.dumps({"seconds": time.monotonic() - started, "instances": count}))


if __name__ == "__main__":
    main()
