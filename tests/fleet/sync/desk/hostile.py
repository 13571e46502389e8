"""A far side that says what it was told to say.  A program that imports nothing of ours."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

WELCOME: Final[dict[str, Any]] = {
    "say": "welcome", "protocol": 1, "version": "0", "now": 0.0, "inbox": "/i", "outbox": "/o",
    "inbox_root": "/i", "outbox_root": "/o", "inbox_free": 10**12, "outbox_free": 10**12,
    "rsync": "", "restricted": False, "at_work": True,
}  # fmt: skip


def main() -> None:
    answers: dict[str, list[dict[str, Any]]] = json.loads(Path(sys.argv[1]).read_text())
    for line in sys.stdin:
        request = json.loads(line)
        word = request["do"]
        if word == "goodbye":
            return
        if word == "hello":
            told = [WELCOME]
        elif word == "still":
            continue
        else:
            told = answers[word]
        # The last answer is given again and again.
        answer = told.pop(0) if len(told) > 1 else told[0]
        if "only_asked" in answer:
            results = [each for each in answer["results"] if each["picture"] in request["pictures"]]
            answer = {"say": answer["say"], "outbox": answer["outbox"], "results": results}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
