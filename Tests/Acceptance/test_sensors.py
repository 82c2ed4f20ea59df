"""Sensors and readers of tags, spoken for by the Python of docs/sensors.md: what they say becomes cases, and what must not stay does not."""

import csv
import json
import re
import subprocess
import urllib.request

from harness import BIN, ROOT, Fleet, Process, Serve, make_district, until, write_config
from test_crash import copy_of
from test_roles import Dispatcher, new_key, streaming

RULES = """pipeline: gauges
looks: { floor: 2s, promote: true }
rules:
  - name: the gauge says it and something moves
    when: { all: [{ tag: "io:*/water_level_warning" }, { detection: motion, within: 60s }] }
    emit: { category: motion, priority: 3, snapshot: true }
"""
LOOKED_FOR, STRANGER = "e28011700000020b7d5c1a90", "e2801170000002ffffffff01"


def example():
    """The functions that the page shows."""
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "sensors.md").read_text(), re.S).group(1)
    names = {}
    exec(compile(code, "docs/sensors.md", "exec"), names)
    return names


def set_tags(folder, *tags):
    """Gives the first cameras these static tags; returns their ids."""
    path = folder / "district" / "cameras.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    for row, tag in zip(rows, tags):
        row["tags"] = tag
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return [row["camera_id"] for row in rows[:len(tags)]]


def use_pipelines(config, **texts):
    folder = config.parent / "pipelines"
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    config.write_text(re.sub(r"^pipeline: .*$", f"pipelines: {folder}", config.read_text(), flags=re.M))


def key_pair(path):
    """The halves in a key file of `snowlight keys new`."""
    fields = dict(line.split(" ", 1) for line in path.read_text().splitlines() if not line.startswith("#"))
    return fields["public"], fields["secret"]


def metric(url, name):
    with urllib.request.urlopen(url + "/metrics", timeout=10) as answer:
        found = re.search(rf"^{re.escape(name)} (\d+)$", answer.read().decode(), re.M)
    return int(found.group(1)) if found else None


