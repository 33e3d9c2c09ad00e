"""FITS files: headers that lie, and one that never ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hostile.case import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 2880


def card(name: str, value: str) -> str:
    """Write a card of the header."""
    return f"{name:<8}= {value:>20}"


def encode(cards: list[str], samples: bytes) -> bytes:
    """Write a file of one image."""
    head = b"".join(text.encode().ljust(80) for text in [card("SIMPLE", "T"), *cards, "END"])
    return head.ljust(-(-len(head) // BLOCK) * BLOCK) + samples


def image(bits: str, *lengths: str) -> list[str]:
    """Tell the cards of an image."""
    axes = [card(f"NAXIS{i}", length) for i, length in enumerate(lengths, 1)]
    return [card("BITPIX", bits), card("NAXIS", str(len(lengths))), *axes]


def cases(canary: str) -> Iterator[Case]:  # noqa: ARG001 - all families are called alike
    """Make the cases."""
    samples = np.arange(256, dtype=">f4").tobytes().ljust(BLOCK, b"\0")
    good = encode(image("-32", "16", "16"), samples)
    yield Case("fits/ok.fits", good, "open", "valid float FITS (big-endian)", (16, 16))
    for name, cards in [
        ("naxis_huge", image("8", str(2**62), "4")),
        ("naxis999", [card("BITPIX", "8"), card("NAXIS", "999")]),
        ("neg", image("8", "-5", "5")),
        ("bitpix7", image("7", "5", "5")),
    ]:
        yield Case(f"fits/{name}.fits", encode(cards, bytes(BLOCK)), "refuse", name)
    endless = card("SIMPLE", "T").encode().ljust(80) + b"COMMENT".ljust(80) * 130_000
    yield Case("fits/no_end_10MB.fits", endless, "refuse", "header without END, 10 MB")
