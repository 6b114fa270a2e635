"""What a command leaves out of its libraries: docstrings, static types, what only other uses of them need. That takes
half of its start."""

from __future__ import annotations

import _thread
import os
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
    "decimal": "Decimal",
    "difflib": "",
    "gettext": "",
    "hashlib": "",
    "inspect": "",
    "msgspec._json_schema": "schema schema_components",
    "msgspec.inspect": "",
    "numpy._core._add_newdocs": "",
    "numpy._core._add_newdocs_scalars": "",
    "numpy._core._internal": "",
    "numpy._core.einsumfunc": "einsum einsum_path",
    "numpy._typing": "",
    "numpy.lib._arraypad_impl": "pad",
    "numpy.lib._arraysetops_impl": "ediff1d intersect1d isin setdiff1d setxor1d union1d unique unique_all "
    "unique_counts unique_inverse unique_values",
    "numpy.lib._arrayterator_impl": "Arrayterator",
    "numpy.lib._function_base_impl": "angle append asarray_chkfinite average bartlett blackman copy corrcoef cov "
    "delete diff digitize extract flip gradient hamming hanning i0 insert interp iterable kaiser median meshgrid "
    "percentile piecewise place quantile rot90 select sinc sort_complex trapezoid trim_zeros unwrap vectorize",
    "numpy.lib._histograms_impl": "histogram histogram_bin_edges histogramdd",
    "numpy.lib._nanfunctions_impl": "nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin "
    "nanpercentile nanprod nanquantile nanstd nansum nanvar",
    "numpy.lib._npyio_impl": "fromregex genfromtxt load loadtxt save savetxt savez savez_compressed",
    "numpy.lib._polynomial_impl": "poly poly1d polyadd polyder polydiv polyfit polyint polymul polysub polyval roots",
    "numpy.lib._shape_base_impl": "apply_along_axis apply_over_axes array_split column_stack dsplit dstack expand_dims "
    "hsplit kron put_along_axis row_stack split take_along_axis tile vsplit",
    "numpy.lib._stride_tricks_impl": "as_strided broadcast_arrays broadcast_shapes broadcast_to sliding_window_view",
    "numpy.lib._twodim_base_impl": "diag diagflat eye fliplr flipud histogram2d mask_indices tri tril tril_indices "
    "tril_indices_from triu triu_indices triu_indices_from vander",
    "numpy.lib._type_check_impl": "common_type imag iscomplex iscomplexobj isreal isrealobj mintypecode nan_to_num "
    "real real_if_close typename",
    "numpy.lib._ufunclike_impl": "fix isneginf isposinf",
    "numpy.lib._utils_impl": "get_include info show_runtime",
    "numpy.lib.format": "",
    "numpy.lib.introspect": "",
    "numpy.lib.mixins": "",
    "numpy.lib.npyio": "",
    "numpy.lib.scimath": "",
    "numpy.linalg._linalg": "LinAlgError cholesky cond cross det diagonal eig eigh eigvals eigvalsh inv lstsq matmul "
    "matrix_norm matrix_power matrix_rank matrix_transpose multi_dot norm outer pinv qr slogdet solve svd svdvals "
    "tensordot tensorinv tensorsolve trace vecdot vector_norm",
    "pickle": "",
    "platform": "",
    "threading": "",
    "urllib.parse": "quote_from_bytes",
    "yaml.cyaml": "CBaseDumper CBaseLoader CDumper CFullLoader CLoader CSafeDumper CSafeLoader CUnsafeLoader",
    "yaml.dumper": "BaseDumper Dumper SafeDumper",
    "yaml.loader": "BaseLoader FullLoader Loader SafeLoader UnsafeLoader",
}
"""Modules that their libraries always import and a command never asks anything, with the functions that other modules
take from them by name."""
_ERRORS: dict[str, str] = {
    "yaml.composer": "ComposerError",
    "yaml.constructor": "ConstructorError",
    "yaml.emitter": "EmitterError",
    "yaml.parser": "ParserError",
    "yaml.reader": "ReaderError",
    "yaml.representer": "RepresenterError",
    "yaml.scanner": "ScannerError",
    "yaml.serializer": "SerializerError",
}
"""The same, of which only these errors are taken by name; to take all is to ask for the module."""
_CORE = {"numpy.lib._function_base_impl": ("bincount",), "numpy.lib._npyio_impl": ("packbits", "unpackbits")}
"""Functions of numpy's core that numpy itself takes from elsewhere."""
_OPTIONAL = {"msgspec": ("typing_extensions",)}
"""What a library uses only where it is installed, to no purpose of a command."""


