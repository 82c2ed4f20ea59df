"""Four ways to see motion that others use, on the cell grid that Snowlight uses: block means of decoded luma, at most 160 × 120.

All share decoding, grid, looks (rhythm.py), zone, incident rules (incidents.py) and the smallest area of 6 cells. Thresholds are as their
makers ship them, in 8-bit levels:
  difference  |luma − luma of the look before| > 20, dilated once
  average     Frigate's ImprovedMotionDetector: contrast stretched to the mean of the last 50 4th and 96th percentiles, Gaussian blur of
              one cell, |luma − average| > 30, dilated once; the average takes 1 % of each picture, 20 % while it calibrates (until less
              than 5 % of the picture and at most 4 boxes move; again above 80 %), and rests for 10 pictures while something moves
  mog2        OpenCV's createBackgroundSubtractorMOG2 as it comes; shadows are background
  knn         OpenCV's createBackgroundSubtractorKNN as it comes; shadows are background

Runs in the bench's own Python: `baselines.py CLIP LEFT TOP RIGHT BOTTOM` (the zone, relative) prints one JSON object.
"""

import json
import math
import sys
import time

import av
import cv2
import numpy

from incidents import Ledger
from rhythm import RATES, Rhythm

AREA_CELLS = 6
SQUARE = numpy.ones((3, 3), numpy.uint8)


class Difference:
    def __init__(self):
        self.before = None

    def moving(self, cells):
        before, self.before = self.before, cells
        if before is None:
            return numpy.zeros_like(cells)
        return cv2.dilate((cv2.absdiff(cells, before) > 20).astype(numpy.uint8), SQUARE)


class Average:
    def __init__(self):
        self.average, self.contrast, self.calibrating, self.moved = None, [], True, 0

    def moving(self, cells):
        low, high = numpy.percentile(cells, [4, 96])
        self.contrast = self.contrast[-49:] + [(low, high)]
        low, high = numpy.mean(self.contrast, axis=0)
        stretched = numpy.clip((cells - low) * (255 / max(high - low, 1)), 0, 255).astype(numpy.float32)
        blurred = cv2.GaussianBlur(stretched, (3, 3), 1)
        if self.average is None:
            self.average = blurred.copy()
        mask = cv2.dilate((numpy.abs(blurred - self.average) > 30).astype(numpy.uint8), SQUARE)
        found = boxes(mask)
        share = float(mask.mean())
        self.moved = self.moved + 1 if found else 0
        was_calibrating = self.calibrating
        if share > 0.8:
            self.calibrating = True
        elif share < 0.05 and len(found) <= 4:
            self.calibrating = False
        if not found or self.moved > 10 or was_calibrating:
            rate = 0.2 if was_calibrating else 0.01
            self.average += rate * (blurred - self.average)
        return numpy.zeros_like(mask) if was_calibrating else mask


class OpenCV:
    def __init__(self, make):
        self.subtractor = make()

    def moving(self, cells):
        # 127 is a shadow.
        return (self.subtractor.apply(cells) == 255).astype(numpy.uint8)


METHODS = {
    "difference": Difference, "average": Average, "mog2": lambda: OpenCV(cv2.createBackgroundSubtractorMOG2),
    "knn": lambda: OpenCV(cv2.createBackgroundSubtractorKNN)}


def boxes(mask):
    """Every 8-connected region of at least six cells as (left, top, right, bottom), relative."""
    rows, columns = mask.shape
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    return [(x / columns, y / rows, (x + w) / columns, (y + h) / rows) for x, y, w, h, area in stats[1:].tolist() if area >= AREA_CELLS]


def luma(frame):
    """The luma plane as it was decoded; pictures without one (GIF) are converted."""
    if not frame.format.name.startswith(("yuv", "gray", "nv12")):
        return frame.to_ndarray(format="gray")
    plane = frame.planes[0]
    return numpy.frombuffer(plane, numpy.uint8).reshape(plane.height, plane.line_size)[:, :plane.width]


def cells_of(picture):
    """Block means; the last partial blocks are dropped, as Snowlight drops them."""
    height, width = picture.shape
    side = max(1, math.ceil(max(width / 160, height / 120)))
    rows, columns = height // side, width // side
    if side == 1:
        return numpy.ascontiguousarray(picture)
    return cv2.resize(numpy.ascontiguousarray(picture[:rows * side, :columns * side]), (columns, rows), interpolation=cv2.INTER_AREA)


def key_times(path):
    with av.open(path) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.pts is not None and packet.is_keyframe]
        return sorted(float(packet.pts * packet.time_base) for packet in packets)


class Method:
    """One baseline at one rate."""

    def __init__(self, name, every_s, keys):
        self.detector, self.rhythm, self.ledger, self.cpu_s, self.looks = METHODS[name](), Rhythm(every_s, keys), Ledger(), 0.0, 0

    def picture(self, at_s, is_key, cells, zone):
        if not self.rhythm.is_due(at_s, is_key):
            return
        began = time.process_time()
        mask = self.detector.moving(cells)
        self.ledger.look(at_s, boxes(mask * zone))
        self.cpu_s += time.process_time() - began
        self.looks += 1


def zone_of(shape, left, top, right, bottom):
    rows, columns = shape
    zone = numpy.zeros(shape, numpy.uint8)
    zone[int(top * rows):math.ceil(bottom * rows), int(left * columns):math.ceil(right * columns)] = 1
    return zone


def run(path, *corners):
    """All methods at all rates over one clip, decoded once."""
    cv2.setNumThreads(1)
    keys = key_times(path)
    methods = {(name, rate): Method(name, every_s, keys) for name in METHODS for rate, every_s in RATES.items()}
    pictures, first_s, last_s, zone, began = 0, None, 0.0, None, time.process_time()
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            if frame.time is None:
                continue
            first_s = frame.time if first_s is None else first_s
            last_s = frame.time - first_s
            cells = cells_of(luma(frame))
            if zone is None or zone.shape != cells.shape:
                zone = zone_of(cells.shape, *corners)
            pictures += 1
            for method in methods.values():
                method.picture(last_s, frame.key_frame, cells, zone)
    shared_s = time.process_time() - began - sum(method.cpu_s for method in methods.values())
    result = {"pictures": pictures, "duration_s": last_s, "methods": {}}
    for (name, rate), method in methods.items():
        figures = result["methods"].setdefault(name, {})
        figures[rate] = {
            "incidents": [[incident.start_s, incident.alarm_s, incident.end_s] for incident in method.ledger.finish()],
            # Decoding and the grid are shared by all methods and belong to each of them; at key looks no picture's cost is known apart.
            "us_per_look": (shared_s + method.cpu_s) * 1e6 / max(method.looks, 1) if rate == "full" else None}
    return result


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], *map(float, sys.argv[2:6]))))
