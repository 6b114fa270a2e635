"""What a command leaves out of numpy is missed by nobody, and there when somebody asks."""

from __future__ import annotations

import subprocess
import sys

COMPUTED = """
import sys
from netwright.cli.startup import leave_out
leave_out()
import numpy as np
assert not any(name.startswith("numpy._typing.") for name in sys.modules)
assert np.unique(np.array([3, 1, 3])).tolist() == [1, 3]
assert round(float(np.linalg.det(np.array([[2.0, 0.0], [0.0, 3.0]])))) == 6
"""
ASKED = (
    COMPUTED
    + """
import numpy.typing as npt
assert npt.NDArray[np.int32].__origin__ is np.ndarray
assert npt.ArrayLike is not None
"""
)


def _runs(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False).stderr


def test_numpy_computes_without() -> None:
    assert _runs(COMPUTED) == ""


def test_its_types_are_there_when_asked_for() -> None:
    assert _runs(ASKED) == ""


def test_a_host_that_has_numpy_keeps_all_of_it() -> None:
    program = "import numpy; from netwright.cli.startup import leave_out; leave_out(); assert numpy.unique.__doc__"
    assert _runs(program + "; assert numpy.array.__doc__") == ""
