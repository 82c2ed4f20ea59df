"""The fault table: what goes wrong, one function for each. What must be true afterwards is the same for all and stands in oracle.py.

Each comes in two sizes: the short one runs with every `tools/test`, the long one with `tools/test faults`.
"""

import json
import shutil
import signal
import sqlite3
import time
import uuid
from contextlib import closing

import zmq

from faults import wire
from faults.rig import filled
from faults.shim import DIE, DOOR_ABSENT, DOOR_STUCK, EVERY, POWER, SYNC_ERROR, SYNCS
from harness import until

TABLE = []
INPUT_OUTPUT = 74  # The exit code for a disk that cannot be trusted.
LEAP = 1_000_000  # Between the revisions of two lives of an outbox.


def fault(function):
    TABLE.append(function)
    return function


def long_fault(function):
    """One whose short size would show nothing that another does not."""
    function.only_long = True
    return fault(function)


# MARK: processes


@fault
def kills(rig):
    """kill -9 of either side at random moments, under 500 revisions a second."""
    rounds, killed = rig.size(3, 50), {"dispatcher": 0, "node": 0}
    rig.start_dispatcher()
    while left := [side for side in killed if killed[side] < rounds]:
        if not rig.node or not rig.node.alive():
            rig.start_node("--rate", "500")
        if not rig.dispatcher.alive():
            # Not waited for in half of the rounds, so that some die while they start.
            rig.start_dispatcher(ready=rig.chance.random() < 0.5)
        time.sleep(rig.chance.uniform(0.1, rig.size(0.8, 2.5)))
        for side in left if rig.chance.random() < 1 / 3 else [rig.chance.choice(left)]:
            getattr(rig, side).kill()
            killed[side] += 1
    if not rig.dispatcher.alive():
        rig.start_dispatcher()
    print(killed, f"outbox drained in {rig.drain():.1f} s")


def die_at(rig, side, what, point, rate="20"):
    """Starts one side, which dies in front of that call; the other one goes on."""
    shim = rig.shim(what=what, kinds=EVERY, at=point)
    if side == "dispatcher":
        # A node that begins when somebody listens does not wait before it tries again.
        if rig.node:
            rig.node.kill()
        process = rig.start_dispatcher(shim, ready=False)
        until(lambda: rig.is_ready() or not process.alive(), 60, "the dispatcher", 0.02)
        if process.alive():
            rig.start_node("--rate", rate)
    else:
        process = rig.start_node("--rate", rate, shim=shim)
    until(lambda: not process.alive(), 300, f"the {side} dying at call {point}", 0.02)
    assert process.child.returncode == -signal.SIGKILL, f"{side} ended with {process.child.returncode} before call {point}"


def crash_points(rig, side, what):
    """One death after the other, each at a later call that leaves the process; each life begins where the one before ended."""
    rig.start_dispatcher()
    rig.start_node("--rate", "20")
    until(lambda: committed(rig) > 0, 30, "the first incidents", 0.05)
    # A life without a fault tells how many such calls there are from a start to the next incidents.
    getattr(rig, side).kill()
    count = rig.shim(kinds=EVERY)
    if side == "dispatcher":
        rig.start_dispatcher(count)
    else:
        rig.start_node("--rate", "20", shim=count)
    known = committed(rig)
    until(lambda: committed(rig) >= known + 4, 30, "the next incidents", 0.02)
    points = count.calls
    getattr(rig, side).kill()
    for point in rig.size(sorted(rig.chance.sample(range(1, points + 1), 3)), range(1, points + 1)):
        die_at(rig, side, what, point)
    # Then anywhere in the midst of full batches and of what SQLite does now and then.
    for _ in range(rig.size(1, 60)):
        die_at(rig, side, what, rig.chance.randrange(points, points + 3000), rate="500")
    print(f"{points} calls from the start to the first incidents")
    if side == "dispatcher":
        rig.start_dispatcher()
    rig.drain()


@long_fault
def dispatcher_dies_at_every_call(rig):
    """The dispatcher dies at every point there is."""
    crash_points(rig, "dispatcher", DIE)


