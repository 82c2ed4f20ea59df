"""Bad configuration and district data: file and line are named, the exit code is 65, and nothing starts."""

import os
import re
import subprocess

import pytest

from harness import BIN, make_district, write_config

CAMERA_COLUMNS = "camera_id,name,programme,rtsp_url,lon,lat,crs,azimuth,hfov,range_m,ptz,village_code,grid_code,tags,priority,transport"


def run(command, config):
    done = subprocess.run([BIN / "snowlight", command, "--config", config], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def district(tmp_path):
    return make_district(tmp_path, 3, "rtsp://127.0.0.1:1/cam/")


@pytest.fixture
def config(tmp_path, district):
    return write_config(tmp_path)


def edit_camera(district, line, **fields):
    """Replaces fields of one line (1-based, the header is line 1) of cameras.csv."""
    path = district / "cameras.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    columns = lines[0].split(",")
    row = lines[line - 1].split(",")
    for name, value in fields.items():
        row[columns.index(name)] = value
    lines[line - 1] = ",".join(row)
    path.write_text("\n".join(lines) + "\n")


def first_camera_id(district):
    return (district / "cameras.csv").read_text(encoding="utf-8-sig").splitlines()[1].split(",")[0]


def test_the_sample_is_good(config):
    code, text = run("check", config)
    assert code == 0, text
    assert "465 grids" in text and "3 cameras" in text


BAD_ROWS = [
    ("mangled id", dict(camera_id="5.1101E+19"), "spreadsheet"),
    ("swapped axes", dict(lon="29.5925", lat="105.0757"), "swap"),
    ("unknown CRS", dict(crs="beijing54"), "beijing54"),
    ("no CRS", dict(crs=""), "crs"),
    ("null island", dict(lon="0", lat="0"), "0"),
    ("outside", dict(lon="116.39", lat="39.9"), "outside"),
    ("unknown grid", dict(grid_code="511011999999999"), "511011999999999"),
    ("password in URL", dict(rtsp_url="rtsp://admin:geheim@10.0.0.1/x"), "credential"),
]


@pytest.mark.parametrize("name,fields,words", BAD_ROWS, ids=[row[0] for row in BAD_ROWS])
@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_bad_camera_row_is_named(config, district, tmp_path, command, name, fields, words):
    edit_camera(district, 3, **fields)
    code, text = run(command, config)
    assert code == 65, text
    assert re.search(r"cameras\.csv:3: error: ", text), text
    assert words.lower() in text.lower()
    assert "geheim" not in text
    assert not (tmp_path / "data").exists() or not list((tmp_path / "data").iterdir()), "something was started"


def test_a_duplicate_id_names_both_lines(config, district):
    edit_camera(district, 4, camera_id=first_camera_id(district))
    code, text = run("check", config)
    assert code == 65
    assert "cameras.csv:4: error:" in text and "2" in text.split("cameras.csv:4: error:")[1].splitlines()[0]


def test_all_findings_of_a_run_are_reported(config, district):
    edit_camera(district, 2, camera_id="5.1101E+19")
    edit_camera(district, 4, crs="?")
    code, text = run("check", config)
    assert code == 65 and "cameras.csv:2:" in text and "cameras.csv:4:" in text


def test_a_broken_map_is_named(config, district):
    path = district / "grids.geojson"
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    code, output = run("check", config)
    assert code == 65 and re.search(r"grids\.geojson:\d+: error:", output), output


def test_a_gap_in_the_map_is_found(config, district):
    path = district / "grids.geojson"
    import json

    collection = json.loads(path.read_text())
    del collection["features"][100]
    path.write_text(json.dumps(collection, ensure_ascii=False))
    code, output = run("check", config)
    assert code == 65 and "gap" in output.lower(), output


def test_an_unknown_key_is_named(config):
    config.write_text(config.read_text() + "colour: red\n")
    code, text = run("check", config)
    line = len(config.read_text().splitlines())
    assert code == 65 and f"snowlight.yaml:{line}: error: unknown key 'colour'" in text


@pytest.mark.parametrize("line,words", [
    ("pre_roll: 10", "ingest.pre_roll must be a time"), ("pre_roll: 2m", "ingest.pre_roll must be a time"),
    ("pre_roll_memory: 512MB", "ingest.pre_roll_memory must be an amount such as 64KiB"), ("pre_roll_memory: 1KiB", "from 1048576"),
    ("clip: { before: 5s, behind: 3s }", "unknown key 'behind' in ingest.clip"), ("clip: { after: 0s }", "ingest.clip.after must be a time"),
])
def test_a_bad_recording_setting_is_named(config, line, words):
    config.write_text(config.read_text() + f"ingest:\n  {line}\n")
    code, text = run("check", config)
    assert code == 65 and f"snowlight.yaml:{len(config.read_text().splitlines())}: error:" in text and words in text, text


def test_a_clip_without_its_pre_roll_is_a_warning(config):
    config.write_text(config.read_text() + "ingest:\n  clip: { before: 5s }\n")
    code, text = run("check", config)
    assert code == 0 and "warning: clip.before is longer than pre_roll" in text, text


def test_a_drawing_for_no_camera_is_named(config, district):
    (district / "views.yaml").write_text("51101100001320999999:\n  privacy: { window: \"0,0; 1,0; 1,1\" }\n")
    code, text = run("check", config)
    assert code == 65 and "views.yaml:1: error: camera 51101100001320999999 is not in cameras.csv" in text, text


def test_a_missing_file_is_one_sentence(tmp_path):
    code, text = run("serve", tmp_path / "absent.yaml")
    assert code == 65 and "absent.yaml" in text and len(text.strip().splitlines()) == 1


def test_unknown_options_end_with_64():
    for command in (["serve", "--no-such"], ["check"], ["nonsense"], ["detect"]):
        done = subprocess.run([BIN / "snowlight", *command], capture_output=True, text=True, timeout=30)
        assert done.returncode == 64, (command, done.returncode, done.stderr)


def test_credentials_that_others_can_read_are_refused(config, tmp_path, district):
    secret = tmp_path / "credentials.csv"
    secret.write_text(f"camera_id,user,password\n{first_camera_id(district)},admin,geheim\n")
    os.chmod(secret, 0o644)
    config.write_text(config.read_text() + "credentials: credentials.csv\n")
    code, text = run("check", config)
    assert code == 65 and "600" in text and "geheim" not in text
    os.chmod(secret, 0o600)
    assert run("check", config)[0] == 0
