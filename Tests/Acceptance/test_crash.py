"""Kill -9 at random moments: every incident that reached the outbox becomes exactly one case."""

import random
import sqlite3
import time

from harness import Fleet, Serve, make_district, until, write_config

ROUNDS = 20


def copy_of(path, target):
    """A consistent copy of a database nobody has open now."""
    source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    copy = sqlite3.connect(target)
    source.backup(copy)
    source.close()
    return copy


def test_twenty_kills_lose_and_double_nothing(start, tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    # Something moves in every camera once in each loop of its scene, so that incidents flow all the time.
    fleet = start(Fleet, tmp_path, 24, "--scene", "walker", "--scene", "vehicle")
    make_district(tmp_path, 24, fleet.base)
    config = write_config(tmp_path)
    kills = 0
    while kills < ROUNDS:
        serve = start(Serve, tmp_path, config)
        # Past the warm-up for most rounds, inside start-up for some.
        time.sleep(chance.choice([chance.uniform(0.1, 3), chance.uniform(8, 22), chance.uniform(12, 22)]))
        serve.kill()
        kills += 1

    serve = start(Serve, tmp_path, config)
    until(lambda: serve.health()["outbox"]["rows"] == 0, 60, "the outbox drained")
    assert serve.stop() == 0

    outbox = copy_of(tmp_path / "data" / "outbox.sqlite", tmp_path / "outbox-copy.sqlite")
    cases = copy_of(tmp_path / "data" / "dispatch.sqlite", tmp_path / "dispatch-copy.sqlite")
    sent = {row[0] for row in outbox.execute("SELECT DISTINCT incident_id FROM outbox")}
    assert len(sent) >= 10, f"only {len(sent)} incidents flowed"
    held = [row[0] for row in cases.execute("SELECT incident_id FROM case_incident")]
    assert set(held) == sent, f"lost {sent - set(held)}, unknown {set(held) - sent}"
    assert len(held) == len(set(held)), "an incident has two cases"
    # Nobody closes a case here, so that each place and kind has one, however many incidents it had.
    kinds = cases.execute("SELECT count(*) FROM (SELECT DISTINCT camera_id, preset, zone, category FROM incident)").fetchone()[0]
    assert cases.execute('SELECT count(*) FROM "case"').fetchone()[0] == kinds
    # One incident per camera at a time: a restart continues a running incident instead of opening a second one.
    assert cases.execute("SELECT count(*) FROM dead_letter").fetchone()[0] == 0
    for database in (outbox, cases):
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    print(f"{kills} kills, {len(sent)} incidents, {len(held)} cases, 0 lost, 0 doubled")
