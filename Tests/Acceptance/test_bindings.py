"""Which grid does a camera belong to, and who may change the map: the page /cameras, and grid sets from the command line."""

import csv
import json
import subprocess

from harness import BIN, SCREENSHOTS, Fleet, Serve, make_district, until, write_config
from pages import Page

ROW = "[data-role=camera]"


class Console:
    """Where a `Page` logs in."""

    def __init__(self, serve):
        self.url, self.logins = serve.url, serve.logins()


def snowlight(*arguments):
    done = subprocess.run([BIN / "snowlight", *map(str, arguments)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_an_operator_binds_a_camera_and_the_next_case_goes_there(start, browser, tmp_path):
    fleet = start(Fleet, tmp_path, 4, "--scene", "walker")
    district = make_district(tmp_path, 4, fleet.base)
    config = write_config(tmp_path)
    serve = start(Serve, tmp_path, config)
    run, duty, operator = Console(serve), serve.duty(), serve.as_user("operator")
    camera = operator.cameras()[0]
    other = next(grid for grid in operator.get("/api/grids")["items"] if grid["code"] != camera["grid"])

    desk = Page(browser, 1440, 900)
    page = desk.log_in(run, "operator", "/cameras")
    page.wait_for_selector("[data-role=pane][data-state=shown]")
    assert page.locator(ROW).count() == 4
    page.screenshot(path=SCREENSHOTS / "cameras-1440.png")
    page.select_option("[data-role=filter-show]", "manual")
    page.wait_for_selector("[data-role=pane][data-state=empty]")
    page.select_option("[data-role=filter-show]", "all")
    page.fill("[data-role=filter-text]", camera["id"])
    page.click(f"{ROW}[data-id='{camera['id']}']")
    page.wait_for_selector("[data-role=drawer][data-state=shown]")
    page.select_option("[data-role=bind-grid]", other["code"])
    page.fill("[data-role=bind-reason]", "看的是对岸 <img src=x onerror=alert(1)>")
    page.wait_for_selector("[data-role=drawer] [data-role=picture][data-picture=shown]", timeout=20_000)
    page.screenshot(path=SCREENSHOTS / "cameras-open-1440.png")
    page.click("[data-role=bind]")
    page.wait_for_selector("[data-role=bind-done]")
    page.wait_for_selector(f"{ROW}[data-id='{camera['id']}'][data-grid='{other['code']}'][data-method=camera_manual]")
    assert page.locator("[data-role=decision]").count() == 1
    page.screenshot(path=SCREENSHOTS / "cameras-bound-1440.png")
    page.click("[data-role=language]")
    page.wait_for_timeout(200)
    page.screenshot(path=SCREENSHOTS / "cameras-en-1440.png")
    bound = operator.get(f"/api/cameras/{camera['id']}")["binding"]["history"][0]["from"]
    desk.check()

    # The next incident goes by it.
    later = until(
        lambda: [one for one in duty.incidents() if one["camera"]["id"] == camera["id"] and one["first_seen"] > bound], 60,
        "an incident of the bound camera")[0]
    assert later["grid"]["code"] == other["code"]
    assert duty.get(f"/api/incidents/{later['id']}")["resolution"]["method"] == "camera_manual"
    # Somebody else was faster.
    status, answer = operator.send("PUT", f"/api/cameras/{camera['id']}/binding", {"grid": None, "reason": "x", "expected_version": 0})
    assert status == 409 and answer["error"]["field"] == "expected_version"

    phone = Page(browser, 390, 844)
    page = phone.log_in(run, "operator", "/cameras")
    page.wait_for_selector("[data-role=pane][data-state=shown]")
    page.screenshot(path=SCREENSHOTS / "cameras-390.png")
    page.click(f"{ROW}[data-id='{camera['id']}']")
    page.wait_for_selector("[data-role=drawer][data-state=shown]")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=SCREENSHOTS / "cameras-open-390.png")
    phone.check()
    assert serve.stop() == 0

    grid_sets(tmp_path, district, config, later["grid"]["code"])


def grid_sets(folder, district, config, code):
    """The grid `code` gets another code: the map is drawn by the operator, published by the supervisor, and taken back."""
    successor = code[:12] + "987"
    draft = folder / "draft"
    draft.mkdir()
    (draft / "district.geojson").write_text((district / "district.geojson").read_text())
    (draft / "grids.geojson").write_text((district / "grids.geojson").read_text().replace(code, successor))
    draw = ("district", "import", draft, "--reason", "调整编码", "--by", "operator", "--config", config)
    status, _, err = snowlight(*draw)
    assert status == 65 and f"grid {successor} has no active full-time gridworker" in err, err

    # Who is to work there is named before the grid exists.
    rows = list(csv.reader((district / "workers.csv").read_text(encoding="utf-8-sig").splitlines()))
    worker = next(row for row in rows if row[rows[0].index("grid_code")] == code)
    worker[rows[0].index("worker_id")], worker[rows[0].index("grid_code")] = "w-new", successor
    with open(district / "workers.csv", "a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(worker)
    status, out, err = snowlight(*draw)
    assert status == 0 and "checked" in out, out + err
    number = out.split("-")[0]
    status, _, err = snowlight("district", "publish", number, "--by", "operator", "--config", config)
    assert status == 65 and "may not publish" in err, err
    status, out, err = snowlight("district", "publish", number, "--by", "supervisor", "--config", config, "--json")
    assert status == 0, err
    published = json.loads(out)
    assert [(link["from"], link["to"], link["kind"]) for link in published["lineage"]] == [(code, successor, "recode")]
    moved = [one["no"] for one in published["cases"]]
    assert moved and all(one["from"] == code and one["to"] == successor for one in published["cases"])

    status, out, err = snowlight("district", "rollback", "--reason", "编码有误", "--by", "supervisor", "--config", config, "--json")
    assert status == 0, err
    back = json.loads(out)
    assert back["restores"] == 1 and sorted(one["no"] for one in back["cases"]) == sorted(moved)
    assert all(one["to"] == code for one in back["cases"])
    status, out, _ = snowlight("district", "list", "--config", config)
    states = [line.split()[1] for line in out.splitlines()]
    assert status == 0 and states == ["published", "retired", "draft", "retired"], out
