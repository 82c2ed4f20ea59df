"""The whole way, once: `tools/run`, a motion in a simulated camera, a case on `/`, acknowledged on `/work`, in real Chromium."""

import datetime
import re
import socket
import subprocess
import time

import pytest

from harness import ROOT, SCREENSHOTS, Process, until
from pages import Page


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """`tools/run` on a free port; yields its address, its logins and when its set-up was over."""
    folder = tmp_path_factory.mktemp("run")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Three times the usual cameras, so that a list that must be longer than its window fills within two minutes.
    one = Process("tools-run", [ROOT / "tools" / "run", "--port", port, "--cameras", "36"], folder)
    one.printed(r"Command centre\s+(\S+)", 900)
    one.ready = time.monotonic()
    one.ready_at = datetime.datetime.now(datetime.timezone.utc).isoformat()
    one.url = f"http://127.0.0.1:{port}"
    one.logins = dict(re.findall(r"^\s+(?:dutyOfficer|operator|gridworker) (\S+) (\S+)", one.out.read_text(), re.M))
    yield one
    children = subprocess.run(["pgrep", "-P", str(one.pid)], capture_output=True, text=True).stdout.split()
    assert one.stop() == 0, one.err.read_text()[-2000:]
    for child in children:
        assert subprocess.run(["kill", "-0", child], capture_output=True).returncode != 0, "tools/run left a process behind"


def test_motion_becomes_a_case_that_the_gridworker_acknowledges(run, browser):
    desk = Page(browser, 1440, 900)
    page = desk.log_in(run, "duty", "/")
    # Only what happened after the start counts: an earlier run may have left cases, which take in what moves there again.
    newest = "since => fetch('/api/incidents?limit=50').then(r => r.json()).then(page => page.items.filter(i => i.case?.state === 'dispatched' && i.first_seen > since)[0])"
    found = until(lambda: page.evaluate(newest, run.ready_at), 60, "a case of a motion seen after the start")
    row = page.wait_for_selector(f"[data-role=row][data-id='{found['id']}'][data-case=dispatched]", timeout=2_000)
    seconds = time.monotonic() - run.ready
    print(f"first case on / {seconds:.1f} s after the set-up was over")
    assert seconds <= 60

    # The case is in the grid that answers for the camera; where that is the one that contains it, by the service's own exact answer and
    # by the map file as well.
    incident = page.evaluate("id => fetch('/api/incidents/' + id).then(r => r.json())", row.get_attribute("data-id"))
    camera = page.evaluate("id => fetch('/api/cameras/' + id).then(r => r.json())", incident["camera"]["id"])
    assert incident["grid"]["code"] == camera["grid"] and incident["resolution"]["method"] == camera["method"]
    if camera["method"] == "position":
        located = page.evaluate("p => fetch(`/api/locate?lon=${p.lon}&lat=${p.lat}`).then(r => r.json())", incident["place"])
        assert incident["grid"]["code"] == located["grid"]["code"]
        assert contains(page.evaluate("fetch('/api/grids.geojson').then(r => r.json())"), incident["grid"]["code"], incident["place"])
    case = incident["case_detail"]
    assert case["grid"]["code"] == incident["grid"]["code"]
    worker = case["assignee"]["id"]

    row.click()
    page.wait_for_selector("[data-role=drawer][data-id='%s']" % incident["id"])
    page.wait_for_selector("[data-role=picture][data-picture=shown], [data-role=picture] img", timeout=10_000)
    page.wait_for_timeout(500)
    page.screenshot(path=SCREENSHOTS / "command-centre-1440.png")

    # /work on a phone: acknowledge, and / shows it within a second.
    phone = Page(browser, 390, 844)
    work = phone.log_in(run, worker, "/work")
    card = f"[data-role=case-card][data-no='{case['no']}']"
    work.wait_for_selector(card, timeout=10_000)
    work.screenshot(path=SCREENSHOTS / "work-390.png")
    page.evaluate(
        """id => { window.acknowledgedAt = null; const look = () => {
            const row = document.querySelector(`[data-role=row][data-id="${id}"]`);
            if (row && row.dataset.case === 'acknowledged') window.acknowledgedAt = Date.now(); else requestAnimationFrame(look); }; look() }""",
        incident["id"])
    pressed = work.evaluate("() => Date.now()")
    work.click(f"{card} [data-role=primary][data-action=acknowledge]")
    shown = until(lambda: page.evaluate("window.acknowledgedAt"), 10, "the acknowledgement on /", every_s=0.05)
    print(f"acknowledged on /work, shown on / after {shown - pressed} ms")
    assert shown - pressed <= 1000
    work.wait_for_selector(f"{card}[data-state=acknowledged]")
    page.wait_for_timeout(300)
    page.screenshot(path=SCREENSHOTS / "command-centre-acknowledged-1440.png")

    # The way to its end: handle, then submit a result, which needs a note.
    work.click(f"{card} [data-role=primary][data-action=handle]")
    work.wait_for_selector(f"{card}[data-state=handling]")
    work.click(f"{card} [data-role=primary]")
    work.fill("[data-role=note]", "已到现场,道路通畅 <script>alert(1)</script>")
    work.screenshot(path=SCREENSHOTS / "work-result-390.png")
    work.click("[data-role=primary][data-action=submit_result]:visible")
    until(lambda: detail(work, case["no"])["state"] == "handled", 10, "the case handled")
    events = detail(work, case["no"])["events"]
    # What moves there again meanwhile joins the case.
    steps = [event["action"] for event in events if event["action"] != "attach"]
    assert steps == ["report", "file", "dispatch", "acknowledge", "handle", "submit_result"]
    assert events[-1]["note"].endswith("<script>alert(1)</script>")

    # Phone width and English, to be looked at.
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    page.screenshot(path=SCREENSHOTS / "command-centre-390.png")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.wait_for_timeout(300)
    desk.check()
    phone.check()
    english = Page(browser, 1440, 900, "en-US")
    page = english.log_in(run, "duty", "/")
    page.click("[data-role=language]")
    page.wait_for_selector("html[lang=en] [data-role=row]")
    page.screenshot(path=SCREENSHOTS / "command-centre-english-1440.png")
    english.check()


