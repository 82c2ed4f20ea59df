""""Why was I not told?": a cloud in a simulated camera is held back with its reason and picture; a person makes it an incident."""

import pytest

from harness import SCREENSHOTS, Fleet, Serve, make_district, until, write_config
from pages import Page

ROW = "[data-role=suppression]"


class Console:
    """Where a `Page` logs in."""

    def __init__(self, serve):
        self.url, self.logins = serve.url, serve.logins()


@pytest.fixture
def district(start, tmp_path):
    fleet = start(Fleet, tmp_path, 4, "--scene", "cloud", "--scene", "infrared")
    make_district(tmp_path, 4, fleet.base)
    return tmp_path, write_config(tmp_path)


def listed(client, query=""):
    return client.get("/api/suppressions?" + query)["items"]


def test_what_was_not_told_is_found_and_becomes_an_incident(start, browser, district):
    folder, config = district
    serve = start(Serve, folder, config)
    run, duty, operator = Console(serve), serve.duty(), serve.as_user("operator")
    # A cloud passes each 40 s; the picture of it is kept.
    found = until(lambda: [one for one in listed(duty, "reason=lighting") + listed(duty, "reason=global") if one["picture"] == "kept"], 120, "a cloud", 1)[0]
    assert found["restored"] is None and found["facts"] and found["camera"]["name"]
    assert operator.get(f"/api/suppressions/{found['id']}/picture.jpg")[:3] == b"\xff\xd8\xff"

    # The command centre leads there; the row says why in a sentence, with numbers and picture.
    desk = Page(browser, 1440, 900)
    page = desk.log_in(run, "duty", "/")
    page.click("a[href='/suppressions']")
    page.wait_for_selector("[data-role=pane][data-state=shown]")
    page.screenshot(path=SCREENSHOTS / "suppressions-1440.png")
    page.select_option("[data-role=filter-reason]", found["reason"])
    page.wait_for_selector(f"[data-role=pane][data-state=shown] {ROW}")
    assert page.eval_on_selector_all(ROW, "rows => [...new Set(rows.map(row => row.dataset.reason))]") == [found["reason"]]
    # Names repeat, so the field offers them with the camera's number.
    page.fill("[data-role=filter-camera]", f"{found['camera']['name']} ({found['camera']['id']})")
    page.press("[data-role=filter-camera]", "Enter")
    page.wait_for_url(lambda url: found["camera"]["id"] in url)
    page.click(f"{ROW}[data-id='{found['id']}']")
    page.wait_for_selector("[data-role=drawer] [data-role=picture][data-picture=shown]")
    assert "没有提醒您，因为：" in page.inner_text("[data-role=sentence]")
    page.wait_for_timeout(300)
    page.screenshot(path=SCREENSHOTS / "suppressions-open-1440.png")

    # "This was an event", with a reason that tries to be a script.
    page.click("[data-role=restore-open]")
    page.fill("[data-role=restore-note]", "有人翻越护栏 <img src=x onerror=alert(1)>")
    page.screenshot(path=SCREENSHOTS / "suppressions-restore-1440.png")
    page.click("[data-role=restore]")
    page.wait_for_selector("[data-role=drawer] [data-role=became]")
    page.wait_for_selector(f"{ROW}[data-id='{found['id']}'][data-restored=true]")
    assert page.query_selector("[data-role=drawer] .pairs img") is None and page.query_selector("[data-role=restore-open]") is None
    page.wait_for_timeout(300)
    page.screenshot(path=SCREENSHOTS / "suppressions-restored-1440.png")
    desk.check()

    # It is in the feed, marked, with the same picture and time, and went the way of all incidents: here into a case.
    incident = until(lambda: next((one for one in duty.incidents() if one["id"] == found["id"]), None), 10, "the incident")
    assert incident["restored"] and incident["phase"] == "ended" and incident["first_seen"] == found["at"]
    assert incident["camera"]["id"] == found["camera"]["id"] and incident["category"] == found["category"] and incident["case"]
    detail = duty.get(f"/api/incidents/{found['id']}")
    assert detail["restoration"]["by"] == "duty" and detail["restoration"]["suppressed"] == found["reason"]
    assert duty.get(detail["snapshot_url"]) == duty.get(f"/api/suppressions/{found['id']}/picture.jpg")
    page.goto(run.url + "/")
    page.click(f"[data-role=row][data-id='{found['id']}']")
    part = page.wait_for_selector("[data-role=drawer] [data-role=part-restored]")
    assert "<img src=x onerror=alert(1)>" in part.inner_text()
    page.wait_for_selector("[data-role=drawer] [data-role=picture][data-picture=shown]")
    page.wait_for_timeout(300)
    page.screenshot(path=SCREENSHOTS / "suppression-in-the-feed-1440.png")
    desk.check()

    # Said again, and once more after a power cut: still one incident.
    status, again = duty.post(f"/api/suppressions/{found['id']}/restore", {"reason": "again"})
    assert status == 200 and again["restored"]["note"].startswith("有人翻越护栏")
    serve.kill()
    serve = start(Serve, folder, config)
    duty = serve.duty()
    status, again = duty.post(f"/api/suppressions/{found['id']}/restore", {"reason": "and again"})
    assert status == 200 and again["restored"]["note"].startswith("有人翻越护栏")
    until(lambda: serve.health()["outbox"]["rows"] == 0, 30, "the outbox drained")
    assert [one["rev"] for one in duty.incidents() if one["id"] == found["id"]] == [1]
    assert serve.stop() == 0


