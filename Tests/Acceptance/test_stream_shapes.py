"""Each way in which cameras may send video, from GStreamer's server: the camera streams, is looked at, and no picture is hurt."""

import csv
import time

import pytest

from harness import Process, Serve, make_district, until, write_config

RATE = 10
CHANGE_AFTER_S = 20
X264 = "x264enc tune=zerolatency speed-preset=ultrafast bitrate=500"
PAY = "rtph264pay name=pay0 pt=96 config-interval=1"


def ball(width=320, height=192, seconds=None):
    """A moving ball, so that looks become candidates and the camera is decoded at full rate as well."""
    length = f"num-buffers={seconds * RATE} " if seconds else ""
    return f"videotestsrc {length}pattern=ball ! video/x-raw,format=I420,width={width},height={height},framerate={RATE}/1"


def one_after_the_other(first, second):
    """Two encoders behind one address: what comes after `CHANGE_AFTER_S` is coded differently."""
    parse = "h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream"
    return f"{first} ! {parse} ! c. {second} ! {parse} ! c. concat name=c ! {PAY}"


STREAMS = {
    "H.264": f"{ball()} ! {X264} key-int-max=30 ! {PAY}",
    "H.264 in slices": f"{ball()} ! {X264} key-int-max=30 option-string=slices=4:sliced-threads=0 ! {PAY}",
    "H.264 in slices, STAP-A": f"{ball()} ! {X264} key-int-max=30 option-string=slices=4:sliced-threads=0"
    " ! rtph264pay name=pay0 pt=96 config-interval=1 aggregate-mode=zero-latency",
    "H.264 in slices, parameter sets in front of each": f"{ball()} ! {X264} key-int-max=30 option-string=slices=4:sliced-threads=0"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1",
    "H.264, parameter sets in the SDP only": f"{ball()} ! {X264} key-int-max=30 ! video/x-h264,stream-format=avc"
    " ! rtph264pay name=pay0 pt=96 config-interval=0",
    "H.264, other parameter sets later": one_after_the_other(
        f"{ball(seconds=CHANGE_AFTER_S)} ! {X264} key-int-max=30 ! video/x-h264,profile=constrained-baseline",
        f"{ball()} ! {X264} key-int-max=30 ref=2 dct8x8=true cabac=true ! video/x-h264,profile=high"),
    "H.264, another size later": one_after_the_other(
        f"{ball(seconds=CHANGE_AFTER_S)} ! {X264} key-int-max=30", f"{ball(480, 272)} ! {X264} key-int-max=30"),
    "H.264, groups of 10 s": f"{ball()} ! {X264} key-int-max={10 * RATE} ! {PAY}",
    "H.264 with sound": f"{ball()} ! {X264} key-int-max=30 ! {PAY}"
    " audiotestsrc ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8",
    "H.265": f"{ball()} ! x265enc tune=zerolatency speed-preset=ultrafast bitrate=500 key-int-max=30"
    # One thread: x265's pool would take both cores of a small machine from everybody else.
    " option-string=pools=none:frame-threads=1:wpp=0:open-gop=0:bframes=0 ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=1",
    "MJPEG": f"{ball()} ! jpegenc ! rtpjpegpay name=pay0 pt=26",
}
# FFmpeg 5.1's decoder refuses slices behind a repeated set ("PPS changed between slices"); our reader leaves the repetition out.
NATIVE_ONLY = {"H.264 in slices, parameter sets in front of each"}


@pytest.mark.parametrize("transport", ["native", "ffmpeg"])
def test_every_shape_is_looked_at_without_damage(start, tmp_path, transport):
    streams = {name: stream for name, stream in STREAMS.items() if transport == "native" or name not in NATIVE_ONLY}
    pipelines = [f"( {stream} )" for stream in streams.values()]
    server = start(Process, "gstreamer", ["/usr/bin/python3", "Tests/Acceptance/gstreamer_server.py", *pipelines], tmp_path)
    port = server.printed(r"port (\d+)").group(1)
    district = make_district(tmp_path, len(streams), f"rtsp://127.0.0.1:{port}/", grids=2)
    with open(district / "cameras.csv", encoding="utf-8-sig", newline="") as file:
        ids = {int(row["rtsp_url"].rsplit("/", 1)[1]): row["camera_id"] for row in csv.DictReader(file)}
    serve = start(Serve, tmp_path, write_config(tmp_path, extra=f"ingest:\n  transport: {transport}\n"))
    duty = serve.duty()

    def shapes():
        return {name: duty.get(f"/api/cameras/{ids[number]}") for number, name in enumerate(streams, 1)}

    def troubled(cameras):
        return {name: f"{camera['state']}, {camera['reason']}" for name, camera in cameras.items() if camera["state"] != "streaming"}

    try:
        # The server prepares its pipelines one after the other.
        until(lambda: not troubled(shapes()), 60, "every camera streaming")
    finally:
        print(troubled(shapes()))
    # Past the changes, and two groups of the longest further.
    end = time.monotonic() + CHANGE_AFTER_S + 22
    while time.monotonic() < end:
        time.sleep(2)
        cameras = shapes()
        assert not troubled(cameras)
    for name, camera in cameras.items():
        facts = camera["facts"]
        print(f"{transport} {name}: {facts}")
        assert facts["transport"] == transport, name
        group_s = 10 if "10 s" in name else 3
        assert facts["look_age_s"] < 2 * group_s + 5, f"{name}: last looked at {facts['look_age_s']} s ago"
        # One picture may be between two sizes.
        assert facts["decode_errors"] <= (2 if "size" in name else 0), f"{name}: {facts['decode_errors']} decode errors"
    assert abs(cameras["H.264, groups of 10 s"]["facts"]["gop_s"] - 10) < 1
    assert server.alive()
    assert serve.stop() == 0


def test_a_camera_that_refuses_tcp_is_read_over_udp(start, tmp_path):
    """`auto` says why it changed to FFmpeg; our own reader says what to do."""
    server = start(
        Process, "gstreamer", ["/usr/bin/python3", "Tests/Acceptance/gstreamer_server.py"]
        + [f"udp:( {ball()} ! {X264} key-int-max={RATE} ! {PAY} )"] * 2, tmp_path)
    port = server.printed(r"port (\d+)").group(1)
    district = make_district(tmp_path, 2, f"rtsp://127.0.0.1:{port}/", grids=2)
    with open(district / "cameras.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[1]["transport"] = "native"
    with open(district / "cameras.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    serve = start(Serve, tmp_path, write_config(tmp_path))
    duty = serve.duty()

    def camera(number):
        return duty.get(f"/api/cameras/{rows[number - 1]['camera_id']}")

    until(lambda: camera(1)["state"] == "streaming", 30, "the camera streams over UDP")
    # Two key pictures further, so that pictures were kept and decoded and not only announced.
    until(lambda: (camera(1)["facts"].get("look_age_s") or 99) < 5 and camera(1)["facts"].get("gop_s"), 30, "the camera is looked at")
    facts = camera(1)["facts"]
    assert facts["transport"] == "ffmpeg" and "461" in facts["transport_reason"], facts
    until(lambda: camera(2)["state"] == "unsupported", 30, "our own reader gives the other one up")
    assert "set transport to auto or ffmpeg" in camera(2)["reason"]
    assert serve.stop() == 0
