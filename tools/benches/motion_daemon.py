"""Debian's motion daemon over clips, many at a time: it plays files in real time, one thread each, so that they last as long as they are.

Configured as it comes (noise tuning, threshold of 1,500 pixels of 640×480, scaled to the watched area) but for: no pictures and
films written, `event_gap` 2, the smallest above the 1.5 s of all others, the zone as its mask file. It has key pictures no mode for.
"""

import shutil
import time

from harness import Process
from measure import Progress, say
from scoring import Incident

EVENT_GAP_S = 2
# motion compares at full size; four cameras of 640 × 360 at 25 pictures/s leave half a core of most machines free.
PIXELS_PER_S_PER_CORE = 4 * 640 * 360 * 25


class MotionDaemon(Process):
    """One daemon with a thread for each clip."""

    def __init__(self, folder, clips, name):
        self.folder, self.clips, self.begun = folder / name, clips, {}
        self.folder.mkdir()
        text = (
            f"daemon off\nsetup_mode off\nnative_language off\nlog_level 6\ntarget_dir {self.folder}\npicture_output off\n"
            "movie_output off\nwebcontrol_port 0\nstream_port 0\n")
        for number, clip in enumerate(clips, 1):
            (self.folder / f"camera{number}.conf").write_text(self._camera(number, clip))
            text += f"camera {self.folder}/camera{number}.conf\n"
        (self.folder / "motion.conf").write_text(text)
        super().__init__(name, [shutil.which("motion"), "-n", "-c", self.folder / "motion.conf"], self.folder)

    def _camera(self, number, clip):
        # Sides in steps of 8; at least 2 pictures a second, so that slower clips are played faster.
        width, height = (max(8, size // 8 * 8) for size in (clip["width"], clip["height"]))
        left, top, right, bottom = clip["zone"]
        watched = width * height * (right - left) * (bottom - top)
        text = (
            f"camera_id {number}\ncamera_name clip{number}\nnetcam_url file://{clip['path']}\nwidth {width}\nheight {height}\n"
            f"framerate {self.rate(clip)}\nevent_gap {EVENT_GAP_S}\nthreshold {max(1, round(1500 * watched / (640 * 480)))}\n"
            # /proc/uptime and not date: motion puts its own figures in place of %N.
            f"on_event_start echo start $(cut -d' ' -f1 /proc/uptime) >>'{self.folder}/{number}.events'\n"
            f"on_event_end echo end $(cut -d' ' -f1 /proc/uptime) >>'{self.folder}/{number}.events'\n")
        if (left, top, right, bottom) != (0.0, 0.0, 1.0, 1.0):
            rows = [
                bytes(255 if left * width <= x < right * width and top * height <= y < bottom * height else 0 for x in range(width))
                for y in range(height)]
            mask = self.folder / f"{number}.pgm"
            mask.write_bytes(b"P5\n%d %d\n255\n" % (width, height) + b"".join(rows))
            text += f"mask_file {mask}\n"
        return text

    @staticmethod
    def rate(clip):
        return min(100, max(2, round(clip["fps"])))

    def note_beginnings(self):
        """Remembers when each camera's first picture came and when the file began again: both times it says `connected`."""
        said = self.err.read_text(errors="replace") + self.out.read_text(errors="replace")
        for number in range(1, len(self.clips) + 1):
            begun = self.begun.setdefault(number, [])
            if len(begun) < min(2, said.count(f"Camera (clip{number}) connected")):
                begun.append(time.clock_gettime(time.CLOCK_BOOTTIME))

    def have_begun(self, times):
        self.note_beginnings()
        return all(len(begun) >= times for begun in self.begun.values())

    def incidents(self, number, clip):
        """What a camera reported, on media time; None when it never played its file to the end.

        motion plays by its own clock and more slowly when the machine is busy: the file's length tells how fast it was.
        """
        if len(self.begun[number]) < 2:
            return None
        began, ended = self.begun[number]
        speed = clip["duration_s"] / (ended - began)
        path = self.folder / f"{number}.events"
        found, start = [], None
        for line in path.read_text().splitlines() if path.exists() else []:
            word, at = line.split()
            at_s = (float(at) - began) * speed
            if word == "start":
                start = at_s
            elif start is not None:
                found.append((start, at_s - EVENT_GAP_S * speed))
                start = None
        if start is not None:
            found.append((start, clip["duration_s"]))
        return [Incident(start, start, min(max(start, end), clip["duration_s"])) for start, end in found if start < clip["duration_s"]]


def rounds(clips, cores):
    """Clips in rounds that the machine can play in time, the longest first so that a round holds clips of like length."""
    limit, result, load = PIXELS_PER_S_PER_CORE * cores, [[]], 0.0
    for clip in sorted(clips, key=lambda clip: -playing_s(clip)):
        need = clip["width"] * clip["height"] * MotionDaemon.rate(clip)
        if result[-1] and load + need > limit:
            result.append([])
            load = 0.0
        result[-1].append(clip)
        load += need
    return result if result[0] else []


def playing_s(clip):
    return clip["duration_s"] * clip["fps"] / MotionDaemon.rate(clip)


def run(bench, clips):
    """{clip's name: ([Incident, …], µs of CPU time per picture)} for clips as {name, path, width, height, fps, duration_s, zone}."""
    result = {}
    for count, group in enumerate(rounds(clips, bench.machine["cores"]), 1):
        daemon, longest_s = bench.start(MotionDaemon, bench.folder, group, f"motion-{count}"), max(map(playing_s, group))
        progress, began = Progress(f"motion, round {count}", longest_s, "s"), time.monotonic()
        while not daemon.have_begun(2) and time.monotonic() - began < 3 * longest_s + 60:
            if not daemon.alive():
                raise AssertionError(f"motion ended with {daemon.child.returncode}: {daemon.err.read_text(errors='replace')[-500:]}")
            progress.show(time.monotonic() - began)
            time.sleep(0.02)
        # What still runs ends within the gap. All threads share one process: its cost is the mean over all pictures that were played.
        time.sleep(EVENT_GAP_S + 1)
        cpu_s, now = daemon.cpu_seconds(), time.clock_gettime(time.CLOCK_BOOTTIME)
        played, pictures = {}, 0.0
        for number, clip in enumerate(group, 1):
            incidents = daemon.incidents(number, clip)
            if incidents is None:
                say(f"motion did not play {clip['name']} to its end, which is left out for it")
                continue
            first, second = daemon.begun[number]
            pictures += clip["fps"] * clip["duration_s"] * (now - first) / (second - first)
            played[clip["name"]] = incidents
        result |= {name: (incidents, cpu_s * 1e6 / pictures) for name, incidents in played.items()}
        bench.end(daemon)
    return result
