"""The readers that `tools/bench ingest` compares, each measured in the same way: Snowlight, bare libavcodec, Debian's motion.

Each reader is started without cameras, where it can be, for the memory it has by itself, then given its cameras, awaited until all
stream, left alone for the settling time, and only then measured.
"""

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from harness import Fleet, Serve, until, write_config
from measure import (
    BIN, BareDecode, Process, Progress, age_distribution, busy_seconds, growth, quantile, say, scrape, total)

# A quiet district as tools/run shows it: in three cameras of twelve something moves.
SCENES = ["walker", "empty", "night", "vehicle", "cloud", "infrared", "rain", "parked", "empty", "night", "empty", "cloud"]
# How often a process is looked at while it is measured; a scrape of 4,100 cameras costs it some milliseconds.
SAMPLE_EVERY_S = 2
# Memory without cameras is read when logins are made and pools are up.
IDLE_S = 5


class QuietFleet(Fleet):
    """`camera-fleet` with the cameras of the issue: 640x360, 25 pictures/s, 512 kbit/s, a key picture every 2 s."""

    def __init__(self, folder, cameras, scenes, *arguments, port=0, name="fleet"):
        scenes = [part for scene in scenes for part in ("--scene", scene)]
        super().__init__(folder, cameras, *scenes, "--size", "640x360", "--fps", 25, "--bitrate", "512k", "--gop", "2s",
                         "--bind", "0.0.0.0", *arguments, port=port, name=name)

    def reports(self):
        """What it said so far, one entry each 10 s: (clients playing, clients closed for being slow)."""
        found = re.findall(r"(\d+) of \d+ clients playing, .* (\d+) closed for being slow", self.err.read_text(errors="replace"))
        return [(int(playing), int(closed)) for playing, closed in found]


class Interval:
    """A stretch of time over one process: CPU, memory, threads, the fleet, and what else the machine did."""

    def __init__(self, process, fleet, sample=lambda: None):
        self.process, self.fleet, self.sample = process, fleet, sample
        self.samples, self.resident = [], []

    def run(self, title, length_s):
        """Blocks for `length_s`; a sample at both ends and every 2 s. Returns the figures that every reader has."""
        def clocks():
            return time.monotonic(), self.process.cpu_seconds(), self.fleet.cpu_seconds() if self.fleet else 0.0, busy_seconds()

        progress = Progress(title, length_s, "s")
        reports_before = self.fleet.reports() if self.fleet else []
        first, progressed = clocks(), 0
        while progressed < length_s:
            self._look()
            time.sleep(min(SAMPLE_EVERY_S, length_s - progressed))
            progressed = time.monotonic() - first[0]
            progress.show(progressed)
        self._look()
        last = clocks()
        length, cpu, fleet, busy = (b - a for a, b in zip(first, last))
        reports = self.fleet.reports() if self.fleet else []
        new = reports[len(reports_before):]
        return {
            "interval_s": length, "cores": cpu / length, "rss_mb": self.resident[-1], "rss_growth_mb": self.resident[-1] - self.resident[0],
            "threads": self.process.threads(), "fleet_cores": fleet / length if self.fleet else None,
            "other_cores": max(0.0, (busy - cpu - fleet) / length),
            "playing_lowest": min((playing for playing, _ in new), default=None),
            "closed_slow": new[-1][1] - (reports_before[-1][1] if reports_before else 0) if new else None}

    def _look(self):
        if not self.process.alive():
            raise AssertionError(f"{self.process.name} ended with {self.process.child.returncode} while it was measured")
        self.samples.append(self.sample())
        self.resident.append(self.process.resident_mb())


def write_district(folder, cameras, base):
    """The sample district with `cameras` cameras at `base` + 1…N."""
    subprocess.run(
        [BIN / "make-district", "--seed", "511011", "--out", folder, "--cameras", str(cameras), "--rtsp-base", base],
        check=True, stdout=subprocess.DEVNULL)


def rows_with_transport(csv, cameras, transport):
    """cameras.csv as (header, rows) for the first `cameras` cameras; `transport` is the last of its columns.

    Cameras on this machine are spread over the addresses of loopback, 100 to a network, as a district's are over its switches:
    Snowlight dials ten a second into one network.
    """
    header, *rows = csv.read_text().splitlines()
    assert header.endswith(",transport"), f"{csv} has other columns than INTERFACES.md says"
    rows = [row.replace("rtsp://127.0.0.1:", f"rtsp://127.0.{index // 100}.1:") for index, row in enumerate(rows[:cameras])]
    return header + "\n", "".join(f"{row.rpartition(',')[0]},{transport}\n" for row in rows)


