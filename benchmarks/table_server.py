"""DynamoDB as far as a check reads it, over HTTP on loopback and in a process of its own."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from fencepost.dynamodb.serializer import Item

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from benchmarks.memory_table import MemoryTable


@contextmanager
def serving(table: MemoryTable) -> Iterator[str]:
    """The address at which BatchGetItem of these items is answered, whatever table is named."""
    fresh = get_context("spawn")
    here, there = fresh.Pipe()
    server = fresh.Process(target=_serve, args=({pair: _as_json(item) for pair, item in table.items.items()}, there))
    server.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        server.terminate()
        server.join()


def _serve(items: Mapping[tuple[str, str], str], told: Connection) -> None:
    _BatchGetItem.items = items
    server = ThreadingHTTPServer(("127.0.0.1", 0), _BatchGetItem)
    told.send(server.server_port)
    server.serve_forever()


class _BatchGetItem(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body go out together
    items: Mapping[tuple[str, str], str]

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ((table, wanted),) = said["RequestItems"].items()
        pairs = [(key["PK"]["S"], key["SK"]["S"]) for key in wanted["Keys"]]
        found = ",".join(self.items[pair] for pair in pairs if pair in self.items)
        body = f'{{"Responses":{{"{table}":[{found}]}},"UnprocessedKeys":{{}}}}'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", "0" * 52)
        self.send_header("x-amz-crc32", str(zlib.crc32(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        pass


def _as_json(item: Item) -> str:
    return json.dumps(item, default=lambda data: base64.b64encode(data).decode(), separators=(",", ":"))
