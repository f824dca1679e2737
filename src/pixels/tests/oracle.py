#!/usr/bin/python3
"""Decodes DICOM files with pydicom, numpy and GDCM, for pixels_test.

Arguments: a file with one path a line, a folder for the results. Writes `<line>.raw` (stored
values of all frames, pixel-interleaved, colours as RGB, little endian) and prints one line a
file: number, `ok` or `no`, numpy type, frames, rows, columns, samples, what was in the way.
Each file has its own child process: GDCM ends the process on some of them.
"""
import io
import logging
import os
import sys
import traceback
import warnings
import zlib

import numpy
import pydicom
from pydicom.encaps import generate_pixel_data_frame
from pydicom.pixel_data_handlers.rle_handler import _rle_decode_segment
from pydicom.pixel_data_handlers.util import apply_color_lut, convert_color_space

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

NATIVE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"}
DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
RLE = "1.2.840.10008.1.2.5"


def one_bit_frames(ds, unpacked):
    """1-bit frames of an encapsulated syntax, which pydicom 2.3 does not read."""
    count = ds.Rows * ds.Columns
    frames = []
    for frame in generate_pixel_data_frame(ds.PixelData, int(ds.NumberOfFrames)):
        bits = numpy.unpackbits(numpy.frombuffer(unpacked(frame), "u1"), bitorder="little")
        frames.append(bits[:count])
    return numpy.stack(frames)


def tiles_of_many_sizes(ds):
    """JPEG frames whose edge tiles are smaller, for which GDCM gives zeros: at the top left of a frame of zeros."""
    from PIL import Image

    array = numpy.zeros((int(ds.NumberOfFrames), ds.Rows, ds.Columns, 3), "u1")
    for i, frame in enumerate(generate_pixel_data_frame(ds.PixelData, int(ds.NumberOfFrames))):
        tile = numpy.asarray(Image.open(io.BytesIO(frame)).convert("RGB"))
        array[i, : tile.shape[0], : tile.shape[1]] = tile
    ds.PhotometricInterpretation = "RGB"
    return array


def mend(ds):
    """What pydicom insists on and the standard's readers assume."""
    if not getattr(ds.file_meta, "TransferSyntaxUID", None):
        implicit = ds.is_implicit_VR
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1"
    for keyword, value in (("SamplesPerPixel", 1), ("PixelRepresentation", 0)):
        if keyword not in ds:
            setattr(ds, keyword, value)
    try:
        int(getattr(ds, "NumberOfFrames", 1) or 1)
    except (TypeError, ValueError, AttributeError):
        del ds[0x00280008]


def stored_bits(array, ds, compressed, is_signed):
    """Bits Stored only, as PS3.5 section 8.1.1 says; pydicom gives the whole word."""
    stored, allocated = ds.get("BitsStored"), ds.BitsAllocated
    if not stored or stored >= allocated or array.dtype.kind not in "ui":
        return array
    shift = 0 if compressed else ds.HighBit + 1 - stored
    values = (array.astype("i8") >> shift) & ((1 << stored) - 1)
    if is_signed:
        values = numpy.where(values >> (stored - 1), values - (1 << stored), values)
    return values.astype(array.dtype)


def decode(path):
    ds = pydicom.dcmread(path, force=True)
    mend(ds)
    frames = int(getattr(ds, "NumberOfFrames", 1) or 1)
    syntax = ds.file_meta.TransferSyntaxUID
    is_signed = ds.PixelRepresentation == 1  # reading pixels may change it
    if ds.BitsAllocated == 1 and syntax == DEFLATED_FRAME:
        array = one_bit_frames(ds, lambda frame: zlib.decompressobj(-15).decompress(frame))
    elif ds.BitsAllocated == 1 and syntax == RLE:
        array = one_bit_frames(ds, lambda frame: bytes(_rle_decode_segment(frame[64:])))
    else:
        array = ds.pixel_array
        if syntax == JPEG_BASELINE and not array.any():
            array = tiles_of_many_sizes(ds)
    array = stored_bits(array, ds, syntax not in NATIVE, is_signed)
    samples = ds.SamplesPerPixel
    shape = (frames, ds.Rows, ds.Columns, samples)
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        array = apply_color_lut(array, ds)
        shape = (frames, ds.Rows, ds.Columns, 3)
    array = array.reshape(shape)
    if samples == 3 and ds.PhotometricInterpretation.startswith("YBR_FULL"):
        array = numpy.stack([convert_color_space(frame, "YBR_FULL", "RGB") for frame in array])
    return array


def report(line, path, folder):
    try:
        array = decode(path)
        array = array.astype(array.dtype.newbyteorder("<"))
        array.tofile(os.path.join(folder, f"{line}.raw"))
        print(line, "ok", array.dtype.str[1:], *array.shape, "", sep="\t")
    except Exception as error:  # every reason is a result
        text = " ".join(str(error).split())[:200] or traceback.format_exc(limit=-1)[:200]
        print(line, "no", "", 0, 0, 0, 0, text, sep="\t")
    sys.stdout.flush()


def main():
    with open(sys.argv[1], encoding="utf-8") as list_file:
        paths = list_file.read().splitlines()
    for line, path in enumerate(paths):
        child = os.fork()
        if child == 0:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 2)  # GDCM talks
            report(line, path, sys.argv[2])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status != 0:
            print(line, "no", "", 0, 0, 0, 0, f"ended with status {status}", sep="\t", flush=True)


if __name__ == "__main__":
    main()
