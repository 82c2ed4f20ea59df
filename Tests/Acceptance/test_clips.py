"""Clips and live pictures over HTTP and in real Chromium; a privacy mask is black in everything that leaves."""

import http.client
import re
import time
import urllib.parse

import pytest
from playwright.sync_api import sync_playwright

from harness import SCREENSHOTS, Fleet, Serve, make_district, until, write_config

INGEST = "ingest:\n  pre_roll: 5s\n  pre_roll_memory: 64MiB\n  clip: { before: 3s, after: 4s }\n"


def boxes(data):
    """The names of the outermost boxes of an MP4 and whether the last one is complete."""
    found, at = [], 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        assert size >= 8, "a box of no size"
        found.append(data[at + 4:at + 8].decode())
        at += size
    return found, at == len(data)


@pytest.fixture
def service(start, tmp_path):
    """Two cameras with walkers; the left quarter of the second is a neighbour's window."""
    fleet = start(Fleet, tmp_path, 2, "--scene", "walker", "--aligned")
    district = make_district(tmp_path, 2, fleet.base)
    lines = (district / "cameras.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    ids = [line.split(",")[0] for line in lines]
    (district / "views.yaml").write_text(
        f'{ids[1]}:\n  privacy: {{ window: "0,0; 0.25,0; 0.25,1; 0,1" }}\n')
    serve = start(Serve, tmp_path, write_config(tmp_path, INGEST))
    serve.cameras = ids
    serve.duty_client = serve.duty()
    until(lambda: all(camera["state"] == "streaming" for camera in serve.duty_client.cameras()), 60, "both cameras streaming")
    return serve


def stream(serve, client, camera, seconds):
    """What live.mp4 sends within some seconds, and the connection, still open."""
    host = urllib.parse.urlsplit(serve.url)
    line = http.client.HTTPConnection(host.hostname, host.port, timeout=10)
    cookie = next(cookie for handler in client.opener.handlers if hasattr(handler, "cookiejar") for cookie in handler.cookiejar)
    line.request("GET", f"/api/cameras/{camera}/live.mp4", headers={"Cookie": f"{cookie.name}={cookie.value}"})
    answer = line.getresponse()
    assert answer.status == 200 and answer.getheader("Content-Type") == "video/mp4"
    data, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        data += answer.read1(65536)
    return data, line


def metric(client, name):
    found = re.search(rf"^{re.escape(name)}(?:{{[^}}]*}})? ([\d.]+)", client.get("/metrics").decode(), re.M)
    return float(found.group(1)) if found else 0


def test_an_incident_has_its_clip_and_a_camera_its_live_pictures(service):
    client = service.duty_client

    def with_clip():
        details = [client.get(f"/api/incidents/{item['id']}") for item in client.incidents() if item["category"] == "motion"]
        return next((detail for detail in details if detail["clip_url"] and detail["camera"]["id"] == service.cameras[0]), None)

    detail = until(with_clip, 90, "an incident with a clip", every_s=1)
    clip = client.get(detail["clip_url"])
    names, whole = boxes(clip)
    assert names[:4] == ["ftyp", "moov", "moof", "mdat"] and whole and names.count("moof") >= 3
    assert detail["rev"] >= 2, "the clip came with a later revision"

    data, line = stream(service, client, service.cameras[0], 3)
    names, _ = boxes(data)
    assert names[:3] == ["ftyp", "moov", "moof"] and names.count("moof") >= 50, "25 pictures a second, a fragment each"
    assert metric(client, "snowlight_live_views") == 1
    line.close()
    until(lambda: metric(client, "snowlight_live_views") == 0, 10, "the view ends with its client")
    assert client.get(f"/api/cameras/{service.cameras[0]}/snapshot.jpg")[:2] == b"\xff\xd8"

    # A viewer does not hold up the end of the process.
    _, line = stream(service, client, service.cameras[0], 1)
    before = time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - before < 15
    line.close()


# Reads back what a page shows: the brightest sample of the masked left and of the right half.
LOOK = """async (source) => {
    const canvas = document.createElement('canvas');
    const draw = (node, width, height) => {
        canvas.width = width; canvas.height = height;
        const paint = canvas.getContext('2d');
        paint.drawImage(node, 0, 0);
        const brightest = (left, columns) => paint.getImageData(left, 0, columns, height).data.reduce((best, v, i) => i % 4 === 3 ? best : Math.max(best, v), 0);
        return [brightest(0, Math.floor(width * 0.25)), brightest(Math.floor(width / 2), Math.floor(width / 2))];
    };
    if (source.endsWith('.jpg')) {
        const image = new Image();
        image.src = source;
        await image.decode();
        return draw(image, image.naturalWidth, image.naturalHeight);
    }
    const video = document.createElement('video');
    video.muted = true;
    video.src = source;
    await video.play();
    await new Promise((done) => setTimeout(done, 700));
    const seen = draw(video, video.videoWidth, video.videoHeight);
    video.removeAttribute('src');
    video.load();
    return seen;
}"""


def test_a_privacy_mask_is_black_in_everything_that_leaves(service):
    client = service.duty_client
    camera = service.cameras[1]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        page.goto(service.url + "/")
        page.fill("#user", "duty")
        page.fill("#password", service.logins()["duty"])
        page.keyboard.press("Enter")
        page.wait_for_url(service.url + "/")
        for masked, address in [(False, service.cameras[0]), (True, camera)]:
            for name in ["snapshot.jpg", "live.mp4"]:
                hidden_part, open_part = page.evaluate(LOOK, f"/api/cameras/{address}/{name}")
                assert open_part > 60, f"{name} shows nothing"
                assert (hidden_part <= 8) == masked, f"{name}: {hidden_part}"

        def incident_of(wanted):
            found = [item for item in client.incidents() if item["camera"]["id"] == wanted and item["has_snapshot"]]
            details = [client.get(f"/api/incidents/{item['id']}") for item in found]
            return next((detail for detail in details if detail["clip_url"]), None)

        hidden = until(lambda: incident_of(camera), 120, "an incident of the masked camera with its clip", every_s=1)
        for url in [hidden["snapshot_url"], hidden["clip_url"]]:
            hidden_part, open_part = page.evaluate(LOOK, url)
            assert hidden_part <= 8 and open_part > 60, f"{url}: {hidden_part}, {open_part}"

        # The drawer: the clip plays, the live view plays and stops, at a desk and on a phone.
        shown = until(lambda: incident_of(service.cameras[0]), 60, "an incident with its clip", every_s=1)
        row = f"[data-role=row][data-id='{shown['id']}']"
        page.wait_for_selector(row, timeout=10_000)
        page.click(row)
        page.click("[data-role=clip-play]")
        page.wait_for_selector("[data-role=film][data-clip=playing]", timeout=10_000)
        page.screenshot(path=SCREENSHOTS / "clip-1440.png")
        page.click("[data-role=live-start]")
        page.wait_for_selector("[data-role=film][data-live=playing]", timeout=10_000)
        page.wait_for_timeout(1500)
        behind = page.evaluate("(() => { const v = document.querySelector('[data-role=film] video'); return v.buffered.end(v.buffered.length - 1) - v.currentTime })()")
        assert behind < 2, f"{behind} s behind"
        page.screenshot(path=SCREENSHOTS / "live-1440.png")
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_timeout(300)
        page.screenshot(path=SCREENSHOTS / "live-390.png")
        page.click("[data-role=live-stop]")
        page.wait_for_selector("[data-role=film][data-live=off]")
        until(lambda: metric(client, "snowlight_live_views") == 0, 10, "no view is left")
        chromium.close()
