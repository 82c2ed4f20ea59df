"""The promise of the bus under every fault of the table: nothing lost, nothing doubled, every case in the grid where it belongs.

`tools/test faults` runs the long sizes; SNOWLIGHT_FAULT_SEED repeats a run.
"""

import os

import pytest

from faults.rig import Rig
from faults.shim import compile_shim
from faults.table import TABLE


@pytest.fixture(scope="session")
def shim_library(tmp_path_factory):
    return compile_shim(tmp_path_factory.mktemp("shim"))


LONG = os.environ.get("SNOWLIGHT_FAULTS_LONG") == "1"


@pytest.mark.parametrize("fault", [fault for fault in TABLE if LONG or not hasattr(fault, "only_long")], ids=lambda fault: fault.__name__)
def test_nothing_is_lost_or_doubled(fault, start, tmp_path, shim_library):
    rig = Rig(start, tmp_path, shim_library, LONG)
    # A fault that has to be judged while something stands that it made brings its verdict along.
    verdict = fault(rig) or rig.verdict()
    print(verdict)
    assert not verdict.problems, str(verdict)
    assert verdict.incidents >= 20, "too little happened to prove anything"
