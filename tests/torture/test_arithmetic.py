"""R32: numbers in addresses. Whatever they are, the answer is one of bounded size, and a tile has one name."""

from __future__ import annotations

import io
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
from strange_addresses import Addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT, FULL = 20_000, 1_000_000
MOST_PIXELS = 4096 * 4096
ANSWERED = {200, 204, 301, 302, 303, 304, 307, 308, 400, 404, 413, 414, 422, 431}
# A zoom of an image whose axes have levels of their own is two numbers.
CANONICAL = re.compile(r"(0|[1-9][0-9]*)(,(0|[1-9][0-9]*))?")


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
    most, slowest, wrong = 0, (0.0, ""), []
    began = time.perf_counter()
    for start in range(0, cases, 5000):
        batch = [addresses.one() for _ in range(min(5000, cases - start))]
        asked = [request(path) for path, _ in batch]
        before = time.perf_counter()
        for (path, whole), answer in zip(batch, ask_all(server.port, asked), strict=True):
            now = time.perf_counter()
            slowest, before = max(slowest, (now - before, path)), now
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
        slowest_seconds=slowest[0],
        seconds=seconds,
    )
    assert not wrong, wrong[:20]
    # Enough of them mean something, so that it is not a test of refusals alone.
    assert statuses[200] > cases / 20, statuses
    # The largest take two seconds of two cores that do nothing else; this is where the server itself gives up.
    assert slowest[0] < 30, slowest


# What is answered at most, and what is one more than that; 0: no size of ours, whatever it is.
EDGES = [
    ("/0/0/0/{}.png", 4096, 8192),
    ("/0/0/0/{}.npy", 4096, 8192),
    ("/iiif/3/gray/full/%5E{0},{0}/0/default.png", 4096, 4097),
    ("/iiif/2/gray/full/{0},{0}/0/default.png", 4096, 4097),
    ("/iiif/3/gray/full/%5E!{0},{0}/0/default.jpg", 0, 40_000),
    ("/iiif/3/gray/full/%5Epct:{}/90/default.png", 1000, 4294967296),
    ("/iiif/3/gray/0,0,1,1/%5E1,{}/0/default.png", 0, 4294967296),
    ("/images/gray/region.png?width={0}&height={0}", 4096, 4097),
    ("/images/gray/region.bin?width={}&height=1", 4096, 9223372036854775808),
    ("/images/gray/thumbnail.png?size={}", 2048, 2049),
    ("/images/gray/colorbar.png?length={}", 4096, 4097),
    ("/colormaps/viridis/colorbar.png?length={}", 4096, 18446744073709551615),
]


@pytest.mark.parametrize(("pattern", "most", "more"), EDGES)
def test_the_largest_answer_is_bounded(server, pattern, most, more, figure):
    area = 0
    if most:
        answer = ask(server.port, request(pattern.format(most)))
        assert answer.status == 200, answer.body[:200]
        area = pixels(answer)
    began = time.perf_counter()
    refused = ask(server.port, request(pattern.format(more)))
    seconds = time.perf_counter() - began
    figure(
        "R32",
        f"the largest that {pattern} gives",
        "at most 4096² pixels; more is a 4xx at once",
        pixels=area,
        refused=refused.status,
        seconds=seconds,
    )
    assert area <= MOST_PIXELS
    assert refused.status in (400, 404, 413, 422)
    assert seconds < 2


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
