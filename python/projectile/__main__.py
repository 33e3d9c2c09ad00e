"""The command ``projectile``."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

from . import _native
from ._sources import pillow


def main() -> NoReturn:
    """Run the command line, and exit with its code."""
    # While a file is read no Python runs that could see the signal: the system's own way ends it at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_native.main(["projectile", *sys.argv[1:]], pillow.fallback))


if __name__ == "__main__":
    main()
