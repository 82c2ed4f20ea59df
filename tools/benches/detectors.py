"""Runs every detector over clips and collects its incidents: Snowlight and the baselines as commands over files, motion as a daemon."""

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import motion_daemon
from measure import BIN, ROOT, Progress, say
from rhythm import RATES
from scoring import Incident, TamperFinding

NAMES = ["snowlight", "difference", "average", "mog2", "knn", "motion"]
IN_PYTHON = NAMES[1:5]
LONGEST_S = 3600


@dataclass
class Run:
    """One detector at one rate over one clip."""

    incidents: list
    us_per_look: float | None = None
    tamper: list = field(default_factory=list)


def make_python():
    """A Python with OpenCV and PyAV (libavcodec with its own luma planes and times) under .build/; installed from PyPI when missing."""
    venv = ROOT / ".build" / "bench" / "venv"
    python = venv / "bin" / "python"
    if subprocess.run([python, "-c", "import av, cv2, numpy"], capture_output=True).returncode if python.exists() else True:
        say("installing opencv-python-headless and av into .build/bench/venv")
        try:
            subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", str(venv)], check=True, stdout=sys.stderr)
            subprocess.run(
                [str(python), "-m", "pip", "install", "-q", "opencv-python-headless>=4.8,<6", "av>=14,<19"], check=True, stdout=sys.stderr)
        except subprocess.CalledProcessError as failure:
            raise AssertionError(f"OpenCV could not be installed from PyPI: {failure}") from None
    return python


# Commands that run now, for the case that the bench is stopped.
children = set()


def measured(command):
    """Output and CPU seconds of a command that runs to its end."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=errors, cwd=Path(__file__).parent)
        children.add(child)
        out = child.stdout.read().decode()
        # Children of several threads: their cost is told apart by wait4 alone.
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        children.discard(child)
        if child.returncode != 0:
            errors.seek(0)
            why = errors.read().decode(errors="replace").strip()[-300:]
            raise AssertionError(f"{Path(str(command[0])).name} ended with {child.returncode}: {why}")
    return out, usage.ru_utime + usage.ru_stime


def run_snowlight(clip, rate, zone, start_s):
    """`snowlight detect` over one clip; also the shape and length of what it read."""
    every_s = RATES[rate]
    command = [BIN / "snowlight", "detect", clip.path, *(["--full-rate"] if every_s is None else ["--look-every", f"{every_s:g}s"])]
    if zone != (0.0, 0.0, 1.0, 1.0):
        left, top, right, bottom = zone
        command += ["--zone", f"labelled={left:.5f},{top:.5f};{right:.5f},{top:.5f};{right:.5f},{bottom:.5f};{left:.5f},{bottom:.5f}"]
    out, cpu_s = measured(command)
    lines = [json.loads(line) for line in out.splitlines()]
    summary = lines[-1]
    # Health of the camera has its own score.
    incidents = [
        Incident(line["start_s"], line["confirmed_s"], line["end_s"], tuple(line.get("reason", ())))
        for line in lines if line["type"] == "incident" and line.get("category", "motion") == "motion"]
    return Run(incidents, max(0.0, cpu_s - start_s) * 1e6 / max(summary["looks"], 1), tamper_of(lines)), summary


def tamper_of(lines):
    """Tamper lines as findings: each is set once and cleared later."""
    found, running = [], {}
    for line in lines:
        if line["type"] != "health" or line.get("kind") != "tamper":
            continue
        if line["phase"] == "set":
            running.setdefault(line["tamper"], line["t_s"])
        elif line["tamper"] in running:
            found.append(TamperFinding(line["tamper"], running.pop(line["tamper"]), line["t_s"]))
    return found + [TamperFinding(kind, set_s, None) for kind, set_s in running.items()]


def size_of(summary):
    width, _, height = summary.get("size", "0x0").partition("x")
    return int(width), int(height)


class Job:
    """Everything that is run over one clip by commands."""

    def __init__(self, clip, wanted, python, start_s):
        self.clip, self.wanted, self.python, self.start_s = clip, wanted, python, start_s
        self.runs, self.facts = {}, None

    def run(self):
        probe, summary = run_snowlight(self.clip, "full", (0.0, 0.0, 1.0, 1.0), self.start_s)
        width, height = size_of(summary)
        zone = self.clip.zone(width, height) if width else (0.0, 0.0, 1.0, 1.0)
        duration_s = self.clip.label.get("duration_s") or summary["duration_s"]
        self.facts = {
            "name": self.clip.name, "path": self.clip.path.resolve(), "width": width, "height": height, "zone": zone,
            "duration_s": duration_s, "fps": max(0.1, (summary["pictures"] - 1) / max(summary["duration_s"], 0.1))}
        for rate in RATES:
            if "snowlight" in self.wanted:
                whole = rate == "full" and zone == (0.0, 0.0, 1.0, 1.0)
                self.runs["snowlight", rate] = probe if whole else run_snowlight(self.clip, rate, zone, self.start_s)[0]
        if any(name in self.wanted for name in IN_PYTHON):
            out, _ = measured([self.python, "baselines.py", self.clip.path, *zone])
            for name, rates in json.loads(out)["methods"].items():
                for rate, figures in rates.items():
                    if name in self.wanted:
                        self.runs[name, rate] = Run([Incident(*times) for times in figures["incidents"]], figures["us_per_look"])
        return self


def run_all(bench, clips, wanted):
    """{(clip's name, detector, rate): Run} and {clip's name: facts}; clips that cannot be read are left out and said so."""
    python = make_python() if any(name in wanted for name in IN_PYTHON) else None
    start_s = sum(measured([BIN / "snowlight", "--version"])[1] for _ in range(5)) / 5
    runs, facts, left_out = {}, {}, []
    progress, done, began = Progress("clips", len(clips), "clips"), 0, time.monotonic()
    # CPU time is what is measured, so as many at a time as there are cores.
    pool = ThreadPoolExecutor(bench.machine["cores"])
    try:
        for clip, future in [(clip, pool.submit(Job(clip, wanted, python, start_s).run)) for clip in clips]:
            try:
                job = future.result(LONGEST_S)
                runs |= {(clip.name, *key): run for key, run in job.runs.items()}
                facts[clip.name] = job.facts
            except AssertionError as failure:
                say(f"{clip.name} is left out: {failure}")
                left_out.append(clip.name)
            done += 1
            progress.show(done)
    finally:
        # Stopped: what still runs is ended by its id, what waits never starts.
        pool.shutdown(wait=False, cancel_futures=True)
        for child in list(children):
            child.terminate()
    say(f"Snowlight and the baselines took {time.monotonic() - began:.0f} s")
    if "motion" in wanted:
        for name, (incidents, us) in motion_daemon.run(bench, list(facts.values())).items():
            runs[name, "motion", "full"] = Run(incidents, us)
    return runs, facts, left_out
