"""Real polygons: counties, states, countries and land, from two npm packages fetched at development time.

They have what random shapes do not: borders of ten thousand vertices, hundreds of islands, spikes, and enclaves that
touch a border in a point. The packages round coordinates to a grid, so that some rings meet themselves or have no
area: those are to be refused, and for the right reason.
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

from tests.oracles.changes import changes_noticed
from tests.oracles.comparison import Disagreement, Findings, compare
from tests.oracles.containment import Oracle
from tests.oracles.refusals import taken, true_reason
from tests.oracles.shapes import Parts, question_of
from tests.oracles.topojson import polygons

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
    """The packages cannot be had here."""


def real_polygons(folder: Path) -> list[Parts]:
    """The polygons and multipolygons, and the parts of these by themselves, each once. Raises NoAtlas."""
    found: dict[Parts, None] = {}
    for package, (digest, names) in _PACKAGES.items():
        with tarfile.open(_archive(package, digest, folder)) as archive:
            for name in names:
                member = archive.extractfile(f"package/{name}.json")
                assert member
                for parts in polygons(json.load(member)):
                    found |= dict.fromkeys([parts, *((part,) for part in parts)])
    return list(found)


def _archive(package: str, digest: str, folder: Path) -> Path:
    """The package as a file, which is fetched once."""
    path = folder / f"{package.replace('@', '-')}.tgz"
    if not path.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise NoAtlas("npm is not on PATH")
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "pack", package, "--pack-destination", str(folder), "--ignore-scripts", "--silent"]
        if subprocess.run(command, check=False, capture_output=True).returncode:  # noqa: S603  # a name from above
            raise NoAtlas(f"npm did not fetch {package}")
    if b64encode(sha512(path.read_bytes()).digest()).decode() != digest:
        raise ValueError(f"{path} is not {package} as it was published")
    return path


@dataclass
class AtlasFindings:
    """What a run over real polygons found."""

    pairs: Findings = field(default_factory=Findings)
    polygons: int = 0
    """How many were taken."""
    refused: Counter[str] = field(default_factory=Counter)
    """How many were not, by the reason."""

    def add(self, other: AtlasFindings) -> None:
        self.pairs.add(other.pairs)
        self.polygons += other.polygons
        self.refused += other.refused


def atlas_compared(several: Iterable[Parts], seed: str) -> AtlasFindings:
    """Puts questions to each polygon, as it is and changed in ways that do not matter, or judges its refusal."""
    random, findings = Random(seed), AtlasFindings()
    for parts in several:
        polygon = taken(parts)
        if isinstance(polygon, str):
            reason = true_reason(polygon, parts)
            findings.refused[reason or "no reason"] += 1
            if reason is None:
                untrue = Disagreement("refused without reason", None, None, f"{parts!r:.1500}", polygon)
                findings.pairs.disagreements.append(untrue)
            continue
        _, size_m = Oracle(polygon).cap()
        question = question_of(random, polygon, size_m)
        edges_m = compare(question, findings.pairs)
        findings.pairs.disagreements += changes_noticed(polygon, question.positions, edges_m, random)
        findings.polygons += 1
    return findings
