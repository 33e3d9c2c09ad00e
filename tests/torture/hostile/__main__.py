"""Writes all cases to the folder that is named."""

import json
import sys
from pathlib import Path

from hostile import cases

folder = Path(sys.argv[1])
canary = sys.argv[2] if len(sys.argv) > 2 else "canary-must-not-exist"
rows = []
for case in cases(canary):
    case.write(folder)
    rows.append(json.dumps(case.row()) + "\n")
(folder / "expect.jsonl").write_text("".join(rows), encoding="utf-8")
