"""`snowlight district` and `snowlight cameras` as an operator uses them: findings on a map, a map compared, a list imported and taken back."""

import json
import re
import subprocess

import pytest

from harness import BIN, make_district, write_config


def snowlight(*arguments):
    done = subprocess.run([BIN / "snowlight", *map(str, arguments)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def district(tmp_path):
    return make_district(tmp_path, 12, "rtsp://127.0.0.1:1/cam/")


def edit_map(folder, change):
    """Changes the features of grids.geojson in place."""
    path = folder / "grids.geojson"
    collection = json.loads(path.read_text())
    change(collection["features"])
    path.write_text(json.dumps(collection, ensure_ascii=False))


def test_the_sample_is_proven(district, tmp_path):
    code, out, err = snowlight("district", "check", district, "--geojson", tmp_path / "findings.geojson")
    assert code == 0, out + err
    assert "ok: 465 grids cover the district exactly once" in out
    assert json.loads((tmp_path / "findings.geojson").read_text())["features"] == []


def test_a_centimetre_is_found_and_drawn(district, tmp_path):
    def move(features):
        features[200]["geometry"]["coordinates"][0][3][0] += 1e-7
        del features[100]

    removed = json.loads((district / "grids.geojson").read_text())["features"][100]["properties"]["code"]
    edit_map(district, move)
    code, out, err = snowlight("district", "check", district, "--json", "--geojson", tmp_path / "findings.geojson")
    report = json.loads(out)
    assert code == 65 and not report["ok"], err
    gap = max(report["coverage"], key=lambda finding: finding["area_m2"])
    assert gap["kind"] == "gap" and gap["area_m2"] > 10_000 and gap["grids"] and removed not in gap["grids"]
    assert any(finding["area_m2"] < 10 for finding in report["coverage"]), "the corner that moved by a centimetre"
    features = json.loads((tmp_path / "findings.geojson").read_text())["features"]
    assert len(features) == len(report["coverage"])
    drawn = next(one for one in features if one["properties"]["area_m2"] == gap["area_m2"])
    assert drawn["geometry"]["type"] == "Polygon" and len(drawn["geometry"]["coordinates"][0]) > 4
    code, out, _ = snowlight("district", "check", district)
    assert code == 65 and re.search(r"grids\.geojson:\d+: error: gap of \d+ m² at 1\d\d\.\d+,29\.\d+", out), out


def test_a_grid_that_is_split_moves_its_cameras(district, tmp_path):
    draft = tmp_path / "draft"
    draft.mkdir()
    for name in ("district.geojson", "grids.geojson"):
        (draft / name).write_text((district / name).read_text())
    code, out, err = snowlight("district", "compare", district, draft)
    assert code == 0 and out.strip() == "nothing changes", out + err

    row = (district / "cameras.csv").read_text(encoding="utf-8-sig").splitlines()
    columns = row[0].split(",")
    lon, lat = (float(row[1].split(",")[columns.index(name)]) for name in ("lon", "lat"))

    def rename(features):
        # The grid of the first camera gets another code: the same ground.
        for feature in features:
            ring = feature["geometry"]["coordinates"][0]
            if inside(lon, lat, ring):
                feature["properties"]["code"] = feature["properties"]["code"][:12] + "998"

    edit_map(draft, rename)
    code, out, err = snowlight("district", "compare", district, draft)
    assert code == 0, out + err
    assert re.search(r"^recode: \d{15} → \d{12}998, ", out, re.M) and re.search(r"^camera \d{20} .*→ \d{12}998", out, re.M), out
    report = json.loads(snowlight("district", "compare", district, draft, "--json")[1])
    assert [link["kind"] for link in report["links"] if link["kind"] != "keep"] == ["recode"] and report["cameras"]


def inside(lon, lat, ring):
    """The crossing rule in floating point."""
    odd = False
    for (ax, ay), (bx, by) in zip(ring, ring[1:]):
        if (ay > lat) != (by > lat) and lon < ax + (bx - ax) * (lat - ay) / (by - ay):
            odd = not odd
    return odd


def test_a_list_is_imported_and_taken_back(district, tmp_path):
    config = write_config(tmp_path, district=district)
    original = (district / "cameras.csv").read_bytes()
    lines = original.decode("utf-8-sig").splitlines()
    columns = lines[0].split(",")
    first = lines[1].split(",")
    first[columns.index("name")] = "新名"
    mangled = lines[2].split(",")
    mangled[0] = "5.1101E+19"
    incoming = tmp_path / "new.csv"
    incoming.write_bytes("\r\n".join([lines[0], ",".join(first), ",".join(mangled), lines[3]]).encode("gb18030"))

    code, out, _ = snowlight("cameras", "import", incoming, "--dry-run", "--config", config)
    assert code == 65 and "0 new, 1 changed, 1 unchanged, 1 refused" in out, out
    assert re.search(r"new\.csv:2: changed: \d{20} 新名: name .* → 新名", out) and "new.csv:3: error: refused: camera_id '5.1101E+19'" in out
    assert (district / "cameras.csv").read_bytes() == original

    code, out, _ = snowlight("cameras", "import", incoming, "--config", config)
    assert code == 65 and (district / "cameras.csv").read_bytes() == original, "all or nothing unless asked otherwise"

    code, out, err = snowlight("cameras", "import", incoming, "--partial", "--json", "--config", config)
    report = json.loads(out)
    assert code == 0 and report["written"] and report["counts"] == {"changed": 1, "unchanged": 1, "refused": 1}, err
    imported = (district / "cameras.csv").read_bytes()
    assert "新名" in imported.decode() and (district / "cameras.csv.before-import").read_bytes() == original
    assert snowlight("district", "check", "--config", config)[0] == 0

    code, out, _ = snowlight("cameras", "import", "--rollback", "--config", config)
    assert code == 0 and (district / "cameras.csv").read_bytes() == original, out
    assert snowlight("cameras", "import", "--rollback", "--config", config)[0] == 0
    assert (district / "cameras.csv").read_bytes() == imported, "taking back twice brings the import back"
    assert sorted(path.name for path in district.iterdir() if path.name.startswith("cameras")) == ["cameras.csv", "cameras.csv.before-import"]


def test_a_rollback_without_an_import_is_refused(district):
    code, out, err = snowlight("cameras", "import", "--rollback", "--district", district)
    assert code == 65 and "there is no import to take back" in err


USAGE = [
    ("district", "check"), ("district", "check", "a", "--config", "b"), ("district", "compare", "a"), ("cameras", "import", "x.csv"),
    ("cameras", "import", "--district", "d"), ("cameras", "import", "x.csv", "--district", "d", "--crs", "beijing54"),
    ("cameras", "import", "x.csv", "--district", "d", "--rollback"), ("district", "check", "a", "--colour"),
]


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_wrong_options_end_with_64(arguments):
    code, out, err = snowlight(*arguments)
    assert code == 64 and err.startswith("Error: "), err


@pytest.mark.parametrize("arguments", [("district", "check"), ("district", "compare"), ("cameras", "import")], ids=" ".join)
def test_help_shows_examples(arguments):
    code, out, _ = snowlight(*arguments, "--help")
    assert code == 0 and "Examples:" in out


def test_what_is_not_there_is_named(tmp_path):
    code, out, err = snowlight("district", "check", tmp_path / "nowhere")
    assert code == 65 and "nowhere/district.geojson: error: cannot be read" in out
    code, out, err = snowlight("district", "compare", tmp_path / "nowhere", tmp_path)
    assert code == 65 and "nowhere/district.geojson: error: cannot be read" in err
