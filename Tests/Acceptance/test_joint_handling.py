"""One case, several at work: given out by the dispatcher, done on two phones, seen by both what still waits. And theft reports. In real Chromium."""

import subprocess

import pytest

from harness import BIN, SCREENSHOTS, Serve, make_district, until, write_config
from pages import Page

HOSTILE = "<script>alert(1)</script> 现场"
TAG = "e28011700000020b7d5c1a90"


class Run:
    """Where a `Page` logs in. No camera is needed for what people report."""

    def __init__(self, serve):
        self.serve, self.url, self.logins = serve, serve.url, serve.logins()
        self.duty, self.dispatcher = serve.duty(), serve.as_user("dispatcher")
        grids = {grid["worker"]["id"]: grid["code"] for grid in self.duty.get("/api/grids")["items"] if grid["worker"]}
        self.holder, self.helper = [user for user in self.logins if user in grids][:2]
        report = {"category": "hazard.fire_lane", "grid": grids[self.holder], "text": f"{HOSTILE}通道被占", "key": "one"}
        status, self.case = self.duty.post("/api/cases", report)
        assert status == 200 and self.case["assignee"]["id"] == self.holder, self.case

    def latest(self):
        return self.duty.get(f"/api/cases/{self.case['no']}")

    def give(self, assignee, what):
        wish = {"action": "add_task", "expected_version": self.latest()["version"], "assignee": assignee, "note": what}
        status, answer = self.dispatcher.post(f"/api/cases/{self.case['no']}/actions", wish)
        assert status == 200, answer


@pytest.fixture
def run(start, tmp_path):
    make_district(tmp_path, 4, "rtsp://127.0.0.1:1/cam/", grids=4)
    subprocess.run([BIN / "snowlight", "keys", "tags", tmp_path / "tags.keys"], check=True, capture_output=True)
    return Run(start(Serve, tmp_path, write_config(tmp_path, "thefts:\n  keys: tags.keys\n")))


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_several_work_on_one_case_and_theft_reports_are_kept(run, browser, tmp_path):
    several_work_on_one_case(run, browser)
    theft_reports_are_entered_seen_and_closed(run, browser)
    assert run.serve.stop() == 0
    for path in [run.serve.out, run.serve.err, *(tmp_path / "data").rglob("*")]:
        assert not path.is_file() or TAG.encode() not in path.read_bytes().lower(), f"{path.name} holds the tag's number"


