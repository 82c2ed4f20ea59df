"""`tools/bench decode`: what decoding and detecting cost on one file, against libavcodec alone on the same pictures.

For each clip, in CPU time (user + system), so per core:
  bare full     every picture in order, one thread, with the loop filter
  detect full   `snowlight detect CLIP --full-rate`: decoding and detection of every picture
  bare key      key pictures alone, one thread, without the loop filter
  detect key    `snowlight detect CLIP --look-every 2s`: as looks at a camera are taken; reads the file twice
Bare libavcodec has its pictures in memory; `detect` reads and demuxes its file, and its start is measured apart and subtracted.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from measure import BIN, BareDecode, Bench, Process, Progress, Refused, main, machine_lines, number, report, say, seconds, table

SUFFIXES = {".mp4", ".mkv", ".avi", ".mov", ".m4v", ".ts", ".webm", ".gif"}
STARTS = 10


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refused(f"{message}; see tools/bench decode --help")


def parse(arguments):
    parser = Parser(
        prog="tools/bench decode", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__,
        epilog="Progress goes to standard error.")
    parser.add_argument("clips", nargs="*", metavar="CLIP", help="video files or folders of them (default: camera-fleet renders some)")
    parser.add_argument("--scene", action="append", metavar="NAME", help="scenes to render (default walker, empty, rain)")
    parser.add_argument("--loops", type=int, default=3, metavar="N", help="rounds of a rendered scene (default 3, 40 s each)")
    parser.add_argument("--cpu-seconds", default="2", metavar="S", help="CPU time to spend on each figure at least (default 2)")
    parser.add_argument("--json", metavar="FILE", help="write one JSON object to FILE; '-': to standard output, and the table to stderr")
    options = parser.parse_args(arguments)
    options.cpu_seconds = seconds(options.cpu_seconds)
    if not 0.2 <= options.cpu_seconds <= 600:
        raise Refused("--cpu-seconds is a time from 200ms to 10m")
    if not 1 <= options.loops <= 1000:
        raise Refused("--loops is a number from 1 to 1000")
    if options.clips and options.scene:
        raise Refused("--scene renders clips; leave it out when clips are given")
    options.files = []
    for clip in map(Path, options.clips):
        found = sorted(file for file in clip.rglob("*") if file.suffix.lower() in SUFFIXES) if clip.is_dir() else [clip]
        if not found or not found[0].is_file():
            raise Refused(f"there is no video at {clip}")
        options.files += [file.resolve() for file in found]
    options.packages = []
    return options


def render(bench, scenes, loops):
    """Clips of camera-fleet: 640x360, 25 pictures/s, 512 kbit/s, a key picture every 2 s."""
    clips = []
    for scene in scenes:
        say(f"rendering {scene}")
        clip = bench.folder / f"{scene}.mp4"
        finished(bench, f"render-{scene}", [
            BIN / "camera-fleet", "--scene", scene, "--write-clip", clip, "--loops", loops, "--size", "640x360", "--fps", 25,
            "--bitrate", "512k", "--gop", "2s"])
        clips.append(clip)
    return clips


def finished(bench, name, command):
    """Runs a command to its end; its CPU time in seconds, read from /proc before the kernel forgets it."""
    process = bench.start(Process, name, command, bench.folder)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    cpu_s = process.cpu_seconds()
    code = process.child.wait()
    bench.started.remove(process)
    if code != 0:
        raise AssertionError(f"{name} ended with {code}: {process.err.read_text(errors='replace').strip()[-300:]}")
    return cpu_s


def detect(bench, clip, arguments, least_cpu_s, start_s):
    """Mean CPU cost of one look of `snowlight detect`: {looks, pictures, look, us_per_look, us_per_picture}, its start subtracted."""
    name, used, rounds = "detect" + "".join(arguments), 0.0, 0
    out = bench.folder / f"{name}.out"
    while used < least_cpu_s:
        out.unlink(missing_ok=True)
        used += finished(bench, name, [BIN / "snowlight", "detect", clip, *arguments])
        rounds += 1
    summary = json.loads(out.read_text().splitlines()[-1])
    if not summary["looks"]:
        return None
    work_us = max(0.0, used / rounds - start_s) * 1e6
    return {
        "looks": summary["looks"], "pictures": summary["pictures"], "look": summary["look"], "rounds": rounds,
        "us_per_look": work_us / summary["looks"], "us_per_picture": work_us / summary["pictures"]}


def divided(a, b):
    return a / b if a is not None and b else None


def measure(bench, clip, cpu_s, start_s):
    """All figures of one clip; None where a look was no key picture, and where Snowlight took none."""
    bare = bench.start(BareDecode, bench, str(clip), "bare", 0, cpu_s)
    loaded = bare.load()
    key, full = bare.ask("key"), bare.ask("full")
    bench.end(bare)
    every = detect(bench, clip, ["--full-rate"], cpu_s, start_s)
    looks = detect(bench, clip, ["--look-every", "2s"], cpu_s, start_s)
    if looks and looks["look"] != "key":
        looks = None
    row = {
        "clip": clip.name, **loaded, "size": f"{full['width']}x{full['height']}",
        "bare_full_us": full["cpu_us_per_picture"], "bare_key_us": key["cpu_us_per_picture"],
        "detect_full_us": every and every["us_per_look"], "detect_key_us": looks and looks["us_per_look"],
        "undecoded": full["pictures"] - full["decoded"] + key["pictures"] - key["decoded"]}
    for name in ("bare_full", "detect_full", "bare_key", "detect_key"):
        row[f"{name}_pictures_per_s_per_core"] = divided(1e6, row[f"{name}_us"])
    for name in ("bare", "detect"):
        row[f"{name}_cameras_per_core_at_25"] = divided(row[f"{name}_full_pictures_per_s_per_core"], 25)
    row["full_ratio"] = divided(row["detect_full_us"], row["bare_full_us"])
    row["key_ratio"] = divided(row["detect_key_us"], row["bare_key_us"])
    return row


COLUMNS = [
    ("bare full\nµs", "bare_full_us", 0), ("detect full\nµs", "detect_full_us", 0), ("ratio\n", "full_ratio", 2),
    ("bare full\npictures/s", "bare_full_pictures_per_s_per_core", 0), ("bare\ncameras@25", "bare_cameras_per_core_at_25", 0),
    ("detect\ncameras@25", "detect_cameras_per_core_at_25", 0),
    ("bare key\nµs", "bare_key_us", 0), ("detect key\nµs", "detect_key_us", 0),
    ("ratio\n", "key_ratio", 2), ("bare key\npictures/s", "bare_key_pictures_per_s_per_core", 0),
]


def lines_of(rows, start_s):
    """The report as text: one line a clip, all rates per core."""
    tops, units = zip(*(title.split("\n") for title, _, _ in COLUMNS))
    cells = [["", "", *units]]
    for row in rows:
        cells.append([row["clip"], f"{row['codec']} {row['size']}", *[number(row[key], digits) for _, key, digits in COLUMNS]])
    head, rule, *rest = table(["per core", "", *tops], cells)
    lines = [head, rest[0], rule, *rest[1:], "", f"start of snowlight, subtracted from each detect: {start_s * 1000:.0f} ms of CPU time"]
    bad = [row["clip"] for row in rows if row["undecoded"]]
    if bad:
        lines.append(f"pictures that gave none to bare libavcodec, in: {', '.join(bad)}")
    return lines


def run(options, arguments):
    with Bench("decode", arguments) as bench:
        for line in machine_lines(bench):
            print(line, file=sys.stderr if options.json == "-" else sys.stdout, flush=True)
        clips = options.files or render(bench, options.scene or ["walker", "empty", "rain"], options.loops)
        start_s = sum(finished(bench, "start", [BIN / "snowlight", "--version"]) for _ in range(STARTS)) / STARTS
        rows, skipped, progress = [], [], Progress("clips", len(clips), "clips")
        for done, clip in enumerate(clips):
            try:
                rows.append(measure(bench, clip, options.cpu_seconds, start_s))
            except AssertionError as failure:
                say(f"{clip.name} is left out: {failure}")
                skipped.append(clip.name)
            progress.show(done + 1)
        if not rows:
            raise AssertionError("no clip could be measured")
        report(bench, lines_of(rows, start_s), {"start_s": start_s, "clips": rows, "left_out": skipped}, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(parse, run))
