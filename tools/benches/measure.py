"""What all benches share: the machine, processes and their cost from /proc, metrics of `serve`, bare libavcodec, tables.

Times are differences of CLOCK_MONOTONIC (`time.monotonic`), CPU time is user + system from /proc; nothing is sampled or estimated.
A figure that could not be measured is None, printed as "–" and written as null.
"""

import json
import math
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Acceptance"))
sys.dont_write_bytecode = True

from harness import BIN, Process  # noqa: E402  The benches start processes exactly as the acceptance tests do.

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Refused(Exception):
    """A wrong option: ends the bench with 64 and this one sentence."""


def seconds(text):
    """`10s`, `500ms`, `2m` or a plain number of seconds, as seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|)", text)
    if not found:
        raise Refused(f"'{text}' is no time such as 10s or 500ms")
    return float(found.group(1)) * {"ms": 0.001, "s": 1, "m": 60, "": 1}[found.group(2)]


def say(line):
    """One line of progress on standard error."""
    print(f"bench: {line}", file=sys.stderr, flush=True)


class Progress:
    """How far something has come: a bar on a terminal, a line at each tenth otherwise."""

    def __init__(self, title, total, unit):
        self.title, self.total, self.unit, self.last = title, max(total, 1), unit, -1

    def show(self, done):
        done = min(done, self.total)
        share = int(100 * done / self.total)
        step = share if sys.stderr.isatty() else share // 10 * 10
        if step <= self.last:
            return
        self.last = step
        text = f"{self.title} {done:.0f} of {self.total:.0f} {self.unit}"
        if sys.stderr.isatty():
            bar = "█" * (share * 30 // 100)
            print(f"\r\033[Kbench: {bar:·<30} {text}", end="\n" if share == 100 else "", file=sys.stderr, flush=True)
        else:
            say(text)


class Bench:
    """One run: its folder, its processes, its end. Use as a context manager; ends what it started, by id, newest first."""

    def __init__(self, name, arguments):
        self.name, self.command = name, shlex.join(["tools/bench", name, *arguments])
        self.started = []
        base = ROOT / ".build" / "bench"
        base.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))
        self.bare_binary = self._compile(base / "bare_decode")
        # One socket or pipe per camera, in every process that is started.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.machine = machine(self.bare_binary)

    def __enter__(self):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return self

    def __exit__(self, kind, error, trace):
        # A second Ctrl-C must not leave a process behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for one in reversed(self.started):
            self.end(one)
        if kind in (None, KeyboardInterrupt):
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            say(f"logs of what went wrong are in {self.folder}")

    def start(self, kind, *arguments, **options):
        """Starts a `Process` of this class and remembers it, also when it does not become ready."""
        one = kind.__new__(kind)
        self.started.append(one)
        one.__init__(*arguments, **options)
        return one

    def end(self, one):
        """Ends a process politely, by force after 60 s; says so when its exit code is not 0."""
        if one not in self.started:
            return
        self.started.remove(one)
        if not hasattr(one, "child"):
            return
        try:
            code = one.stop(60)
            if code not in (0, -signal.SIGTERM, -signal.SIGINT):
                say(f"{one.name} ended with {code}")
        except AssertionError as failure:
            say(str(failure))

    @staticmethod
    def _compile(path):
        """Compiles bare_decode.c when it is newer than its binary; returns the binary."""
        source = Path(__file__).with_name("bare_decode.c")
        if not path.exists() or path.stat().st_mtime < source.stat().st_mtime:
            flags = subprocess.run(
                ["pkg-config", "--cflags", "--libs", "libavformat", "libavcodec", "libavutil"], check=True, capture_output=True, text=True)
            subprocess.run(
                ["gcc", "-O2", "-Wall", "-Wextra", "-std=c11", "-D_GNU_SOURCE", str(source), "-o", str(path), *flags.stdout.split()],
                check=True)
        return path


def machine(bare_binary):
    """What the figures were measured on."""
    def first(path, pattern):
        found = re.search(pattern, Path(path).read_text(), re.M)
        return found.group(1).strip() if found else None

    version = subprocess.run([bare_binary, "version"], check=True, capture_output=True, text=True).stdout.strip()
    memory_kb = first("/proc/meminfo", r"^MemTotal:\s+(\d+)")
    return {
        "cores": len(os.sched_getaffinity(0)), "model": first("/proc/cpuinfo", r"^model name\s*:\s*(.*)$"),
        "memory_gb": round(int(memory_kb) / 1024 / 1024, 1), "kernel": os.uname().release, "ffmpeg": version,
        "load_before": float(Path("/proc/loadavg").read_text().split()[0])}


def machine_lines(bench):
    """The head of every report."""
    m = bench.machine
    return [
        f"machine: {m['cores']} cores {m['model']}, {m['memory_gb']} GB, Linux {m['kernel']}, FFmpeg {m['ffmpeg']}, "
        f"load before {m['load_before']}",
        f"command: {bench.command}", ""]


def busy_seconds():
    """CPU time of the whole machine since its start that was neither idle, waiting for I/O, nor stolen by its host."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:7])) * TICK_S


