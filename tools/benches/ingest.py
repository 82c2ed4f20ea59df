"""`tools/bench ingest`: what reading and looking at N cameras costs, against bare libavcodec and against motion, on the same streams.

One run, one fleet, the readers one after the other:
  native        snowlight serve, `transport` native for all cameras
  native-blind  the same with `ingest: look: none`, for a minute at most: receiving alone
  ffmpeg        snowlight serve, `transport` ffmpeg
  bare          libavcodec on the same pictures, scaled to the looks that Snowlight made: the limit
  motion        Debian's motion daemon at a size it can carry: every picture of every camera
"""

import argparse
import math
import re
import sys
from types import SimpleNamespace

from measure import Bench, Refused, main, machine_lines, number, report, say, seconds, table
from readers import SCENES, QuietFleet, measure_bare, measure_motion, measure_snowlight, understands, write_district

# Above this the report says that it was disturbed: other processes share caches, clock rate and hyperthreads with the readers.
DISTURBED_CORES = 0.2
READERS = ["native", "ffmpeg", "bare", "motion"]


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refused(f"{message}; see tools/bench ingest --help")


def parse(arguments):
    parser = Parser(
        prog="tools/bench ingest", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__,
        epilog="Figures that this Snowlight does not offer are printed as – and written as null. Progress goes to standard error.")
    parser.add_argument("--cameras", type=int, default=400, metavar="N", help="cameras that Snowlight reads (default 400)")
    parser.add_argument("--seconds", default="60", metavar="S", help="length of each measurement, after all cameras stream (default 60)")
    parser.add_argument("--floor", default="10s", metavar="T", help="every camera is to be looked at this often (default 10s)")
    parser.add_argument("--full-rate", action="store_true", help="decode every picture of every camera")
    parser.add_argument(
        "--ingest", action="append", default=[], metavar="'KEY: VALUE'", help="a line for Snowlight's `ingest:` section; may be repeated")
    parser.add_argument("--source", metavar="URL", help="rtsp://host/path/ to which 1…N is appended (default: a camera-fleet of its own)")
    parser.add_argument("--scene", action="append", metavar="NAME", help="scenes of the own fleet, in turn (default: tools/run's)")
    parser.add_argument("--only", action="append", choices=READERS, help="measure only this reader; may be repeated")
    parser.add_argument("--ffmpeg-cameras", type=int, metavar="N", help="cameras for transport ffmpeg, a thread each (default min(N, 400))")
    parser.add_argument("--motion-cameras", type=int, default=8, metavar="N", help="cameras for motion (default 8)")
    parser.add_argument("--json", metavar="FILE", help="write one JSON object to FILE; '-': to standard output, and the table to stderr")
    options = parser.parse_args(arguments)
    options.seconds, options.floor_s = seconds(options.seconds), seconds(options.floor)
    if options.ffmpeg_cameras is None:
        options.ffmpeg_cameras = min(options.cameras, 400)
    for name in ("cameras", "ffmpeg_cameras", "motion_cameras"):
        if not 1 <= getattr(options, name) <= 10_000:
            raise Refused(f"--{name.replace('_', '-')} is a number from 1 to 10000, not {getattr(options, name)}")
    if not 1 <= options.seconds <= 86_400:
        raise Refused("--seconds is a time from 1 s to one day")
    if not 1 <= options.floor_s <= 600:
        raise Refused("--floor is a time from 1s to 600s")
    if any(not re.fullmatch(r"[a-z_]+: \S+", key) or key.startswith("floor:") for key in options.ingest):
        raise Refused("--ingest is written like 'budget_percent: 80'; the floor is --floor")
    if options.full_rate:
        options.ingest = [*options.ingest, "look: full"]
    if options.source:
        if not options.source.startswith("rtsp://") or "@" in options.source:
            raise Refused("--source is written like rtsp://host:554/cam/, without a password")
        if options.scene:
            raise Refused("--scene is for the own fleet, which --source replaces")
    options.scene = options.scene or SCENES
    options.readers = options.only or READERS
    options.packages = ["motion"] if "motion" in options.readers else []
    return options