def test_the_page_on_a_phone_in_english_and_when_things_go_wrong(start, browser, district):
    folder, config = district
    serve = start(Serve, folder, config)
    run, duty = Console(serve), serve.duty()
    until(lambda: any(one["picture"] == "kept" for one in listed(duty)), 120, "anything held back", 1)

    phone = Page(browser, 390, 844)
    page = phone.log_in(run, "operator", "/suppressions")
    page.wait_for_selector(f"[data-role=pane][data-state=shown] {ROW}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(path=SCREENSHOTS / "suppressions-390.png")
    page.click(ROW)
    page.wait_for_selector("[data-role=drawer] [data-role=sentence]")
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # Operators tune cameras; what is an event is not theirs to say.
    assert page.query_selector("[data-role=restore-open]") is None
    page.screenshot(path=SCREENSHOTS / "suppressions-open-390.png")
    page.click("[data-role=drawer-close]")
    page.click("[data-role=language]")
    page.wait_for_selector("html[lang=en]")
    page.select_option("[data-role=filter-reason]", "picture_quality")
    page.wait_for_selector("[data-role=pane][data-state=empty]")
    page.screenshot(path=SCREENSHOTS / "suppressions-empty-390.png")
    phone.check()

    desk = Page(browser, 1440, 900)
    page = desk.log_in(run, "duty", "/suppressions")
    page.click("[data-role=language]")
    page.wait_for_selector(f"html[lang=en] {ROW}")
    page.focus(ROW)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-role=drawer]:not([hidden])")
    first = page.get_attribute("[data-role=drawer]", "data-id")
    page.focus(ROW)
    page.keyboard.press("ArrowDown")
    if page.locator(ROW).count() > 1:
        assert page.get_attribute("[data-role=drawer]", "data-id") != first
    page.wait_for_timeout(500)
    page.screenshot(path=SCREENSHOTS / "suppressions-english-1440.png")
    page.keyboard.press("Escape")
    assert page.is_hidden("[data-role=drawer]")
    # No answer: said in words, and "try again" tries again.
    page.route("**/api/suppressions?*", lambda route: route.abort())
    page.click("[data-role=refresh]")
    page.wait_for_selector("[data-role=pane][data-state=failed] .problem")
    page.screenshot(path=SCREENSHOTS / "suppressions-failed-1440.png")
    page.unroute("**/api/suppressions?*")
    page.click("[data-role=words] button")
    page.wait_for_selector("[data-role=pane][data-state=shown]")
    desk.check()

    # Gridworkers have their own page.
    worker = next(user for user in run.logins if user.startswith("gw"))
    mine = Page(browser, 390, 844)
    page = mine.log_in(run, worker, "/work")
    page.goto(run.url + "/suppressions")
    page.wait_for_url("**/work")
    mine.check()
