"""Build the layers: for this machine's Python, which the engine uses, or for AWS.

A built layer is a folder with everything below `python/`, as Lambda mounts it. The dependencies and the layer's own
package are each rebuilt only after a change, so a change of code takes a moment.

    python -m local.layers host | arm64
"""

from __future__ import annotations

import argparse
import compileall
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.paths import BUILT_LAYERS, ENGINE_PYTHON, LAYERS, UV
from local.progress import print_progress

BUILD_STATE: Final = "built-from.json"
"""Name of the file beside a layer built for this machine. Its content identifies the build."""

_IGNORED: Final = shutil.ignore_patterns("__pycache__", "*.pyc")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A folder of `layers/` with its requirements and its one package."""

    folder: str
    package: str
    make_target: str

    @property
    def source(self) -> Path:
        return LAYERS / self.folder

    @property
    def requirements(self) -> Path:
        return self.source / "requirements.txt"


LAYERS_IN_ORDER: Final = (
    Layer(folder="geo", package="geo", make_target="build-GeoLayer"),
    Layer(folder="core", package="fencepost", make_target="build-CoreLayer"),
)


def build_for_host() -> Mapping[str, Path]:
    """Build every layer for the engine's Python, and return the built folder of each source folder."""
    return {layer.folder: _build_for_host(layer) for layer in LAYERS_IN_ORDER}


def build_for_lambda() -> Mapping[str, Path]:
    """Build every layer for arm64 with the command that `sam build` runs."""
    return {layer.folder: _build_for_lambda(layer) for layer in LAYERS_IN_ORDER}


def _build_for_host(layer: Layer) -> Path:
    built = BUILT_LAYERS / "host" / layer.folder
    state_file = built / BUILD_STATE
    machine = f"{sys.implementation.cache_tag} {sys.version_info[:3]} {platform.machine()} {sys.platform}"
    expected = {
        "requirements": hashlib.sha256((layer.requirements.read_text() + machine).encode()).hexdigest(),
        "package": _hash_folder(layer.source / layer.package),
    }
    current = json.loads(state_file.read_text()) if state_file.exists() else {}
    if current == expected:
        return built
    state_file.unlink(missing_ok=True)  # an interrupted build must not pass for a complete one
    if current.get("requirements") != expected["requirements"]:
        print_progress(f"layer {layer.folder}: installing its dependencies")
        _install_dependencies(layer, built)
        current = {}
    if current.get("package") != expected["package"]:
        _copy_package(layer, built)
    state_file.write_text(json.dumps(expected))
    return built


def _install_dependencies(layer: Layer, built: Path) -> None:
    shutil.rmtree(built, ignore_errors=True)
    command: list[str | Path] = [UV, "--no-config", "pip", "install", "--quiet", "--require-hashes"]
    command += ["--only-binary", ":all:", "--compile-bytecode", "--python", ENGINE_PYTHON]
    command += ["--target", built / "python", "-r", layer.requirements]
    subprocess.run(command, check=True)


def _copy_package(layer: Layer, built: Path) -> None:
    target = built / "python" / layer.package
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(layer.source / layer.package, target, ignore=_IGNORED)
    compileall.compile_dir(target, quiet=1)


def _build_for_lambda(layer: Layer) -> Path:
    built = BUILT_LAYERS / "arm64" / layer.folder
    shutil.rmtree(built, ignore_errors=True)
    built.mkdir(parents=True)
    variables = [f"UV={UV}", f"ARTIFACTS_DIR={built}"]
    subprocess.run(["make", "-s", "-C", layer.source, layer.make_target, *variables], check=True)
    return built


def _hash_folder(folder: Path) -> str:
    """Return a digest of the names and contents of the files in a folder."""
    digest = hashlib.sha256()
    for file in list_source_files(folder):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(folder).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def list_source_files(folder: Path) -> list[Path]:
    """Return the files of a folder in a fixed order, without Python's caches."""
    files = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return sorted(files)


def main() -> None:
    """Build the layers for one target and print the unzipped size of each."""
    parser = argparse.ArgumentParser(prog="python -m local.layers", description=__doc__)
    parser.add_argument("target", choices=["host", "arm64"])
    target = parser.parse_args().target
    built = build_for_host() if target == "host" else build_for_lambda()
    for name, folder in built.items():
        megabytes = sum(os.lstat(file).st_size for file in folder.rglob("*") if file.is_file()) / 1e6
        print_progress(f"layer {name}: {megabytes:.1f} MB in {folder}")


if __name__ == "__main__":
    main()
