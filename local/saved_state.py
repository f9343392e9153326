"""Repair the engine's saved state before a start: three parts of it do not survive a restart.

The engine must not run. The files have the engine's own format, one JSON document for each service.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path


def repair(data_dir: Path, *, address: str) -> None:
    """Prepare the saved state for an engine that will serve at `address` (host and port)."""
    state = data_dir / "state"
    if not state.exists():
        # The engine was killed before it saved its state. It had already written the files, and buckets without
        # a stack would block the deployment.
        shutil.rmtree(data_dir / "s3", ignore_errors=True)
    _reset_stream_positions(state / "lambda.json")
    _replace_address(state, data_dir / "address", address)


def _reset_stream_positions(lambda_state: Path) -> None:
    """Delete the position of each function in its DynamoDB stream.

    The engine saves the positions but not the records. With an old position a function would miss as many new
    records as it has ever read.
    """
    if not lambda_state.exists():
        return
    document = json.loads(lambda_state.read_text())
    if document["payload"].pop("dynamodb_stream_positions", None):
        lambda_state.write_text(json.dumps(document))


def _replace_address(state: Path, address_file: Path, address: str) -> None:
    """Replace the old address everywhere: queues are saved under their URLs, which include the port."""
    former = address_file.read_text() if address_file.exists() else address
    if former != address:
        for file in state.glob("*.json"):
            text = file.read_text()
            if former in text:
                file.write_text(text.replace(former, address))
    address_file.write_text(address)
