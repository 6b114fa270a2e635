"""What a command leaves out of its libraries: docstrings, static types, what only other uses of them need. That takes
more than a third of its start."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from netwright.base.patterns import deferred

_LATER: dict[str, tuple[str, ...]] = {
    "numpy._core._add_newdocs": (),
    "numpy._core._add_newdocs_scalars": (),
    "numpy._typing": (),
    "pickle": (),
    "msgspec.inspect": (),
    "msgspec._json_schema": ("schema", "schema_components"),
}
"""Modules that their libraries always import and a command never asks anything, with the functions that other modules
take from them by name."""
_OPTIONAL = {"msgspec": ("typing_extensions",)}
"""What a library uses only where it is installed, to no purpose of a command."""


class _Later(ModuleType):
    """Stands for a module until something is asked of it that it has not."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.loaded(), name)

    def loaded(self) -> ModuleType:
        """The module itself; what is asked of the stand-in is its own from now on."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = import_module(self.__name__)
        self.__dict__.update(vars(module))
        return module

    def function(self, name: str) -> Callable[..., Any]:
        """A function of the module, which is imported when it is called."""

        def call(*arguments: Any, **named: Any) -> Any:
            return getattr(self.loaded(), name)(*arguments, **named)

        return call


def leave_out() -> None:
    """Only for a process of our own, before all else is imported: `help` of numpy's functions says nothing afterwards.
    Of a library that is imported already nothing is left out."""
    known = set(sys.modules)
    for name, functions in _LATER.items():
        if name not in known and name.partition(".")[0] not in known:
            later = sys.modules[name] = _Later(name)
            for function in functions:
                setattr(later, function, later.function(function))
    if (types := sys.modules.get("numpy._typing")) and isinstance(types, _Later):
        types.NDArray = list  # type: ignore[attr-defined] # numpy.linalg writes it into annotations
    for library, others in _OPTIONAL.items():
        with deferred(), _hidden({name for name in others if name not in known}):
            import_module(library)


@contextmanager
def _hidden(names: set[str]) -> Iterator[None]:
    for name in names:
        sys.modules[name] = None  # type: ignore[assignment] # an import of it fails
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
