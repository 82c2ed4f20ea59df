"""`tools/bench locate`: how many points a second one core finds the grid of, against two baselines on the same points.

For each map, in CPU time, so per core:
  snowlight  the grid of a point, exactly, borders included: what every incident and every row of an import asks
  + border   the same with the distance to the border and the neighbours nearer than 15 m
  scan       every bounding box in turn, then the same exact rule
  GEOS       Debian's GEOS with an STR tree and prepared polygons, as in PostGIS; floating point
The maps are the sample district of 465 grids and as many made-up grids of the same kind as asked for. Index and scan are compared on
thousands of points and must agree; points on which GEOS differs are counted.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from measure import BIN, Bench, Progress, Refused, main, machine_lines, number, report, say, seconds, table


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refused(f"{message}; see tools/bench locate --help")


def parse(arguments):
    parser = Parser(
        prog="tools/bench locate", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__,
        epilog="Progress goes to standard error.")
    parser.add_argument("--grids", action="append", type=int, metavar="N", help="made-up grids; may be repeated (default 100000)")
    parser.add_argument("--cpu-seconds", default="2", metavar="S", help="CPU time to spend on each figure at least (default 2)")
    parser.add_argument("--json", metavar="FILE", help="write one JSON object to FILE; '-': to standard output, and the table to stderr")
    options = parser.parse_args(arguments)
    options.cpu_seconds = seconds(options.cpu_seconds)
    if not 0.05 <= options.cpu_seconds <= 600:
        raise Refused("--cpu-seconds is a time from 50ms to 10m")
    options.grids = options.grids or [100_000]
    if any(not 4 <= count <= 250_000 for count in options.grids):
        raise Refused("--grids is a number from 4 to 250000")
    options.packages = ["libgeos-dev"]
    return options


def compile_baseline(bench):
    """bare_locate.c beside the bench's files; returns the binary."""
    binary = bench.folder / "bare_locate"
    source = Path(__file__).with_name("bare_locate.c")
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-std=gnu11", str(source), "-o", str(binary), "-lgeos_c"], check=True)
    return binary


def answer(command):
    """The one JSON object that a program prints."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{Path(str(command[0])).name} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


def measure(bench, baseline, name, source, cpu_s):
    folder = bench.folder / name.replace(" ", "-")
    folder.mkdir()
    ours = answer([BIN / "locate-bench", *source, "--cpu-seconds", cpu_s, "--export", folder])
    geos = answer([baseline, folder, cpu_s])
    rates = {key: ours[key]["points_per_second"] for key in ("index", "resolve", "scan")}
    return {
        "map": name, "grids": ours["grids"], "corners": ours["corners"], "build_s": ours["build_seconds"], "compared": ours["compared"],
        "index_points_per_s": rates["index"], "resolve_points_per_s": rates["resolve"], "scan_points_per_s": rates["scan"],
        "geos_points_per_s": geos["points_per_second"], "geos_version": geos["version"], "geos_differs": geos["differing"]}


def lines_of(rows):
    cells = [
        [row["map"], number(row["grids"], 0), number(row["corners"], 0), number(row["build_s"] * 1000, 0),
         *[number(row[f"{key}_points_per_s"] / 1e6, 3) for key in ("index", "resolve", "scan", "geos")]]
        for row in rows]
    lines = table(["million points/s per core", "grids", "corners", "build ms", "snowlight", "+ border", "scan", "GEOS"], cells)
    lines += ["", f"GEOS {rows[0]['geos_version']}; points on which it differs: {', '.join(str(row['geos_differs']) for row in rows)} of 200,000"]
    return lines


def run(options, arguments):
    with Bench("locate", arguments) as bench:
        for line in machine_lines(bench):
            print(line, file=sys.stderr if options.json == "-" else sys.stdout, flush=True)
        baseline = compile_baseline(bench)
        district = bench.folder / "district"
        subprocess.run([str(BIN / "make-district"), "--out", str(district)], check=True, stdout=subprocess.DEVNULL)
        maps = [("sample district", ["--district", district])]
        maps += [(f"{count:,} made up", ["--lattice", count]) for count in options.grids]
        rows, progress = [], Progress("maps", len(maps), "maps")
        for done, (name, source) in enumerate(maps):
            say(f"measuring {name}")
            rows.append(measure(bench, baseline, name, source, options.cpu_seconds))
            progress.show(done + 1)
        report(bench, lines_of(rows), {"maps": rows}, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(parse, run))
