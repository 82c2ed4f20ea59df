"""200 simulated cameras for five minutes in one process: all streaming, memory flat, nothing left after they are removed."""

import signal
import time

from harness import Fleet, Serve, make_district, until, write_config

CAMERAS = 200
MINUTES = 5


def slope(points):
    """Least squares slope of (x, y)."""
    n = len(points)
    mean_x = sum(x for x, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def test_two_hundred_cameras_for_five_minutes(start, tmp_path):
    # Something moves in every sixth camera, which is hundreds of times what a district of real streets reports.
    scenes = ["walker", "empty", "night", "cloud", "empty", "rain", "vehicle", "empty", "infrared", "night", "empty", "cloud"]
    fleet = start(Fleet, tmp_path, CAMERAS, *[part for scene in scenes for part in ("--scene", scene)])
    make_district(tmp_path, CAMERAS, fleet.base)
    config = write_config(tmp_path)
    cameras_csv = tmp_path / "district" / "cameras.csv"
    all_cameras = cameras_csv.read_text()
    header = all_cameras.splitlines()[0]

    # What the process holds without any camera, to compare with after they are gone.
    cameras_csv.write_text(header + "\n")
    serve = start(Serve, tmp_path, config)
    idle = (serve.threads(), serve.descriptors())
    cameras_csv.write_text(all_cameras)
    serve.child.send_signal(signal.SIGHUP)
    until(lambda: serve.health()["cameras"].get("streaming", 0) == CAMERAS, 60, "all cameras streaming")

    began, cpu = time.monotonic(), serve.cpu_seconds()
    memory, lowest = [], CAMERAS
    while time.monotonic() - began < MINUTES * 60:
        time.sleep(5)
        memory.append(((time.monotonic() - began) / 60, serve.resident_mb()))
        lowest = min(lowest, serve.health()["cameras"].get("streaming", 0))
    cores = (serve.cpu_seconds() - cpu) / (time.monotonic() - began)
    steady = [point for point in memory if point[0] >= 2]
    growth = slope(steady)
    print(f"{CAMERAS} cameras: {cores:.2f} cores, {memory[-1][1]:.0f} MB, {growth:+.2f} MB/min after 2 minutes, lowest streaming {lowest}")
    assert lowest == CAMERAS
    assert growth < 4, f"memory grows by {growth:.1f} MB/min: {memory}"

    cameras_csv.write_text(header + "\n")
    serve.child.send_signal(signal.SIGHUP)
    until(lambda: sum(serve.health()["cameras"].values()) == 0, 60, "no camera left")
    # Pools of Dispatch and SQLite keep a few threads for some seconds.
    until(lambda: serve.threads() <= idle[0] + 8, 60, f"threads back to {idle[0]}: now {serve.threads()}")
    until(lambda: serve.descriptors() <= idle[1] + 4, 60, f"descriptors back to {idle[1]}: now {serve.descriptors()}")
    assert serve.stop() == 0
