"""`tools/bench detect`: what Snowlight finds, misses and imagines, beside five other ways to see motion, on the same clips.

CLIPS_DIR is a folder with a `labels.json` (clips.py says how it is written). Without one, camera-fleet makes an endurance set: empty
streets with clouds, rain, headlights, insects, infrared switches, noise, an overlay clock, trees, I-frame pulsing and compression
artefacts, the same with walkers and vehicles by day and by night, and cameras that are tampered with. It is kept under .build/.

  snowlight   `snowlight detect` at full rate and at key looks every 2 s and 5 s
  difference, average, mog2, knn   plain frame difference, Frigate's running average, OpenCV: baselines.py says how
  motion      Debian's motion daemon, at full rate only and in real time: motion_daemon.py says how

An incident matches an event within 0.5 s before it and 1 s after it, one-to-one; `in 10 s` counts alarms no later than that after the
event's start. False alarms per camera-hour come with their upper 95 % bound (none in T hours: ≤ 3/T; otherwise exact Poisson).
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import clips as clip_files
import detect_report
import detectors
from measure import BIN, ROOT, Bench, Refused, main, machine_lines, report, say


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refused(f"{message}; see tools/bench detect --help")


def parse(arguments):
    parser = Parser(
        prog="tools/bench detect", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__,
        epilog="Progress goes to standard error.")
    parser.add_argument("folder", nargs="?", metavar="CLIPS_DIR", help="a folder of clips with labels.json (default: the endurance set)")
    parser.add_argument(
        "--hours", type=float, default=2.0, metavar="H",
        help="camera-hours of empty scenes in the endurance set (default 2, about half an hour's work on two cores; 24 for the whole one)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="makes other streets, weather and actors (default 1)")
    parser.add_argument("--only", action="append", choices=detectors.NAMES, help="run only this detector; may be repeated")
    parser.add_argument(
        "--markdown", metavar="FILE",
        help="write the tables as Markdown to FILE, between the marks `<!-- bench detect: clips -->` or `… endurance -->` if it has them")
    parser.add_argument("--json", metavar="FILE", help="write one JSON object to FILE; '-': to standard output, and the table to stderr")
    options = parser.parse_args(arguments)
    if not 0.1 <= options.hours <= 240:
        raise Refused("--hours is a number from 0.1 to 240")
    if not 0 <= options.seed <= 1_000_000:
        raise Refused("--seed is a number from 0 to 1000000")
    options.wanted = options.only or detectors.NAMES
    if options.folder:
        clip_files.read(options.folder)
    options.packages = ["python3-venv", *(["motion"] if "motion" in options.wanted else [])]
    return options


def endurance_set(options):
    """Makes or completes the set; the folder that holds its labels."""
    folder = ROOT / ".build" / "bench" / "takes"
    folder.mkdir(parents=True, exist_ok=True)
    say(f"making {options.hours:g} camera-hours of empty scenes, and scenes with events and tampering, unless they are there already")
    made = subprocess.run(
        [BIN / "camera-fleet", "--write-takes", folder, "--hours", f"{options.hours:g}", "--seed", str(options.seed)],
        stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        raise AssertionError(f"camera-fleet ended with {made.returncode}")
    return made.stdout.strip().rpartition("wrote ")[2].removesuffix("/labels.json")


def version():
    """The binary's own version and the commit of the project, as far as git knows it."""
    said = subprocess.run([BIN / "snowlight", "--version"], capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    return f"{said} ({commit})" if commit else said


def short_command(options):
    """How others repeat this: without the place where the clips lie here."""
    if options.folder:
        return f"tools/bench detect …/{Path(options.folder).resolve().name}"
    return f"tools/bench detect --hours {options.hours:g} --seed {options.seed}"


def write_markdown(options, part):
    path = Path(options.markdown)
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(detect_report.placed(page, "clips" if options.folder else "endurance", part), encoding="utf-8")


def run(options, arguments):
    with Bench("detect", arguments) as bench:
        out = sys.stderr if options.json == "-" else sys.stdout
        for line in machine_lines(bench):
            print(line, file=out, flush=True)
        clips, tolerance = clip_files.read(options.folder or endurance_set(options))
        runs, facts, left_out = detectors.run_all(bench, clips, options.wanted)
        if not runs:
            raise AssertionError("no clip could be read")
        scored = detect_report.scores(clips, runs, facts, tolerance)
        about = {"version": version(), "date": time.strftime("%Y-%m-%d", time.gmtime()), "command": short_command(options)}
        if options.markdown:
            write_markdown(options, detect_report.markdown(bench.machine, about, clips, runs, scored))
        result = {**about, "left_out": left_out, **detect_report.as_json(clips, runs, scored)}
        report(bench, detect_report.text(clips, runs, scored), result, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(parse, run))
