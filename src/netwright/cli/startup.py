"""What a command leaves out of its libraries: docstrings, static types, what only other uses of them need. That takes
half of its start."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

from netwright.base.patterns import deferred

_LATER: dict[str, str] = {
    "ast": "",
    "ctypes": "",
    "inspect": "",
    "msgspec._json_schema": "schema schema_components",
    "msgspec.inspect": "",
    "numpy._core._add_newdocs": "",
    "numpy._core._add_newdocs_scalars": "",
    "numpy._typing": "",
    "numpy.lib._arraypad_impl": "pad",
    "numpy.lib._arrayterator_impl": "Arrayterator",
    "numpy.lib._histograms_impl": "histogram histogram_bin_edges histogramdd",
    "numpy.lib._nanfunctions_impl": "nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin "
    "nanpercentile nanprod nanquantile nanstd nansum nanvar",
    "numpy.lib._npyio_impl": "fromregex genfromtxt load loadtxt save savetxt savez savez_compressed",
    "numpy.lib._polynomial_impl": "poly poly1d polyadd polyder polydiv polyfit polyint polymul polysub polyval roots",
    "numpy.lib._utils_impl": "get_include info show_runtime",
    "numpy.lib.format": "",
    "numpy.lib.introspect": "",
    "numpy.lib.npyio": "",
    "numpy.lib.scimath": "",
    "numpy.linalg._linalg": "LinAlgError cholesky cond cross det diagonal eig eigh eigvals eigvalsh inv lstsq matmul "
    "matrix_norm matrix_power matrix_rank matrix_transpose multi_dot norm outer pinv qr slogdet solve svd svdvals "
    "tensordot tensorinv tensorsolve trace vecdot vector_norm",
    "pickle": "",
    "urllib.parse": "quote_from_bytes",
}
"""Modules that their libraries always import and a command never asks anything, with the functions that other modules
take from them by name."""
_CORE = {"numpy.lib._npyio_impl": ("packbits", "unpackbits")}
"""Functions of numpy's core that numpy itself takes from elsewhere."""
_OPTIONAL = {"msgspec": ("typing_extensions",)}
"""What a library uses only where it is installed, to no purpose of a command."""


class _Later(ModuleType):
    """Stands for a module until something is asked of it that it has not."""

    def __init__(self, name: str, functions: Iterable[str]) -> None:
        super().__init__(name)
        for function in functions:
            setattr(self, function, self._function(function))
        self.__all__ = [*functions, *_CORE.get(name, ())]

    def __getattr__(self, name: str) -> Any:
        if name in _CORE.get(self.__name__, ()):
            return getattr(import_module("numpy._core.multiarray"), name)
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._loaded(), name)

    def _loaded(self) -> ModuleType:
        """The module itself; what is asked of the stand-in is its own from now on."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = import_module(self.__name__)
        self.__dict__.update(vars(module))
        return module

    def _function(self, name: str) -> Callable[..., Any]:
        """A function of the module, which is imported when it is called."""

        def call(*arguments: Any, **named: Any) -> Any:
            return getattr(self._loaded(), name)(*arguments, **named)

        return call


def leave_out() -> None:
    """Only for a process of our own, before all else is imported: `help` of numpy's functions says nothing afterwards.
    Of a library that is imported already nothing is left out."""
    known = set(sys.modules)
    for name, functions in _LATER.items():
        if name not in known and name.partition(".")[0] not in known:
            sys.modules[name] = _Later(name, functions.split())
    if isinstance(parse := sys.modules.get("urllib.parse"), _Later):
        import_module("urllib").parse = parse  # type: ignore[attr-defined] # as the import of the module would do
    if isinstance(inspect := sys.modules.get("inspect"), _Later):
        inspect.cleandoc, inspect.signature = cleandoc, _Signature  # type: ignore[attr-defined]
    for library, others in _OPTIONAL.items():
        with deferred(), _hidden({name for name in others if name not in known}):
            import_module(library)


class _Signature:
    """`inspect.signature` of a function, which numpy asks of each of its own and shows to nobody."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loaded(), name)

    def __str__(self) -> str:
        return str(self._loaded())

    def _loaded(self) -> Any:
        return import_module("inspect").Signature.from_callable(self._function)


def cleandoc(text: str) -> str:
    """What `inspect.cleandoc` gives, by PEP 257's rule; click and numpy ask for nothing else of that module."""
    first, *others = text.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in others if line.strip()), default=0)
    return "\n".join([first.lstrip(), *(line[margin:] for line in others)]).strip("\n")


@contextmanager
def _hidden(names: set[str]) -> Iterator[None]:
    for name in names:
        sys.modules[name] = None  # type: ignore[assignment] # an import of it fails
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