def measure(options, bench):
    """All readers, as {name: figures}, and whether Snowlight took the floor."""
    fleet = None
    wanted = {
        "native": options.cameras, "ffmpeg": options.ffmpeg_cameras, "bare": min(options.cameras, len(options.scene)),
        "motion": options.motion_cameras}
    most = max(wanted[name] for name in options.readers)
    if options.source is None:
        say(f"starting {most} simulated cameras")
        fleet = bench.start(QuietFleet, bench.folder, most, options.scene)
    settings = SimpleNamespace(
        fleet=fleet, base=options.source or fleet.base, district=bench.folder / "district", cameras=options.cameras,
        seconds=options.seconds,
        # What a camera missed while the others connected is over after one floor and one group of pictures.
        settle_s=options.floor_s + 2, scenes=options.scene)
    results, floor_taken = {}, False
    if {"native", "ffmpeg"} & set(options.readers):
        write_district(settings.district, most, settings.base)
        floor = f"floor: {round(options.floor_s * 1000)}ms"
        floor_taken = understands(bench, floor)
        keys = [*([floor] if floor_taken else []), *options.ingest]
    if "native" in options.readers:
        results["native"] = measure_snowlight(bench, settings, "native", "native", options.cameras, keys)
        blind, packets = [key for key in keys if not key.startswith("look:")] + ["look: none"], results["native"]["packets_per_s"]
        if understands(bench, "look: none"):
            # Receiving alone does not change with time.
            short = SimpleNamespace(**{**vars(settings), "seconds": min(settings.seconds, 60)})
            results["native-blind"] = measure_snowlight(bench, short, "native-blind", "native", options.cameras, blind, packets)
    if "ffmpeg" in options.readers:
        results["ffmpeg"] = measure_snowlight(bench, settings, "ffmpeg", "ffmpeg", options.ffmpeg_cameras, keys)
    if "bare" in options.readers:
        results["bare"] = measure_bare(bench, settings, load_s=min(40, max(6, options.seconds)), cpu_s=1)
    if "motion" in options.readers:
        results["motion"] = measure_motion(bench, settings, options.motion_cameras)
    for name, figures in results.items():
        if name != "bare":
            cores = figures["cores"]
            figures["cores_per_100_cameras"] = 100 * cores / figures["cameras"]
            figures["cameras_per_core"] = figures["cameras"] / cores if cores > 0 else None
            figures["bare_cores"] = bare_cores(figures, results.get("bare"))
    return results, floor_taken


def bare_cores(figures, bare):
    """Cores that bare libavcodec needs for the looks of these figures; None when there were none or they were not counted."""
    if bare is None or figures.get("looks_per_s") is None:
        return None
    full = figures["full_looks_per_s"]
    return ((figures["looks_per_s"] - full) * bare["key_us"] + full * bare["full_us"]) / 1e6


def ratios(results):
    """The comparisons of the issue, each None when a side of it is missing."""
    def divided(a, b):
        return a / b if a is not None and b else None

    def figure(name, key):
        return results.get(name, {}).get(key)

    native, bare, blind = figure("native", "cores"), figure("native", "bare_cores"), figure("native-blind", "cores")
    limit = bare + blind if bare is not None and blind is not None else None
    full_us = figure("bare", "full_us")
    return {
        "native_to_bare_plus_receiving": divided(native, limit), "native_to_bare_decode_alone": divided(native, bare),
        "ffmpeg_to_bare_decode_alone": divided(figure("ffmpeg", "cores"), figure("ffmpeg", "bare_cores")),
        "cameras_per_core_native_to_motion": divided(figure("native", "cameras_per_core"), figure("motion", "cameras_per_core")),
        "cameras_per_core_native_to_ffmpeg": divided(figure("native", "cameras_per_core"), figure("ffmpeg", "cameras_per_core")),
        "bare_full_rate_cameras_per_core_at_25": divided(1e6, full_us * 25 if full_us else None)}