@long_fault
def node_dies_at_every_call(rig):
    """The ingest side dies at every point there is."""
    crash_points(rig, "node", DIE)


@fault
def dispatcher_loses_power(rig):
    """As before, and what was not synced is gone: a power cut of the dispatcher."""
    crash_points(rig, "dispatcher", POWER)


@fault
def node_loses_power(rig):
    """As before, and what was not synced is gone: a power cut of the ingest side."""
    crash_points(rig, "node", POWER)


@long_fault
def first_start_dies(rig):
    """The dispatcher dies while it makes its databases, again and again with an empty folder, and starts again on what is there."""
    count = rig.shim(kinds=EVERY)
    rig.start_dispatcher(count)
    rig.dispatcher.kill()
    for point in rig.chance.sample(range(1, count.calls + 1), min(100, count.calls)):
        shutil.rmtree(rig.data)
        die_at(rig, "dispatcher", POWER, point)
        rig.start_dispatcher()
        rig.dispatcher.kill()
    rig.start_dispatcher()
    rig.start_node("--rate", "200")
    rig.await_load(100)
    rig.drain()


@fault
def standstill(rig):
    """SIGSTOP, longer than heartbeats; in the long run of either side, and longer than what counts as silence."""
    rig.start_dispatcher()
    rig.start_node("--rate", "200")
    rig.await_load(100)
    for process in rig.size([rig.dispatcher], [rig.dispatcher, rig.node]):
        rig.pause(process, rig.size(7, 60))
        rig.await_load(50)
    assert not rig.long or rig.logged("node", "the dispatcher is silent")
    print(f"drained in {rig.drain():.1f} s")


# MARK: disks


def full_disk(rig, side):
    folder = rig.data if side == "dispatcher" else rig.node_data
    with rig.small_disk(folder, 48):
        rig.start_dispatcher()
        rig.start_node("--rate", "500")
        rig.await_load(200)
        with filled(folder, leaving=256 << 10):
            name, sentence = ("dispatch", "incidents cannot be committed") if side == "dispatcher" else ("node", "observations wait for the disk")
            until(lambda: rig.logged(name, sentence), 60, f"'{sentence}'", 0.05)
            time.sleep(rig.size(1, 20))
            assert rig.dispatcher.alive() and rig.node.alive(), "a full disk ends nobody"
        rig.await_load(100)
        rig.drain()
        verdict = rig.verdict()
    return verdict


@fault
def dispatcher_disk_full(rig):
    """The dispatcher's disk is full for a while: nodes are asked to wait."""
    return full_disk(rig, "dispatcher")


@fault
def node_disk_full(rig):
    """The outbox's disk is full for a while: observations wait."""
    return full_disk(rig, "node")


def sync_fails(rig, side):
    rig.start_dispatcher()
    rig.start_node("--rate", "100")
    rig.await_load(100)
    for _ in range(rig.size(3, 30)):
        shim = rig.shim(what=SYNC_ERROR, kinds=SYNCS)
        if side == "dispatcher":
            rig.dispatcher.kill()
            process = rig.start_dispatcher(shim)
        else:
            rig.node.kill()
            process = rig.start_node("--rate", "100", shim=shim)
            rig.await_load(5)
        shim.at = shim.calls + 1 + rig.chance.randrange(rig.size(8, 80))
        until(lambda: not process.alive(), 300, f"the {side} ending at a sync", 0.02)
        assert process.child.returncode == INPUT_OUTPUT, f"it ended with {process.child.returncode}: {rig.log(process.name)[-800:]}"
        if side == "dispatcher":
            rig.start_dispatcher()
    rig.drain()


@fault
def dispatcher_sync_fails(rig):
    """fsync of the dispatcher says EIO and the pages are gone: it ends at once and recovers at its next start."""
    sync_fails(rig, "dispatcher")


@fault
def node_sync_fails(rig):
    """fsync of the outbox says EIO and the pages are gone: the node ends at once and recovers at its next start."""
    sync_fails(rig, "node")