def test_rows_above_the_reader_never_move_what_is_read(run, browser):
    # A low window, so that few incidents are more than it shows.
    desk = Page(browser, 1440, 560)
    page = desk.log_in(run, "duty", "/")
    everything = "fetch('/api/incidents?limit=1000').then(r => r.json()).then(page => page.items.length)"
    until(lambda: page.evaluate(everything) >= 12, 240, "12 incidents", every_s=2)
    page.reload()
    page.wait_for_selector("[data-role=row]")
    page.evaluate("() => { document.querySelector('[data-role=feed]').scrollTop = 200 }")
    page.wait_for_timeout(300)
    reading = page.evaluate(
        "() => { const top = document.querySelector('[data-role=feed]').getBoundingClientRect().top;"
        "const row = [...document.querySelectorAll('[data-role=row]')].find(r => r.getBoundingClientRect().top > top + 64);"
        "return [row.dataset.id, row.getBoundingClientRect().top] }")
    before = page.evaluate("fetch('/api/incidents?limit=1').then(r => r.json())")["items"][0]["id"]
    until(lambda: page.evaluate("fetch('/api/incidents?limit=1').then(r => r.json())")["items"][0]["id"] != before, 90, "a new incident", 1)
    page.wait_for_timeout(1000)
    top = page.evaluate("id => document.querySelector(`[data-role=row][data-id=\"${id}\"]`).getBoundingClientRect().top", reading[0])
    assert top == reading[1], "the row under the eye moved"
    desk.check()


def detail(page, number):
    return page.evaluate("no => fetch('/api/cases/' + no).then(r => r.json())", number)


def contains(collection, code, place):
    """An independent point in polygon (even-odd, floating point) over the map file."""
    feature = next(f for f in collection["features"] if f["properties"]["code"] == code)
    geometry = feature["geometry"]
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    inside = False
    for polygon in polygons:
        for ring in polygon:
            for (x1, y1), (x2, y2) in zip(ring, ring[1:]):
                if (y1 > place["lat"]) != (y2 > place["lat"]):
                    if place["lon"] < (x2 - x1) * (place["lat"] - y1) / (y2 - y1) + x1:
                        inside = not inside
    return inside
