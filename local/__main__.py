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
from local.deploy import LOCAL_PARAMETERS, DeploymentFailed, deploy
from local.endpoint import Endpoint
from local.engine import DEFAULT_PORT, Engine, EngineError
from local.paths import DATA, ENDPOINT_FILE, GENERATED, TEMPLATE
from local.progress import print_progress


def run(port: int) -> None:
    """Start the engine, deploy the service, and stop both in order after Ctrl-C or SIGTERM."""
    _set_signal_handlers(_interrupt)
    print_progress(f"starting the engine on port {port}")
    try:
        with Engine(port=port, data_dir=DATA, log_file=GENERATED / "engine.log") as engine:
            try:
                _serve(engine)
            finally:
                _set_signal_handlers(signal.SIG_IGN)  # a second signal must not interrupt the saving of data
                ENDPOINT_FILE.unlink(missing_ok=True)
                print_progress("stopping")
    except KeyboardInterrupt:
        print_progress("stopped; the data stays in .local/data (make clean-data deletes it)")


def _serve(engine: Engine) -> NoReturn:
    ENDPOINT_FILE.unlink(missing_ok=True)  # a killed run leaves the file
    print_progress("building the layers")
    built = layers.build_for_host()
    print_progress("deploying template.yaml")
    deployment = deploy(engine, template=TEMPLATE, layers=built, parameters=LOCAL_PARAMETERS)
    endpoint = Endpoint.from_deployment(engine, deployment)
    print_progress("preparing the demo tenants")
    tenants = demo.prepare(endpoint, engine.client("s3"), DATA / "demo-keys.json")
    endpoint.write(ENDPOINT_FILE, tenants=tenants)
    print_progress("ready. Copy this command; .local/endpoint.json has the other keys:")
    print(demo.format_curl_command(endpoint, tenants), flush=True)
    print_progress(f"{endpoint.base_url} (Ctrl-C stops; the data stays)")
    while True:
        engine.raise_if_dead()
        threading.Event().wait(0.5)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _set_signal_handlers(action: Callable[[int, FrameType | None], NoReturn] | signal.Handlers) -> None:
    """Set the action of Ctrl-C and SIGTERM. A shell starts background jobs with Ctrl-C ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, action)


def main() -> int:
    """Run the command line and report an expected error as one clear message."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up_command = commands.add_parser("up", help="start the engine, deploy the template, and run until Ctrl-C")
    up_command.add_argument("--port", type=int, default=DEFAULT_PORT)
    arguments = parser.parse_args()
    try:
        run(arguments.port)
    except (EngineError, DeploymentFailed, demo.DemoFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
