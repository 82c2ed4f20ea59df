"""A dispatcher, a node that feeds it, and whatever stands between them, in one folder: started, broken, started again, and judged."""

import os
import random
import re
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults.oracle import Grids, grid_of_cameras, judge, write_cameras
from faults.shim import Shim
from harness import BIN, ROOT, Process, make_district, until

CAMERAS = 48
# `INCIDENT REVISION CAMERA ZONE`, as bus-bench node prints it; a line that a kill has cut in two matches no longer and is not counted.
PRINTED = re.compile(r"^([0-9a-f-]{36}) (\d+) \d{20} [0-9a-z]+-\d+$", re.M)


class Rig:
    """One folder and the processes in it. `long` says which size a fault comes in; `chance` is seeded and the seed printed."""

    def __init__(self, start, folder, library, long):
        self.start, self.folder, self.library, self.long = start, Path(folder), library, long
        seed = int(os.environ.get("SNOWLIGHT_FAULT_SEED", random.randrange(1 << 32)))
        print("seed", seed)
        self.chance = random.Random(seed)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.bus = f"tcp://127.0.0.1:{self.port}"
        district = make_district(self.folder, 1, "rtsp://127.0.0.1:9/cam/")
        grids = Grids(district / "grids.geojson")
        write_cameras(district / "cameras.csv", grids, CAMERAS, self.chance, "rtsp://127.0.0.1:9/cam/")
        self.grid_of = grid_of_cameras(district / "cameras.csv", grids)
        self.config = self.folder / "snowlight.yaml"
        self.data, self.node_data = self.folder / "data", self.folder / "node"
        self.configure()
        self.dispatcher = self.node = None
        self.shims = 0
        self.forgiven = set()
        self.printed, self.read = set(), 0

    def size(self, short, long):
        return long if self.long else short

    def configure(self, **bus):
        """Writes the configuration; `bus` adds keys to `bus:`."""
        lines = "".join(f"  {name}: {value}\n" for name, value in bus.items())
        self.config.write_text(
            f"district: district\ncatalogue: {ROOT}/config/catalogue-sample.yaml\npipeline: {ROOT}/pipelines/motion.yaml\n"
            f"data: {self.data}\nconsole:\n  port: 0\n  assets: {ROOT}/Sources/Console/Assets\nbus:\n  endpoint: {self.bus}\n{lines}")

    # MARK: processes

    def shim(self, **orders):
        self.shims += 1
        return Shim(self.library, self.folder / f"orders-{self.shims}", **orders)

    def start_dispatcher(self, shim=None, ready=True):
        """Starts it; waits until nodes may connect unless it is meant to die on the way."""
        (self.folder / "dispatch.out").write_text("")
        self.dispatcher = self.start(
            Process, "dispatch", [BIN / "snowlight", "dispatch", "--config", self.config], self.folder, shim and shim.environment())
        if ready:
            until(lambda: self.is_ready() or not self.dispatcher.alive(), 60, "the dispatcher", 0.02)
            assert self.dispatcher.alive(), f"the dispatcher ended with {self.dispatcher.child.returncode}: {self.log('dispatch')[-2000:]}"
        return self.dispatcher

    def is_ready(self):
        return "waiting for ingest nodes at" in (self.folder / "dispatch.out").read_text()

    def start_node(self, *options, endpoint=None, shim=None):
        """Starts a node under load; what it prints is the ledger."""
        self.node = self.start(
            Process, "node",
            [BIN / "bus-bench", "node", "--district", self.folder / "district", "--folder", self.node_data, "--endpoint", endpoint or self.bus,
             *options], self.folder, shim and shim.environment())
        return self.node

    def log(self, name):
        return (self.folder / f"{name}.err").read_text(errors="replace")

    def logged(self, name, text, since=0):
        return text in self.log(name)[since:]

    def metric(self, pattern):
        """The sum of all samples whose name and labels match."""
        url = re.search(r"console at (http://\S+)/", (self.folder / "dispatch.out").read_text()).group(1)
        with urllib.request.urlopen(url + "/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return sum(float(value) for value in re.findall(rf"^{pattern} (\S+)$", text, re.M))

    # MARK: what is known

    def ledger(self):
        """{(incident, revision)} that nodes have printed."""
        with open(self.folder / "node.out", "rb") as file:
            file.seek(self.read)
            whole = file.read()
        whole = whole[:whole.rfind(b"\n") + 1]
        self.read += len(whole)
        self.printed |= {(incident, int(revision)) for incident, revision in PRINTED.findall(whole.decode())}
        return self.printed

    def await_load(self, revisions, timeout_s=60):
        """Waits until so many more revisions are printed."""
        before = len(self.ledger())
        until(lambda: len(self.ledger()) >= before + revisions, timeout_s, f"{revisions} more revisions", 0.05)

    def drain(self, *options, timeout_s=60, endpoint=None):
        """Ends the load; what waits in the outbox is delivered. Returns how long that took."""
        if self.node and self.node.alive():
            self.node.stop()
        began = time.monotonic()
        self.start_node("--count", "0", *options, endpoint=endpoint)
        try:
            code = self.node.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the outbox is not empty after {timeout_s} s: {self.log('node')[-1500:]}") from None
        assert code == 0, f"the node ended with {code}: {self.log('node')[-1500:]}"
        return time.monotonic() - began

    def verdict(self, dead_letters=0):
        """Stops the dispatcher politely and holds everything against the oracle."""
        if self.dispatcher.alive():
            assert self.dispatcher.stop() == 0, self.log("dispatch")[-1500:]
        outboxes = [self.node_data / "outbox.sqlite"] if (self.node_data / "outbox.sqlite").exists() else []
        found = judge(self.config, self.data / "dispatch.sqlite", outboxes, self.ledger(), self.grid_of, self.forgiven)
        if found.dead_letters != dead_letters:
            found.problems.append(f"{found.dead_letters} messages were set aside, {dead_letters} should be")
        return found

    # MARK: misfortunes

    def store(self, *arguments):
        done = subprocess.run(
            [BIN / "snowlight", "store", arguments[0], "--config", self.config, *arguments[1:]], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def new_key(self, name):
        """Makes a key file; returns its line for the allow-list."""
        done = subprocess.run(
            [BIN / "snowlight", "keys", "new", name, "--out", self.folder / f"{name}.key"], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def pause(self, process, seconds):
        """The process stands still while its connections stay up."""
        process.child.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.child.send_signal(signal.SIGCONT)

    @contextmanager
    def small_disk(self, folder, megabytes):
        """A disk of its own for `folder`, so that it can be full."""
        if os.geteuid() != 0:
            pytest.skip("a small disk is a tmpfs, and only root can mount one")
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"a small disk is a tmpfs, and it cannot be mounted here: {done.stderr.strip()}")
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def filled(folder, leaving):
    """Takes all but `leaving` bytes of a small disk."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        # Piece by piece, since others write at the same time.
        while (free := os.statvfs(folder)).f_bavail * free.f_frsize > leaving:
            file.write(bytes(1 << 16))
    try:
        yield
    finally:
        filler.unlink()
