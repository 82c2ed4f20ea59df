"""Starts Snowlight's commands as a newcomer would, talks to them from outside, and ends what it started."""

import http.cookiejar
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".build" / "release"
SCREENSHOTS = ROOT / ".build" / "screenshots"


def until(condition, timeout_s, what, every_s=0.2):
    """Polls until `condition` returns something true and returns it; fails with `what` after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}; last value {value!r}")
        time.sleep(every_s)


class Process:
    """A child process whose output goes to files; ended by id, never by name."""

    def __init__(self, name, command, folder, env=None):
        self.name = name
        self.out = Path(folder) / f"{name}.out"
        self.err = Path(folder) / f"{name}.err"
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.child = subprocess.Popen([str(part) for part in command], stdout=out, stderr=err, cwd=ROOT, env=env)

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def printed(self, pattern, timeout_s=120):
        """Waits for a line on standard output and returns the match."""

        def look():
            found = re.search(pattern, self.out.read_text(errors="replace"), re.M)
            if not found and not self.alive():
                tail = self.err.read_text(errors="replace")[-2000:]
                raise AssertionError(f"{self.name} ended with {self.child.returncode}: {tail}")
            return found

        return until(look, timeout_s, f"{self.name} printing {pattern}")

    def stop(self, timeout_s=30):
        """Ends it politely and returns its exit code."""
        if self.alive():
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"{self.name} did not end within {timeout_s} s of SIGTERM")

    def kill(self):
        """Ends it as a power cut would."""
        self.child.kill()
        self.child.wait()

    def resident_mb(self):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Fleet(Process):
    """A simulated fleet; `base` is the URL before the camera's number."""

    def __init__(self, folder, cameras, *arguments, port=0, name="fleet"):
        super().__init__(name, [BIN / "camera-fleet", "--port", port, "--cameras", cameras, *arguments], folder)
        # Bound to all of loopback it prints 0.0.0.0; it is reached at 127.0.0.1 as well.
        self.base = self.printed(r"(rtsp://[\d.]+:\d+/cam/)", 240).group(1).replace("//0.0.0.0:", "//127.0.0.1:")
        self.port = int(re.search(r":(\d+)/", self.base).group(1))


def make_district(folder, cameras, base, grids=6):
    """Writes the sample district with `cameras` cameras whose URLs are `base` + 1…N; returns its folder."""
    district = Path(folder) / "district"
    subprocess.run(
        [BIN / "make-district", "--seed", "511011", "--out", district, "--slice", str(cameras), "--slice-grids", str(grids),
         "--rtsp-base", base],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return district


def write_config(folder, extra="", catalogue="catalogue-sample.yaml", district="district"):
    """Writes a configuration for the district in `folder` on a free port; returns its path."""
    path = Path(folder) / "snowlight.yaml"
    path.write_text(
        f"district: {district}\ncatalogue: {ROOT}/config/{catalogue}\npipeline: {ROOT}/pipelines/motion.yaml\ndata: data\n"
        f"console:\n  port: 0\n  assets: {ROOT}/Sources/Console/Assets\n  sample_accounts: true\n{extra}")
    return path


class Serve(Process):
    """`snowlight serve`, ready to be asked."""

    def __init__(self, folder, config, *arguments, name="serve"):
        # Each start appends to the same files; only what this start prints counts.
        (Path(folder) / f"{name}.out").write_text("")
        super().__init__(name, [BIN / "snowlight", "serve", "--config", config, *arguments], folder)
        self.folder = Path(folder)
        self.url = self.printed(r"console at (http://127\.0\.0\.1:\d+)/", 60).group(1)

    def logins(self):
        """The sample logins as {user: password}."""
        lines = (self.folder / "data" / "sample-logins.txt").read_text().splitlines()
        return dict(line.split()[1:3] for line in lines if line.strip() and not line.startswith("#"))

    def as_user(self, user):
        return Client(self.url, user, self.logins()[user])

    def duty(self):
        return self.as_user("duty")

    def health(self):
        with urllib.request.urlopen(self.url + "/api/health", timeout=10) as answer:
            return json.load(answer)


class Client:
    """A logged-in reader of the HTTP API."""

    def __init__(self, url, user, password):
        self.url = url
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        status, _ = self.post("/api/login", {"user": user, "password": password})
        assert status == 200, f"login of {user} answered {status}"

    def get(self, path):
        with self.opener.open(self.url + path, timeout=15) as answer:
            body = answer.read()
            return json.loads(body) if "json" in answer.headers.get("Content-Type", "") else body

    def post(self, path, body):
        return self.send("POST", path, body)

    def send(self, method, path, body):
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json", "Origin": self.url}, method=method)
        try:
            with self.opener.open(request, timeout=15) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read() or b"null")

    def incidents(self, limit=1000):
        return self.get(f"/api/incidents?limit={limit}")["items"]

    def cases(self, limit=1000):
        return self.get(f"/api/cases?state=all&limit={limit}")["items"]

    def cameras(self):
        return self.get("/api/cameras")["items"]
