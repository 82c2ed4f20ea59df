"""What must be true after every fault, computed from the files of the district and from what the node has printed, by other means
than Snowlight's: whole numbers and winding numbers instead of crossings, Python's SQLite instead of the program's own words."""

import csv
import json
import math
import sqlite3
import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass

from harness import BIN

# A border belongs to the side on which a point lies that is an infinitely small step east of it and, by the square of that step, north.
# Here the step is 2^-70 of a unit of 1e-7 degree: no straight line between two corners of a district passes closer to a corner.
SCALE, EAST, NORTH = 1 << 140, 1 << 70, 1


class Grids:
    """The map: which grid holds a point of whole 1e-7 degrees."""

    def __init__(self, geojson):
        self.rings = {}
        for feature in json.loads(geojson.read_text(), parse_float=str)["features"]:
            shape = feature["geometry"]
            polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
            self.rings[feature["properties"]["code"]] = [
                [(e7(lon), e7(lat)) for lon, lat, *_ in ring[:-1]] for polygon in polygons for ring in polygon]
        self.boxes = {
            code: (min(x for r in rings for x, _ in r), min(y for r in rings for _, y in r),
                   max(x for r in rings for x, _ in r), max(y for r in rings for _, y in r))
            for code, rings in self.rings.items()}

    def holding(self, x, y):
        """The one grid that holds the point, or None."""
        found = [
            code for code, (west, south, east, north) in self.boxes.items()
            if west <= x <= east and south <= y <= north and self.winds(self.rings[code], x * SCALE + EAST, y * SCALE + NORTH)]
        assert len(found) <= 1, f"the map is no map: {x},{y} lies in {found}"
        return found[0] if found else None

    @staticmethod
    def winds(rings, x, y):
        """How often the rings go round the point, odd or even; the point lies on no edge."""
        turns = 0
        for ring in rings:
            for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1]):
                ax, ay, bx, by = ax * SCALE, ay * SCALE, bx * SCALE, by * SCALE
                left = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
                assert left != 0, "the step is too long"
                if ay <= y < by and left > 0:
                    turns += 1
                elif by <= y < ay and left < 0:
                    turns -= 1
        return turns % 2 != 0


