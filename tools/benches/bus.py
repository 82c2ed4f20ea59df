"""`tools/bench bus`: how many incidents a second become cases, durably on both sides.

The real outbox, sockets, dispatcher and databases, on the sample district; cameras and pages are left out.
  outbox   observations committed and synced on the ingest side, 64 in a transaction
  cases    from a full outbox over ZeroMQ into cases, each batch committed and synced before it is acknowledged
  burst    N incidents within one second: until the last is a case
  latency  a single incident when nothing else happens: from the observation until pages are woken, two commits between
Beside them the same with bare libzmq and SQLite in C, which looks into nothing and makes no case.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from measure import BIN, Bench, Refused, main, machine_lines, number, report, say, table

ROOT = Path(__file__).resolve().parents[2]


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refused(f"{message}; see tools/bench bus --help")


def parse(arguments):
    parser = Parser(
        prog="tools/bench bus", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__,
        epilog="Progress goes to standard error.")
    parser.add_argument("--incidents", type=int, default=20_000, metavar="N", help="incidents in the full outbox (default 20000)")
    parser.add_argument("--burst", type=int, default=4100, metavar="N", help="incidents within one second (default 4100)")
    parser.add_argument("--json", metavar="FILE", help="write one JSON object to FILE; '-': to standard output, and the table to stderr")
    options = parser.parse_args(arguments)
    if not 100 <= options.incidents <= 90_000 or not 50 <= options.burst <= 9000:
        raise Refused("--incidents is a number from 100 to 90000, --burst from 50 to 9000: a day has 99,999 case numbers")
    options.packages = ["libzmq3-dev", "libsqlite3-dev"]
    return options


def answer(command):
    """The one JSON object that a program prints."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{Path(str(command[0])).name} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


def lines_of(ours, bare):
    lines = table(
        ["durable incidents/s", "outbox", "cases"],
        [["snowlight", number(ours["outbox_per_second"], 0), number(ours["cases_per_second"], 0)],
         ["libzmq + SQLite in C", number(bare["outbox_per_second"], 0), number(bare["stored_per_second"], 0)]])
    return lines + [
        "", f"{ours['burst']:,} incidents in one second were cases after {ours['burst_seconds']:.2f} s",
        f"one incident, observation to pages woken: p50 {ours['latency_p50_ms']:.1f} ms, p99 {ours['latency_p99_ms']:.1f} ms"]


def run(options, arguments):
    with Bench("bus", arguments) as bench:
        for line in machine_lines(bench):
            print(line, file=sys.stderr if options.json == "-" else sys.stdout, flush=True)
        binary = bench.folder / "bare_bus"
        source = Path(__file__).with_name("bare_bus.c")
        subprocess.run(
            ["gcc", "-O2", "-Wall", "-Wextra", "-std=gnu11", str(source), "-o", str(binary), "-lzmq", "-lsqlite3", "-lpthread"], check=True)
        district, bare = bench.folder / "district", bench.folder / "bare"
        subprocess.run([str(BIN / "make-district"), "--out", str(district)], check=True, stdout=subprocess.DEVNULL)
        bare.mkdir()
        say("measuring libzmq and SQLite")
        baseline = answer([binary, bare, options.incidents])
        say("measuring snowlight")
        ours = answer([
            BIN / "bus-bench", "measure", "--district", district, "--catalogue", ROOT / "config" / "catalogue-sample.yaml", "--folder",
            bench.folder, "--incidents", options.incidents, "--burst", options.burst])
        report(bench, lines_of(ours, baseline), {"snowlight": ours, "bare": baseline}, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(parse, run))
