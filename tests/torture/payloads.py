"""Ways to write a path that leads out of a folder."""

from __future__ import annotations

from urllib.parse import quote

PARENTS = [
    *[
        "..",
        "%2e%2e",
        "%2E%2E",
        ".%2e",
        "%2e.",
        "%252e%252e",
        "%25252e%25252e",
        "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae",
    ],
    *[
        "%f0%80%80%ae%f0%80%80%ae",
        "%ef%bc%8e%ef%bc%8e",
        "%u002e%u002e",
        "..;",
        "..;a=b",
        "....",
        "%2e%2e;",
        "%%32%65%%32%65",
        "..%ff",
        "..%00",
        "..%0d%0a",
    ],
]
SLASHES = [
    *[
        "/",
        "%2f",
        "%2F",
        "\\",
        "%5c",
        "%5C",
        "%252f",
        "%255c",
        "%c0%af",
        "%e0%80%af",
        "%ef%bc%8f",
        "%c1%9c",
        "//",
    ],
    *["/./", "%2f%2f", "\\/", "/%2e/"],
]
DEPTH = 6


def payloads(secret: str) -> list[str]:
    """Write the path of `secret`, an absolute one, and others that nobody should be given, in 500 ways and more."""
    name = secret.rsplit("/", 1)[-1]
    relative = []
    for parent in PARENTS:
        for slash in SLASHES:
            relative.append((parent + slash) * DEPTH + secret.lstrip("/").replace("/", slash))
            if slash in ("/", "%2f", "\\", "%5c", "%252f", "//"):
                relative.append(parent + slash + name)
    escaped = quote(secret, safe="")
    twice = quote(escaped, safe="")
    absolute = [
        *[secret, f"/{secret}", f"//{secret}", f"./{secret}", escaped, f"%2f{escaped}", twice],
        *[
            f"{secret}%00",
            f"{secret}%00.png",
            f"{secret}.png",
            f"{secret}%23.png",
            f"{secret}%3f.png",
            f"{secret};.png",
        ],
        *[
            f"file://{secret}",
            f"file:{secret}",
            f"file://localhost{secret}",
            f"file:%2f%2f{escaped}",
            f"FILE://{secret}",
        ],
        *[
            f"local:{secret}",
            f"jar:file:{secret}!/",
            f"zip://{secret}",
            f"a.npy::{secret}",
            f"::{secret}",
            f"@{secret}",
        ],
        *[
            "C:\\secret.txt",
            "C:/secret.txt",
            "C%3a%5csecret.txt",
            "c:secret.txt",
            "%5c%5c127.0.0.1%5cshare%5csecret.txt",
        ],
        *[
            "\\\\127.0.0.1\\share\\secret.txt",
            "//127.0.0.1/share/secret.txt",
            "\\\\?\\C:\\secret.txt",
            "\\\\.\\pipe\\a",
        ],
        *[
            "/proc/self/environ",
            "/proc/self/root" + secret,
            "/proc/self/cwd",
            "/proc/self/fd/3",
            "/dev/fd/0",
            "/dev/zero",
        ],
        *[
            "/etc/passwd",
            "%2fetc%2fpasswd",
            "~/secret.txt",
            "~root/secret.txt",
            "%7e/secret.txt",
            "$HOME/secret.txt",
        ],
        *[
            "${HOME}",
            "$(cat%20/etc/passwd)",
            "`id`",
            "%7ccat",
            "{{7*7}}",
            "NUL",
            "CON.png",
            "aux",
            ".",
            "..",
            "...",
            "%2e",
        ],
        *[
            ".git/config",
            ".env",
            "index.html::$DATA",
            "index.html%20",
            "index.html.",
            "index.html/",
            "INDEX~1.HTM",
        ],
        *[
            "far.txt",
            "far/secret.txt",
            "near/../../secret.txt",
            "viewer/far.txt",
            "viewer/far/secret.txt",
            "pipe",
            "link.npy",
        ],
    ]
    return list(dict.fromkeys([*relative, *absolute]))
