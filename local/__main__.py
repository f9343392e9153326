"""Run the whole service on this machine until Ctrl-C: `python -m local up`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from local import demo, layers
from local.deploy import ON_LOOPBACK, DeploymentFailed, deploy
from local.endpoint import Endpoint
from local.engine import DEFAULT_PORT, Engine, EngineError
from local.places import DATA, ENDPOINT_FILE, MADE, TEMPLATE
from local.progress import say


def up(port: int) -> None:
    """Builds, starts, deploys, and stays until it is interrupted; then stops in order."""
    _on_interrupts(_interrupt)
    say(f"starting the engine on port {port}")
    try:
        with Engine(port=port, data_dir=DATA, log_file=MADE / "engine.log") as engine:
            try:
                _serve(engine)
            finally:
                _on_interrupts(signal.SIG_IGN)  # a second one must not cut short the writing of the data
                ENDPOINT_FILE.unlink(missing_ok=True)
                say("stopping")
    except KeyboardInterrupt:
        say("stopped; the data stays in .local/data (make clean-data deletes it)")


def _serve(engine: Engine) -> None:
    ENDPOINT_FILE.unlink(missing_ok=True)  # left by a run that was killed
    say("building the layers")
    built = layers.build_for_host()
    say("deploying template.yaml")
    endpoint = Endpoint.of(engine, deploy(engine, template=TEMPLATE, layers=built, parameters=ON_LOOPBACK))
    say("preparing the demo tenants")
    tenants = demo.prepare(endpoint, engine.client("s3"), DATA / "demo-keys.json")
    endpoint.write(ENDPOINT_FILE, tenants=tenants)
    say("ready. Copy this command; .local/endpoint.json has the other keys:")
    print(demo.curl_line(endpoint, tenants), flush=True)
    say(f"{endpoint.base_url} (Ctrl-C stops; the data stays)")
    _stay(engine)


def _stay(engine: Engine) -> NoReturn:
    while True:
        engine.raise_if_dead()
        threading.Event().wait(0.5)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _on_interrupts(action: Callable[[int, FrameType | None], NoReturn] | signal.Handlers) -> None:
    """Sets what Ctrl-C and SIGTERM do. (Set for both: a shell's background job starts deaf to Ctrl-C.)"""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, action)


def main() -> int:
    """Reads the command line and turns what can go wrong into one clear message."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up_command = commands.add_parser("up", help="start the engine, deploy the template, and run until Ctrl-C")
    up_command.add_argument("--port", type=int, default=DEFAULT_PORT)
    arguments = parser.parse_args()
    try:
        up(arguments.port)
    except (EngineError, DeploymentFailed, demo.DemoFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