def scrape(url):
    """`GET /metrics` as {name{labels}: value}."""
    with urllib.request.urlopen(url + "/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return {key: float(value) for key, _, value in (line.rpartition(" ") for line in lines if line and not line.startswith("#"))}


def total(metrics, name, label=""):
    """The sum over all series of a metric whose labels contain `label`; None when the metric does not exist."""
    found = [value for key, value in metrics.items() if key.partition("{")[0] == name and label in key]
    return sum(found) if found else None


def growth(first, last, name, label=""):
    """How much a counter grew between two scrapes; None when it does not exist."""
    before, after = total(first, name, label), total(last, name, label)
    return None if after is None else after - (before or 0)


def buckets(metrics, name):
    """Cumulative counts of a histogram as {upper bound: count}, summed over its labels."""
    result = {}
    for key, value in metrics.items():
        found = re.fullmatch(re.escape(name) + r'_bucket\{.*?le="([^"]+)".*\}', key)
        if found:
            bound = float(found.group(1).replace("+Inf", "inf"))
            result[bound] = result.get(bound, 0) + value
    return result


def age_distribution(samples, name):
    """The buckets of `name` over all scrapes of an interval, or {} when it does not exist.

    A histogram that only grows counts observations: the growth is what happened. One that does not is the state of the cameras at each
    scrape: the scrapes are added up.
    """
    pages = [page for page in (buckets(sample, name) for sample in samples) if page]
    if not pages:
        return {}
    grows = all(later.get(bound, 0) >= count for page, later in zip(pages, pages[1:]) for bound, count in page.items())
    if grows and pages[-1][math.inf] > pages[0][math.inf]:
        return {bound: count - pages[0].get(bound, 0) for bound, count in pages[-1].items()}
    return {bound: sum(page.get(bound, 0) for page in pages) for bound in pages[-1]}


def quantile(distribution, share):
    """The value below which `share` of a histogram lies, linear within a bucket; inf beyond its last bound, None when it is empty."""
    bounds = sorted(distribution)
    if not bounds or distribution[bounds[-1]] == 0:
        return None
    wanted, lower, below = share * distribution[bounds[-1]], 0.0, 0.0
    for bound in bounds:
        count = distribution[bound]
        if count >= wanted and count > below:
            return bound if math.isinf(bound) else lower + (bound - lower) * (wanted - below) / (count - below)
        lower, below = bound, count
    return math.inf


class BareDecode(Process):
    """bare_decode.c over one file or camera; `ask` gives µs of CPU time per picture."""

    def __init__(self, bench, source, name, load_s, cpu_s):
        self.name, self.out, self.err = name, bench.folder / f"{name}.out", bench.folder / f"{name}.err"
        with open(self.err, "ab") as err:
            self.child = subprocess.Popen(
                [bench.bare_binary, source, str(load_s), str(cpu_s)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, text=True)
        self.loaded = None

    def _line(self):
        line = self.child.stdout.readline()
        if not line:
            raise AssertionError(f"{self.name}: {self.err.read_text(errors='replace').strip() or 'bare_decode ended'}")
        return json.loads(line)

    def load(self):
        """Waits until the pictures are in memory: {codec, pictures, key_pictures, fps}."""
        self.loaded = self._line()
        return self.loaded

    def ask(self, mode):
        """Decodes in this mode, `key` or `full`: {pictures, decoded, cpu_us_per_picture, width, height}."""
        self.child.stdin.write(mode + "\n")
        self.child.stdin.flush()
        return self._line()


def number(value, digits=2):
    """A figure for a table: "–" when it was not measured."""
    if value is None:
        return "–"
    if isinstance(value, float) and math.isinf(value):
        return "∞"
    return f"{value:,.{digits}f}" if isinstance(value, (int, float)) else str(value)


def table(head, rows):
    """Lines of a table whose first column is text and whose others are figures."""
    cells = [head, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    padded = [[row[0].ljust(widths[0]), *[cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]] for row in cells]
    lines = ["  ".join(row).rstrip() for row in padded]
    return [lines[0], "─" * max(map(len, lines)), *lines[1:]]


def report(bench, lines, result, json_to):
    """Prints the table on standard output, and one JSON object to a file, or to standard output with the table beside it on stderr."""
    result = {"bench": bench.name, "command": bench.command, "machine": bench.machine, **result}
    print("\n".join(lines), file=sys.stderr if json_to == "-" else sys.stdout, flush=True)
    if json_to == "-":
        print(json.dumps(result, ensure_ascii=False))
    elif json_to:
        Path(json_to).write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")


def main(parse, run):
    """The frame of every bench: `--plan` prints the Debian packages that the options need, everything else runs. Returns the exit code."""
    arguments = sys.argv[1:]
    plans = arguments[:1] == ["--plan"]
    try:
        options = parse(arguments[1:] if plans else arguments)
        if plans:
            print(" ".join(options.packages))
            return 0
        return run(options, arguments)
    except Refused as refusal:
        print(f"tools/bench: {refusal}", file=sys.stderr)
        return 64
    except KeyboardInterrupt:
        say("stopped")
        return 130
    except AssertionError as failure:
        print(f"tools/bench: {failure}", file=sys.stderr)
        return 70
