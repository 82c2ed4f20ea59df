"""Fixtures: every process a test starts is ended with it, by id."""

import subprocess

import pytest
from playwright.sync_api import sync_playwright

import harness


@pytest.fixture(scope="session", autouse=True)
def binaries():
    for name in ("snowlight", "camera-fleet", "make-district", "bus-bench"):
        if not (harness.BIN / name).exists():
            pytest.exit(f"{name} is not built; tools/test builds it", returncode=1)
    harness.SCREENSHOTS.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def start():
    """`start(Class, …)` makes a process and ends it when the test is over."""
    started = []

    def make(kind, *arguments, **options):
        one = kind(*arguments, **options)
        started.append(one)
        return one

    yield make
    for one in reversed(started):
        if one.alive():
            one.child.terminate()
    for one in reversed(started):
        try:
            one.child.wait(20)
        except subprocess.TimeoutExpired:
            one.child.kill()
            one.child.wait()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()