def write_setup(folder, keys):
    """The configuration of a run in `folder`; `keys` are lines of its `ingest:` section."""
    return write_config(folder, "ingest:\n" + "".join(f"  {key}\n" for key in keys) if keys else "")


def understands(bench, key):
    """Whether this Snowlight accepts a line of the `ingest:` section, asked with `snowlight check`; says so when it does not."""
    answer = subprocess.run(
        [BIN / "snowlight", "check", "--config", write_setup(bench.folder, [key])], capture_output=True, text=True)
    if answer.returncode != 0:
        errors = [line.partition(": error: ")[2] for line in answer.stdout.splitlines() if ": error: " in line]
        say(f"this Snowlight does not take `ingest: {key}`, which is left out: {'; '.join(errors) or answer.stderr.strip()}")
    return answer.returncode == 0


def measure_snowlight(bench, settings, name, transport, cameras, keys, packets_per_s=None):
    """`snowlight serve` over the first `cameras` cameras with one transport; the figures of the table.

    `packets_per_s` is given when nothing is decoded, where no camera ever counts as streaming: then all cameras stream when this many
    coded pictures arrive.
    """
    folder = bench.folder / name
    shutil.copytree(settings.district, folder / "district")
    csv = folder / "district" / "cameras.csv"
    header, rows = rows_with_transport(csv, cameras, transport)
    csv.write_text(header)
    serve = bench.start(Serve, folder, write_setup(folder, keys), name=name)
    say(f"{name}: memory without cameras")
    time.sleep(IDLE_S)
    idle_mb, idle_threads = serve.resident_mb(), serve.threads()

    csv.write_text(header + rows)
    serve.child.send_signal(signal.SIGHUP)
    progress, packets = Progress(f"{name}: cameras streaming", cameras, "cameras"), []

    def all_stream():
        metrics = scrape(serve.url)
        if packets_per_s is not None:
            packets.append((time.monotonic(), total(metrics, "snowlight_packets_total") or 0))
            (t0, n0), (t1, n1) = packets[max(0, len(packets) - 4)], packets[-1]
            progress.show(cameras * (n1 - n0) / max(t1 - t0, 1) / max(packets_per_s, 1))
            return len(packets) > 4 and (n1 - n0) / (t1 - t0) >= 0.98 * packets_per_s
        streaming = total(metrics, "snowlight_cameras", 'state="streaming"') or 0
        progress.show(streaming)
        return streaming >= cameras

    # Ten opens a second are promised for one subnet, and all simulated cameras are one.
    began = time.monotonic()
    try:
        until(all_stream, 60 + cameras / 8, "all cameras streaming", every_s=1)
        all_streaming_s = time.monotonic() - began
    except AssertionError:
        say(f"{name}: not all cameras stream; measured as it is")
        all_streaming_s = None
    time.sleep(settings.settle_s)

    interval = Interval(serve, settings.fleet, lambda: scrape(serve.url))
    figures = interval.run(f"{name}: measuring", settings.seconds)
    figures |= snowlight_figures(interval.samples, figures["interval_s"])
    bench.end(serve)
    return figures | {
        "cameras": cameras, "all_streaming_after_s": all_streaming_s, "rss_idle_mb": idle_mb, "threads_idle": idle_threads,
        "rss_per_camera_kb": (figures["rss_mb"] - idle_mb) * 1024 / cameras}


def snowlight_figures(samples, length_s):
    """What the metrics of `serve` say about an interval; None for a metric that does not exist."""
    first, last = samples[0], samples[-1]

    def rate(name, label=""):
        grown = growth(first, last, name, label)
        return None if grown is None else grown / length_s

    def lowest(name, label=""):
        return min((value for value in (total(sample, name, label) for sample in samples) if value is not None), default=None)

    full, looks = rate("snowlight_looks_total", 'kind="full"'), rate("snowlight_looks_total")
    ages = age_distribution(samples, "snowlight_look_age_seconds")
    return {
        "packets_per_s": rate("snowlight_packets_total"), "looks_per_s": looks,
        "full_looks_per_s": None if looks is None else full or 0.0,
        "streaming_lowest": lowest("snowlight_cameras", 'state="streaming"'),
        "floor_reached_last": total(last, "snowlight_floor_reached_ratio"),
        "floor_reached_lowest": lowest("snowlight_floor_reached_ratio"),
        "look_age_p50_s": quantile(ages, 0.5), "look_age_p99_s": quantile(ages, 0.99),
        "looks_dropped": growth(first, last, "snowlight_looks_dropped_total"),
        "reconnects": growth(first, last, "snowlight_reconnects_total"),
        "decode_errors": growth(first, last, "snowlight_decode_errors_total"),
        "incidents": growth(first, last, "snowlight_incidents_total")}


