"""Pipelines as operators meet them: the schema, `check`, `pipelines explain` and the old key."""

import json
import subprocess

import jsonschema
import pytest
import yaml

from harness import BIN, ROOT, make_district, write_config

SCHEMA = json.loads((ROOT / "pipelines" / "schema.json").read_text())
RULE = "rules: [{ name: r, when: { detection: motion }, emit: { category: motion, priority: 4 } }]\n"


def snowlight(*arguments):
    done = subprocess.run([BIN / "snowlight", *map(str, arguments)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def config(tmp_path):
    make_district(tmp_path, 12, "rtsp://127.0.0.1:1/cam/")
    path = write_config(tmp_path)
    path.write_text(path.read_text().replace(f"pipeline: {ROOT}/pipelines/motion.yaml", f"pipelines: {ROOT}/pipelines"))
    return path


def use_folder(config, **files):
    """Makes the configuration read a folder of its own with these files."""
    folder = config.parent / "pipelines"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    config.write_text(config.read_text().replace(f"{ROOT}/pipelines", "pipelines"))
    return folder


def tagged(config, tag):
    """The first camera with this static tag, made so if there is none."""
    path = config.parent / "district" / "cameras.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    column = lines[0].split(",").index("tags")
    row = lines[1].split(",")
    row[column] = tag
    lines[1] = ",".join(row)
    path.write_text("\n".join(lines) + "\n")
    return row[0]


def shipped():
    return sorted((ROOT / "pipelines").glob("*.yaml"))


def test_nine_pipelines_are_shipped():
    assert len(shipped()) >= 9


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_a_shipped_pipeline_follows_the_schema(path):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("text", [
    "pipeline: p\n", "pipeline: P p\n" + RULE, "pipeline: p\ntypo: 1\n" + RULE, "pipeline: p\nlooks: { floor: soon }\n" + RULE,
    "pipeline: p\napplies: {}\n" + RULE, "pipeline: p\nrules: []\n", "pipeline: p\n" + RULE.replace("detection: motion", "detection: smoke"),
    "pipeline: p\n" + RULE.replace("detection: motion", 'detection: motion, tag: "a:b"'),
    "pipeline: p\n" + RULE.replace("detection: motion", "detection: motion, count: 3"),
    "pipeline: p\n" + RULE.replace("detection: motion", 'tag: "a:b", zone: lane'),
    "pipeline: p\n" + RULE.replace("priority: 4", "priority: 5"), "pipeline: p\n" + RULE.replace(", priority: 4", ""),
    "pipeline: p\n" + RULE.replace("when: { detection: motion }", 'when: { during: { from: "08:00" } }'),
])
def test_what_the_schema_refuses_the_reader_refuses(config, text):
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(text)))
    folder = use_folder(config, p=text)
    code, out, _ = snowlight("check", "--config", config)
    assert code == 65
    assert f"{folder}/p.yaml:" in out and "error:" in out


def test_the_shipped_folder_is_good_for_the_sample(config):
    code, out, err = snowlight("check", "--config", config)
    assert code == 0, out + err
    assert "error" not in out


@pytest.mark.parametrize("rule, line, message", [
    (RULE.replace("detection: motion", "detection: motion, zone: lane"), 2, "the zone 'lane' is drawn on none of the 12 cameras"),
    (RULE.replace("category: motion", "category: hazard.unheard_of"), 2, "the category 'hazard.unheard_of' is not in the catalogue"),
    (RULE.replace("detection: motion", "detection: motion, for: 2m, within: 1m"), 2, "can never be"),
])
def test_what_only_the_district_can_judge_is_named_with_its_line(config, rule, line, message):
    folder = use_folder(config, p="pipeline: p\n" + rule)
    code, out, _ = snowlight("check", "--config", config)
    assert code == 65
    assert f"{folder}/p.yaml:{line}: error: {message}" in out or message in out and f"p.yaml:{line}: error:" in out


def test_both_keys_or_none_are_refused(config):
    text = config.read_text()
    config.write_text(text + f"pipeline: {ROOT}/pipelines/motion.yaml\n")
    code, out, _ = snowlight("check", "--config", config)
    assert code == 65 and "give one of them" in out
    config.write_text("\n".join(line for line in text.splitlines() if not line.startswith("pipelines:")) + "\n")
    code, out, _ = snowlight("check", "--config", config)
    assert code == 65 and "'pipelines' is missing" in out


def test_explain_says_which_rules_apply_and_why(config):
    camera = tagged(config, "scene:construction")
    code, out, err = snowlight("pipelines", "explain", camera, "--config", config)
    assert code == 0, err
    assert "construction-site applies" in out and "fire-lane does not apply" in out
    assert "no   static tag scene:fire_lane" in out and "live motion with score 60 or more for 10 s, 4 times within 30 min" in out

    code, out, err = snowlight("pipelines", "explain", camera, "--config", config, "--json")
    told = json.loads(out)
    pipelines = {one["name"]: one for one in told["pipelines"]}
    assert told["camera"] == camera and told["motion_from"] == "motion"
    assert {name for name, one in pipelines.items() if one["applies"]} == {"camera-health", "construction-site", "motion", "two-wheeler"}
    rule = pipelines["construction-site"]["rules"][0]
    assert rule["category"] == "hazard.construction_after_hours" and rule["filing"] == "propose"
    assert rule["clip"] == {"before_s": 5, "after_s": 20}
    assert {one["state"] for one in rule["conditions"]} <= {"yes", "no", "live"}
    assert pipelines["fire-lane"]["rules"] == [] and pipelines["fire-lane"]["because"][0]["state"] == "no"


def test_explain_knows_what_stands_at_a_preset(config):
    camera = tagged(config, "scene:construction")
    (config.parent / "district" / "views.yaml").write_text(
        f'"{camera}":\n  presets:\n    "3": {{ tags: [scene:fire_lane], zones: {{ lane: "0,0; 1,0; 1,1" }} }}\n    home: {{}}\n')
    code, out, err = snowlight("pipelines", "explain", camera, "--config", config)
    assert code == 0 and "presets: 3, home" in out and "fire-lane does not apply" in out, err
    code, out, err = snowlight("pipelines", "explain", camera, "--config", config, "--preset", "3")
    assert code == 0 and "fire-lane applies" in out and "construction-site applies" in out and "drawn zones: lane" in out, err
    code, out, err = snowlight("pipelines", "explain", camera, "--config", config, "--preset", "9")
    assert code == 65 and "there are 3, home" in err


@pytest.mark.parametrize("text, message", [
    ("{ presets: { 'a b': {} } }", "a preset is named by its token"), ("{ presets: { '3': { tags: [face:x] } } }", "denotes a person"),
    ("{ presets: { '3': { tags: ['scene fire'] } } }", "is not ns:key"), ("{ presets: { '3': { privacy: {} } } }", "privacy"),
    ("{ presets: { '3': { zones: { lane: '0,0; 1,1' } } } }", ""),
])
def test_a_preset_that_cannot_be_is_named_with_its_line(config, text, message):
    camera = tagged(config, "scene:construction")
    views = config.parent / "district" / "views.yaml"
    views.write_text(f'"{camera}": {text}\n')
    code, out, _ = snowlight("check", "--config", config)
    assert code == 65 and f"{views}:1: error:" in out and message in out


@pytest.mark.parametrize("camera, code", [("12", 64), ("99999999999999999999", 65)])
def test_explain_refuses_what_is_no_camera_of_the_district(config, camera, code):
    assert snowlight("pipelines", "explain", camera, "--config", config)[0] == code