def files_with(folder, *texts):
    """Files below the folder that hold one of the texts in whatever form."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            forms = [form for text in texts for form in (text.encode(), text.upper().encode(), bytes.fromhex(text))]
            found += [path.name for form in forms if form in data]
    return found


def test_a_gauge_and_a_movement_become_a_case_and_a_stolen_tag_is_told(start, tmp_path):
    shown = example()
    fleet = start(Fleet, tmp_path, 3, "--scene", "shift", "--aligned", "--size", "320x180", "--fps", "10", "--gop", "1s")
    make_district(tmp_path, 3, fleet.base, grids=2)
    warned, quiet, gate = set_tags(tmp_path, "sensor:north.gauge-1", "sensor:north.gauge-2", "sensor:reader-1")
    lines = [new_key(tmp_path, name) for name in ("north", "reader-1")]
    (tmp_path / "bus.allow").write_text("\n".join(line.replace("node ", "sensor ", 1) for line in lines) + "\n")
    (tmp_path / "bus.allow").chmod(0o600)
    server = new_key(tmp_path, "serve").split()[2]
    new_key(tmp_path, "stranger")
    subprocess.run([BIN / "snowlight", "keys", "tags", tmp_path / "tags.keys"], check=True, capture_output=True)
    assert (tmp_path / "tags.keys").stat().st_mode & 0o777 == 0o600
    district_key = (tmp_path / "tags.keys").read_text().splitlines()[-1]
    config = write_config(
        tmp_path, "sensors:\n  endpoint: tcp://127.0.0.1:0\nbus:\n  key: serve.key\n  allow: bus.allow\nthefts:\n  keys: tags.keys\n")
    use_pipelines(config, gauges=RULES, two_wheeler=(ROOT / "pipelines" / "two-wheeler.yaml").read_text())
    serve = start(Serve, tmp_path, config)
    endpoint = serve.printed(r"hearing sensors at (tcp://\S+)", 30).group(1)
    duty = serve.duty()
    until(lambda: len(streaming(serve.as_user("operator"))) == 3, 30, "the cameras streaming")

    # Who is on no list, or speaks for somebody else, is not heard.
    stranger = shown["connect"](endpoint, server, key_pair(tmp_path / "stranger.key"))
    gateway = shown["connect"](endpoint, server, key_pair(tmp_path / "north.key"))
    reader = shown["connect"](endpoint, server, key_pair(tmp_path / "reader-1.key"))
    warning = {"kind": "io", "sensor": "north.gauge-1", "tag": "water_level_warning", "state": "on", "lease_s": 300}
    assert shown["say"](gateway, warning) == {"v": 1, "result": "taken"}
    assert shown["say"](stranger, warning, patience_s=1) is None
    assert shown["say"](reader, warning)["reason"] == "unauthorised"
    assert shown["say"](gateway, {**warning, "owner": "Zhang San"})["reason"] == "malformed"
    refusal = shown["say"](gateway, {**warning, "sensor": "north.gauge-9"})
    assert refusal["reason"] == "unbound" and "sensor:NAME" in refusal["message"]
    assert shown["say"](gateway, {**warning, "sensor": "north.gauge-2", "state": "off"})["result"] == "taken"
    assert metric(serve.url, 'snowlight_sensor_messages_total{result="unauthorised"}') == 1
    until(lambda: metric(serve.url, 'snowlight_key_pictures_granted{reason="requested"}'), 20, "a look that a tag asked for")

    # A stolen vehicle's tag, and one that nobody looks for.
    report = {"number": "R-2026-118", "tag": LOOKED_FOR, "reason": "报案回执"}
    assert duty.post("/api/thefts", report)[0] == 200
    sightings = [{"kind": "rfid", "reader": "reader-1", "token": shown["token"](tag, district_key)} for tag in (LOOKED_FOR, STRANGER)]

    def seen():
        answers = [shown["say"](reader, sighting) for sighting in sightings]
        assert answers == [{"v": 1, "result": "taken"}] * 2
        return [item for item in duty.incidents() if item["category"] == "theft.tagged_vehicle_seen"]

    thefts = until(seen, 20, "the stolen vehicle told", every_s=1)
    assert [item["camera"]["id"] for item in thefts] == [gate]
    reasons = json.dumps(duty.get(f"/api/incidents/{thefts[0]['id']}"))
    assert "R-2026-118" in reasons and LOOKED_FOR not in reasons.lower()

    case = until(lambda: [item for item in duty.incidents() if item["category"] == "motion" and item["case"]], 90, "a case", every_s=1)[0]
    assert case["camera"]["id"] == warned
    assert not [item for item in duty.incidents() if item["camera"]["id"] == quiet and item["category"] == "motion"]
    assert len([item for item in duty.incidents() if item["category"] == "theft.tagged_vehicle_seen"]) == 1

    assert duty.post("/api/thefts/R-2026-118/close", {"reason": "车已找回"})[0] == 200
    page = urllib.request.urlopen(serve.url + "/metrics", timeout=10).read().decode()
    assert serve.stop() == 0
    audit = copy_of(tmp_path / "data" / "accounts.sqlite", tmp_path / "accounts-copy.sqlite")
    lines = audit.execute("SELECT action, actor, reason FROM audit WHERE object = 'R-2026-118' ORDER BY position").fetchall()
    assert lines == [("theft_report_opened", "duty", "报案回执"), ("theft_report_closed", "duty", "车已找回")]
    audit.close()
    # Neither tag's number is anywhere, nor the stranger's token; nor the other one in what was logged, told or archived.
    unknown = shown["token"](STRANGER, district_key)
    assert STRANGER not in page and unknown not in page
    assert files_with(tmp_path / "data", STRANGER, unknown, LOOKED_FOR) == []
    for log in (serve.out, serve.err):
        assert not any(text in log.read_text().lower() for text in (STRANGER, unknown, LOOKED_FOR, sightings[0]["token"], "zhang"))
    assert {name.split(".")[0] for name in files_with(tmp_path / "data", sightings[0]["token"])} <= {"accounts"}


class SensorNode(Process):
    """An ingest node that hears sensors on this machine."""

    def __init__(self, folder, bus, server_key):
        self.folder = folder / "north"
        self.folder.mkdir(exist_ok=True)
        config = self.folder / "node.yaml"
        config.write_text(
            f"pipeline: {ROOT}/pipelines/two-wheeler.yaml\ndata: data\npictures: ../data/snapshots\nsensors:\n  endpoint: tcp://127.0.0.1:0\n"
            f"bus:\n  endpoint: {bus}\n  key: ../north.key\n  allow: ../sensors.allow\n  dispatchers: ['{server_key}']\n")
        super().__init__("north", [BIN / "snowlight", "ingest", "--config", config], folder)


def test_the_list_reaches_nodes_over_the_bus_and_revoked_keys_fall_silent(start, tmp_path):
    shown = example()
    make_district(tmp_path, 2, "rtsp://127.0.0.1:1/cam/", grids=2)
    [gate] = set_tags(tmp_path, "sensor:reader-1")
    (tmp_path / "bus.allow").write_text(new_key(tmp_path, "north") + "\n")
    allowed = tmp_path / "sensors.allow"
    allowed.write_text(new_key(tmp_path, "reader-1").replace("node ", "sensor ", 1) + "\n")
    for path in (tmp_path / "bus.allow", allowed):
        path.chmod(0o600)
    server_key = new_key(tmp_path, "dispatch").split()[2]
    subprocess.run([BIN / "snowlight", "keys", "tags", tmp_path / "tags.keys"], check=True, capture_output=True)
    former = (tmp_path / "tags.keys").read_text().splitlines()[-1]
    subprocess.run([BIN / "snowlight", "keys", "tags", tmp_path / "tags.keys", "--add"], check=True, capture_output=True)
    assert (tmp_path / "tags.keys").stat().st_mode & 0o777 == 0o600
    assert subprocess.run([BIN / "snowlight", "keys", "tags", tmp_path / "tags.keys"], capture_output=True).returncode != 0
    config = write_config(
        tmp_path, "thefts:\n  keys: tags.keys\nbus:\n  endpoint: tcp://127.0.0.1:0\n  key: dispatch.key\n  allow: bus.allow\n")
    dispatcher = start(Dispatcher, tmp_path, config)
    duty = dispatcher.as_user("duty")
    assert duty.post("/api/thefts", {"number": "R-7", "tag": LOOKED_FOR, "reason": "x"})[0] == 200
    node = start(SensorNode, tmp_path, dispatcher.bus, server_key)
    endpoint = node.printed(r"hearing sensors at (tcp://\S+)", 30).group(1)
    public = key_pair(tmp_path / "north.key")[0]
    reader = shown["connect"](endpoint, public, key_pair(tmp_path / "reader-1.key"))
    # A reader that still has the key before the newest one.
    sighting = {"kind": "rfid", "reader": "reader-1", "token": shown["token"](LOOKED_FOR, former)}

    def told():
        shown["say"](reader, sighting)
        return [item for item in duty.incidents() if item["category"] == "theft.tagged_vehicle_seen"]

    assert until(told, 30, "the stolen vehicle told by the node", every_s=1)[0]["camera"]["id"] == gate
    allowed.write_text("")
    until(lambda: shown["say"](reader, sighting, patience_s=1) is None, 15, "the revoked reader's silence")
    assert node.alive() and node.stop() == 0 and dispatcher.stop() == 0
    # An open key file is not used.
    (tmp_path / "tags.keys").chmod(0o644)
    refused = subprocess.run([BIN / "snowlight", "dispatch", "--config", config], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 65 and "chmod 600" in refused.stderr and former not in refused.stderr
