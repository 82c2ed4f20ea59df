"""Looks that are kept, and what a changed pipeline makes of them."""

import json
import subprocess

from harness import BIN, Fleet, Serve, make_district, until, write_config


def replay(config, *arguments):
    done = subprocess.run([BIN / "snowlight", "replay", "--config", config, *arguments], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_a_changed_pipeline_is_tried_on_what_was_seen(start, tmp_path):
    fleet = start(Fleet, tmp_path, 3, "--scene", "walker", "--scene", "empty", "--gop", "1s")
    district = make_district(tmp_path, 3, fleet.base, grids=2)
    # The third camera is masked: nothing of it may be kept.
    rows = (district / "cameras.csv").read_text(encoding="utf-8-sig").splitlines()
    masked = rows[3].split(",")[0]
    (district / "views.yaml").write_text(f'{masked}:\n  privacy: {{ window: "0,0; 0.25,0; 0.25,1; 0,1" }}\n')
    config = write_config(tmp_path, extra="ingest:\n  archive: { per_camera: 32MiB, keep: 1h }\n")
    code, _, err = replay(config)
    assert code == 65 and "ingest.archive" in err

    serve = start(Serve, tmp_path, config)
    duty = serve.duty()

    def told():
        return [item for item in duty.incidents() if item["category"] == "motion" and item["phase"] in ("ended", "expired")]

    until(lambda: told(), 120, "an incident that is over", every_s=1)
    kept = {folder.name for folder in (tmp_path / "data" / "looks").iterdir()}
    assert masked not in kept and len(kept) == 2

    # Beside the running service: the pipelines that are in force tell the same again, as far as key pictures show it.
    code, out, err = replay(config, "--json")
    assert code == 0, err
    report = json.loads(out)
    print(out)
    assert report["looks"] > 20 and report["masked_cameras"] == 1
    assert report["told"] >= 1 and report["same"] >= 1
    assert {row["camera"] for row in report["by_camera"]} == kept
    assert sum(row["told"] for row in report["by_grid"]) == report["told"]

    # A pipeline of the same name that says nothing takes everything away.
    changed = tmp_path / "motion.yaml"
    changed.write_text(
        "pipeline: motion\nrules:\n  - name: never\n    when: { tag: 'io:nothing/at/all' }\n    emit: { category: motion, priority: 4 }\n")
    code, out, err = replay(config, "--pipeline", changed)
    print(out)
    assert code == 0, err
    total = next(line for line in out.splitlines() if "cameras with looks" in line).split()
    looks, told_then, same, gone, new = map(int, total[:5])
    assert told_then >= 1 and same == 0 and gone == told_then and new == 0
    assert out.count("      - ") == gone
    assert serve.stop() == 0

    for arguments, code, words in [
        (["--from", "yesterday"], 64, "--from must be a time"), (["--from", "1s", "--to", "1h"], 64, "--from must be before --to"),
        (["--camera", "12"], 64, "20 digits"), (["--camera", "99999999999999999999"], 65, "not in the district"),
        (["--pipeline", str(tmp_path / "none.yaml")], 65, "cannot be read"), (["--to", "2020-01-01T00:00:00.000Z"], 65, "no looks"),
    ]:
        found, _, err = replay(config, *arguments)
        assert found == code and words in err, (arguments, err)