def measure_bare(bench, settings, load_s, cpu_s):
    """Mean CPU cost of one key picture alone and of one picture in order, over the cameras 1…k that show every scene once.

    The pictures are taken from the running streams at the same time, then decoded from memory one camera after the other while
    nobody else reads the fleet.
    """
    count = min(settings.cameras, len(settings.scenes))
    say(f"bare: taking {load_s:.0f} s of {count} streams")
    decoders = [
        bench.start(BareDecode, bench, f"{settings.base}{number}", f"bare-{number}", load_s, cpu_s) for number in range(1, count + 1)]
    for one in decoders:
        one.load()
    progress, rows = Progress("bare: decoding", count, "streams"), []
    for done, one in enumerate(decoders):
        rows.append({"key": one.ask("key"), "full": one.ask("full"), **one.loaded})
        progress.show(done + 1)
        bench.end(one)
    size = {f"{row['key']['width']}x{row['key']['height']}" for row in rows}
    return {
        "streams": count, "codec": ", ".join(sorted({row["codec"] for row in rows})), "size": ", ".join(sorted(size)),
        "key_us": sum(row["key"]["cpu_us_per_picture"] for row in rows) / count,
        "full_us": sum(row["full"]["cpu_us_per_picture"] for row in rows) / count,
        "undecoded": sum(row[mode]["pictures"] - row[mode]["decoded"] for row in rows for mode in ("key", "full"))}


class Motion(Process):
    """Debian's motion over RTSP/TCP: every picture decoded and compared, nothing written, no web pages."""

    def __init__(self, folder, base, cameras, name):
        folder = Path(folder) / name
        folder.mkdir()
        common = "width 640\nheight 360\nframerate 25\n"
        text = (
            f"daemon off\nsetup_mode off\nnative_language off\nlog_level 6\ntarget_dir {folder}\n{common}picture_output off\n"
            "movie_output off\nwebcontrol_port 0\nstream_port 0\n")
        for number in range(1, cameras + 1):
            (folder / f"camera{number}.conf").write_text(
                f"camera_id {number}\nnetcam_url {base}{number}\nnetcam_params rtsp_transport=tcp\n{common}")
            text += f"camera {folder}/camera{number}.conf\n"
        (folder / "motion.conf").write_text(text)
        super().__init__(name, [shutil.which("motion"), "-n", "-c", folder / "motion.conf"], folder)

    def connects(self):
        """Connections made so far, as it logs them."""
        return sum(path.read_text(errors="replace").count(") connected") for path in (self.out, self.err))


def measure_motion(bench, settings, cameras):
    """motion over the first `cameras` cameras. It does not run without a camera: memory is compared with one."""
    def started(count, name):
        motion = bench.start(Motion, bench.folder, settings.base, count, name)
        progress = Progress(f"{name}: cameras connected", count, "cameras")

        def all_connected():
            assert motion.alive(), f"motion ended with {motion.child.returncode}: {motion.err.read_text(errors='replace')[-500:]}"
            progress.show(motion.connects())
            return motion.connects() >= count

        until(all_connected, 60 + 2 * count, "motion connected to all cameras", every_s=1)
        time.sleep(settings.settle_s)
        return motion

    one_mb = None
    if cameras > 1:
        single = started(1, "motion-1")
        one_mb = single.resident_mb()
        bench.end(single)
    motion = started(cameras, "motion")
    connects = motion.connects()
    figures = Interval(motion, settings.fleet).run("motion: measuring", settings.seconds)
    figures["reconnects"] = motion.connects() - connects
    bench.end(motion)
    return figures | {
        "cameras": cameras, "rss_one_camera_mb": one_mb,
        "rss_per_camera_kb": None if one_mb is None else (figures["rss_mb"] - one_mb) * 1024 / (cameras - 1)}