class _Later(ModuleType):
    """Stands for a module until something is asked of it that it has not."""

    def __init__(self, name: str, functions: Iterable[str]) -> None:
        super().__init__(name)
        for function in functions:
            setattr(self, function, self._function(function))
        self._offered = [*functions, *_CORE.get(name, ())] if name in _LATER else []

    def __getattr__(self, name: str) -> Any:
        if name == "__all__" and self._offered:  # its package, which is imported just now, takes all of it
            package = self.__name__.rpartition(".")[0]
            for one in (*_LATER, *_ERRORS):
                if one.rpartition(".")[0] == package and package in sys.modules:
                    setattr(sys.modules[package], one.rpartition(".")[2], sys.modules[one])
            return self._offered
        if name in _CORE.get(self.__name__, ()):
            return getattr(import_module("numpy._core.multiarray"), name)
        if name.startswith("__") and name != "__all__":
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

        call.__doc__ = ""  # which numpy takes apart when some of its packages are imported
        return call


def leave_out() -> None:
    """Only for a process of our own, before all else is imported: `help` of numpy's functions says nothing afterwards.
    Of a library that is imported already nothing is left out."""
    known = set(sys.modules)
    for name, functions in (_LATER | _ERRORS).items():
        if name not in known and name.partition(".")[0] not in known:
            sys.modules[name] = _Later(name, functions.split())
    if isinstance(parse := sys.modules.get("urllib.parse"), _Later):
        import_module("urllib").parse = parse  # type: ignore[attr-defined] # as the import of the module would do
    for name, ours in _OURS.items():
        if isinstance(stands := sys.modules.get(name), _Later):
            vars(stands).update(ours)
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


_LARGE = 1 << 20
"""Octets from which OpenSSL is faster, what it takes to begin included."""


def sha256(data: Any = b"", **named: Any) -> Any:
    """`hashlib.sha256`, of little data without OpenSSL."""
    if len(data) < _LARGE:
        return import_module("_sha2" if sys.version_info >= (3, 12) else "_sha256").sha256(data, **named)
    return _whole("hashlib").sha256(data, **named)


def _close_matches(word: str, possibilities: Iterable[str], n: int = 3, cutoff: float = 0.6) -> list[str]:
    """`difflib.get_close_matches`. click asks it of each short option before it knows that this is one."""
    if len(word) == 2 and word[0] == "-":
        return []
    found: list[str] = _whole("difflib").get_close_matches(word, possibilities, n, cutoff)
    return found


def _whole(name: str) -> Any:
    """The module itself, whether a stand-in is there for it or not."""
    module = sys.modules[name]
    return module._loaded() if isinstance(module, _Later) else module


_OURS: dict[str, dict[str, Any]] = {
    "difflib": {"get_close_matches": _close_matches},
    "gettext": {"gettext": str, "ngettext": lambda one, more, n: one if n == 1 else more},
    "hashlib": {"sha256": sha256},
    "inspect": {"cleandoc": cleandoc, "signature": _Signature},
    "platform": {"system": lambda: os.uname().sysname},
    "threading": {"local": _thread._local},
}
"""What a command does ask, of our own: no catalogue translates click, and `uuid` asks only where there is `uname`."""


@contextmanager
def _hidden(names: set[str]) -> Iterator[None]:
    for name in names:
        sys.modules[name] = None  # type: ignore[assignment] # an import of it fails
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
