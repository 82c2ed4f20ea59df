"""The tables of `tools/bench detect`, as text for people and as Markdown for the documentation."""

import math

from detectors import NAMES
from measure import number, table
from rhythm import RATES
from scoring import Score, poisson_bound, score, score_tamper

# A tampering is to be found within 15 s at full rate and within four looks at key pictures.
TAMPER_WITHIN_S = {"full": 15.0, "2s": 9.0, "5s": 25.0}


def columns(runs):
    """The (detector, rate) pairs that were run, in the order of the tables."""
    found = {key[1:] for key in runs}
    return [(name, rate) for name in NAMES for rate in RATES if (name, rate) in found]


def title(column):
    name, rate = column
    return f"{name} {rate}"


def scores(clips, runs, facts, tolerance):
    """{(clip's name, detector, rate): Score} for all clips with labels; clips of tampering are not among them."""
    result = {}
    for clip in clips:
        if clip.group in ("empty", "events"):
            for column in columns(runs):
                run = runs.get((clip.name, *column))
                if run:
                    result[(clip.name, *column)] = score(
                        run.incidents, clip.events, facts[clip.name]["duration_s"], tolerance, clip.dont_care)
    return result


def total(clips, scored, column):
    return sum((scored[(clip.name, *column)] for clip in clips if (clip.name, *column) in scored), Score())


def percent(value):
    return "–" if value is None else f"{100 * value:.0f} %"


def overall(clips, runs, scored):
    """Head and rows: one row for each detector at each rate."""
    head = ["over all labelled clips", "hits", "misses", "false", "fragments", "precision", "recall", "in 10 s", "latency s", "p95 s",
            "incidents per hit", "false/h", "95 % bound", "µs/look"]
    rows = []
    for column in columns(runs):
        one = total(clips, scored, column)
        costs = [runs[key].us_per_look for key in runs if key[1:] == column and runs[key].us_per_look is not None]
        rows.append([
            title(column), one.hits, one.misses, one.false, one.fragments, percent(one.precision), percent(one.recall),
            percent(one.strict_recall), number(one.latency(0.5), 1), number(one.latency(0.95), 1), number(one.fragmentation),
            number(one.false_per_hour, 2), number(one.false_per_hour_bound, 2),
            number(sum(costs) / len(costs) if costs else None, 0)])
    return head, rows


def per_clip(clips, runs, scored):
    """Head and rows: hits/false of each detector; in brackets the incidents of clips without labels."""
    shown = columns(runs)
    head = ["hits/false per clip", "events", *(title(column) for column in shown)]
    rows = []
    for clip in clips:
        if clip.group == "tamper":
            continue
        cells = []
        for column in shown:
            key = (clip.name, *column)
            if key not in runs:
                cells.append("–")
            elif key in scored:
                cells.append(f"{scored[key].hits}/{scored[key].false}")
            else:
                cells.append(f"({len(runs[key].incidents)})")
        rows.append([clip.name, "?" if clip.events is None else len(clip.events), *cells])
    return head, rows


def disturbances(clips, runs, scored):
    """Head and rows: false incidents in empty scenes for each disturbance, with rate and bound of Snowlight; None without such labels."""
    kinds = list(dict.fromkeys(clip.label["disturbance"] for clip in clips if "disturbance" in clip.label))
    if not kinds:
        return None
    shown = columns(runs)
    head = ["false in empty scenes", "hours", *(title(column) for column in shown)]
    rows = []
    for kind in [*kinds, None]:
        own = [clip for clip in clips if clip.group == "empty" and (kind is None or clip.label.get("disturbance") == kind)]
        totals = [total(own, scored, column) for column in shown]
        hours = max((one.hours for one in totals), default=0)
        rows.append([kind or "all", number(hours, 2), *(one.false for one in totals)])
        if kind is None:
            rows.append(["per hour", "", *(number(one.false_per_hour, 2) for one in totals)])
            rows.append(["95 % bound", "", *(f"≤ {number(one.false_per_hour_bound, 2)}" for one in totals)])
    return head, rows


def recall_by_light(clips, runs, scored):
    """Head and rows: events found for each disturbance and light; None without such labels."""
    lit = [clip for clip in clips if clip.group == "events" and "light" in clip.label]
    groups = sorted({(clip.label["light"], clip.label.get("disturbance", "")) for clip in lit})
    if not groups:
        return None
    shown = columns(runs)
    head = ["found/events", *(title(column) for column in shown)]
    rows = []
    for light in dict.fromkeys(light for light, _ in groups):
        for kind in [kind for other, kind in groups if other == light] + [None]:
            own = [clip for clip in lit if clip.label["light"] == light and (kind is None or clip.label.get("disturbance", "") == kind)]
            totals = [total(own, scored, column) for column in shown]
            if kind is None:
                rows.append([f"recall by {light}", *(percent(one.recall) for one in totals)])
                rows.append([f"false by {light}", *(one.false for one in totals)])
            else:
                rows.append([f"{light}, {kind}", *(f"{one.hits}/{one.events}" for one in totals)])
    return head, rows