# MARK: network


@fault
def partition(rig):
    """Cut off without a word until a backlog has grown: 300,000 revisions in the long run, drained with at least 2,000 a second."""
    rig.start_dispatcher()
    network = wire.Network(rig.bus, rig.chance.random())
    try:
        rig.start_node("--rate", "200", endpoint=network.endpoint)
        rig.await_load(50)
        network.cut = True
        began = time.monotonic()
        rig.node.stop()
        # A quarter begins incidents: a day has 99,999 case numbers.
        rig.start_node("--rate", "0", "--openings", "25", endpoint=network.endpoint)
        backlog = rig.size(3000, 300_000)
        rig.await_load(backlog, timeout_s=600)
        time.sleep(max(0, rig.size(0, 60) - (time.monotonic() - began)))
        rig.node.stop()
        network.cut = False
        seconds = rig.drain(endpoint=network.endpoint, timeout_s=300)
    finally:
        network.stop()
    print(f"{backlog} revisions drained in {seconds:.1f} s, {backlog / seconds:.0f}/s")
    assert not rig.long or backlog / seconds >= 2000


@fault
def bad_network(rig):
    """30 of 100 messages lost, 30 doubled, 30 late, both ways; 10 each in the short run."""
    rig.start_dispatcher()
    network = wire.Network(rig.bus, rig.chance.random())
    try:
        network.lost = network.doubled = network.late = rig.size(10, 30)
        count = rig.size(40, 500)
        rig.start_node("--rate", "50", "--count", str(count), endpoint=network.endpoint)
        code = rig.node.child.wait(rig.size(120, 1800))
        assert code == 0
    finally:
        network.stop()
    print(f"{count} revisions; {network.passed} messages passed, {network.dropped} did not")


# MARK: content


def poison(camera, sequence, chance):
    """An intact frame with content that cannot be, one kind after the other."""
    sound = {
        "v": 1, "seq": sequence, "type": "incident.opened", "incident_id": str(uuid.UUID(int=(chance.getrandbits(128) & ~(0xF << 76)) | 7 << 76)),
        "rev": 1, "camera_id": camera, "preset": "", "zone": f"poison-{sequence}", "category": "motion", "priority": 3,
        "place": {"lon": 105.1, "lat": 29.6, "crs": "wgs84"}, "first_seen": "2026-11-23T02:24:57.628Z",
        "last_seen": "2026-11-23T02:24:58.628Z", "count": 1, "score": 50}
    kinds = [
        b"", b"\xff\xfe\x00", b"null", b"[" * 10_000 + b"]" * 10_000, b'{"v":' * 3000, b'"' + b"x" * 65_000 + b'"', b"{}",
        json.dumps(sound | {"camera_id": "51101100001329999999"}), json.dumps(sound | {"camera_id": "1 OR 1=1"}),
        json.dumps(sound | {"rev": 0}), json.dumps(sound | {"rev": 10**30}), json.dumps(sound | {"seq": sequence + 1}),
        json.dumps(sound | {"incident_id": "no"}), json.dumps(sound | {"place": {"lon": 1e308, "lat": -1e308, "crs": "wgs84"}}),
        json.dumps(sound | {"last_seen": "1969-01-01T00:00:00.000Z"}), json.dumps(sound | {"category": "a|b"}),
        json.dumps(sound | {"zone": "\u0000"}), json.dumps(sound | {"v": 2}), json.dumps(sound | {"box": [0, 0, 1e999, 1]}),
        json.dumps(sound)[:-1], json.dumps(sound | {"evidence": [{"kind": "snapshot", "sha256": "../../etc/passwd", "size": 1}]}),
    ]
    kind = kinds[sequence % len(kinds)]
    return kind if isinstance(kind, bytes) else kind.encode()


