"""Makes a process fail at a chosen moment: compiles shim.c, preloads it, and gives it its orders while it runs."""

import mmap
import os
import struct
import subprocess
from pathlib import Path

FIELDS = ("calls", "at", "kinds", "what", "clock_ms", "door", "failed")

# Which calls count.
WRITES, SYNCS, SENDS, NAMES = 1, 2, 4, 8
EVERY = WRITES | SYNCS | SENDS | NAMES
# What happens at the chosen one: the process dies; the power goes, and with it what was not synced; the disk cannot sync.
DIE, POWER, SYNC_ERROR = 1, 2, 3
# How the ZAP handler fails: it never came, or it came and answers nothing.
DOOR_ABSENT, DOOR_STUCK = 1, 2


def compile_shim(folder):
    """Builds the library with Debian's gcc; returns its path."""
    library = Path(folder) / "shim.so"
    subprocess.run(
        ["gcc", "-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", Path(__file__).with_name("shim.c"), "-o", library,
         "-ldl", "-lpthread"], check=True)
    return library


class Shim:
    """The orders of one process. Every field may be read and set at any time: `shim.clock_ms = -86_400_000`."""

    def __init__(self, library, page, **orders):
        self.__dict__["library"] = library
        self.__dict__["path"] = Path(page)
        self.path.write_bytes(bytes(4096))
        with open(self.path, "r+b") as file:
            self.__dict__["page"] = mmap.mmap(file.fileno(), 4096)
        for name, value in orders.items():
            setattr(self, name, value)

    def __getattr__(self, name):
        return struct.unpack_from("=q", self.page, 8 * FIELDS.index(name))[0]

    def __setattr__(self, name, value):
        struct.pack_into("=q", self.page, 8 * FIELDS.index(name), value)

    def environment(self):
        return {**os.environ, "LD_PRELOAD": str(self.library), "SNOWLIGHT_FAULTS": str(self.path)}
