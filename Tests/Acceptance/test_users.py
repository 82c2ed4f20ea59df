"""Who may log in: accounts of a real district, made before its first start."""

import subprocess

import pytest

from harness import BIN, Client, Serve, make_district, write_config


def users(folder, *arguments, password=""):
    command = [BIN / "snowlight", "users", *arguments, "--config", folder / "snowlight.yaml"]
    done = subprocess.run(command, input=password, capture_output=True, text=True, timeout=60)
    assert password.strip() == "" or password.strip() not in done.stdout + done.stderr
    return done


def test_accounts_are_added_before_the_first_start_and_log_in(start, tmp_path):
    make_district(tmp_path, 1, "rtsp://127.0.0.1:1/cam/", grids=1)
    config = write_config(tmp_path)
    config.write_text(config.read_text().replace("sample_accounts: true", "sample_accounts: false"))
    assert users(tmp_path, "add", "chief", "--role", "supervisor", "--name", "张敏", password="short\n").returncode == 65
    added = users(tmp_path, "add", "chief", "--role", "supervisor", "--name", "张敏", password="long enough 一\n")
    assert (added.returncode, added.stdout) == (0, "added chief, supervisor\n"), added.stderr
    # The second time role and name follow, and nobody is asked for a password.
    assert users(tmp_path, "add", "chief", "--role", "dutyOfficer", "--name", "张敏敏").stdout == "changed chief, dutyOfficer\n"
    assert users(tmp_path, "list").stdout == "chief  dutyOfficer  张敏敏\n"
    for wrong in (["../x", "--role", "admin", "--name", "x"], ["x", "--role", "system", "--name", "x"], ["x", "--role", "gridworker", "--name", "x"],
                  ["x", "--role", "admin", "--name", "x", "--grid", "511011001001001"]):
        assert users(tmp_path, "add", *wrong, password="long enough\n").returncode == 64, wrong
    assert users(tmp_path, "password", "nobody", password="long enough\n").returncode == 65

    serve = start(Serve, tmp_path, config)
    assert Client(serve.url, "chief", "long enough 一").get("/api/me")["role"] == "dutyOfficer"
    assert users(tmp_path, "list").returncode == 69, "the store is open elsewhere"
    assert serve.stop() == 0
    assert users(tmp_path, "password", "chief", password="another secret\n").returncode == 0
    serve = start(Serve, tmp_path, config)
    with pytest.raises(AssertionError, match="401"):
        Client(serve.url, "chief", "long enough 一")
    assert Client(serve.url, "chief", "another secret").get("/api/me")["name"] == "张敏敏"
