"""Pictures with motion to incidents, by the rules that `pipelines/motion.yaml` gives to Snowlight, so that no baseline is judged by others.

Nothing seen for 1.5 s or 1.25 looks: the incident fades, or ends if what was seen left over the picture's edge. A fading one goes on when
something appears in its place within 10 s. After eight openings in ten minutes one incident runs until the place was quiet for a minute.
"""

from scoring import Incident

QUIET_S, QUIET_LOOKS, REOPEN_S = 1.5, 1.25, 10.0
BUSY_INCIDENTS, BUSY_WINDOW_S, BUSY_GAP_S = 8, 600.0, 60.0
# Snowlight may say nothing before it has learnt for 1.5 s and four pictures; nobody else has to either.
WARMUP_S, WARMUP_LOOKS = 1.5, 4


class Ledger:
    """Takes the boxes of everything that moved, look by look: (left, top, right, bottom), relative, and an empty list for nothing."""

    def __init__(self):
        self.done, self.running, self.openings = [], None, []
        self.looks, self.first_s, self.last_look_s, self.spacing_s = 0, None, None, 0.0

    def look(self, at_s, boxes):
        if self.last_look_s is not None and at_s > self.last_look_s:
            self.spacing_s = max(at_s - self.last_look_s, 0.9 * self.spacing_s)
        self.first_s = at_s if self.first_s is None else self.first_s
        self.last_look_s, self.looks = at_s, self.looks + 1
        self._expire(at_s)
        if not boxes or at_s - self.first_s < WARMUP_S or self.looks <= WARMUP_LOOKS:
            return
        box = union(boxes)
        fading = self.running and at_s - self.running["last_s"] > self._quiet_s()
        if fading and not self._is_busy() and not touches(box, self.running["box"]):
            self._end()
        if self.running is None:
            recent = [opened for opened in self.openings if at_s - opened <= BUSY_WINDOW_S]
            self.openings = recent[max(0, len(recent) + 1 - BUSY_INCIDENTS):] + [at_s]
            self.running = {"start_s": at_s}
        self.running |= {"last_s": at_s, "box": box, "left": all(at_edge(one) for one in boxes)}

    def finish(self):
        """All incidents; what still runs ends with the last sighting."""
        if self.running:
            self._end()
        return self.done

    def _is_busy(self):
        return len(self.openings) >= BUSY_INCIDENTS

    def _quiet_s(self):
        return max(QUIET_S, QUIET_LOOKS * self.spacing_s)

    def _expire(self, at_s):
        if not self.running:
            return
        limit_s = max(self._quiet_s(), 0 if self.running["left"] else REOPEN_S, BUSY_GAP_S if self._is_busy() else 0)
        if at_s - self.running["last_s"] > limit_s:
            self._end()

    def _end(self):
        # A baseline alarms in the picture in which it sees something.
        self.done.append(Incident(self.running["start_s"], self.running["start_s"], self.running["last_s"]))
        self.running = None


def union(boxes):
    lefts, tops, rights, bottoms = zip(*boxes)
    return min(lefts), min(tops), max(rights), max(bottoms)


def touches(a, b):
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def at_edge(box, margin=0.004):
    return box[0] <= margin or box[1] <= margin or box[2] >= 1 - margin or box[3] >= 1 - margin
