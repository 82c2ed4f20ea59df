"""How incidents are scored against labelled events: pure functions on plain values, without files, clocks or processes.

An incident matches an event when [start, end] meets [event start − before, event end + after]. Matching is one-to-one and as large as
possible: of two incidents over one event one is false (and counted as a fragment too), of two events under one incident one is missed.
"""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tolerance:
    """Seconds around an event; `strict_s` is the longest delay of an alarm that still helps."""

    before_s: float = 0.5
    after_s: float = 1.0
    strict_s: float = 10.0


@dataclass(frozen=True)
class Incident:
    """What a detector reported, on media time; `alarm_s` is when it could have told anybody."""

    start_s: float
    alarm_s: float
    end_s: float
    reason: tuple = ()


@dataclass
class Score:
    """One detector over one clip, or over several when added up; `missed` are indices into one clip's events."""

    events: int = 0
    hits: int = 0
    strict: int = 0
    false: int = 0
    fragments: int = 0
    hours: float = 0.0
    latencies: list = field(default_factory=list)
    false_incidents: list = field(default_factory=list)
    missed: list = field(default_factory=list)

    def __add__(self, other):
        return Score(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def misses(self):
        return self.events - self.hits

    @property
    def precision(self):
        return self.hits / (self.hits + self.false) if self.hits + self.false else None

    @property
    def recall(self):
        return self.hits / self.events if self.events else None

    @property
    def strict_recall(self):
        return self.strict / self.events if self.events else None

    @property
    def fragmentation(self):
        """Incidents per event that was found; 1 is best."""
        return 1 + self.fragments / self.hits if self.hits else None

    @property
    def false_per_hour(self):
        return self.false / self.hours if self.hours else None

    @property
    def false_per_hour_bound(self):
        """No higher than this, with 95 % confidence."""
        return poisson_bound(self.false) / self.hours if self.hours else None

    def latency(self, share):
        """The quantile of the delay from an event's start to its alarm; a missed event is infinitely late."""
        return quantile(self.latencies + [math.inf] * self.misses, share)


def meets(incident, event, tolerance):
    return incident.start_s <= event[1] + tolerance.after_s and incident.end_s >= event[0] - tolerance.before_s


def is_strict(incident, event, tolerance):
    return event[0] - tolerance.before_s <= incident.alarm_s <= event[0] + tolerance.strict_s


def match(incidents, events, tolerance):
    """The largest one-to-one matching as {index of event: index of incident}; alarms in time and near the start are preferred."""
    def candidates(number):
        event = events[number]
        found = [index for index, incident in enumerate(incidents) if meets(incident, event, tolerance)]
        return sorted(
            found, key=lambda index: (not is_strict(incidents[index], event, tolerance), abs(incidents[index].start_s - event[0])))

    owner = {}

    def assign(number, seen):
        for index in candidates(number):
            if index not in seen:
                seen.add(index)
                if index not in owner or assign(owner[index], seen):
                    owner[index] = number
                    return True
        return False

    for number in range(len(events)):
        assign(number, set())
    return {number: index for index, number in owner.items()}


def score(incidents, events, duration_s, tolerance=Tolerance(), dont_care=()):
    """Scores one clip; `missed` holds the indices of events. In a stretch of `dont_care` nothing is false and no time is counted."""
    matched = match(incidents, events, tolerance)
    missed = [number for number in range(len(events)) if number not in matched]
    result = Score(events=len(events), hits=len(matched), missed=missed)
    for number, index in matched.items():
        result.strict += is_strict(incidents[index], events[number], tolerance)
        result.latencies.append(incidents[index].alarm_s - events[number][0])
    for index, incident in enumerate(incidents):
        if index in matched.values():
            continue
        if any(meets(incident, events[number], tolerance) for number in matched):
            result.fragments += 1
        elif any(incident.start_s <= end and incident.end_s >= start for start, end in dont_care):
            continue
        result.false += 1
        result.false_incidents.append(incident)
    result.hours = (duration_s - covered(dont_care, duration_s)) / 3600
    return result


def covered(stretches, duration_s):
    """Seconds of 0…duration that lie in at least one stretch."""
    total, reached = 0.0, 0.0
    for start, end in sorted(stretches):
        start, end = max(start, reached), min(end, duration_s)
        if end > start:
            total, reached = total + end - start, end
    return total


def quantile(values, share):
    """The smallest value that at least `share` of all do not exceed; None when there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def poisson_bound(count, confidence=0.95):
    """The mean below which `count` or fewer events are less likely than 1 − confidence; 3.00 for none (−ln 0.05), found by halving."""
    def at_most(mean):
        term = total = math.exp(-mean)
        for number in range(1, count + 1):
            term *= mean / number
            total += term
        return total

    if count > 500:
        # exp(−mean) would vanish; the normal approximation is good to a thousandth here.
        return count + 1 + 1.645 * math.sqrt(count + 1)
    low, high = 0.0, 20.0 + 3 * count
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(middle) > 1 - confidence else (low, middle)
    return high


@dataclass(frozen=True)
class TamperFinding:
    """When a detector said that a camera is tampered with, and when it took that back; None when it never did."""

    kind: str
    set_s: float
    cleared_s: float | None


def score_tamper(findings, truths, within_s):
    """One row for each true tampering: {kind, kinds, found, named, delay_s, cleared_s}; and the findings that belong to none.

    `found` means any finding within `within_s` of its start, `named` one of the right kind. A finding belongs to it until `within_s` after
    its end: to a camera that has learnt its new view, being turned back is a change too. `cleared_s` is the time from its end until the
    last finding of it was taken back; None when one never was.
    """
    rows, used = [], set()
    for truth in truths:
        start, end = truth["span"]
        own = [index for index, finding in enumerate(findings) if start - 0.5 <= finding.set_s <= end + within_s]
        used.update(own)
        timely = [findings[index] for index in own if findings[index].set_s <= start + within_s]
        clears = [findings[index].cleared_s for index in own]
        rows.append({
            "kind": truth["kind"], "kinds": sorted({findings[index].kind for index in own}), "found": bool(timely),
            "named": any(finding.kind == truth["kind"] for finding in timely),
            "delay_s": min(finding.set_s for finding in timely) - start if timely else None,
            "cleared_s": max(clears) - end if clears and None not in clears else None})
    return rows, [finding for index, finding in enumerate(findings) if index not in used]
