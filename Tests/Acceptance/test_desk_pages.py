"""The pages of the desk: a list of cameras is looked at, taken over and taken back; statistics; silences and leave. In real Chromium."""

import base64
import json
import subprocess
from datetime import date, timedelta

import pytest

from harness import BIN, SCREENSHOTS, Fleet, Serve, make_district, until, write_config
from pages import Page

HOSTILE = "<script>alert(1)</script> 施工"


class Run:
    """Where a `Page` logs in, with a case of one of its four cameras."""

    def __init__(self, serve):
        self.serve, self.url, self.logins = serve, serve.url, serve.logins()
        self.duty, self.operator = serve.duty(), serve.as_user("operator")
        self.case = until(lambda: [one for one in self.duty.cases() if one["incident_ids"]], 60, "a case")[0]
        incident = self.duty.get(f"/api/incidents/{self.case['incident_ids'][0]}")
        cameras = self.operator.cameras()
        self.camera = next(one for one in cameras if one["id"] == incident["camera"]["id"])
        self.other = next(one for one in cameras if one["grid"] != self.camera["grid"])

    def moved(self, folder, *more):
        """A file that puts the camera of the case where another camera stands."""
        path = folder / f"moved-{len(more)}.csv"
        row = f"{self.camera['id']},{HOSTILE},{self.other['lon']:.7f},{self.other['lat']:.7f},wgs84,,90,60"
        path.write_text("\n".join(["camera_id,name,lon,lat,crs,grid_code,hfov,range_m", row, *more]) + "\n", encoding="gb18030")
        return path

    def grid_of_camera(self):
        return self.operator.get(f"/api/cameras/{self.camera['id']}")["grid"]


@pytest.fixture
def run(start, tmp_path):
    fleet = start(Fleet, tmp_path, 4, "--scene", "walker")
    make_district(tmp_path, 4, fleet.base)
    return Run(start(Serve, tmp_path, write_config(tmp_path)))


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_pages_of_the_desk(run, browser, tmp_path):
    a_list_is_taken_over_and_taken_back(run, browser, tmp_path)
    statistics_say_how_cases_were_handled(run, browser)
    silences_and_leave_begin_and_end(run, browser)
    assert run.serve.stop() == 0
    the_command_line_says_the_same(run, tmp_path)


def the_command_line_says_the_same(run, tmp_path):
    config = tmp_path / "snowlight.yaml"
    command = [BIN / "snowlight", "cameras", "import", run.moved(tmp_path), "--dry-run", "--cases", "--json", "--config", config]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    diverted = json.loads(done.stdout)["diverted"]
    assert done.returncode == 0 and run.case["no"] in [one["no"] for one in diverted["items"]], done.stderr
    config.write_text(config.read_text() + "retention: { evidence: 720h, case_evidence: 200h }\n")
    done = subprocess.run([BIN / "snowlight", "check", "--config", config], capture_output=True, text=True, timeout=60)
    assert done.returncode == 65 and "case_evidence must not be shorter than" in done.stdout + done.stderr


def a_list_is_taken_over_and_taken_back(run, browser, tmp_path):
    before = run.grid_of_camera()
    desk = Page(browser, 1440, 900)
    page = desk.log_in(run, "operator", "/cameras")
    page.wait_for_selector("[data-role=pane][data-state=shown]")
    page.click("[data-role=import-open]")
    page.wait_for_selector("[data-role=import][data-state=empty]")
    bad = run.moved(tmp_path, f"5.1101E+19,坏,{run.other['lon']},{run.other['lat']},wgs84,,90,60")
    page.set_input_files("[data-role=import-file]", bad)
    page.wait_for_selector("[data-role=import][data-state=seen]")
    assert page.locator("[data-role=import-row][data-verdict=refused]").count() == 1
    assert "科学计数" in page.inner_text("[data-role=import-row][data-verdict=refused]")
    row = page.inner_text("[data-role=import-row][data-verdict=changed]")
    assert HOSTILE in row and "移动" in row and "cells" not in row
    assert page.locator("[data-role=import-diverted]").count() >= 1 and run.case["no"] in page.inner_text("[data-role=import]")
    assert page.locator("[data-role=import-apply]").count() == 0
    page.screenshot(path=SCREENSHOTS / "import-1440.png")

    # Somebody else was faster: said in one sentence, compared again, and nothing written.
    state = run.operator.get("/api/cameras/import")
    text = f"camera_id,name\n{run.other['id']},改名\n"
    rename = {"file": base64.b64encode(text.encode()).decode(), "dry_run": False, "base": state["base"]}
    assert run.operator.post("/api/cameras/import", rename)[0] == 200
    page.click("[data-role=import-partly]")
    page.wait_for_selector("[data-role=import-note]:has-text('重新比对')")
    assert run.grid_of_camera() == before

    page.set_input_files("[data-role=import-file]", run.moved(tmp_path))
    page.click("[data-role=import-apply]")
    page.wait_for_selector("[data-role=import][data-state=done]")
    assert run.grid_of_camera() != before
    page.screenshot(path=SCREENSHOTS / "import-done-1440.png")
    page.click("[data-role=import-back]")
    assert run.grid_of_camera() != before, "the first click only asks"
    page.click("[data-role=import-back]")
    page.wait_for_selector("[data-role=import-note]:has-text('已撤回')")
    assert run.grid_of_camera() == before
    page.keyboard.press("Escape")
    assert page.locator("[data-role=import][open]").count() == 0
    desk.check()

    phone = Page(browser, 390, 844)
    page = phone.log_in(run, "operator", "/cameras")
    page.click("[data-role=import-open]")
    page.set_input_files("[data-role=import-file]", bad)
    page.wait_for_selector("[data-role=import][data-state=seen]")
    assert fits(page) and page.evaluate("(() => { const b = document.querySelector('.sheet-body'); return b.scrollWidth <= b.clientWidth })()")
    page.screenshot(path=SCREENSHOTS / "import-390.png")
    # A session that ended while the dialog was open leads to the login and back.
    phone.context.clear_cookies()
    page.click("[data-role=import-partly]")
    page.wait_for_url("**/login?next=%2Fcameras")
    phone.check()


