"""R32: numbers in addresses. Whatever they are, the answer is one of bounded size, and a tile has one name."""

from __future__ import annotations

import io
import random
import re
import struct
import time
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np
import pytest
from harness import Server, save
from PIL import Image
from raw_http import Answer, ask, ask_all, request

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT, FULL = 20_000, 1_000_000
MOST_PIXELS = 4096 * 4096
ANSWERED = {200, 204, 301, 302, 303, 304, 307, 308, 400, 404, 413, 414, 422, 431}
# A zoom of an image whose axes have levels of their own is two numbers.
CANONICAL = re.compile(r"(0|[1-9][0-9]*)(,(0|[1-9][0-9]*))?")

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


def pixels(answer: Answer) -> int:
    """Tell how many pixels an answer has; 0 for what is no picture."""
    kind = answer.headers.get("content-type", "").split(";")[0]
    if "x-projectile-shape" in answer.headers:
        rows, columns, _ = answer.headers["x-projectile-shape"].split(",")
        return int(rows) * int(columns)
    if kind == "image/png":
        width, height = struct.unpack(">II", answer.body[16:24])
        return width * height
    if kind in ("image/jpeg", "image/webp"):
        return int(np.prod(Image.open(io.BytesIO(answer.body)).size))
    return 0


def decoded(number: str) -> str:
    """Tell what a number of an address says."""
    return unquote(number, errors="surrogateescape")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    rng = np.random.default_rng(32)
    arrays = {
        "gray": rng.integers(0, 256, (200, 400), np.uint8),
        "colour": rng.integers(0, 256, (210, 300, 3), np.uint8),
        "stack": rng.normal(size=(3, 90, 80)).astype("f4"),
    }
    files = save(tmp_path_factory.mktemp("arithmetic"), arrays)
    with Server(*files) as server:
        for image in arrays:
            server.ok(f"/images/{image}/0/0/0.png")
        yield server


@pytest.mark.timeout(3600)
def test_every_number_has_an_answer_of_bounded_size(server, full, figure):
    cases = FULL if full else SHORT
    addresses = Addresses(32)
    statuses: Counter[int] = Counter()
    most, slowest, wrong = 0, 0.0, []
    began = time.perf_counter()
    for start in range(0, cases, 5000):
        batch = [addresses.one() for _ in range(min(5000, cases - start))]
        asked = [request(path) for path, _ in batch]
        before = time.perf_counter()
        for (path, whole), answer in zip(batch, ask_all(server.port, asked), strict=True):
            now = time.perf_counter()
            slowest, before = max(slowest, now - before), now
            statuses[answer.status] += 1
            area = pixels(answer) if answer.status == 200 else 0
            most = max(most, area)
            alias = answer.status == 200 and not all(CANONICAL.fullmatch(decoded(each)) for each in whole)
            if answer.status not in ANSWERED or area > MOST_PIXELS or alias:
                wrong.append((path, answer.status, area))
    seconds = time.perf_counter() - began
    figure(
        "R32",
        "strange numbers in tiles, IIIF, styles and measures",
        "200, 3xx or 4xx; at most 4096² pixels; no alias is a 200",
        cases=cases,
        wrong=len(wrong),
        answered_200=statuses[200],
        most_pixels=most,
        slowest_seconds=slowest,
        seconds=seconds,
    )
    assert not wrong, wrong[:20]
    # Enough of them mean something, so that it is not a test of refusals alone.
    assert statuses[200] > cases / 20, statuses
    # No answer here is a large one; that of a runaway would take far longer.
    assert slowest < 10


ALIASES = [
    "+{}",
    "0{}",
    "00{}",
    "{}.0",
    "{}.",
    "{}e0",
    "{}%20",
    "%20{}",
    "{}%00",
    "{}%0a",
    "0x{}",
    "-{}",
    "{}_",
    "%2b{}",
]


@pytest.mark.parametrize(
    "pattern",
    [
        "/{}/{}/{}.png",
        "/{}/{}/{}/64.png",
        "/images/gray/{}/{}/{}.png",
        "/images/gray/{}/{}/{}/64/viridis/0/255.png",
        "/dzi/gray_files/{}/{}_{}.png",
        "/zoomify/gray/TileGroup0/{}-{}-{}.jpg",
        "/wmts/gray/pixels/{}/{}/{}.png",
        "/iiif/3/gray/{},{},9,9/{},/0/default.png",
        "/iiif/2/gray/{},{},9,9/{},/0/default.png",
    ],
)
def test_a_tile_has_one_name(server, pattern, figure):
    right = ["1", "0", "0"] if "iiif" not in pattern else ["0", "0", "9"]
    plain = ask(server.port, request(pattern.format(*right)))
    assert plain.status == 200, (pattern, plain.body)
    tried, wrong = 0, []
    for place in range(3):
        for alias in ALIASES:
            numbers = list(right)
            numbers[place] = alias.format(numbers[place])
            path = pattern.format(*numbers)
            tried += 1
            status = ask(server.port, request(path)).status
            if status not in (400, 404) and not 300 <= status < 400:
                wrong.append((path, status))
    figure(
        "R32",
        f"other ways to write {pattern.format(*right)}",
        "400, 404 or a redirection",
        aliases=tried,
        wrong=len(wrong),
    )
    assert not wrong


def test_what_means_the_same_is_kept_once(server, figure):
    """An escape that RFC 3986 calls equivalent, and another way to write a real number, is the same tile."""
    groups = [
        [
            "/1/0/0/64.png",
            "/1,1/0/0/64.png",
            "/%31/0/0/64.png",
            "/1/0/0/%364.png",
            "/1/0/0/64.p%6eg",
            "/1/0/0/64.png?unknown=1",
        ],
        [f"/0/0/0/32.png?vmin={low}&vmax=255" for low in ("1", "1.0", "1e0", "%31", "01", "%2b1", "10e-1")],
        [f"/0/0/0/32.png?vmin={low}&vmax=255" for low in ("0", "-0", "0.0", "-0e9", "1e-999")],
        ["/0/0/0/16.png?vmin=3&vmax=200", "/0/0/0/16.png?vmax=200&vmin=3", "/0/0/0/16.png?window=3:200"],
    ]
    tags = []
    for group in groups:
        answers = [ask(server.port, request(path)) for path in group]
        assert {answer.status for answer in answers} <= {200, 400}, group
        tags.append({answer.headers["etag"] for answer in answers if answer.status == 200})
    figure(
        "R32",
        "addresses that mean the same",
        "one key of the cache each",
        groups=len(groups),
        keys=sum(map(len, tags)),
    )
    assert [len(group) for group in tags] == [1] * len(groups)
