"""`tools/bench outage`: a whole district lost and back, again and again, and a district in which one camera in ten is broken.

  bad      all kinds of broken cameras among the others: silent, dripping, 401, hanging up, 404, corrupt pictures, no session
           description, a huge header, a description without end; the sound ones are to keep their floor
  outage   the fleet is ended as by a power cut, is away for a while and comes back: when 95 % of the cameras stream again, how many
           were dialled in the busiest second, how many incidents it became, and what it left in memory
"""

import argparse
import csv
import sys
import threading
import time
from pathlib import Path

from measure import Bench, Progress, Refused, growth, machine_lines, main, number, report, say, scrape, seconds, table, total
from harness import Serve, until  # Found through measure.
from readers import SCENES, QuietFleet, rows_with_transport, write_district, write_setup

KINDS = ["silent", "drip", "refuse", "drop", "missing", "corrupt", "garble", "swell", "endless"]
# DESIGN.md's promise: 95 % within this time, and this many opens in a second.
WITHIN_S, OPENS_PER_S = 120, 50


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refused(f"{message}; see tools/bench outage --help")


def parse(arguments):
    parser = Parser(
        prog="tools/bench outage", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("--cameras", type=int, default=400, metavar="N", help="cameras (default 400)")
    parser.add_argument("--bad", type=int, metavar="N", help="broken ones among them; 0 leaves this part out (default: one in ten)")
    parser.add_argument("--times", type=int, default=3, metavar="N", help="outages; 0 leaves this part out (default 3)")
    parser.add_argument("--away", default="30s", metavar="T", help="how long the fleet is away (default 30s)")
    parser.add_argument("--seconds", default="60", metavar="S", help="how long the sound cameras are watched beside the bad (default 60)")
    parser.add_argument("--floor", default="10s", metavar="T", help="every camera is to be looked at this often (default 10s)")
    parser.add_argument(
        "--ingest", action="append", default=[], metavar="'KEY: VALUE'", help="a line for Snowlight's `ingest:` section; may be repeated")
    parser.add_argument("--json", metavar="FILE", help="write one JSON object to FILE; '-': to standard output, and the table to stderr")
    options = parser.parse_args(arguments)
    options.away_s, options.seconds, options.floor_s = seconds(options.away), seconds(options.seconds), seconds(options.floor)
    if options.bad is None:
        options.bad = options.cameras // 10
    if not 10 <= options.cameras <= 10_000:
        raise Refused(f"--cameras is a number from 10 to 10000, not {options.cameras}")
    if not 0 <= options.bad < options.cameras:
        raise Refused("--bad is a number from 0 to less than --cameras")
    if not 0 <= options.times <= 100:
        raise Refused("--times is a number from 0 to 100")
    if not 1 <= options.away_s <= 600 or not 1 <= options.seconds <= 3600 or not 1 <= options.floor_s <= 600:
        raise Refused("--away is 1s to 600s, --seconds 1 s to an hour, --floor 1s to 600s")
    options.packages = []
    return options


def faults(cameras, bad):
    """A fault for every k-th camera, all kinds in turn, as `camera-fleet --faults` takes it; and the numbers of the broken cameras."""
    numbers = [1 + index * cameras // bad for index in range(bad)]
    parts = [f"{kind}={','.join(str(one) for one in numbers[place::len(KINDS)])}" for place, kind in enumerate(KINDS[:bad])]
    return ";".join(parts), numbers


class Opens:
    """Counts the connections that this machine opens, from /proc/net/snmp, while the cameras come back. Use as a context manager."""

    def __init__(self):
        self.counts, self.stopping = [], threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stopping.set()
        self.thread.join()

    def _run(self):
        while not self.stopping.wait(0.25):
            names, values = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp:")]
            self.counts.append((time.monotonic(), int(values[names.index("ActiveOpens")])))

    def per_second(self):
        """Most opens in any ten seconds, per second; the bench's own scrapes, two a second, are among them."""
        return max(
            ((later[1] - first[1]) / (later[0] - first[0]) for first, later in zip(self.counts, self.counts[40:])), default=None)


def start_serve(bench, options, name, base):
    """`snowlight serve` over all cameras; returns it when its console answers."""
    folder = bench.folder / name
    write_district(folder / "district", options.cameras, base)
    path = folder / "district" / "cameras.csv"
    path.write_text("".join(rows_with_transport(path, options.cameras, "native")))
    keys = [f"floor: {round(options.floor_s * 1000)}ms", *options.ingest]
    return bench.start(Serve, folder, write_setup(folder, keys), name=name)


def streaming(serve):
    return total(scrape(serve.url), "snowlight_cameras", 'state="streaming"') or 0


def await_streaming(serve, wanted, title, limit_s):
    """Waits until so many cameras stream; returns the seconds it took, or None when they did not within the limit."""
    progress, began = Progress(title, wanted, "cameras"), time.monotonic()

    def enough():
        count = streaming(serve)
        progress.show(count)
        return count >= wanted

    try:
        until(enough, limit_s, title, every_s=0.5)
    except AssertionError:
        return None
    return time.monotonic() - began


def measure_bad(bench, options):
    """The floor of the sound cameras beside the broken ones."""
    spec, numbers = faults(options.cameras, options.bad)
    say(f"starting {options.cameras} simulated cameras, {options.bad} of them broken")
    fleet = bench.start(QuietFleet, bench.folder, options.cameras, SCENES, "--faults", spec, name="fleet-bad")
    serve = start_serve(bench, options, "bad", fleet.base)
    sound = options.cameras - len(numbers)
    began_s = await_streaming(serve, sound, "bad: sound cameras streaming", 120 + options.cameras / 8)
    time.sleep(options.floor_s + 2)
    first = scrape(serve.url)
    progress, began = Progress("bad: watching", options.seconds, "s"), time.monotonic()
    while (waited := time.monotonic() - began) < options.seconds:
        progress.show(waited)
        time.sleep(min(2, options.seconds - waited))
    last = scrape(serve.url)
    ages = ages_of_sound(serve, set(numbers))
    result = {
        "cameras": options.cameras, "bad": options.bad, "sound_streaming_after_s": began_s, "streaming": streaming(serve),
        "floor_reached_by_sound": sum(age is not None and age <= 1.1 * options.floor_s for age in ages) / len(ages),
        "oldest_look_s": max((age for age in ages if age is not None), default=None),
        "decode_errors": growth(first, last, "snowlight_decode_errors_total"),
        "reconnects": growth(first, last, "snowlight_reconnects_total"), "rss_mb": serve.resident_mb(), "threads": serve.threads()}
    bench.end(serve)
    bench.end(fleet)
    return result


def ages_of_sound(serve, broken):
    """Ages of the last look at each sound camera in seconds, asked one by one; None for one that was never looked at."""
    client, rows = serve.as_user("operator"), (serve.folder / "district" / "cameras.csv").read_text().splitlines()
    ages = []
    for row in csv.DictReader(rows):
        if int(row["rtsp_url"].rpartition("/")[2]) not in broken:
            ages.append(client.get(f"/api/cameras/{row['camera_id']}")["facts"].get("look_age_s"))
    return ages


def measure_outages(bench, options):
    """The fleet gone and back, `--times` times; one row each."""
    say(f"starting {options.cameras} simulated cameras")
    fleet = bench.start(QuietFleet, bench.folder, options.cameras, SCENES, name="fleet-0")
    serve = start_serve(bench, options, "outage", fleet.base)
    await_streaming(serve, options.cameras, "outage: cameras streaming", 120 + options.cameras / 8)
    time.sleep(options.floor_s + 2)
    rows = [{"outage": 0, "rss_mb": serve.resident_mb(), "threads": serve.threads(), "descriptors": serve.descriptors()}]
    for number in range(1, options.times + 1):
        say(f"outage {number}: the fleet is gone for {options.away_s:g} s")
        before, port = scrape(serve.url), fleet.port
        fleet.kill()
        bench.started.remove(fleet)
        time.sleep(options.away_s)
        fleet = bench.start(QuietFleet, bench.folder, options.cameras, SCENES, port=port, name=f"fleet-{number}")
        with Opens() as opens:
            took_s = await_streaming(serve, 0.95 * options.cameras, f"outage {number}: 95 % streaming", WITHIN_S * 2)
            all_s = await_streaming(serve, options.cameras, f"outage {number}: all streaming", WITHIN_S * 2)
        time.sleep(options.floor_s + 2)
        after = scrape(serve.url)
        rows.append({
            "outage": number, "streaming_95_after_s": took_s, "all_after_s": None if took_s is None or all_s is None else took_s + all_s,
            "opens_per_s": opens.per_second(),
            "common_failures": growth(before, after, "snowlight_incidents_total", 'category="camera.common_failure"'),
            "single_failures": growth(before, after, "snowlight_incidents_total", 'category="camera.lost"'),
            "rss_mb": serve.resident_mb(), "threads": serve.threads(), "descriptors": serve.descriptors()})
    bench.end(serve)
    bench.end(fleet)
    return rows


BAD = [
    ("cameras", "cameras", 0), ("broken ones", "bad", 0), ("sound ones streaming after, s", "sound_streaming_after_s", 0),
    ("streaming at the end", "streaming", 0), ("sound ones within their floor", "floor_reached_by_sound", 4),
    ("oldest look at a sound one, s", "oldest_look_s", 1), ("decode errors", "decode_errors", 0), ("reconnects", "reconnects", 0),
    ("memory, MB", "rss_mb", 0), ("threads", "threads", 0)]
OUTAGE = [
    ("95 % after, s", "streaming_95_after_s", 0), ("all after, s", "all_after_s", 0), ("opens/s", "opens_per_s", 1),
    ("common failures", "common_failures", 0), ("single failures", "single_failures", 0), ("memory, MB", "rss_mb", 0),
    ("threads", "threads", 0), ("descriptors", "descriptors", 0)]


def slope(rows):
    """Least-squares growth of memory from one outage to the next, in MB; None before there were two. The first only fills what stays."""
    points = [(row["outage"], row["rss_mb"]) for row in rows if row["outage"] > 0]
    if len(points) < 2:
        return None
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points))
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def lines_of(options, bad, outages):
    """The report as text."""
    lines = [f"floor {options.floor_s:g} s, own fleet: 640x360, 25 fps, 512k, gop 2s", ""]
    if bad:
        lines += [*table(["bad", ""], [[title, number(bad[key], digits)] for title, key, digits in BAD]), ""]
    if outages:
        head = ["outage", *[title for title, _, _ in OUTAGE]]
        lines += table(head, [[str(row["outage"]), *[number(row.get(key), digits) for _, key, digits in OUTAGE]] for row in outages])
        lines += [
            "", f"memory from one outage to the next: {number(slope(outages), 2)} MB; "
            f"promised: 95 % within {WITHIN_S} s, at most {OPENS_PER_S} opens a second, one incident"]
    return lines


def run(options, arguments):
    with Bench("outage", arguments) as bench:
        for line in machine_lines(bench):
            print(line, file=sys.stderr if options.json == "-" else sys.stdout, flush=True)
        bad = measure_bad(bench, options) if options.bad else None
        outages = measure_outages(bench, options) if options.times else []
        result = {"bad": bad, "outages": outages, "memory_slope_mb": slope(outages)}
        report(bench, lines_of(options, bad, outages), result, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(parse, run))
