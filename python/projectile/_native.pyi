"""The part of the package that is in Rust."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, final, type_check_only

__all__ = [
    "Image",
    "Server",
    "UnsupportedError",
    "__version__",
    "close_all",
    "colormaps",
    "forked",
    "guess_axes",
    "main",
    "open",
    "resamplings",
]

__version__: str

class UnsupportedError(ValueError):
    """A file or an array of a kind that projectile does not show."""

@final
class Image:
    """An image that can be asked for tiles."""

    @staticmethod
    def from_array(array: Any, name: str, **keywords: Any) -> Image: ...
    @staticmethod
    def from_reader(
        reader: Any,
        name: str,
        *,
        dtype: str,
        shape: Sequence[int],
        chunks: Sequence[Sequence[int]],
        remote: bool,
        cache_bytes: int,
        **keywords: Any,
    ) -> Image: ...
    @property
    def address(self) -> int | None: ...
    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> list[int]: ...
    @property
    def axes(self) -> list[str]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def max_zoom(self) -> int: ...
    def auto_window(self) -> tuple[float, float]: ...
    def tile(
        self,
        z: int,
        x: int,
        y: int,
        size: int,
        format: str,
        *,
        colormap: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
        resampling: str | None = None,
        channels: Sequence[int] | None = None,
        indices: Sequence[tuple[str, int]] = ...,
    ) -> bytes: ...

# It is not exported: only a server makes it.
@type_check_only
@final
class Request:
    """A request under way."""

    def cancel(self) -> None: ...

@final
class Server:
    """A server of images."""

    def __new__(
        cls,
        images: Sequence[Image],
        *,
        tile_size: int = 256,
        client: str | None = None,
        hosts: Sequence[str] = ...,
        any_host: bool = False,
    ) -> Server: ...
    @property
    def ids(self) -> list[str]: ...
    @property
    def port(self) -> int | None: ...
    @property
    def closed(self) -> bool: ...
    def listen(self, host: str, port: int) -> int: ...
    def fileno(self) -> int: ...
    def request(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        callback: Callable[[int, list[tuple[str, str]], bytes, bool], bool],
        peer: str | None = None,
    ) -> Request: ...
    def refresh(
        self,
        id: str,
        rows: tuple[int, int],
        columns: tuple[int, int],
        indices: Sequence[tuple[str, tuple[int, int]]],
    ) -> int: ...
    def set(self, id: str, fields: str) -> None: ...
    def listen_to_pages(self) -> None: ...
    def state(self) -> str | None: ...
    def pages(self) -> int: ...
    def screenshot(self, seconds: float) -> bytes | None: ...
    def image(self, index: int) -> Image | None: ...
    def close(self) -> None: ...

def main(arguments: Sequence[str], fallback: Callable[[Any], Any]) -> int: ...
def open(path: str | PathLike[str], name: str | None = None, **keywords: Any) -> list[Image]: ...
def colormaps() -> list[str]:
    """The names of the colormaps."""

def resamplings() -> list[str]: ...
def guess_axes(shape: Sequence[int]) -> list[str]: ...
def forked() -> None: ...
def close_all(servers: Sequence[Server]) -> None: ...
