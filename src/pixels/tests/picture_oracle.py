#!/usr/bin/python3
"""What PIL makes of pictures, for pixels_test.

decode PICTURE RAW      RGB of all frames into RAW; prints `columns rows frames loop durations in ms...`
text SIZE TEXT RAW      the cover (a byte a pixel) of TEXT in DejaVu Sans into RAW; prints `columns rows`
"""
import sys

from PIL import Image, ImageFont, ImageSequence

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def decode(picture, raw):
    with Image.open(picture) as image, open(raw, "wb") as out:
        durations = []
        for frame in ImageSequence.Iterator(image):
            durations.append(frame.info.get("duration", 0))
            out.write(frame.convert("RGB").tobytes())
        print(*image.size, len(durations), image.info.get("loop", "-"), *durations)


def text(size, words, raw):
    font = ImageFont.truetype(FONT, int(size), layout_engine=ImageFont.Layout.BASIC)
    mask = font.getmask(words)
    with open(raw, "wb") as out:
        out.write(bytes(mask))
    print(*mask.size)


{"decode": decode, "text": text}[sys.argv[1]](*sys.argv[2:])