ROWS = [
    ("cameras", "cameras", 0), ("cores", "cores", 3), ("cores per 100 cameras", "cores_per_100_cameras", 3),
    ("cameras per core", "cameras_per_core", 0), ("bare libavcodec, same looks, cores", "bare_cores", 3),
    ("memory, MB", "rss_mb", 0), ("memory growth in the interval, MB", "rss_growth_mb", 1),
    ("memory per camera, KB", "rss_per_camera_kb", 0), ("threads", "threads", 0),
    ("all streaming after, s", "all_streaming_after_s", 0), ("coded pictures/s", "packets_per_s", 0),
    ("looks/s", "looks_per_s", 1),
    ("floor reached, at the end", "floor_reached_last", 4), ("floor reached, lowest", "floor_reached_lowest", 4),
    ("look age p50, s", "look_age_p50_s", 2),
    ("look age p99, s", "look_age_p99_s", 2), ("looks dropped", "looks_dropped", 0), ("reconnects", "reconnects", 0),
    ("decode errors", "decode_errors", 0), ("incidents", "incidents", 0), ("cameras streaming, lowest", "streaming_lowest", 0),
    ("playing at the fleet, lowest", "playing_lowest", 0), ("closed by the fleet for being slow", "closed_slow", 0),
    ("the fleet's own cores", "fleet_cores", 3), ("cores of all other processes", "other_cores", 3),
]
RATIOS = [
    ("native: whole process ÷ (bare decode of the same looks + receiving)", "native_to_bare_plus_receiving", 2),
    ("native: whole process ÷ bare decode of the same looks", "native_to_bare_decode_alone", 2),
    ("ffmpeg: whole process ÷ bare decode of the same looks", "ffmpeg_to_bare_decode_alone", 2),
    ("cameras per core: native ÷ motion", "cameras_per_core_native_to_motion", 1),
    ("cameras per core: native ÷ ffmpeg", "cameras_per_core_native_to_ffmpeg", 1),
]


def lines_of(options, results, floor_taken, compared):
    """The report as text."""
    names = [name for name in results if name != "bare"]
    floor = f"floor {options.floor_s:g} s" if floor_taken else "Snowlight's own floor, if it has one"
    lines = [f"{options.seconds:g} s each, {floor}, {options.source or 'own fleet: 640x360, 25 fps, 512k, gop 2s'}", ""]
    if names:
        lines += table(["", *names], [[title, *[number(results[name].get(key), digits) for name in names]] for title, key, digits in ROWS])
    others = max((results[name]["other_cores"] for name in names), default=0)
    if others > DISTURBED_CORES:
        lines += ["", f"Other processes used up to {others:.1f} cores: CPU costs are inflated, and not equally. Repeat on a quiet machine."]
    native = results.get("native")
    # Below 16 cameras a worker pool looks the same.
    if native and native["threads"] - native["threads_idle"] >= native["cameras"] >= 16:
        lines += ["", "native ran with a thread per camera: this Snowlight read its cameras with FFmpeg, whatever cameras.csv says."]
    bare = results.get("bare")
    if bare:
        lines += [
            "", f"bare libavcodec on {bare['streams']} of these streams ({bare['codec']} {bare['size']}), one thread:",
            f"  key picture alone, no loop filter   {bare['key_us']:7.0f} µs",
            f"  every picture in order              {bare['full_us']:7.0f} µs   "
            f"{number(compared['bare_full_rate_cameras_per_core_at_25'], 0)} cameras per core at 25 fps"]
        if bare["undecoded"]:
            lines.append(f"  pictures that gave none: {bare['undecoded']}")
    return lines + ["", *table(["ratio", ""], [[title, number(compared[key], digits)] for title, key, digits in RATIOS])]


def run(options, arguments):
    with Bench("ingest", arguments) as bench:
        for line in machine_lines(bench):
            print(line, file=sys.stderr if options.json == "-" else sys.stdout, flush=True)
        results, floor_taken = measure(options, bench)
        compared = ratios(results)
        lines = lines_of(options, results, floor_taken, compared)
        # JSON has no infinity: an age beyond the histogram's last bound is null there and ∞ in the table.
        for figures in results.values():
            figures.update({key: None for key, value in figures.items() if isinstance(value, float) and math.isinf(value)})
        settings = {
            "seconds": options.seconds, "floor_s": options.floor_s if floor_taken else None, "source": options.source,
            "ingest": options.ingest}
        report(bench, lines, {"settings": settings, "readers": results, "ratios": compared}, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(parse, run))
