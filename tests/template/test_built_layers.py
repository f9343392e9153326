"""The built layers: their size, their platform, and that every handler imports nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARM64 = ROOT / ".local" / "layers" / "arm64"
HOST = ROOT / ".local" / "layers" / "host"
ENGINE_PYTHON = ROOT / ".local" / "venvs" / "engine" / "bin" / "python"
MAX_BYTES = 120_000_000
HANDLERS = sorted(file.parent.name for file in (ROOT / "functions").glob("*/app.py"))

# Only the standard library, the two layers and the function's own folder are on the path.
IMPORT = """
import sys
sys.path += sys.argv[1:]
import app
assert callable(app.handler)
loaded = {name.partition(".")[0] for name in sys.modules}
print(*sorted(loaded & {"numpy", "shapely", "boto3", "geographiclib", "jwt", "cryptography"}))
"""


def test_the_layers_together_stay_under_the_limit() -> None:
    size = sum(file.lstat().st_size for file in ARM64.rglob("*") if file.is_file())
    assert size < MAX_BYTES, f"{size:,} bytes unzipped"


def test_every_compiled_module_is_for_arm64_and_python_3_13() -> None:
    compiled = [file.name for file in ARM64.rglob("*.so") if "cpython" in file.name]
    assert compiled
    assert all("cpython-313-aarch64" in name for name in compiled)


def test_the_build_has_the_code_of_the_source() -> None:
    for layer, package in (("geo", "geo"), ("core", "fencepost")):
        built, source = ARM64 / layer / "python" / package, ROOT / "layers" / layer / package
        files = {file.relative_to(source) for file in source.rglob("*.py")}
        assert {file.relative_to(built) for file in built.rglob("*.py")} == files
        assert all((built / file).read_bytes() == (source / file).read_bytes() for file in files)


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_imports_only_from_the_built_layers(handler: str) -> None:
    """Test the host's build: it has the same locked requirements and packages, and this machine can run it."""
    folders = [HOST / "core" / "python", HOST / "geo" / "python", ROOT / "functions" / handler]
    process = subprocess.run(
        [ENGINE_PYTHON, "-I", "-S", "-c", IMPORT, *folders], capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    assert not process.stdout.split(), "numpy, PyJWT and the like are imported only when a shape or a JWT needs them"
