"""Ingest nodes and a dispatcher in processes of their own: keys, assignment, a change of cameras, kills of either side."""

import json
import re
import signal
import subprocess
import time
import urllib.request

from harness import BIN, ROOT, Client, Fleet, Process, make_district, until, write_config
from test_crash import copy_of


def new_key(folder, name):
    """Makes a key and returns its allow-list line."""
    done = subprocess.run([BIN / "snowlight", "keys", "new", name, "--out", folder / f"{name}.key"], capture_output=True, text=True, check=True)
    assert (folder / f"{name}.key").stat().st_mode & 0o777 == 0o600
    return done.stdout.strip()


class Dispatcher(Process):
    def __init__(self, folder, config, name="dispatch"):
        (folder / f"{name}.out").write_text("")
        super().__init__(name, [BIN / "snowlight", "dispatch", "--config", config], folder)
        self.url = self.printed(r"console at (http://127\.0\.0\.1:\d+)/", 60).group(1)
        self.bus = self.printed(r"waiting for ingest nodes at (tcp://\S+)", 60).group(1)
        lines = (folder / "data" / "sample-logins.txt").read_text().splitlines()
        self.logins = dict(line.split()[1:3] for line in lines if line.strip() and not line.startswith("#"))

    def as_user(self, user):
        return Client(self.url, user, self.logins[user])

    def metric(self, name):
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as answer:
            found = re.search(rf"^{name} (\d+)$", answer.read().decode(), re.M)
        return int(found.group(1)) if found else None


class Node(Process):
    def __init__(self, folder, name, bus, server_key):
        self.folder = folder / name
        self.folder.mkdir(exist_ok=True)
        config = self.folder / "node.yaml"
        config.write_text(
            f"pipeline: {ROOT}/pipelines/motion.yaml\ndata: data\npictures: ../data/snapshots\n"
            f"bus:\n  endpoint: {bus}\n  key: ../{name}.key\n  dispatchers: ['{server_key}']\n")
        super().__init__(name, [BIN / "snowlight", "ingest", "--config", config], folder)


def start_dispatcher(start, folder, cameras, fleet, port=0):
    make_district(folder, cameras, fleet.base)
    lines = [new_key(folder, name) for name in ("north", "south")]
    (folder / "bus.allow").write_text("\n".join(lines) + "\n")
    (folder / "bus.allow").chmod(0o600)
    server_key = new_key(folder, "dispatch").split()[2]
    config = write_config(folder, f"bus:\n  endpoint: tcp://127.0.0.1:{port}\n  key: dispatch.key\n  allow: bus.allow\n")
    return start(Dispatcher, folder, config), config, server_key


def streaming(operator):
    return [one for one in operator.cameras() if one["state"] == "streaming"]


def test_cameras_reach_nodes_and_incidents_come_back(start, tmp_path):
    fleet = start(Fleet, tmp_path, 6, "--scene", "walker")
    dispatcher, config, server_key = start_dispatcher(start, tmp_path, 6, fleet)
    operator = dispatcher.as_user("operator")
    # Somebody whose key is on no list gets nothing, and says why nowhere else than in its own log.
    new_key(tmp_path, "stranger")
    stranger = start(Node, tmp_path, "stranger", dispatcher.bus, server_key)
    north = start(Node, tmp_path, "north", dispatcher.bus, server_key)
    until(lambda: len(streaming(operator)) == 6, 40, "all cameras streaming at the dispatcher's pages")
    assert dispatcher.metric("snowlight_ingest_nodes") == 1 and dispatcher.metric("snowlight_leases") == 6
    duty = dispatcher.as_user("duty")
    until(duty.cases, 60, "the first case")
    assert stranger.alive()

    # One camera fewer in the district: its session ends within two seconds.
    cameras = tmp_path / "district" / "cameras.csv"
    lines = cameras.read_text().splitlines(keepends=True)
    cameras.write_text("".join(lines[:-1]))
    dispatcher.child.send_signal(signal.SIGHUP)
    began = time.monotonic()
    log = tmp_path / "north.err"
    until(lambda: '"cameras":"5"' in log.read_text(), 10, "five cameras assigned", 0.05)
    assert time.monotonic() - began < 2.5

    # A second node takes its share; when it dies the first has everything again.
    south = start(Node, tmp_path, "south", dispatcher.bus, server_key)
    until(lambda: dispatcher.metric("snowlight_ingest_nodes") == 2 and dispatcher.metric("snowlight_leases") == 5, 20, "two nodes share")
    south.stop()
    until(lambda: dispatcher.metric("snowlight_ingest_nodes") == 1 and len(streaming(operator)) == 5, 30, "one node reads all")

    # A key that is taken off: its cameras are nobody's.
    (tmp_path / "bus.allow").write_text("")
    until(lambda: not streaming(operator), 40, "a revoked node's cameras are not shown as streaming")
    assert north.alive() and north.stop() == 0 and dispatcher.stop() == 0


def test_killing_either_side_loses_and_doubles_nothing(start, tmp_path):
    fleet = start(Fleet, tmp_path, 12, "--scene", "walker", "--scene", "vehicle")
    dispatcher, config, server_key = start_dispatcher(start, tmp_path, 12, fleet)
    port = dispatcher.bus.rsplit(":", 1)[1]
    config.write_text(config.read_text().replace("tcp://127.0.0.1:0", f"tcp://127.0.0.1:{port}"))
    node = start(Node, tmp_path, "north", dispatcher.bus, server_key)
    until(dispatcher.as_user("duty").cases, 60, "the first case")
    for side in ("node", "dispatcher", "both"):
        if side != "dispatcher":
            node.kill()
        if side != "node":
            dispatcher.kill()
            dispatcher = start(Dispatcher, tmp_path, config)
        if side != "dispatcher":
            node = start(Node, tmp_path, "north", dispatcher.bus, server_key)
        time.sleep(4)
    assert node.stop() == 0
    node = start(Node, tmp_path, "north", dispatcher.bus, server_key)
    until(lambda: json.load(urllib.request.urlopen(dispatcher.url + "/api/health", timeout=10))["outbox"]["rows"] == 0
          and dispatcher.metric("snowlight_ingest_nodes") == 1, 60, "the outbox drained")
    assert node.stop() == 0
    assert dispatcher.stop() == 0
    outbox = copy_of(tmp_path / "north" / "data" / "outbox.sqlite", tmp_path / "outbox-copy.sqlite")
    cases = copy_of(tmp_path / "data" / "dispatch.sqlite", tmp_path / "dispatch-copy.sqlite")
    sent = {row[0] for row in outbox.execute("SELECT DISTINCT incident_id FROM outbox WHERE acked_ms IS NOT NULL")}
    held = [row[0] for row in cases.execute("SELECT incident_id FROM case_incident")]
    assert sent and sent <= set(held), f"lost {sent - set(held)}"
    assert len(held) == len(set(held))
    assert cases.execute("SELECT count(*) FROM dead_letter").fetchone()[0] == 0
