"""Serve the part of DynamoDB that a check reads, over HTTP on loopback in a separate process."""

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
def serve_table(table: MemoryTable) -> Iterator[str]:
    """Serve BatchGetItem of these items under any table name, and yield the address of the server."""
    context = get_context("spawn")
    receiver, sender = context.Pipe()
    items = {pair: _to_json(item) for pair, item in table.items.items()}
    server = context.Process(target=_serve, args=(items, sender))
    server.start()
    try:
        yield f"http://127.0.0.1:{receiver.recv()}"
    finally:
        server.terminate()
        server.join()


def _serve(items: Mapping[tuple[str, str], str], port_sender: Connection) -> None:
    _BatchGetItem.items = items
    server = ThreadingHTTPServer(("127.0.0.1", 0), _BatchGetItem)
    port_sender.send(server.server_port)
    server.serve_forever()


class _BatchGetItem(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # sends head and body together
    items: Mapping[tuple[str, str], str]

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ((table, selection),) = request["RequestItems"].items()
        pairs = [(key["PK"]["S"], key["SK"]["S"]) for key in selection["Keys"]]
        items = ",".join(self.items[pair] for pair in pairs if pair in self.items)
        body = f'{{"Responses":{{"{table}":[{items}]}},"UnprocessedKeys":{{}}}}'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", "0" * 52)
        self.send_header("x-amz-crc32", str(zlib.crc32(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        pass


def _to_json(item: Item) -> str:
    return json.dumps(item, default=lambda data: base64.b64encode(data).decode(), separators=(",", ":"))
