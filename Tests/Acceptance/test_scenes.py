"""Every shipped pipeline on its example scene, all at once: what must be told is, and where the deciding element is missing nothing is."""

import datetime
import re
import subprocess

from harness import BIN, ROOT, Fleet, Serve, make_district, until, write_config
from test_sensors import LOOKED_FOR, STRANGER, example, set_tags, use_pipelines

# Rules wait minutes where a test has seconds; hours of schools and sites are moved to now. Nothing else of a pipeline is changed.
FACTOR = 20
ZONE = "0,0; 1,0; 1,1; 0,1"
# pipeline, category, static tags, zone, the scene that has the deciding element, one that lacks it
TABLE = [
    ("motion", "motion", "", None, "walker", "cloud"),
    ("fire-lane", "hazard.fire_lane", "scene:fire_lane", "lane", "blocked", "vehicle"),
    # The gauges of both say "warning"; at one of them something moves as well.
    ("river-bank", "hazard.river_bank", "scene:river_bank", None, "walker", "empty"),
    # What somebody leaves here is as large as a vehicle: bags in a corner are not found yet.
    ("illegal-dumping", "facility.dumping", "scene:waste_point", "spot", "blocked", "walker"),
    ("school-gate", "facility.school_gate", "scene:school_gate", "gate", "blocked", "vehicle"),
    # Four movements after hours, and one.
    ("construction-site", "hazard.construction_after_hours", "scene:construction", None, "shift", "walker"),
    # The camera says "smoke" and its picture changes; the other's changes and it says nothing of smoke.
    ("forest-edge", "emergency.forest_smoke", "scene:forest_edge", None, "smoke", "walker"),
    ("camera-health", "maintenance.camera", "", None, "covered", "rain"),
    # A tag under an open report, and one that nobody looks for.
    ("two-wheeler", "theft.tagged_vehicle_seen", "", None, "empty", "empty"),
]


def shortened(text):
    """The rules of a pipeline with all times divided, and its hours around now."""
    begin = text.index("\nincident:")
    now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8)))
    first, last = (now + datetime.timedelta(hours=by) for by in (-2, 2))
    hours = f'from: "{first:%H:%M}", to: "{last:%H:%M}"'

    def divided(match):
        seconds = float(match[2]) * {"s": 1, "m": 60, "h": 3600}[match[3]]
        return f"{match[1]}: {max(100, round(seconds * 1000 / FACTOR))}ms"

    rules = re.sub(r"\b(for|within|quiet_gap|reopen_within|cool_down): (\d+)(s|m|h)\b", divided, text[begin:])
    return text[:begin] + re.sub(r'(?:days: working, )?from: "[\d:]+", to: "[\d:]+"', hours, rules)


def test_every_shipped_pipeline_is_in_the_table():
    assert {row[0] for row in TABLE} == {path.stem for path in (ROOT / "pipelines").glob("*.yaml")}


def test_each_scene_becomes_its_incident_and_its_neighbour_does_not(start, tmp_path):
    # Two cameras a row, side by side. Those of forest-edge are a fleet of their own, which says itself what it makes of its scenes.
    scenes = [scene for row in TABLE for scene in row[4:]]
    speaking = 2 * [row[0] for row in TABLE].index("forest-edge")

    def start_fleet(name, shown, *more):
        parts = [part for scene in shown for part in ("--scene", scene)]
        return start(
            Fleet, tmp_path, len(shown), *parts, "--size", "320x180", "--fps", "10", "--gop", "1s", "--aligned", *more, name=name)

    loud = start_fleet("loud", scenes[speaking:speaking + 2], "--metadata", "onvif")
    quiet = start_fleet("quiet", scenes[:speaking] + ["empty", "empty"] + scenes[speaking + 2:])
    make_district(tmp_path, len(scenes), quiet.base, grids=4)
    tags = []
    for number, row in enumerate(TABLE):
        tags += [f"{row[2]} sensor:beside-{number}-{side}".strip() for side in ("with", "without")]
    cameras = set_tags(tmp_path, *tags)
    table = tmp_path / "district" / "cameras.csv"
    text = table.read_text()
    for side in (1, 2):
        text = text.replace(f"{quiet.base}{speaking + side},", f"{loud.base}{side},")
    table.write_text(text)
    with open(tmp_path / "district" / "views.yaml", "w") as views:
        for number, row in enumerate(TABLE):
            if row[3]:
                views.writelines(f'"{camera}":\n  zones: {{ {row[3]}: "{ZONE}" }}\n' for camera in cameras[2 * number:2 * number + 2])
    subprocess.run([BIN / "snowlight", "keys", "tags", tmp_path / "tags.keys"], check=True, capture_output=True)
    config = write_config(tmp_path, "sensors:\n  endpoint: tcp://127.0.0.1:0\nthefts:\n  keys: tags.keys\n")
    shipped = {path.stem: path.read_text() for path in (ROOT / "pipelines").glob("*.yaml")}
    use_pipelines(config, **{name: text if name == "motion" else shortened(text) for name, text in shipped.items()})
    serve = start(Serve, tmp_path, config)
    duty = serve.duty()
    assert duty.post("/api/thefts", {"number": "R-1", "tag": LOOKED_FOR, "reason": "x"})[0] == 200

    shown = example()
    sensors = shown["connect"](serve.printed(r"hearing sensors at (tcp://\S+)", 30).group(1))
    number_of = {row[0]: number for number, row in enumerate(TABLE)}
    key = (tmp_path / "tags.keys").read_text().splitlines()[-1]

    def speak():
        for side, tag in (("with", LOOKED_FOR), ("without", STRANGER)):
            river = {"kind": "io", "sensor": f"beside-{number_of['river-bank']}-{side}", "tag": "water_level_warning", "state": "on"}
            wheels = {"kind": "rfid", "reader": f"beside-{number_of['two-wheeler']}-{side}", "token": shown["token"](tag, key)}
            for message in (river, wheels):
                assert shown["say"](sensors, message) == {"v": 1, "result": "taken"}

    def missing():
        speak()
        told = {(item["category"], item["camera"]["id"]) for item in duty.incidents()}
        return [row[0] for number, row in enumerate(TABLE) if (row[1], cameras[2 * number]) not in told]

    try:
        until(lambda: not missing(), 150, "an incident of every scene", every_s=1)
    except AssertionError:
        raise AssertionError(f"nothing is told by {', '.join(missing())}")
    told = {(item["category"], item["camera"]["id"]) for item in duty.incidents()}
    wrong = [row[0] for number, row in enumerate(TABLE) if (row[1], cameras[2 * number + 1]) in told]
    assert wrong == [], "told without its deciding element"
    assert serve.stop() == 0