def broken(node, chance):
    """No message at all: a wrong shape, a wrong sum, a version of the future, noise."""
    sound = wire.frame(wire.INCIDENT, node, 9, 1, b"{}")
    head = bytearray(sound[0])
    head[chance.randrange(48)] ^= 1 << chance.randrange(8)
    return chance.choice([
        [bytes(head), sound[1]], [sound[0]], sound + [b""], [sound[0][:47], sound[1]], [sound[0], b"{} "], [b"", b""],
        [chance.randbytes(48), chance.randbytes(chance.randrange(2000))], wire.frame(255, node, 9, 1),
        wire.frame(wire.INCIDENT, node, 9, 1, b"{}", major=2),
        wire.frame(wire.ACK, node, 9, 1 << 63), wire.frame(wire.HELLO, node, 9, 1, b'{"lowest":0,"highest":-1}')])


@fault
def poisoned(rig):
    """10,000 intact messages with impossible content and as many that are no message, beside a good node."""
    count = rig.size(400, 10_000)
    rig.start_dispatcher()
    rig.start_node("--rate", "200")
    camera = next(iter(rig.grid_of))
    node, epoch = b"poisonous node!!", 9
    with zmq.Context() as context, context.socket(zmq.DEALER) as peer:
        peer.linger = 0
        peer.connect(rig.bus)
        payloads = {number: poison(camera, number, rig.chance) for number in range(1, count + 1)}
        acknowledged, quarantined = 0, set()
        while acknowledged < count:
            for number in range(acknowledged + 1, min(acknowledged + 200, count) + 1):
                peer.send_multipart(wire.frame(wire.INCIDENT, node, epoch, number, payloads[number]))
                peer.send_multipart(broken(node, rig.chance))
            before = acknowledged
            while acknowledged < min(before + 200, count):
                assert peer.poll(20_000), f"no answer behind {acknowledged}"
                kind, _, _, sequence, body = wire.read(peer.recv_multipart())
                if kind == wire.ACK:
                    acknowledged = max(acknowledged, sequence)
                    quarantined |= set(json.loads(body)["quarantined"]) if body else set()
    assert quarantined == set(range(1, count + 1)), f"{count - len(quarantined)} were not named as set aside"
    rig.await_load(100)
    rig.drain()
    return rig.verdict(dead_letters=count)


# MARK: keys


def encrypt(rig, *listed):
    """Keys for everybody; `listed` are let in. Returns the options of a node by name."""
    lines = {name: rig.new_key(name) for name in ("dispatch", "north", "stranger")}
    rig.allow = rig.folder / "bus.allow"
    rig.allow_line = lines
    allow(rig, *listed)
    rig.configure(key="dispatch.key", allow="bus.allow")
    server = lines["dispatch"].split()[2]
    return {name: ["--key", str(rig.folder / f"{name}.key"), "--dispatcher", server] for name in ("north", "stranger")}


def allow(rig, *names):
    rig.allow.write_text("".join(rig.allow_line[name] + "\n" for name in names))
    rig.allow.chmod(0o600)


def committed(rig):
    """How many messages the dispatcher has taken, known ones included."""
    return rig.metric(r'snowlight_bus_received_total\{outcome="(?:committed|known)"\}')


@fault
def wrong_keys(rig):
    """A key that is on no list, a key that is taken off and put back, and the right key for the wrong dispatcher."""
    options = encrypt(rig, "north")
    rig.start_dispatcher()
    rig.start_node("--rate", "100", "--count", "50", *options["stranger"])
    stranger = rig.node
    time.sleep(rig.size(1, 30))
    assert stranger.alive() and committed(rig) == 0, "a stranger was let in"
    stranger.kill()
    wrong = [*options["north"][:3], rig.allow_line["stranger"].split()[2]]
    rig.start_node("--rate", "100", *wrong)
    time.sleep(rig.size(1, 30))
    assert committed(rig) == 0, "a node spoke to a dispatcher whose key it does not know"
    rig.node.kill()

    rig.start_node("--rate", "100", *options["north"])
    until(lambda: committed(rig) > 50, 30, "incidents of the node that is let in")
    allow(rig)  # Revoked on a living connection: the file is looked at each second.
    until(lambda: rig.logged("dispatch", "the allow-list was read again"), 10, "the list read again", 0.05)
    time.sleep(0.2)
    before = committed(rig)
    time.sleep(rig.size(1, 20))
    assert rig.node.alive() and committed(rig) == before, "a revoked key still speaks"
    rig.node.kill()
    allow(rig, "north")
    rig.drain(*options["north"])


