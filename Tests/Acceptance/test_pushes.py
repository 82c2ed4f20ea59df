"""Pushes to a real HTTP server: signed, once, again with the same key when it fails, and silent once somebody has answered."""

import csv
import hashlib
import hmac
import json
import re
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness import Fleet, Serve, make_district, until, write_config

SECRET = "acceptance-secret"


class Hook:
    """A webhook that keeps what it was sent. `answers` are statuses or `hang`, taken in turn for each case; then 204."""

    def __init__(self, *answers):
        self.calls, self.lock, self.over = [], threading.Lock(), threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                event = json.loads(body)
                before = len(hook.about(event.get("subject")))
                with hook.lock:
                    hook.calls.append({"at": time.time(), "headers": dict(self.headers), "body": body, "event": event})
                answer = answers[before] if before < len(answers) else 204
                if answer == "hang":
                    hook.over.wait(60)
                    return
                self.send_response(answer)
                if answer == 429:
                    self.send_header("Retry-After", "1")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/in"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def about(self, case):
        with self.lock:
            return [call for call in self.calls if call["event"].get("subject") == case]

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hooks():
    made = []

    def make(*answers):
        made.append(Hook(*answers))
        return made[-1]

    yield make
    for hook in made:
        hook.close()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """One camera for all tests here: rendering its scene takes longest."""
    one = Fleet(tmp_path_factory.mktemp("fleet"), 1)
    yield one
    one.stop()


def prepare(folder, base, channels, ladder):
    """A district whose gridworkers read these channels; returns its configuration."""
    district = make_district(folder, 1, base)
    path = district / "workers.csv"
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(row | {"channels": " ".join(["console", *channels])} for row in rows)
    destinations = "".join(
        f'  {name}: {{channel: webhook, url: "{hook.url}", secret: "{SECRET}"}}\n' for name, hook in channels.items())
    secrets = folder / "channels.yaml"
    secrets.touch(mode=0o600)
    secrets.write_text(f"allow_private: [127.0.0.1]\ndestinations:\n{destinations}")
    return write_config(
        folder, f"pushes:\n  channels: channels.yaml\n  group_wait: 100ms\n  ladder:\n    p3: {{steps: {ladder}, silent_after: 1h}}\n")


def first_case(duty):
    return until(lambda: duty.cases(), 60, "a case of motion", every_s=0.05)[-1]


def signed(call):
    parts = dict(part.split("=", 1) for part in call["headers"]["X-Grid-Signature"].split(","))
    expected = hmac.new(SECRET.encode(), parts["t"].encode() + b"." + call["body"], hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and abs(int(parts["t"]) - call["at"]) < 30


def test_a_case_is_one_signed_call_and_an_answer_ends_the_ladder(tmp_path, fleet, start, hooks):
    hook, dead = hooks(), hooks(*["hang"] * 100)
    config = prepare(tmp_path, fleet.base, {"hook": hook, "dead": dead}, "[4s, 8s, 12s, 16s]")
    serve = start(Serve, tmp_path, config)
    duty = serve.duty()
    case = first_case(duty)
    seen = time.time()
    call = until(lambda: hook.about(case["no"]), 5, "a call about the case", every_s=0.02)[0]
    print(f"called {call['at'] - seen:+.2f} s after the case was seen, while another destination hangs")
    assert call["at"] - seen <= 2
    assert signed(call)
    event = call["event"]
    assert event["specversion"] == "1.0" and event["type"] == "snowlight.notice.task" and event["subject"] == case["no"]
    assert event["id"] == call["headers"]["Idempotency-Key"] and event["data"]["recipient"] == f"worker:{case['assignee']['id']}"
    assert call["headers"]["Content-Type"].startswith("application/cloudevents+json")
    assert "lon" not in call["body"].decode() and "snapshot" not in call["body"].decode()

    worker = serve.as_user(case["assignee"]["id"])
    detail = worker.get(f"/api/cases/{case['no']}")
    status, _ = worker.post(f"/api/cases/{case['no']}/actions", {"action": "acknowledge", "expected_version": detail["version"]})
    assert status == 200
    # Past the substitute's step and the village's: nobody else hears of it, and the worker hears of it once.
    time.sleep(9)
    assert len(hook.about(case["no"])) == 1
    receipts = duty.get(f"/api/receipts/{case['incident_ids'][0]}")
    assert all(receipts["times"][step] for step in ("detected", "published", "accepted", "case", "pushed", "opened", "acknowledged"))
    assert [push["state"] for push in receipts["pushes"] if push["destination"] == "hook"] == ["accepted"]
    assert [push["state"] for push in receipts["pushes"] if push["destination"] == "dead"] in (["waiting"], ["withdrawn"])
    assert SECRET not in (tmp_path / "serve.err").read_text() + json.dumps(receipts)
    assert duty.get("/api/receipts?missing=accepted")["count"] == 0


def test_a_failing_server_is_tried_again_with_the_same_key(tmp_path, fleet, start, hooks):
    hook = hooks(500, 429)
    config = prepare(tmp_path, fleet.base, {"hook": hook}, "[1h, 2h, 3h, 4h]")
    serve = start(Serve, tmp_path, config)
    case = first_case(serve.duty())
    calls = until(lambda: len(hook.about(case["no"])) == 3 and hook.about(case["no"]), 20, "three tries")
    assert len({call["headers"]["Idempotency-Key"] for call in calls}) == 1
    assert len({call["body"] for call in calls}) == 1
    assert calls[2]["at"] - calls[1]["at"] >= 1, "Retry-After is kept"
    metrics = serve.duty().get("/metrics").decode()
    assert int(re.search(r'snowlight_pushes_total\{channel="webhook",result="retried"\} (\d+)', metrics).group(1)) >= 2


def test_a_changed_address_counts_for_what_waits(tmp_path, fleet, start, hooks):
    broken, mended = hooks(*[503] * 100), hooks()
    config = prepare(tmp_path, fleet.base, {"hook": broken}, "[1h, 2h, 3h, 4h]")
    serve = start(Serve, tmp_path, config)
    case = first_case(serve.duty())
    first = until(lambda: broken.about(case["no"]), 20, "a try", every_s=0.05)[0]
    channels = tmp_path / "channels.yaml"
    good = channels.read_text()
    # A file with an error changes nothing.
    channels.write_text(good.replace("webhook", "pigeon"))
    serve.child.send_signal(signal.SIGHUP)
    until(lambda: "the one in force stays" in serve.err.read_text() + serve.out.read_text(), 20, "the refusal of the file")
    channels.write_text(good.replace(broken.url, mended.url))
    serve.child.send_signal(signal.SIGHUP)
    later = until(lambda: mended.about(case["no"]), 30, "the notice at the other address")[0]
    assert later["headers"]["Idempotency-Key"] == first["headers"]["Idempotency-Key"] and signed(later)
