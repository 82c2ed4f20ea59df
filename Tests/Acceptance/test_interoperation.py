"""Cameras that are not ours: GStreamer's RTSP server with H.264 and H.265."""

import subprocess

import pytest

from harness import BIN, Process, Serve, make_district, until, write_config


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A walker, encoded once for each codec, long enough to outlast the test."""
    folder = tmp_path_factory.mktemp("clips")
    paths = []
    for codec in ("h264", "h265"):
        path = folder / f"walker-{codec}.mp4"
        subprocess.run(
            [BIN / "camera-fleet", "--scene", "walker", "--codec", codec, "--write-clip", path, "--loops", "4"],
            check=True, capture_output=True, timeout=300)
        paths.append(path)
    return paths


@pytest.mark.parametrize("transport", ["native", "ffmpeg"])
def test_cases_appear_from_another_server(start, tmp_path, clips, transport):
    server = start(Process, "gstreamer", ["/usr/bin/python3", "Tests/Acceptance/gstreamer_server.py", *clips], tmp_path)
    port = server.printed(r"port (\d+)").group(1)
    make_district(tmp_path, 2, f"rtsp://127.0.0.1:{port}/", grids=2)
    serve = start(Serve, tmp_path, write_config(tmp_path, extra=f"ingest:\n  transport: {transport}\n"))
    duty = serve.duty()
    until(lambda: all(camera["state"] == "streaming" for camera in duty.cameras()), 30, "both cameras streaming")

    def cameras_with_cases():
        return {item["camera"]["id"] for item in duty.incidents() if item["case"]}

    until(lambda: len(cameras_with_cases()) == 2, 120, "a case from the H.264 and from the H.265 camera", every_s=1)
    grids = {camera["id"]: camera["grid"] for camera in duty.cameras()}
    for item in duty.incidents():
        assert item["grid"]["code"] == grids[item["camera"]["id"]]
    assert server.alive()
    assert serve.stop() == 0
