"""Mends the engine's saved state before a start: three things in it do not survive a restart by themselves.

The engine must be at rest. The files are the engine's own format, one JSON document a service.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path


def mend(data_dir: Path, *, address: str) -> None:
    """Readies saved state for an engine that will serve at `address` (host and port)."""
    state = data_dir / "state"
    _forget_orphaned_files(state, data_dir / "s3")
    _rewind_streams(state / "lambda.json")
    _move_to(state, data_dir / "address", address)


def _forget_orphaned_files(state: Path, files: Path) -> None:
    """Drops the files of an engine that was killed before it ever saved what they belong to.

    Files are written at once, all else when the engine stops. Buckets without a stack would be in the way.
    """
    if not state.exists():
        shutil.rmtree(files, ignore_errors=True)


def _rewind_streams(lambda_state: Path) -> None:
    """Forgets how far each function had read its DynamoDB stream.

    The positions are saved and the records are not: with a position from before, a function would miss as
    many records as it had read in its life.
    """
    if not lambda_state.exists():
        return
    document = json.loads(lambda_state.read_text())
    if document["payload"].pop("dynamodb_stream_positions", None):
        lambda_state.write_text(json.dumps(document))


def _move_to(state: Path, remembered: Path, address: str) -> None:
    """Names the new address wherever the old one stands: queues are saved under their URLs, port and all."""
    former = remembered.read_text() if remembered.exists() else address
    if former != address:
        for file in state.glob("*.json"):
            text = file.read_text()
            if former in text:
                file.write_text(text.replace(former, address))
    remembered.write_text(address)
