#!/usr/bin/python3
"""Makes testdata/seeds/frames: small frames in every coding, by tools that nobody here wrote.

Needs python3-pydicom, python3-numpy, dcmtk, libgdcm-tools, openjph-tools. A seed is either a
DICOM file or the 12 bytes of fuzz_frames' description and a codestream.
"""
import pathlib
import struct
import subprocess
import tempfile

import numpy
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_pixel_data_frame

OUT = pathlib.Path(__file__).parent / "frames"
SIDE = 24
PHOTOMETRIC = {"MONOCHROME2": 2, "RGB": 4, "YBR_FULL": 5, "YBR_FULL_422": 6, "YBR_RCT": 10}


def picture(samples, bits):
    y, x = numpy.mgrid[0:SIDE, 0:SIDE]
    planes = [((x * (3 + s) + y * 5 + (x * y) % 7) * ((1 << bits) - 1) // 220) for s in range(samples)]
    return numpy.stack(planes, axis=-1).clip(0, (1 << bits) - 1).astype("u1" if bits <= 8 else "u2")


def native(samples, bits, frames=1):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = "1.2.3.4"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3", "1.2.3.1"
    ds.Rows = ds.Columns = SIDE
    ds.SamplesPerPixel = samples
    ds.PhotometricInterpretation = "RGB" if samples == 3 else "MONOCHROME2"
    if samples == 3:
        ds.PlanarConfiguration = 0
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.BitsAllocated = 8 if bits <= 8 else 16
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, 0
    ds.PixelData = picture(samples, bits).tobytes() * frames
    ds.is_little_endian, ds.is_implicit_VR = True, False
    return ds


def head(coding, ds):
    flags = (1 if ds.SamplesPerPixel == 3 else 0)
    allocated = {1: 0, 8: 1, 16: 2, 32: 3}[ds.BitsAllocated]
    return struct.pack("<BHHBBBBBBB", coding, SIDE, SIDE, flags, allocated, ds.BitsStored - 1,
                       ds.HighBit, PHOTOMETRIC[ds.PhotometricInterpretation], 0, 0)


def main():
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        source, made = folder / "in.dcm", folder / "out.dcm"
        recipes = [
            ("rle", 2, ["dcmcrle"], [(1, 8), (3, 8), (1, 12)]),
            ("baseline", 3, ["dcmcjpeg", "+eb"], [(1, 8), (3, 8)]),
            ("extended", 4, ["dcmcjpeg", "+ee"], [(1, 12)]),
            ("spectral", 4, ["dcmcjpeg", "+es"], [(1, 8), (1, 12)]),
            ("progressive", 4, ["dcmcjpeg", "+ep"], [(1, 8), (1, 12)]),
            ("lossless", 5, ["dcmcjpeg", "+e1"], [(1, 8), (3, 8), (1, 12), (1, 16)]),
            ("jpegls", 6, ["dcmcjpls"], [(1, 8), (3, 8), (1, 12)]),
            ("jpeg2000", 7, ["gdcmconv", "--j2k"], [(1, 8), (3, 8), (1, 12)]),
        ]
        for label, coding, command, kinds in recipes:
            for samples, bits in kinds:
                native(samples, bits).save_as(source, write_like_original=False)
                subprocess.run([*command, str(source), str(made)], check=True, capture_output=True)
                ds = pydicom.dcmread(made)
                frame = next(generate_pixel_data_frame(ds.PixelData, 1))
                (OUT / f"{label}_{samples}x{bits}").write_bytes(head(coding, ds) + frame)
        for samples, bits in ((1, 8), (3, 8), (1, 12)):
            ds = native(samples, bits)
            extension = "ppm" if samples == 3 else "pgm"
            kind = "P6" if samples == 3 else "P5"
            pixels = picture(samples, bits)
            pixels = pixels.astype(">u2") if bits > 8 else pixels
            text = f"{kind} {SIDE} {SIDE} {(1 << bits) - 1}\n".encode()
            (folder / f"a.{extension}").write_bytes(text + pixels.tobytes())
            subprocess.run(["ojph_compress", "-i", str(folder / f"a.{extension}"), "-o",
                            str(folder / "a.j2c"), "-reversible", "true", "-num_decomps", "2"],
                           check=True, capture_output=True)
            (OUT / f"htj2k_{samples}x{bits}").write_bytes(head(8, ds) + (folder / "a.j2c").read_bytes())
        for label, coding in (("native", 0), ("big_endian", 1)):
            ds = native(3, 8)
            (OUT / label).write_bytes(head(coding, ds) + ds.PixelData)
        native(1, 8, frames=3).save_as(source, write_like_original=False)
        (OUT / "frames.dcm").write_bytes(source.read_bytes())
        for option, label in (("+ot", "table"), ("-ot", "no_table")):
            subprocess.run(["dcmcjpeg", "+e1", option, str(source), str(made)], check=True,
                           capture_output=True)
            (OUT / f"frames_{label}.dcm").write_bytes(made.read_bytes())


if __name__ == "__main__":
    main()
