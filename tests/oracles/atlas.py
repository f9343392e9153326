"""Compare real polygons: counties, states and countries, from two npm packages that are fetched once.

They have what random shapes lack: borders of ten thousand vertices, hundreds of islands, spikes, and enclaves that
touch a border in a point. The packages round coordinates to a grid, so some rings meet themselves or have no area.
The layer must refuse those for the right reason.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha512
from pathlib import Path
from random import Random

from tests.oracles.changes import find_noticed_changes
from tests.oracles.comparison import Disagreement, Findings, compare
from tests.oracles.containment import Oracle
from tests.oracles.refusals import build_polygon, confirm_reason
from tests.oracles.shapes import Parts, make_question
from tests.oracles.topojson import read_polygons

_PACKAGES = {
    "us-atlas@3.0.1": (
        "wEIZCq0ImPvGblTd8gZMqNNCPkQshugMUG/8nkSWXb02+XqNFREg9atHOKP9w6prLZTpqcLhSvdBW81MkV3/0Q==",
        ("counties-10m", "states-10m"),
    ),
    "world-atlas@2.0.2": (
        "IXfV0qwlKXpckz1FhwXVwKRjiIhOnWttOskm5CtxMsjgE/MXAYRHWJqgXOpM8IkcPBoXnyTU5lFHcYa5ChG0LQ==",
        ("countries-10m", "countries-50m", "countries-110m"),
    ),
}
"""The sha512 of each package, and the topologies taken from it."""


class NoAtlas(Exception):
    """The packages are not available."""


def load_real_polygons(folder: Path) -> list[Parts]:
    """Return the polygons and multipolygons, and each part of these by itself, without duplicates.

    Raises:
        NoAtlas: The packages are not available.
    """
    unique: dict[Parts, None] = {}
    for package, (digest, names) in _PACKAGES.items():
        with tarfile.open(_fetch_archive(package, digest, folder)) as archive:
            for name in names:
                member = archive.extractfile(f"package/{name}.json")
                assert member
                for parts in read_polygons(json.load(member)):
                    unique |= dict.fromkeys([parts, *((part,) for part in parts)])
    return list(unique)


def _fetch_archive(package: str, digest: str, folder: Path) -> Path:
    """Return the file of a package, which npm fetches unless it exists."""
    path = folder / f"{package.replace('@', '-')}.tgz"
    if not path.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise NoAtlas("npm is not on PATH")
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "pack", package, "--pack-destination", str(folder), "--ignore-scripts", "--silent"]
        if subprocess.run(command, check=False, capture_output=True).returncode:  # noqa: S603  # a constant name
            raise NoAtlas(f"npm did not fetch {package}")
    if b64encode(sha512(path.read_bytes()).digest()).decode() != digest:
        raise ValueError(f"{path} is not {package} as it was published")
    return path


@dataclass
class AtlasFindings:
    """The result of a comparison with real polygons."""

    pairs: Findings = field(default_factory=Findings)
    polygons: int = 0
    """The number of accepted polygons."""
    refused: Counter[str] = field(default_factory=Counter)
    """The number of refused polygons by reason."""

    def add(self, other: AtlasFindings) -> None:
        self.pairs.add(other.pairs)
        self.polygons += other.polygons
        self.refused += other.refused


def compare_atlas(polygons: Iterable[Parts], seed: str) -> AtlasFindings:
    """Compare each polygon, unchanged and with equivalent changes, or check the reason of its refusal."""
    random, findings = Random(seed), AtlasFindings()
    for parts in polygons:
        polygon = build_polygon(parts)
        if isinstance(polygon, str):
            reason = confirm_reason(polygon, parts)
            findings.refused[reason or "no reason"] += 1
            if reason is None:
                disagreement = Disagreement("refused without reason", None, None, f"{parts!r:.1500}", polygon)
                findings.pairs.disagreements.append(disagreement)
            continue
        _, size_m = Oracle(polygon).find_cap()
        question = make_question(random, polygon, size_m)
        edges_m = compare(question, findings.pairs)
        findings.pairs.disagreements += find_noticed_changes(polygon, question.positions, edges_m, random)
        findings.polygons += 1
    return findings
