"""Paths of the project. All generated files are in `.local/`, which is not in version control."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
GENERATED: Final = ROOT / ".local"

TEMPLATE: Final = ROOT / "template.yaml"
LAYERS: Final = ROOT / "layers"

UV: Final = GENERATED / "venvs" / "uv" / "bin" / "uv"
ENGINE_PYTHON: Final = GENERATED / "venvs" / "engine" / "bin" / "python"
BUILT_LAYERS: Final = GENERATED / "layers"
DATA: Final = GENERATED / "data"
ENDPOINT_FILE: Final = GENERATED / "endpoint.json"
