"""The databases from outside: backup, restore and proof on SQLite, and the whole way on PostgreSQL."""

import json
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness import BIN, Fleet, Serve, make_district, until, write_config


def store(config, *arguments):
    return subprocess.run([BIN / "snowlight", "store", *arguments[:1], "--config", config, *arguments[1:]], capture_output=True, text=True, timeout=60)


@pytest.fixture
def postgresql():
    """A cluster of its own from Debian's server, without a TCP port; the folder of its socket."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    assert installed, "PostgreSQL's server is not installed: tools/test installs Debian's package `postgresql`"
    programs = installed[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="snowlight-pg-", dir="/tmp"))
    account = {}
    if os.getuid() == 0:  # The server refuses to be root.
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "snowlight", "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync"], check=True, cwd="/",
        stdout=subprocess.DEVNULL, **account)
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="], cwd="/", stdout=log, stderr=log, **account)
    try:
        until(lambda: subprocess.run([programs / "pg_isready", "-q", "-h", folder]).returncode == 0, 30, "PostgreSQL ready")
        yield folder
    finally:
        server.send_signal(2)
        server.wait(30)
        shutil.rmtree(folder)


def test_backup_restore_and_proof(start, tmp_path):
    fleet = start(Fleet, tmp_path, 4, "--scene", "walker")
    make_district(tmp_path, 4, fleet.base)
    config = write_config(tmp_path)
    assert store(config, "verify").returncode == 69, "there is no database yet"
    serve = start(Serve, tmp_path, config)
    duty = serve.duty()
    until(lambda: duty.cases(), 40, "a case")
    in_use = store(config, "verify")
    assert in_use.returncode == 69 and "another Snowlight" in in_use.stderr
    serve.kill()

    assert store(config, "verify").stdout.startswith("ok: ")
    backup = tmp_path / "backup"
    assert store(config, "backup", backup).returncode == 0
    assert store(config, "backup", backup).returncode == 69, "a backup is never overwritten"
    database = sqlite3.connect(tmp_path / "data" / "dispatch.sqlite")
    with database:
        database.execute("UPDATE case_event SET note = 'nothing happened' WHERE position = 2")
    database.close()
    found = store(config, "verify", "--json")
    assert found.returncode == 65 and json.loads(found.stdout)["problems"] == ["case log: line 2 was changed"]
    assert store(config, "restore", tmp_path / "nowhere").returncode == 69
    assert store(config, "restore", backup).returncode == 0
    assert store(config, "verify").returncode == 0
    assert list((tmp_path / "data").glob("dispatch.sqlite.before-*"))
    assert oct((tmp_path / "data" / "dispatch.sqlite").stat().st_mode)[-3:] == "600"


def test_the_whole_way_on_postgresql(start, tmp_path, postgresql):
    fleet = start(Fleet, tmp_path, 4, "--scene", "walker")
    make_district(tmp_path, 4, fleet.base)
    database = f"dispatch: {{ database: {{ postgresql: {{ host: '{postgresql}', dbname: postgres, user: snowlight }} }} }}\n"
    config = write_config(tmp_path, database)
    serve = start(Serve, tmp_path, config)
    duty = serve.duty()
    case = until(lambda: duty.cases(), 40, "a case")[0]
    assert case["grid"] and case["state"] == "dispatched"
    assert not (tmp_path / "data" / "dispatch.sqlite").exists()
    assert store(config, "verify").stdout.startswith("ok: ")
    refused = store(config, "backup", tmp_path / "backup")
    assert refused.returncode == 65 and "pg_dump" in refused.stderr
    assert serve.stop() == 0
    # What was there is there again, sessions and numbers included.
    again = start(Serve, tmp_path, config)
    assert again.duty().cases()[-1]["no"]
    assert again.stop() == 0


@pytest.mark.parametrize(
    "keys, sentence",
    [
        ("dispatch: { database: oracle }", "database must be sqlite"),
        ("dispatch:\n  database:\n    postgresql: { host: h, user: u }", "dbname' is missing"),
        ("dispatch:\n  database:\n    postgresql: { host: h, dbname: d, user: u, tls: maybe }", "tls must be off, require, verify"),
        ("dispatch:\n  database:\n    postgresql: { host: h, dbname: d, user: u, password_file: x }", "password file cannot be read"),
        ("store: { backup: { every: 1h } }", "'store.backup.folder' is missing"),
    ],
)
def test_mistakes_are_named(tmp_path, keys, sentence):
    make_district(tmp_path, 2, "rtsp://127.0.0.1:1/cam/")
    config = write_config(tmp_path, keys + "\n")
    checked = subprocess.run([BIN / "snowlight", "check", "--config", config], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 65
    assert any(f"{config}:" in found and sentence in found for found in checked.stdout.splitlines()), checked.stdout
