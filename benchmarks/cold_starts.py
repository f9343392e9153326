"""Measure cold starts: the time until a function in a new process is ready for its first request.

A function imports its `app.py` and runs its SnapStart hooks, with only the built layers. The reference imports
botocore and creates one DynamoDB client.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.paths import BUILT_LAYERS, ENGINE_PYTHON, ROOT

AWS_CLIENT = "the AWS client alone"

_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "TABLE_NAME": "fencepost",
    "IDEMPOTENCY_TABLE_NAME": "idempotency",
    "BUCKET_NAME": "fencepost",
    "IMPORT_QUEUE_URL": "http://127.0.0.1/imports",
    "EVENT_BUS_NAME": "fencepost",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}
_PROLOGUE = """
import sys
from time import perf_counter
from types import ModuleType
sys.path += sys.argv[1:]
hooks = []
runtime = sys.modules["snapshot_restore_py"] = ModuleType("snapshot_restore_py")
runtime.register_before_snapshot = hooks.append
started = perf_counter()
"""
_EPILOGUE = """
imported = perf_counter()
for hook in hooks:
    hook()
print(imported - started, perf_counter() - started)
"""
_FUNCTION = _PROLOGUE + "import app" + _EPILOGUE
# The settings of fencepost/common/aws.py.
_CLIENT = (
    _PROLOGUE
    + """
import botocore.session
from botocore.config import Config
patience = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})
botocore.session.get_session().create_client("dynamodb", config=patience)
"""
    + _EPILOGUE
)


@dataclass(frozen=True, kw_only=True)
class ColdStart:
    """Milliseconds of each round: of the import alone, and until the function is ready."""

    import_ms: tuple[float, ...]
    ready_ms: tuple[float, ...]

    def ratio_to(self, other: ColdStart, summarize: Callable[[Sequence[float]], float]) -> float:
        """Return the ratio to another, with the minimum or the median of the rounds."""
        return summarize(self.ready_ms) / summarize(other.ready_ms)


def measure_cold_starts(rounds: int) -> Mapping[str, ColdStart]:
    """Measure every function and the client alone, in turn. The first round is not counted."""
    folders = {file.parent.name: file.parent for file in sorted(ROOT.glob("functions/*/app.py"))}
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in (AWS_CLIENT, *folders)}
    for nth in range(rounds + 1):
        for name, figures in measured.items():
            program = _CLIENT if name == AWS_CLIENT else _FUNCTION
            times_ms = _run(program, [] if name == AWS_CLIENT else [folders[name]])
            if nth:
                figures.append(times_ms)
    return {
        name: ColdStart(import_ms=tuple(a for a, _ in figures), ready_ms=tuple(b for _, b in figures))
        for name, figures in measured.items()
    }


def _run(program: str, folders: list[Path]) -> tuple[float, float]:
    layers = [BUILT_LAYERS / "host" / layer / "python" for layer in ("core", "geo")]
    command: list[str | Path] = [ENGINE_PYTHON, "-I", "-S", "-B", "-c", program, *layers, *folders]
    process = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, check=True)
    imported, ready = (float(seconds) * 1_000 for seconds in process.stdout.split()[-2:])
    return imported, ready
