#!/usr/bin/python3
"""Prints, for each file of a list, numpy's minimum, maximum and two percentiles of modality values."""
import sys
import warnings

import numpy
import pydicom
from oracle import mend, stored_bits

warnings.filterwarnings("ignore")

with open(sys.argv[1], encoding="utf-8") as paths:
    for path in paths.read().splitlines():
        ds = pydicom.dcmread(path, force=True)
        mend(ds)
        is_signed = ds.PixelRepresentation == 1
        array = stored_bits(ds.pixel_array, ds, False, is_signed).astype("f8").ravel()
        array = array[numpy.isfinite(array)]
        slope = float(ds.get("RescaleSlope", 1) or 1)
        intercept = float(ds.get("RescaleIntercept", 0) or 0)
        for group in ds.get("SharedFunctionalGroupsSequence", []):
            for values in group.get("PixelValueTransformationSequence", []):
                slope, intercept = float(values.RescaleSlope), float(values.RescaleIntercept)
        array = numpy.sort(array * slope + intercept)
        low, high = (array[int(f * (len(array) - 1))] for f in (0.005, 0.995))
        if not high > low:
            low, high = array[0], array[-1]
        if not high > low:
            low, high = low - 0.5, high + 0.5
        print(repr(float(array[0])), repr(float(array[-1])), repr(float(low)), repr(float(high)))
