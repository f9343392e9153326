"""Cold starts: what a fresh process takes until a function is ready for its first request.

That is importing its `app.py` and making what it has SnapStart make before the snapshot, from the built layers alone,
against importing botocore and making one DynamoDB client.
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
_BEGIN = """
import sys
from time import perf_counter
from types import ModuleType
sys.path += sys.argv[1:]
hooks = []
runtime = sys.modules["snapshot_restore_py"] = ModuleType("snapshot_restore_py")
runtime.register_before_snapshot = hooks.append
began = perf_counter()
"""
_END = """
imported = perf_counter()
for hook in hooks:
    hook()
print(imported - began, perf_counter() - began)
"""
_FUNCTION = _BEGIN + "import app" + _END
# As adapters/clients.py does it.
_CLIENT = (
    _BEGIN
    + """
import botocore.session
from botocore.config import Config
patience = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"})
botocore.session.get_session().create_client("dynamodb", config=patience)
"""
    + _END
)


@dataclass(frozen=True, kw_only=True)
class Cold:
    """Milliseconds, of the import alone and until everything is made, a figure for each round."""

    import_ms: tuple[float, ...]
    ready_ms: tuple[float, ...]

    def times(self, other: Cold, of: Callable[[Sequence[float]], float]) -> float:
        """How many times as long as another, of the least or the median of the rounds."""
        return of(self.ready_ms) / of(other.ready_ms)


def cold_starts(rounds: int) -> Mapping[str, Cold]:
    """Of every function and of the client alone, in turn."""
    folders = {file.parent.name: file.parent for file in sorted(ROOT.glob("functions/*/app.py"))}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in (AWS_CLIENT, *folders)}
    for nth in range(rounds + 1):
        for name, figures in taken.items():
            program = _CLIENT if name == AWS_CLIENT else _FUNCTION
            took = _run(program, [] if name == AWS_CLIENT else [folders[name]])
            if nth:
                figures.append(took)
    return {
        name: Cold(import_ms=tuple(a for a, _ in figures), ready_ms=tuple(b for _, b in figures))
        for name, figures in taken.items()
    }


def _run(program: str, folders: list[Path]) -> tuple[float, float]:
    layers = [BUILT_LAYERS / "host" / layer / "python" for layer in ("core", "geo")]
    command: list[str | Path] = [ENGINE_PYTHON, "-I", "-S", "-B", "-c", program, *layers, *folders]
    done = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, check=True)
    imported, ready = (float(seconds) * 1_000 for seconds in done.stdout.split()[-2:])
    return imported, ready
