"""The frames of the bus in Python, for those who speak it badly, and a network that loses, doubles and reorders them.

Written from the table of the wire format and not from Snowlight's code: 48 bytes of header, big-endian, then JSON.
"""

import heapq
import itertools
import random
import struct
import threading
import time

import zmq

HELLO, WELCOME, INCIDENT, ACK, NACK, ASSIGN, HEALTH, PING, PONG, BYE = range(1, 11)


def make_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = make_table()


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def frame(kind, node, epoch, sequence, payload=b"", major=1, magic=b"SNW1"):
    """F0 and F1 of an intact message."""
    head = struct.pack(">4sBBH16sQQI", magic, major, kind, 0, node, epoch, sequence, len(payload))
    return [head + struct.pack(">I", crc32c(head + payload)), payload]


def read(parts):
    """(type, node, epoch, sequence, payload) of a message from the dispatcher."""
    _, _, kind, _, node, epoch, sequence, _ = struct.unpack(">4sBBH16sQQI", parts[0][:44])
    return kind, node, epoch, sequence, parts[1]


class Network(threading.Thread):
    """Stands between nodes and dispatcher, message by message, since TCP itself cannot lose any.

    `lost`, `doubled` and `late` are how many of a hundred messages fare so, both ways; while it is `cut` nothing passes and nobody is told.
    """

    def __init__(self, dispatcher, seed):
        super().__init__(daemon=True)
        self.lost = self.doubled = self.late = 0
        self.cut = False
        self.passed = self.dropped = 0
        self.dispatcher = dispatcher
        self.chance = random.Random(seed)
        self.context = zmq.Context()
        self.front = self.context.socket(zmq.ROUTER)
        self.front.linger = 0
        self.endpoint = f"tcp://127.0.0.1:{self.front.bind_to_random_port('tcp://127.0.0.1')}"
        self.backs = {}
        self.due = []
        self.order = itertools.count()
        self.ending = threading.Event()
        self.start()

    def run(self):
        poller = zmq.Poller()
        poller.register(self.front, zmq.POLLIN)
        while not self.ending.is_set():
            wait = 20 if not self.due else max(0, min(20, 1 + int((self.due[0][0] - time.monotonic()) * 1000)))
            for socket, _ in poller.poll(wait):
                for _ in range(256):
                    try:
                        parts = socket.recv_multipart(zmq.NOBLOCK)
                    except zmq.Again:
                        break
                    if socket is not self.front:
                        route = next(route for route, back in self.backs.items() if back is socket)
                        self.pass_on(self.front, [route] + parts)
                        continue
                    # A connection of its own for each of the node's, so that the dispatcher sees what it would see without us.
                    if parts[0] not in self.backs:
                        back = self.context.socket(zmq.DEALER)
                        back.linger = 0
                        back.connect(self.dispatcher)
                        poller.register(back, zmq.POLLIN)
                        self.backs[parts[0]] = back
                    self.pass_on(self.backs[parts[0]], parts[1:])
            while self.due and self.due[0][0] <= time.monotonic():
                _, _, socket, parts = heapq.heappop(self.due)
                try:
                    socket.send_multipart(parts, zmq.NOBLOCK)
                except zmq.ZMQError:
                    self.dropped += 1
        self.context.destroy(linger=0)

    def pass_on(self, socket, parts):
        if self.cut or self.chance.randrange(100) < self.lost:
            self.dropped += 1
            return
        self.passed += 1
        for _ in range(2 if self.chance.randrange(100) < self.doubled else 1):
            delay = self.chance.uniform(0, 0.05) if self.chance.randrange(100) < self.late else 0
            heapq.heappush(self.due, (time.monotonic() + delay, next(self.order), socket, parts))

    def stop(self):
        self.ending.set()
        self.join(10)
