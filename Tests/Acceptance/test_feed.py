"""The example of docs/feed.md, as it stands there, against a running service."""

import json
import re
import urllib.request

from harness import ROOT, Fleet, Serve, make_district, until, write_config


def example():
    """The functions that the page shows."""
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "feed.md").read_text(), re.S).group(1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 24
    names = {}
    exec(compile(code, "docs/feed.md", "exec"), names)
    return names


def test_a_follower_misses_nothing(start, tmp_path):
    fleet = start(Fleet, tmp_path, 6, "--scene", "walker")
    make_district(tmp_path, 6, fleet.base)
    endpoint = f"ipc://{tmp_path}/feed"
    if len(endpoint) > 100:
        endpoint = f"ipc:///tmp/snowlight-feed-{tmp_path.name[-20:]}"
    serve = start(Serve, tmp_path, write_config(tmp_path, f"feed:\n  endpoint: {endpoint}\n"))
    duty = serve.duty()
    fetched = []

    def fetch(path):
        request = urllib.request.Request(serve.url + path, headers={"Accept": "application/cloudevents-batch+json"})
        with duty.opener.open(request, timeout=15) as answer:
            assert answer.headers["Content-Type"].startswith("application/cloudevents-batch+json")
            fetched.append(path)
            return json.load(answer)

    until(lambda: duty.get("/api/feed?after=0")["seq"] > 0, 60, "something in the feed")
    # Late on purpose: what came before is fetched, what comes now is heard.
    events = []
    for event in example()["follow"](endpoint, fetch):
        assert event["specversion"] == "1.0" and event["source"] == "/snowlight/511011" and event["id"] == str(event["feedseq"])
        assert event["type"] in ("snowlight.incident.changed", "snowlight.case.changed")
        assert event["data"]["id" if "incident" in event["type"] else "no"] == event["subject"]
        events.append(event["feedseq"])
        if len(events) >= 8:
            break
    assert events == list(range(1, len(events) + 1)) and fetched
    assert serve.stop() == 0
