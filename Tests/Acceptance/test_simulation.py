"""The bus under 100,000 seeded schedules of misfortunes, in the release build."""

import json
import subprocess

from harness import BIN


def test_a_hundred_thousand_schedules_lose_and_double_nothing():
    done = subprocess.run([BIN / "bus-bench", "simulate", "--schedules", "100000"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    print(result)
    assert result["schedules"] == 100_000 and result["lost"] == 0 and result["doubled"] == 0 and result["crashes"] > 100_000