@fault
def no_doorkeeper(rig):
    """The ZAP handler never starts, or stops answering: nobody gets in."""
    options = encrypt(rig, "north")
    for door in (DOOR_ABSENT, DOOR_STUCK):
        shim = rig.shim(door=door)
        rig.start_dispatcher(shim)
        rig.start_node("--rate", "100", *options["north"])
        time.sleep(rig.size(2, 20))
        assert shim.failed > 0, "the handler did not fail"
        assert committed(rig) == 0, "somebody was let in without being asked for a key"
        rig.node.kill()
        rig.dispatcher.kill()
    rig.start_dispatcher()
    rig.drain(*options["north"])


# MARK: clocks and copies


@fault
def clock_jumps(rig):
    """The wall clock of either side jumps by an hour and by a day, both ways, and to 2038."""
    ours, theirs = rig.shim(), rig.shim()
    rig.start_dispatcher(ours)
    rig.start_node("--rate", "200", shim=theirs)
    hour = 3_600_000
    for jump in (hour, -hour, -24 * hour, 24 * hour, int((2**31 + 3600 - time.time()) * 1000), 0):
        for side in (ours, theirs):
            side.clock_ms = jump
            rig.await_load(rig.size(60, 2000))
    rig.drain()


@fault
def dispatcher_restored(rig):
    """The dispatcher's databases of an hour ago: WELCOME goes back, and the node sends again what is missing."""
    hour = 3_600_000
    shim = rig.shim()
    rig.start_dispatcher(shim)
    rig.start_node("--rate", "300")
    rig.await_load(200)
    rig.drain()
    assert rig.dispatcher.stop() == 0
    rig.store("backup", rig.folder / "backup")
    shim.clock_ms = hour
    rig.start_dispatcher(shim)
    rig.start_node("--rate", "300")
    rig.await_load(rig.size(600, 20_000), timeout_s=120)
    # Restored while the node goes on.
    rig.dispatcher.kill()
    rig.store("restore", rig.folder / "backup")
    rig.start_dispatcher(shim)
    rig.await_load(200)
    rig.drain()
    assert rig.metric(r'snowlight_bus_received_total\{outcome="committed"\}') > rig.size(600, 20_000)


@fault
def outbox_restored(rig):
    """An older copy of the outbox takes the place of a newer one, and has given as many numbers again before it is connected."""
    rig.start_dispatcher()
    rig.start_node("--rate", "300")
    rig.await_load(200)
    rig.node.kill()
    copy = rig.folder / "copy.sqlite"
    with closing(sqlite3.connect(rig.node_data / "outbox.sqlite")) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    rig.start_node("--rate", "300")
    rig.await_load(300)
    rig.drain()
    # What the newer one had is all delivered, so that nothing may be missing even though the file is gone.
    for suffix in ("", "-wal", "-shm"):
        (rig.node_data / f"outbox.sqlite{suffix}").unlink(missing_ok=True)
    shutil.copy(copy, rig.node_data / "outbox.sqlite")
    # Numbers of the new life reach beyond what the dispatcher knows of the old one before the two meet again.
    rig.start_node("--rate", "0", "--openings", "90", endpoint="tcp://127.0.0.1:9")
    rig.await_load(1000)
    rig.node.kill()
    rig.drain()
    assert rig.logged("node", "everything on disk is sent again under a new epoch")
    # What the new life had given under revisions that the lost one may have used as well was sent under others.
    with closing(sqlite3.connect(rig.node_data / "outbox.sqlite")) as outbox:
        renumbered = {(incident, revision - LEAP) for incident, revision in outbox.execute("SELECT incident_id, rev FROM outbox")}
    rig.forgiven = rig.ledger() & renumbered