def statistics_say_how_cases_were_handled(run, browser):
    desk = Page(browser, 1440, 900)
    page = desk.log_in(run, "duty", "/stats")
    page.wait_for_selector("[data-role=pane]:not([data-state=loading])")
    # What was opened today is due within days: the year's end is far enough for all of it.
    page.select_option("[data-role=filter-period]", "custom")
    page.fill("[data-role=filter-from]", (date.today() - timedelta(days=30)).isoformat())
    page.fill("[data-role=filter-to]", (date.today() + timedelta(days=60)).isoformat())
    page.wait_for_selector("[data-role=pane][data-state=shown]")
    assert page.locator("tr[data-key]").count() >= 1 and page.inner_text("[data-sum=closure_rate] dd").startswith(("0.00 %", "–"))
    page.screenshot(path=SCREENSHOTS / "stats-1440.png")
    page.select_option("[data-role=filter-by]", "priority")
    page.wait_for_selector("tr[data-key='3'], tr[data-key='4']")
    village = run.case["grid"]["code"][:12]
    page.select_option("[data-role=filter-village]", village)
    page.wait_for_function(f"location.search.includes('village={village}')")
    table = run.duty.get(page.get_attribute("[data-role=csv]", "href")).decode("utf-8-sig")
    assert table.startswith("key,due 应结案") and f"village={village}" in page.get_attribute("[data-role=csv]", "href")
    page.fill("[data-role=filter-to]", (date.today() - timedelta(days=60)).isoformat())
    page.wait_for_selector("[data-role=pane][data-state=failed]")
    page.click("[data-role=language]")
    page.select_option("[data-role=filter-period]", "lastMonth")
    page.wait_for_selector("[data-role=pane][data-state=empty]")
    page.screenshot(path=SCREENSHOTS / "stats-empty-en-1440.png")
    desk.check()

    phone = Page(browser, 390, 844)
    page = phone.log_in(run, "duty", "/stats")
    page.select_option("[data-role=filter-period]", "custom")
    page.fill("[data-role=filter-to]", (date.today() + timedelta(days=60)).isoformat())
    page.wait_for_selector("[data-role=pane][data-state=shown]")
    assert fits(page)
    page.screenshot(path=SCREENSHOTS / "stats-390.png", full_page=True)
    phone.check()


def silences_and_leave_begin_and_end(run, browser):
    desk = Page(browser, 1440, 900)
    page = desk.log_in(run, "duty", "/notices")
    page.wait_for_selector("[data-role=pane][data-part=notices][data-state=shown]")
    page.screenshot(path=SCREENSHOTS / "notices-1440.png")
    page.click("[data-role=part-tab][data-part=silences]")
    page.wait_for_selector("[data-role=pane][data-part=silences][data-state=shown]")
    page.fill("[data-role=silence-value]", "没有这个网格")
    page.fill("[data-role=silence-reason]", HOSTILE)
    page.click("[data-role=silence-send]")
    page.wait_for_selector("[data-role=silence-problem]")
    page.fill("[data-role=silence-value]", run.case["grid"]["code"])
    page.click("[data-role=silence-send]")
    page.wait_for_selector("[data-role=silence]")
    assert HOSTILE in page.inner_text("[data-role=silence]")
    assert len(run.duty.get("/api/silences")["items"]) == 1
    page.screenshot(path=SCREENSHOTS / "silences-1440.png")
    page.click("[data-role=silence] button")
    page.wait_for_selector("[data-role=silence]", state="detached")
    assert run.duty.get("/api/silences")["items"] == []

    worker = next(grid["worker"] for grid in run.duty.get("/api/grids")["items"] if grid["worker"])
    page.click("[data-role=part-tab][data-part=leave]")
    page.fill("[data-role=leave-worker]", worker["id"])
    page.fill("[data-role=leave-until]", (date.today() - timedelta(days=2)).isoformat())
    page.fill("[data-role=leave-reason]", "病假")
    page.click("[data-role=leave-send]")
    page.wait_for_selector("[data-role=leave-problem]")
    page.fill("[data-role=leave-until]", (date.today() + timedelta(days=2)).isoformat())
    page.click("[data-role=leave-send]")
    page.wait_for_selector(f"[data-role=leave][data-id='{worker['id']}']")
    page.screenshot(path=SCREENSHOTS / "leave-1440.png")
    desk.check()

    phone = Page(browser, 390, 844)
    page = phone.log_in(run, "duty", "/notices")
    page.click("[data-role=part-tab][data-part=leave]")
    page.wait_for_selector("[data-role=leave]")
    assert fits(page)
    page.screenshot(path=SCREENSHOTS / "leave-390.png")
    page.click("[data-role=leave] button")
    page.wait_for_selector("[data-role=leave]", state="detached")
    assert run.duty.get("/api/absences")["items"] == []
    phone.check()
