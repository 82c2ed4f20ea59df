"""Cameras that misbehave have the right state and reason within 20 s, delay nobody, and recover by themselves."""

import signal
import time

import pytest

from harness import Fleet, Serve, make_district, until, write_config


@pytest.mark.parametrize("transport", ["native", "ffmpeg"])
def test_four_ways_to_misbehave(start, tmp_path, transport):
    healed_after_s = 40
    faults = f"silent=1@..{healed_after_s}s;drip=2@..{healed_after_s}s;refuse=3@..{healed_after_s}s"
    fleet = start(Fleet, tmp_path, 6, "--scene", "empty", "--faults", faults)
    began = time.monotonic()
    district = make_district(tmp_path, 6, fleet.base)
    path = district / "cameras.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    url = lines[0].split(",").index("rtsp_url")
    rows = [line.split(",") for line in lines[1:]]
    by_number = {row[url].rsplit("/", 1)[1]: row for row in rows}
    by_number["4"][url] = "rtsp://no-such-host.invalid/cam/4"
    path.write_text("\n".join([lines[0]] + [",".join(row) for row in rows]) + "\n")
    ids = {number: row[0] for number, row in by_number.items()}

    config = write_config(tmp_path, extra=f"ingest:\n  transport: {transport}\n  refused_retry: 5s\n")
    serve = start(Serve, tmp_path, config)
    duty = serve.duty()

    def cameras():
        return {camera["id"]: camera for camera in duty.cameras()}

    # The good ones are not delayed by the bad ones.
    until(lambda: all(cameras()[ids[n]]["state"] == "streaming" for n in "56"), 10, "good cameras streaming")

    expected = {"1": "stalled", "2": "stalled", "3": "refused", "4": "unreachable"}
    try:
        until(lambda: all(cameras()[ids[n]]["state"] == state for n, state in expected.items()), 20, "the right state of each")
    finally:
        now = cameras()
        print({number: (now[ids[number]]["state"], now[ids[number]]["reason"]) for number in expected})
    for number in expected:
        assert len(now[ids[number]]["reason"]) > 10
    assert "password" in now[ids["3"]]["reason"]
    assert "host" in now[ids["4"]]["reason"]

    # Fixed: the faults end by themselves; the missing host is a change of the file.
    path.write_text(path.read_text().replace("rtsp://no-such-host.invalid/cam/4", fleet.base + "4"))
    serve.child.send_signal(signal.SIGHUP)
    untouched = cameras()[ids["5"]]["since"]
    remaining = max(0, healed_after_s - (time.monotonic() - began))
    until(lambda: all(camera["state"] == "streaming" for camera in cameras().values()), remaining + 75, "everybody recovered", every_s=1)
    assert cameras()[ids["5"]]["since"] == untouched, "an untouched camera was reconnected"
    assert serve.stop() == 0
