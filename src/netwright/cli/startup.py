"""What a command leaves out of numpy: docstrings and static types, which take more than a third of its start."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_DOCSTRINGS = ("numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars")
_TYPES = "numpy._typing"


class _Later(ModuleType):
    """Stands for a module until something is asked of it that it has not."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        self.__dict__.update(vars(import_module(self.__name__)))
        return self.__dict__[name]


def leave_out() -> None:
    """Only for a process of our own, before numpy is imported: `help` of its functions says nothing afterwards."""
    if "numpy" in sys.modules:
        return
    for name in _DOCSTRINGS:
        sys.modules[name] = _Later(name)
    types = _Later(_TYPES)
    types.NDArray = list  # type: ignore[attr-defined] # numpy.linalg writes it into annotations
    sys.modules[_TYPES] = types