def e7(text):
    """Degrees as a whole number of 1e-7, without passing through floating point."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, _, part = digits.partition(".")
    assert len(part) <= 7, f"{text} is finer than 1e-7 degree"
    return sign * (int(whole) * 10_000_000 + int(part.ljust(7, "0")))


def degrees(number):
    return f"{number // 10_000_000}.{number % 10_000_000:07d}"


def write_cameras(path, grids, count, chance, base):
    """Cameras where a map is hardest: a third on corners, a third on borders, the rest anywhere; every eighth bound by a person."""
    edges = [(a, b) for rings in grids.rings.values() for ring in rings for a, b in zip(ring, ring[1:] + ring[:1])]
    rows = []
    while len(rows) < count:
        (ax, ay), (bx, by) = chance.choice(edges)
        parts = math.gcd(bx - ax, by - ay)
        kind = len(rows) % 3
        if kind == 0:
            x, y = ax, ay
        elif kind == 1:
            step = chance.randrange(1, parts) if parts > 1 else 0
            x, y = ax + (bx - ax) // parts * step, ay + (by - ay) // parts * step
        else:
            west, south, east, north = chance.choice(list(grids.boxes.values()))
            x, y = chance.randrange(west, east), chance.randrange(south, north)
        if grids.holding(x, y) is None or kind == 1 and parts < 2:
            continue
        bound = chance.choice(list(grids.rings)) if len(rows) % 8 == 7 else ""
        number = len(rows) + 1
        rows.append([f"5110110000132{number:07d}", f"试点{number}号", "faults", f"{base}{number}", degrees(x), degrees(y), "wgs84", "", "", "",
                     "0", "", bound, "", "3", "auto"])
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("camera_id,name,programme,rtsp_url,lon,lat,crs,azimuth,hfov,range_m,ptz,village_code,grid_code,tags,priority,"
                        "transport".split(","))
        writer.writerows(rows)


def grid_of_cameras(cameras, grids):
    """{camera: grid}: what a person bound, else where the pole stands."""
    with open(cameras, newline="") as file:
        return {row["camera_id"]: row["grid_code"] or grids.holding(e7(row["lon"]), e7(row["lat"])) for row in csv.DictReader(file)}


@dataclass
class Verdict:
    """What the check found and how much it looked at."""

    problems: list
    incidents: int
    cases: int
    dead_letters: int

    def __str__(self):
        return f"{self.incidents} incidents in {self.cases} cases, {self.dead_letters} set aside; " + ("; ".join(self.problems) or "nothing wrong")


def some(things):
    things = sorted(things, key=str)
    return f"{len(things)}, such as {things[0]}"


def judge(config, dispatch, outboxes, ledger, grid_of, forgiven=frozenset()):
    """Everything at once, with all processes stopped.

    ledger    {(incident, revision)} that nodes have printed: what they had on disk
    forgiven  of these, what is under another revision now
    """
    problems = []
    done = subprocess.run([BIN / "snowlight", "store", "verify", "--config", config], capture_output=True, text=True, timeout=120)
    if done.returncode != 0 or not done.stdout.startswith("ok"):
        problems.append(f"store verify ends with {done.returncode}: {(done.stdout + done.stderr).strip()[:500]}")
    database = sqlite3.connect(dispatch)
    for name, file in [("dispatch", database)] + [("outbox", sqlite3.connect(path)) for path in outboxes]:
        if (answer := file.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
            problems.append(f"{name}: integrity_check says {answer[:3]}")
        if file.execute("PRAGMA foreign_key_check").fetchall():
            problems.append(f"{name}: foreign_key_check finds something")

    held = {row[0]: row[1:] for row in database.execute("SELECT incident_id, rev, camera_id, zone, grid_code FROM incident")}
    inbox = set(database.execute("SELECT incident_id, rev FROM inbox"))
    filed = Counter(row[0] for row in database.execute("SELECT incident_id FROM case_incident"))
    cases = dict(database.execute('SELECT case_id, grid_code FROM "case"'))
    dead = database.execute("SELECT count(*) FROM dead_letter").fetchone()[0]
    kept, waiting = set(), 0
    for path in outboxes:
        outbox = sqlite3.connect(path)
        kept |= set(outbox.execute("SELECT incident_id, rev FROM outbox"))
        waiting += outbox.execute("SELECT count(*) FROM outbox WHERE acked_ms IS NULL").fetchone()[0]
    if waiting:
        problems.append(f"{waiting} revisions still wait in an outbox")

    # Lost: on a node's disk, or printed as such, and not at the dispatcher.
    owed = (kept | ledger) - forgiven
    if lost := owed - inbox:
        problems.append(f"lost: {some(lost)}")
    newest = {}
    for incident, revision in owed:
        newest[incident] = max(revision, newest.get(incident, 0))
    if behind := [i for i, revision in newest.items() if i in held and held[i][0] < revision]:
        problems.append(f"an incident stands at an older revision: {some(behind)}")
    if unknown := set(held) - {incident for incident, _ in kept | ledger}:
        problems.append(f"from nowhere: {some(unknown)}")
    # Doubled: in two cases or none, or the same thing under two identities. No key of the load is used for two incidents.
    if wrong := [i for i in set(held) | set(filed) if filed[i] != 1 or i not in held]:
        problems.append(f"not in exactly one case: {some(wrong)}")
    identities = defaultdict(set)
    for incident, (_, camera, zone, _) in held.items():
        identities[camera, zone].add(incident)
    if double := [key for key, ids in identities.items() if len(ids) > 1]:
        problems.append(f"doubled: {some(double)}")
    # The grid: of each incident, and of the case it is in.
    of_case = dict(database.execute("SELECT incident_id, case_id FROM case_incident"))
    for incident, (_, camera, _, grid) in held.items():
        expected = grid_of[camera]
        if grid != expected or cases.get(of_case.get(incident)) != expected:
            problems.append(f"{incident} of camera {camera} belongs to {expected} and stands in {grid}, its case in {cases.get(of_case.get(incident))}")
            break
    return Verdict(problems, len(held), len(cases), dead)
