"""Addresses with strange numbers in them, out of a seed."""

from __future__ import annotations

import random

# What parsers of numbers take for a number, or take too far.
STRANGE = [
    *[
        "",
        "-0",
        "+0",
        "-1",
        "+1",
        "01",
        "00",
        "0001",
        "1.0",
        "1.",
        ".1",
        "1e0",
        "1E3",
        "0x1",
        "0b1",
        "1_0",
        "1,0",
    ],
    *[
        "%201",
        "1%20",
        "%091",
        "1%0a",
        "%00",
        "1%00",
        "%31",
        "%30",
        "%2b1",
        "%2d0",
        "%2D1",
        "1%2e0",
        "%25",
        "%251",
    ],
    *["2147483647", "2147483648", "-2147483649", "4294967295", "4294967296", "9007199254740993"],
    *["9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551615"],
    *[
        "18446744073709551616",
        "340282366920938463463374607431768211456",
        "9" * 40,
        "9" * 300,
        "0" * 300 + "1",
    ],
    *[
        "1e308",
        "-1e308",
        "1.7976931348623157e308",
        "1e309",
        "1e-400",
        "5e-324",
        "1e99999",
        "1e",
        "e1",
        "--1",
        "+-1",
    ],
    *[
        "nan",
        "NaN",
        "-nan",
        "inf",
        "-inf",
        "Infinity",
        "null",
        "None",
        "true",
        "*",
        "(1)",
        "1;1",
        "1'",
        "%27",
        "%22",
    ],
    # One, as Arabic, Devanagari, full-width, superscript, circled and Roman digits, escaped and as they are.
    *["%D9%A1", "%E0%A5%A7", "%EF%BC%91", "%C2%B9", "%E2%91%A0", "%E2%85%A0", "\xd9\xa1", "\xef\xbc\x91"],
    *["%", "%1", "%zz", "%ff", "%c0%b1", "%u0031", "%F0%9D%9F%8F", "1%F0%9D%9F%8F"],
]
FORMATS = ["png", "jpg", "webp", "npy", "bin"]
STYLES = [
    "vmin",
    "vmax",
    "window",
    "c",
    "t",
    "quality",
    "bits",
    "background",
    "v",
    "r",
    "x",
    "y",
    "z",
    "size",
]


class Addresses:
    """Addresses out of a seed: mostly well-formed, with one or two strange numbers in each."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def number(self, most: int = 4, strange: float = 0.3) -> str:
        """A number that may be a strange one."""
        chance = self.random.random()
        if chance < strange:
            return self.random.choice(STRANGE)
        if chance < strange + 0.05:
            return str(self.random.getrandbits(self.random.choice([8, 31, 32, 33, 63, 64, 65])))
        return str(self.random.randint(0, most))

    def side(self) -> str:
        """How many pixels of a tile, mostly few."""
        return self.random.choice(["1", "2", "16", "64", "256", self.number(4096)])

    def style(self) -> str:
        """A query of up to three parameters."""
        names = self.random.sample(STYLES, self.random.choice([0, 0, 1, 2, 3]))
        return "&".join(f"{name}={self.number(255)}" for name in names)

    def tile(self) -> tuple[str, list[str]]:
        """A tile, and its numbers, of which each must be written in the one right way."""
        strange = self.random.choice([0, 0.2, 0.5])
        numbers = [self.number(most, strange) for most in (1, 1, 1)]
        kind = self.random.randrange(6)
        image = self.random.choice(["", "/images/gray", "/images/colour", "/images/stack"])
        z, x, y = numbers
        ending = self.random.choice(FORMATS)
        if kind == 0:
            side = self.side()
            return f"{image}/{z}/{x}/{y}/{side}.{ending}", [*numbers, side]
        if kind == 1:
            low, high = self.number(255), self.number(255)
            return f"{image}/{z}/{x}/{y}/64/viridis/{low}/{high}.{ending}", numbers
        if kind == 2:
            return f"/dzi/gray_files/{z}/{x}_{y}.png", numbers
        if kind == 3:
            return f"/zoomify/colour/TileGroup0/{z}-{x}-{y}.jpg", numbers
        if kind == 4:
            return f"/wmts/gray/pixels/{z}/{y}/{x}.png", numbers
        return f"{image}/{z}/{x}/{y}.{ending}", numbers

    def iiif(self) -> tuple[str, list[str]]:
        """A request of IIIF, and those of its numbers that are whole."""
        strange = self.random.choice([0, 0.1, 0.3])
        whole: list[str] = []

        def take(most: int) -> str:
            number = self.number(most, strange)
            # Nothing at all is a size that is left out.
            whole.extend([number] if number else [])
            return number

        def loose(most: int) -> str:
            return self.number(most, strange)

        region = self.random.choice(
            [
                lambda: "full",
                lambda: "square",
                lambda: ",".join(take(300) for _ in range(4)),
                lambda: "pct:" + ",".join(loose(100) for _ in range(4)),
                lambda: ",".join(take(9) for _ in range(self.random.randint(1, 6))),
            ]
        )()
        size = self.random.choice(
            [
                lambda: "max",
                lambda: f"{take(64)},",
                lambda: f",{take(64)}",
                lambda: f"{take(64)},{take(64)}",
                lambda: f"!{take(64)},{take(64)}",
                lambda: f"%5E{take(64)},",
                lambda: f"pct:{loose(100)}",
                lambda: f"%5Epct:{loose(120)}",
            ]
        )()
        rotation = self.random.choice(["0", "90", "180", "270", "!90", self.number(360, strange)])
        quality = self.random.choice(["default", "color", "gray", "bitonal", self.number(9)])
        version = self.random.choice(["2", "3"])
        image = self.random.choice(["gray", "colour"])
        return f"/iiif/{version}/{image}/{region}/{size}/{rotation}/{quality}.png", whole

    def measure(self) -> tuple[str, list[str]]:
        """A question about pixels."""
        number = self.number
        asked = self.random.choice(
            [
                lambda: f"value?x={number(400)}&y={number(200)}&t={number(2)}",
                lambda: f"histogram?bins={number(300)}&c={number(2)}",
                lambda: f"histogram?x0={number(9)}&x1={number(99)}&y0={number(9)}&y1={number(99)}",
                lambda: f"statistics?polygon={','.join(number(99) for _ in range(6))}",
                lambda: f"profile?line={','.join(number(99) for _ in range(4))}",
                lambda: f"thumbnail.png?size={number(99)}",
                lambda: f"region.npy?x0={number(9)}&y0={number(9)}&x1={number(99)}&y1={number(99)}",
                lambda: f"region.png?width={number(99)}&height={number(99)}&x1=9&y1=9",
                lambda: f"fetch?z={number()}&x0={number()}&y0={number()}&x1={number()}&y1={number()}",
                lambda: f"colorbar.svg?length={number(99)}&vmin={number(9)}&vmax={number(9)}",
            ]
        )()
        return f"/images/{self.random.choice(['gray', 'stack'])}/{asked}", []

    def one(self) -> tuple[str, list[str]]:
        """Any address; with it the numbers that have one way to be written."""
        path, whole = self.random.choices([self.tile, self.iiif, self.measure], [5, 4, 2])[0]()
        style = self.style()
        return (f"{path}{'&' if '?' in path else '?'}{style}" if style else path), whole