def several_work_on_one_case(run, browser):
    card = f"[data-role=case-card][data-no='{run.case['no']}']"
    one = Page(browser, 390, 844)
    holder = one.log_in(run, run.holder, "/work")
    holder.wait_for_selector(card)
    other = Page(browser, 390, 844)
    helper = other.log_in(run, run.helper, "/work")
    helper.wait_for_selector("[data-role=list-empty]:visible")

    # A task appears on the other phone by itself, and its own state is what the card shows.
    run.give(run.helper, f"{HOSTILE}关掉阀门")
    helper.wait_for_selector(f"{card} [data-role=card-task][data-task='1']")
    assert "<script>" in helper.inner_text(f"{card} [data-role=card-task]") and fits(helper)
    helper.screenshot(path=SCREENSHOTS / "task-card-390.png")
    holder.wait_for_selector(f"{card} [data-role=tasks-waiting]")
    run.give(run.holder, "拍照留存")
    holder.wait_for_selector(f"{card} [data-role=card-task][data-task='2']")
    helper.wait_for_selector(f"{card} [data-role=tasks-waiting]")
    holder.screenshot(path=SCREENSHOTS / "task-holder-390.png")

    # Acknowledged from the card; finishing needs words, and leads to where they are written.
    helper.click(f"{card} [data-role=primary][data-action=acknowledge_task]")
    helper.wait_for_selector(f"{card} [data-role=primary][data-action=complete_task]")
    helper.click(f"{card} [data-role=primary]")
    helper.wait_for_selector("[data-role=task-note]:focus")
    helper.click("[data-role=task-act]")
    assert run.latest()["tasks"][0]["state"] == "acknowledged", "without words nothing is sent"
    # What was written is still there after the phone has thrown the page away.
    helper.fill("[data-role=task-note]", "阀门已关")
    helper.reload()
    helper.wait_for_selector("[data-role=task-note]")
    assert helper.input_value("[data-role=task-note]") == "阀门已关"
    # Meanwhile the one who has the case acts: what is being written stays, and the case goes on.
    holder.click(f"{card} [data-role=primary][data-action=acknowledge]")
    until(lambda: helper.get_attribute("[data-role=case-view]", "data-state") == "acknowledged", 5, "the state on the other phone", 0.05)
    assert helper.input_value("[data-role=task-note]") == "阀门已关"
    assert "已签收" in helper.inner_text("[data-role=case-holder]") and fits(helper)
    helper.screenshot(path=SCREENSHOTS / "task-390.png", full_page=True)
    helper.click("[data-role=task-act][data-action=complete_task]")
    helper.wait_for_selector("[data-role=own-task]", state="detached")
    assert "阀门已关" in helper.inner_text("[data-role=task][data-task='1'][data-state=done]")
    helper.click("[data-role=back]")
    helper.wait_for_selector(f"[data-role=done] {card}")
    helper.screenshot(path=SCREENSHOTS / "task-done-390.png")

    # The holder sees that nobody is waited for, and has a field for the task beside the one for the result.
    holder.wait_for_selector(f"{card} [data-role=tasks-waiting]", state="detached")
    holder.click(f"{card} .card-face")
    holder.wait_for_selector("[data-role=own-task][data-task='2']")
    holder.click("[data-role=task-act][data-action=acknowledge_task]")
    holder.fill("[data-role=note]", "通道已清")
    holder.fill("[data-role=task-note]", "照片已存")
    holder.screenshot(path=SCREENSHOTS / "task-and-result-390.png", full_page=True)
    holder.click("[data-role=task-act][data-action=complete_task]")
    holder.wait_for_selector("[data-role=own-task]", state="detached")
    assert holder.input_value("[data-role=note]") == "通道已清", "the result that is being written is another text"
    assert [task["answer"] for task in run.latest()["tasks"]] == ["阀门已关", "照片已存"]
    holder.select_option("[data-role=result]", "rectified")
    holder.click("[data-action=submit_result]")
    until(lambda: run.latest()["state"] == "handled", 5, "the case handled", 0.05)
    one.check()
    other.check()


def theft_reports_are_entered_seen_and_closed(run, browser):
    desk = Page(browser, 1920, 1080)
    page = desk.log_in(run, "duty", "/thefts")
    page.wait_for_selector("[data-role=pane][data-state=shown] .empty-title")
    assert page.locator("[data-role=pages] a[href='/thefts']").count() == 1
    page.fill("[data-role=theft-number]", "R-2026-118")
    page.fill("[data-role=theft-tag]", "no tag")
    page.fill("[data-role=theft-reason]", HOSTILE)
    page.click("[data-role=theft-send]")
    page.wait_for_selector("[data-role=theft-problem]:has-text('十六进制')")
    page.fill("[data-role=theft-tag]", TAG.upper()[:8] + " " + TAG[8:])
    page.select_option("[data-role=theft-days]", "7")
    page.click("[data-role=theft-send]")
    page.wait_for_selector("[data-role=theft][data-number='R-2026-118']")
    assert TAG not in page.content().lower() and page.input_value("[data-role=theft-tag]") == ""
    page.screenshot(path=SCREENSHOTS / "thefts-1920.png")
    page.fill("[data-role=theft-number]", "R-2026-119")
    page.fill("[data-role=theft-tag]", TAG)
    page.fill("[data-role=theft-reason]", "x")
    page.click("[data-role=theft-send]")
    page.wait_for_selector("[data-role=theft-problem]:has-text('已在列表中')")
    desk.check()

    # A supervisor sees the list and can neither enter nor close.
    watching = Page(browser, 1440, 900, "en-US")
    page = watching.log_in(run, "supervisor", "/thefts")
    page.wait_for_selector("[data-role=theft]")
    assert page.locator("[data-role=theft-send], [data-role=theft-close]").count() == 0
    watching.check()

    phone = Page(browser, 390, 844)
    page = phone.log_in(run, "duty", "/thefts")
    page.click("[data-role=theft-close]")
    page.wait_for_selector("[data-role=theft-why]:focus")
    page.fill("[data-role=theft-why]", "车已找回")
    assert fits(page)
    page.screenshot(path=SCREENSHOTS / "thefts-390.png", full_page=True)
    page.click("[data-role=theft-end]")
    page.wait_for_selector("[data-role=theft]", state="detached")
    assert run.duty.get("/api/thefts")["items"] == []
    phone.check()
