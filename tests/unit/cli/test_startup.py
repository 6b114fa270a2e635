"""What a command leaves out of its libraries is missed by nobody, and there when somebody asks."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from netwright.cli.startup import cleandoc

COMPUTED = """
import sys
from netwright.cli.startup import leave_out
leave_out()
import numpy as np
assert not any(name.startswith("numpy._typing.") for name in sys.modules)
assert np.unique(np.array([3, 1, 3])).tolist() == [1, 3]
assert np.unpackbits(np.packbits(np.array([1, 0, 1], np.uint8)))[:3].tolist() == [1, 0, 1]
for _ in range(2):
    assert np.pad(np.array([1]), 1).tolist() == [0, 1, 0]
assert float(np.nanmax(np.array([1.0, np.nan]))) == 1.0
assert round(float(np.linalg.det(np.array([[2.0, 0.0], [0.0, 3.0]])))) == 6
assert np.bincount(np.array([1, 1, 0])).tolist() == [1, 2]
assert np.diff(np.array([1, 3])).tolist() == [2]
assert np.einsum("i,i", np.array([1, 2]), np.array([3, 4])) == 11
assert np.split(np.arange(4), 2)[1].tolist() == [2, 3]
assert np.tril(np.ones((2, 2))).tolist() == [[1, 0], [1, 1]]
assert np.broadcast_to(np.array([1]), 2).tolist() == [1, 1]
assert not np.isneginf(1.0) and np.isreal(1.0)
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


def test_the_rest_is_there_when_asked_for() -> None:
    program = """
import sys
from netwright.cli.startup import leave_out
leave_out()
import msgspec, numpy
left = {"pickle", "msgspec.inspect", "msgspec._json_schema", "typing_extensions"}
left |= {"ast", "ctypes", "inspect", "numpy.linalg._linalg", "numpy.lib._npyio_impl", "urllib.parse"}
left |= {"decimal", "difflib", "gettext", "hashlib", "platform", "threading"}
left |= {"yaml.loader", "yaml.cyaml", "yaml.constructor"}
assert not any(hasattr(sys.modules.get(name), "__file__") for name in left)
import pickle, typing_extensions
assert pickle.loads(pickle.dumps(numpy.arange(3))).tolist() == [0, 1, 2]
assert typing_extensions.Protocol
class Found(msgspec.Struct):
    words: list[str] | None = None
assert msgspec.json.decode(b'{"words": ["a"]}', type=Found) == Found(["a"])
assert msgspec.json.schema(Found)["$defs"]["Found"]["properties"]["words"]
assert msgspec.inspect.type_info(Found).fields[0].name == "words"
import ast, ctypes, inspect, urllib.parse
assert str(inspect.signature(numpy.linspace)).startswith("(start, stop")
assert str(inspect.signature(lambda a, b: a)) == "(a, b)"
assert inspect.isfunction(numpy.packbits) is False
assert str(inspect.signature(lambda a, b: a)) == "(a, b)"
assert ast.literal_eval("[1]") == [1]
assert ctypes.sizeof(ctypes.c_int) == 4
assert urllib.parse.quote("a b") == "a%20b"
import pathlib
assert pathlib.Path("/a b").as_uri() == "file:///a%20b"
import decimal, difflib, hashlib, platform, threading
assert decimal.Decimal("1.50") * 2 == 3
assert platform.python_version().startswith("3.")
assert difflib.get_close_matches("-o", ["--output"]) == []
assert difflib.get_close_matches("--outpt", ["--output"]) == ["--output"]
large = b"x" * (1 << 21)
assert hashlib.sha256(b"a").hexdigest() == hashlib.new("sha256", b"a").hexdigest()
assert hashlib.sha256(large).hexdigest() == hashlib.new("sha256", large).hexdigest()
thread = threading.Thread(target=lambda: None)
thread.start()
thread.join()
assert threading.current_thread() is threading.main_thread()
import dataclasses
@dataclasses.dataclass
class Told:
    name: str
assert Told.__doc__ == "Told(name: str)"
"""
    assert _runs(program) == ""


def test_yaml_is_whole_when_asked_for() -> None:
    program = """
from netwright.cli.startup import leave_out
leave_out()
import yaml
from yaml._yaml import CParser
assert [type(one).__name__ for one in yaml.parse("a", Loader=CParser)][2] == "ScalarEvent"
try:
    list(yaml.parse("[", Loader=CParser))
except yaml.MarkedYAMLError as fault:
    assert type(fault).__name__ == "ParserError"
assert yaml.safe_load("a: [1]") == yaml.load("a: [1]", Loader=yaml.CSafeLoader) == {"a": [1]}
assert yaml.safe_dump({"a": 1}) == "a: 1\\n"
"""
    assert _runs(program) == ""


@pytest.mark.parametrize("text", ["", "one line", "  one\n    two\n      three\n\n", "\n\n\ta\n\tb\n", "a\n \n b\n  "])
def test_help_is_cut_as_inspect_cuts_it(text: str) -> None:
    assert cleandoc(text) == inspect.cleandoc(text)
