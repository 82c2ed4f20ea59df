"""How `tools/bench detect` scores: the figures in the documentation are worth no more than this arithmetic."""

import math
import random
import sys

import pytest

from harness import ROOT

sys.path.insert(0, str(ROOT / "tools" / "benches"))

from incidents import Ledger  # noqa: E402
from rhythm import Rhythm  # noqa: E402
from scoring import Incident, Score, TamperFinding, Tolerance, covered, match, poisson_bound, quantile, score, score_tamper  # noqa: E402


def incident(start, end=None, alarm=None):
    return Incident(start, start if alarm is None else alarm, start + 1 if end is None else end)


@pytest.mark.parametrize("start, end, matches", [
    (9, 9.4, False), (9, 9.5, True), (21, 30, True), (21.1, 30, False), (0, 100, True), (12, 13, True),
])
def test_the_tolerance_reaches_half_a_second_before_and_one_second_after(start, end, matches):
    assert bool(match([incident(start, end)], [(10, 20)], Tolerance())) == matches


@pytest.mark.parametrize("incidents, events, hits, false, fragments", [
    ([], [], 0, 0, 0),
    ([], [(10, 20)], 0, 0, 0),
    ([incident(12, 14)], [], 0, 1, 0),
    ([incident(11, 19)], [(10, 20)], 1, 0, 0),
    # Two over one event: one is false, and counted as a fragment.
    ([incident(11, 13), incident(15, 19)], [(10, 20)], 1, 1, 1),
    # One over two events: one is missed.
    ([incident(11, 39)], [(10, 20), (30, 40)], 1, 0, 0),
    # The incident that fits both events must go to the second, so that both are found.
    ([incident(11, 35), incident(12, 15)], [(10, 20), (30, 40)], 2, 0, 0),
    ([incident(50, 60), incident(11, 12)], [(10, 20)], 1, 1, 0),
])
def test_matching_is_one_to_one_and_as_large_as_possible(incidents, events, hits, false, fragments):
    result = score(incidents, events, 100)
    assert (result.hits, result.misses, result.false, result.fragments) == (hits, len(events) - hits, false, fragments)
    assert len(result.missed) == result.misses and len(result.false_incidents) == result.false


def test_no_matching_is_larger_than_ours():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    numbers = random.Random(seed)

    def most(incidents, events):
        if not events:
            return 0
        first, *rest = events
        best = most(incidents, rest)
        for index, one in enumerate(incidents):
            if match([one], [first], Tolerance()):
                best = max(best, 1 + most(incidents[:index] + incidents[index + 1:], rest))
        return best

    for _ in range(300):
        def stretches(longest_s):
            starts = [numbers.uniform(0, 40) for _ in range(numbers.randrange(5))]
            return [(start, start + numbers.uniform(0, longest_s)) for start in starts]

        events, incidents = sorted(stretches(8)), [incident(*stretch) for stretch in stretches(12)]
        matched = match(incidents, events, Tolerance())
        assert len(set(matched.values())) == len(matched) == most(incidents, events)


def test_an_alarm_counts_in_time_up_to_ten_seconds_after_the_start():
    for alarm, strict in [(9.4, 0), (9.5, 1), (20, 1), (20.1, 0)]:
        assert score([incident(9.4, 30, alarm)], [(10, 25)], 100).strict == strict


def test_latency_of_a_missed_event_is_infinite():
    result = score([incident(10, 15, 11), incident(30, 35, 32)], [(10, 15), (30, 35), (50, 55)], 100)
    assert result.latency(0.5) == 2 and result.latency(0.95) == math.inf
    assert Score().latency(0.5) is None
    assert quantile([3, 1, 2, 4], 0.5) == 2 and quantile([3, 1, 2, 4], 0.95) == 4


def test_nothing_is_false_where_nobody_cares_and_that_time_is_not_counted():
    result = score([incident(12, 14), incident(50, 52)], [], 3600, dont_care=[(10, 20), (15, 30)])
    assert result.false == 1 and result.hours == pytest.approx(3580 / 3600)
    assert covered([(10, 20), (15, 30), (3590, 4000)], 3600) == 30


