# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running commands, waiting, and telling the user what is going on."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
LAST_LINES = 15
AGAIN = "Read the lines above, then run the same command again: it continues where it stopped."


class LabError(Exception):
    """Something the user has to know: what is wrong, and the way out."""

    def __init__(self, what: str, remedy: str = AGAIN) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def run(
    *command: str | Path,
    remedy: str = AGAIN,
    stdin: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """The standard output of a command; its last lines and the remedy when it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, input=stdin, cwd=cwd, env=env, text=True, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise LabError(f"{words[0]}: no such program", remedy) from error
    if done.returncode in (-signal.SIGINT, 128 + signal.SIGINT):
        raise KeyboardInterrupt
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-LAST_LINES:]
        raise LabError("\n".join([f"`{_short(words)}` failed ({done.returncode}):", *said]), remedy)
    return done.stdout


def succeeds(*command: str | Path) -> bool:
    """Whether a command exists and ends with status 0."""
    try:
        return subprocess.run([str(word) for word in command], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _short(words: Sequence[str], limit: int = 160) -> str:
    line = " ".join(words)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def wait(what: str, ready: Callable[[], bool], seconds: float, remedy: str) -> None:
    """Return as soon as `ready`; an error when it is not within so many seconds."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise LabError(f"{what} after {seconds:.0f} s", remedy)
        time.sleep(0.2)


def together(work: Callable[[T], object], items: Iterable[T], at_once: int = 6) -> None:
    """Do the work for every item, several at a time; the first failure is raised when all have ended."""
    with ThreadPoolExecutor(at_once) as pool:
        for future in [pool.submit(work, item) for item in items]:
            future.result()


def digest(*parts: str | bytes | Path) -> str:
    """A short name for exactly this content: texts, files (their bytes) and folders (every file's path and bytes)."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            for file in sorted(part.rglob("*")) if part.is_dir() else [part]:
                if file.is_file() and "__pycache__" not in file.parts:
                    total.update(str(file.relative_to(part)).encode() + b"\0" + file.read_bytes() + b"\0")
        else:
            total.update((part.encode() if isinstance(part, str) else part) + b"\0")
    return total.hexdigest()[:12]


class Stages:
    """Prints each stage when it starts and what it took when it ends."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._number = 0
        self._start = time.monotonic()

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        self._number += 1
        label = f"[{self._number}/{self._total}]"
        print(f"{label} {title}", flush=True)
        start = time.monotonic()
        yield
        now = time.monotonic()
        print(f"{' ' * len(label)} {now - start:.1f} s ({now - self._start:.0f} s in all)", flush=True)


def note(text: str) -> None:
    print(f"      {text}", flush=True)
