"""Print how many files a warm call crosses, and how often it changes file: `python -m tests.crossings`.

Each call is counted in process with `sys.setprofile`, over the frames of `layers/` and `functions/` only. A call is
warm: the same call was made before, so nothing is imported, created or read for the first time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

import pytest
from moto import mock_aws

from tests.functional.app import ROOT, Answer, App

_PROJECT = (str(ROOT / "layers"), str(ROOT / "functions"))
_KML = b"<kml><Placemark><name>Gate</name><Point><coordinates>10,50</coordinates></Point></Placemark></kml>"


class Crossings(NamedTuple):
    """The files that a call crosses, in the order of their first frames, and how many calls lead to another file."""

    files: tuple[str, ...]
    changes: int


def count_crossings(call: Callable[[], Any]) -> Crossings:
    """Return the files that a call crosses, and how many calls within it lead from one file to another."""
    stack = [""]
    files: dict[str, None] = {}
    changes = 0

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal changes
        file = frame.f_code.co_filename
        if not file.startswith(_PROJECT):
            return
        if event == "call":
            changes += stack[-1] != file
            stack.append(file)
            files[file.removeprefix(f"{ROOT}/")] = None
        elif event == "return" and len(stack) > 1:
            stack.pop()

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return Crossings(tuple(files), changes)


def count_all(app: App) -> dict[str, Crossings]:
    """Return the crossings of a check, a clock start, a clock stop, and the import of a file with one chunk."""
    app.request("geofences", "create_circle")
    calls: dict[str, Callable[[], Answer]] = {
        "check": lambda: app.request("location", "check"),
        "clock start": lambda: app.request("clock", "clock_start"),
        "clock stop": lambda: app.request("clock", "clock_stop"),
    }
    for call in calls.values():
        assert call().status == 200
    app.import_file("uploads/demo/first.kml", _KML)
    crossings = {name: count_crossings(call) for name, call in calls.items()}
    return {**crossings, "import": count_crossings(lambda: app.import_file("uploads/demo/second.kml", _KML))}


def main() -> None:
    """Print the files and the file changes of each call."""
    with mock_aws(), pytest.MonkeyPatch.context() as monkeypatch:
        for name, (files, changes) in count_all(App(monkeypatch)).items():
            print(f"{name}: {len(files)} files, {changes} file changes")
            for file in files:
                print(f"    {file}")


if __name__ == "__main__":
    main()