def tampering(clips, runs):
    """Head and rows: each tampering at each rate of Snowlight; None without such clips."""
    rates = [rate for name, rate in columns(runs) if name == "snowlight"]
    own = [clip for clip in clips if clip.group == "tamper"]
    if not own or not rates:
        return None
    head = ["tampering", *(f"{rate}: found, cleared, incidents" for rate in rates)]
    rows = []
    for clip in own:
        cells = []
        for rate in rates:
            run = runs.get((clip.name, "snowlight", rate))
            if run is None:
                cells.append("–")
                continue
            (first, *_), others = score_tamper(run.tamper, clip.tamper, TAMPER_WITHIN_S[rate])
            found = f"{number(first['delay_s'], 1)} s" if first["named"] else "as " + "+".join(first["kinds"]) if first["kinds"] else "no"
            cleared = "–" if first["cleared_s"] is None else f"{number(first['cleared_s'], 1)} s"
            cells.append(f"{found}, {cleared}, {len(run.incidents)}" + (f", {len(others)} false" if others else ""))
        rows.append([clip.name, *cells])
    named = [len([1 for clip in own for row in score_tamper(
        runs[clip.name, "snowlight", rate].tamper, clip.tamper, TAMPER_WITHIN_S[rate])[0] if row["named"]]) for rate in rates]
    rows.append(["named in time", *(f"{count} of {len(own)}" for count in named)])
    return head, rows


def false_tamper(clips, runs):
    """Lines about tampering that was reported where there was none, over all other clips."""
    lines = []
    for (name, detector, rate), run in runs.items():
        clip = next(clip for clip in clips if clip.name == name)
        if detector == "snowlight" and clip.group != "tamper":
            lines += [f"{name} {rate}: {finding.kind} at {finding.set_s:.1f} s" for finding in run.tamper]
    return lines


def causes(clips, scored):
    """Every false incident of Snowlight with what it said itself, and every event missed; not at 5 s, where much passes between looks."""
    labels, lines = {clip.name: clip.label for clip in clips}, []
    for (name, detector, rate), one in scored.items():
        if detector != "snowlight":
            continue
        for incident in one.false_incidents:
            why = "; ".join(incident.reason) or "no reason given"
            lines.append(f"false: {name} {rate} {incident.start_s:.1f}–{incident.end_s:.1f} s: {why}")
        for index in one.missed if rate != "5s" else ():
            label = labels[name]
            start, end = label["events"][index]
            kind = f" ({label['kinds'][index]})" if "kinds" in label else ""
            lines.append(f"missed: {name} {rate} {start:.1f}–{end:.1f} s{kind}")
    return lines


def sections(clips, runs, scored):
    """All tables of a report as (head, rows)."""
    labelled = [clip for clip in clips if clip.group in ("empty", "events")]
    made = [
        overall(labelled, runs, scored), disturbances(clips, runs, scored), recall_by_light(clips, runs, scored), tampering(clips, runs)]
    # A set of a hundred takes is told by disturbance and light; a folder of clips clip by clip.
    if made[1] is None:
        made.append(per_clip(clips, runs, scored))
    return [one for one in made if one]


def text(clips, runs, scored):
    lines = []
    for head, rows in sections(clips, runs, scored):
        lines += [*table(head, rows), ""]
    return lines + [*causes(clips, scored), *(f"false tampering: {line}" for line in false_tamper(clips, runs))]


def markdown(machine, about, clips, runs, scored):
    """A part of the documentation: what was measured, how, and on which binary, then all tables."""
    lines = [f"`{about['command']}`: Snowlight {about['version']}, {machine['cores']} cores {machine['model']}, {about['date']}.", ""]
    for head, rows in sections(clips, runs, scored):
        lines += ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
        lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows] + [""]
    notes = causes(clips, scored) + [f"false tampering: {line}" for line in false_tamper(clips, runs)]
    return "\n".join(lines + ([*(f"- {note}" for note in notes), ""] if notes else []))


def placed(page, name, part):
    """`page` with `part` between the marks of this name; the part alone when the page has no such marks."""
    begin, end = f"<!-- bench detect: {name} -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    return before + begin + "\n" + part + "\n" + end + after if found and closed else part


def as_json(clips, runs, scored):
    """Everything that was found, for machines; an infinite latency is written as null."""
    def finite(value):
        return None if value is None or math.isinf(value) else value

    def figures(one):
        return {
            "events": one.events, "hits": one.hits, "misses": one.misses, "false": one.false, "fragments": one.fragments,
            "strict": one.strict, "precision": one.precision, "recall": one.recall, "latency_median_s": finite(one.latency(0.5)),
            "latency_p95_s": finite(one.latency(0.95)), "fragmentation": one.fragmentation, "hours": one.hours,
            "false_per_hour": one.false_per_hour, "false_per_hour_bound": one.false_per_hour_bound}

    labelled = [clip for clip in clips if clip.group in ("empty", "events")]
    return {
        "overall": {title(column): figures(total(labelled, scored, column)) for column in columns(runs)},
        "clips": [{
            "clip": name, "detector": detector, "rate": rate, "us_per_look": run.us_per_look,
            "incidents": [[i.start_s, i.alarm_s, i.end_s, list(i.reason)] for i in run.incidents],
            "tamper": [[finding.kind, finding.set_s, finding.cleared_s] for finding in run.tamper],
            "score": figures(scored[name, detector, rate]) if (name, detector, rate) in scored else None}
            for (name, detector, rate), run in runs.items()]}
