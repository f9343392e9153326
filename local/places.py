"""Where things stand. Everything that is made lies under `.local/`, which is not in version control."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
MADE: Final = ROOT / ".local"

TEMPLATE: Final = ROOT / "template.yaml"
LAYERS: Final = ROOT / "layers"

UV: Final = MADE / "venvs" / "uv" / "bin" / "uv"
ENGINE_PYTHON: Final = MADE / "venvs" / "engine" / "bin" / "python"
BUILT_LAYERS: Final = MADE / "layers"
DATA: Final = MADE / "data"
ENDPOINT_FILE: Final = MADE / "endpoint.json"
