"""An ``rsync`` that behaves as the one of macOS does where that differs from GNU's.

It takes no flag that openrsync does not, splits its remote shell at blanks without knowing
quotes, lets the far shell read the names of folders, and speaks protocol 29; the work is done by
the real rsync.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

_PROGRAM = """#!{python}
import os, re, shlex, sys

TAKEN = re.compile(
    r"-[rtvz]+|--(?:inplace|no-whole-file|sparse|"
    r"(?:files-from|timeout|rsync-path|rsh|bwlimit|max-size|partial-dir)=.*|"
    r"chmod=[ugo]=[rwxX]*(?:,[ugo]=[rwxX]*)*)"
)
words = sys.argv[1:]
if words == ["--version"]:
    print("openrsync: protocol version 29\\nrsync version 2.6.9 compatible")
    sys.exit(0)
end = words.index("--")
given = []
for word in words[:end]:
    if not TAKEN.fullmatch(word):
        sys.exit(f"rsync: unrecognized option `{{word}}'")
    if word.startswith("--rsh="):
        word = "--rsh=" + shlex.join(word[len("--rsh="):].split())
    given.append(word)
os.execv({real!r}, ["rsync", "--old-args", "--protocol=29", *given, *words[end:]])
"""


def install(folder: Path) -> str:
    """Put it into ``folder``; the PATH on which it is found first."""
    real = shutil.which("rsync")
    assert real, "rsync is missing: apt-get install rsync"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "rsync"
    program.write_text(_PROGRAM.format(python=sys.executable, real=real))
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