def test_scores_add_up():
    both = score([incident(11, 19)], [(10, 20)], 1800) + score([incident(5, 6)], [], 1800)
    assert (both.events, both.hits, both.false, both.hours) == (1, 1, 1, 1.0)
    assert both.precision == 0.5 and both.recall == 1 and both.fragmentation == 1 and both.false_per_hour == 1
    assert both.false_incidents == [incident(5, 6)]
    assert Score().precision is None and Score().recall is None and Score().false_per_hour is None


@pytest.mark.parametrize("count, bound", [(0, 2.996), (1, 4.744), (2, 6.296), (5, 10.513), (10, 16.962), (100, 118.08)])
def test_the_bound_of_a_poisson_count_is_the_published_one(count, bound):
    assert poisson_bound(count) == pytest.approx(bound, abs=0.01)


def test_the_bound_grows_without_a_jump_where_its_formula_changes():
    assert 0 < poisson_bound(501) - poisson_bound(500) < 3


def test_tampering_is_found_named_and_cleared():
    truth = [{"kind": "covered", "span": [45, 105]}]
    rows, others = score_tamper([TamperFinding("covered", 51, 108), TamperFinding("black", 10, 12)], truth, 15)
    assert rows == [{"kind": "covered", "found": True, "named": True, "kinds": ["covered"], "delay_s": 6, "cleared_s": 3}]
    assert [finding.kind for finding in others] == ["black"]
    rows, _ = score_tamper([TamperFinding("black", 50, None)], truth, 15)
    assert (rows[0]["found"], rows[0]["named"], rows[0]["cleared_s"]) == (True, False, None)
    rows, _ = score_tamper([TamperFinding("covered", 61, 108)], truth, 15)
    assert (rows[0]["found"], rows[0]["delay_s"]) == (False, None)
    rows, others = score_tamper([TamperFinding("moved", 56, 66), TamperFinding("moved", 116, 126)], truth, 15)
    assert (rows[0]["cleared_s"], rows[0]["kinds"], others) == (21, ["moved"], [])


def looks(boxes, every_s=0.2):
    ledger = Ledger()
    for number, box in enumerate(boxes):
        ledger.look(number * every_s, [box] if box else [])
    return [(round(one.start_s, 1), round(one.end_s, 1)) for one in ledger.finish()]


HERE, THERE, EDGE = (0.4, 0.4, 0.5, 0.5), (0.7, 0.7, 0.8, 0.8), (0.9, 0.4, 1.0, 0.5)


def test_baselines_build_incidents_by_snowlights_rules():
    quiet = [None] * 20
    assert looks(quiet) == []
    # The first pictures say nothing.
    assert looks([HERE] * 5 + quiet) == []
    assert looks(quiet + [HERE] * 5 + quiet * 4) == [(4.0, 4.8)]
    # A pause below the quiet gap, and a longer one in the same place.
    assert looks(quiet + [HERE] + [None] * 5 + [THERE] + quiet * 4) == [(4.0, 5.2)]
    assert looks(quiet + [HERE] + quiet + [HERE]) == [(4.0, 8.2)]
    # Elsewhere, or after it left over the edge, the next one begins.
    assert looks(quiet + [HERE] + quiet + [THERE]) == [(4.0, 4.0), (8.2, 8.2)]
    assert looks(quiet + [EDGE] + quiet + [EDGE]) == [(4.0, 4.0), (8.2, 8.2)]


def test_a_busy_place_keeps_one_incident_running():
    pause = [None] * 40
    found = looks([None] * 10 + sum(([EDGE] + pause for _ in range(12)), []))
    assert len(found) == 8 and found[-1][1] - found[-1][0] > 30


def test_looks_are_key_pictures_where_they_come_often_enough():
    keys = [0, 1, 2, 3, 4]
    often, seldom, every = Rhythm(2.0, keys), Rhythm(2.0, [0, 5, 10]), Rhythm(None, keys)
    times = [number / 4 for number in range(17)]
    assert [at for at in times if often.is_due(at, at in keys)] == [0, 2, 4]
    assert [at for at in times if seldom.is_due(at, at == 0)] == [0, 2, 4]
    assert all(every.is_due(at, False) for at in times)
