"""A rule that wants two kinds of evidence: the camera's own word and what Snowlight sees itself."""

from harness import Fleet, Serve, make_district, until, write_config

RULES = """pipeline: crossing
looks: { floor: 2s, promote: true }
rules:
  - name: the camera says it and it is seen
    when: { all: [{ detection: motion, within: 10s }, { tag: "onvif:RuleEngine/CellMotionDetector/Motion" }] }
    emit: { category: motion, priority: 3 }
"""


def with_rules(folder):
    """A configuration whose one pipeline wants both."""
    (folder / "crossing.yaml").write_text(RULES)
    path = write_config(folder)
    lines = [f"pipeline: {folder}/crossing.yaml" if line.startswith("pipeline:") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_tag_and_motion_together_become_a_case_and_motion_alone_does_not(start, tmp_path):
    speaks, silent = tmp_path / "speaks", tmp_path / "silent"
    for folder, arguments in ((speaks, ["--metadata", "onvif"]), (silent, [])):
        folder.mkdir()
        fleet = start(Fleet, folder, 2, "--scene", "walker", *arguments, name=f"fleet-{folder.name}")
        make_district(folder, 2, fleet.base, grids=2)
    serve = start(Serve, speaks, with_rules(speaks), name="speaks")
    other = start(Serve, silent, with_rules(silent), name="silent")
    told, untold = serve.duty(), other.duty()
    until(told.cases, 120, "a case from a tag and a movement", every_s=1)
    assert any(item["category"] == "motion" and item["case"] for item in told.incidents())
    # The same walkers, seen for as long, with nobody to confirm them.
    until(lambda: all(camera["state"] == "streaming" for camera in untold.cameras()), 30, "the silent cameras streaming")
    assert not [item for item in untold.incidents() if item["category"] == "motion"]
    assert serve.stop() == 0 and other.stop() == 0
