"""Start and stop the embedded engine, on loopback only, with IAM enforced.

    with Engine(port=4566, data_dir=Path(".local/data")) as engine:
        engine.client("s3").list_buckets()

An engine owns its data folder while it runs. It saves its data only when it stops, so `stop` waits for that.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import boto3
from botocore.config import Config

from local import saved_state
from local.paths import ENGINE_PYTHON

HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 4566
REGION: Final = "us-east-1"
# The engine's key of the account owner. Every other key is subject to its policies.
ACCESS_KEY_ID: Final = "test"
SECRET_ACCESS_KEY: Final = "test"  # noqa: S105 - no secret: the engine listens on loopback alone

_START_TIMEOUT_S: Final = 60.0
_STOP_TIMEOUT_S: Final = 60.0
_LOG_TAIL_LINES: Final = 30
# The engine inherits no other variables: no AWS profile, no proxy and no PYTHONPATH reaches the functions.
_INHERITED_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class EngineError(Exception):
    """The engine cannot run. The message is for the person at the terminal.

    EngineError
    ├── PortTaken
    ├── DataInUse
    └── EngineDied
    """


class PortTaken(EngineError):
    """Another program listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} is taken. Choose another, for example: make run PORT={port + 1}")


class DataInUse(EngineError):
    """Another engine runs on the same data folder."""

    def __init__(self, data_dir: Path, owner: str) -> None:
        process = f"process {owner}" if owner else "just starting"
        super().__init__(f"Another engine ({process}) uses the data in {data_dir}. Stop it first.")


class EngineDied(EngineError):
    """The engine ended by itself or did not respond."""

    def __init__(self, what: str, log_file: Path) -> None:
        super().__init__(f"{what} The end of {log_file}:\n{_read_tail(log_file)}")


class Engine:
    """An engine on one port and one data folder. It runs between `start` and `stop`."""

    def __init__(self, *, port: int = DEFAULT_PORT, data_dir: Path, log_file: Path | None = None) -> None:
        self.port = port
        self.data_dir = data_dir.resolve()
        self.log_file = log_file or self.data_dir / "engine.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the engine and return when it responds.

        Raises:
            PortTaken: Another program listens on the port.
            DataInUse: Another engine uses the data folder.
            EngineDied: The engine ended or did not respond. The message has the end of its log.
        """
        self._lock = _lock_folder(self.data_dir)
        try:
            _require_free_port(self.port)
            self._empty_temporary_folder()
            saved_state.repair(self.data_dir, address=f"{HOST}:{self.port}")
            self._process = self._spawn(self._lock)
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the engine and wait until it has saved its data. Kill it only after a timeout."""
        if self._process is not None:
            _terminate(self._process)
            self._process = None
        if self._lock is not None:
            self._empty_temporary_folder()
            self._lock.close()
            self._lock = None

    def raise_if_dead(self) -> None:
        """Check that the engine has not ended by itself.

        Raises:
            EngineDied: It has. The message has the end of its log.
        """
        if self._process is not None and self._process.poll() is not None:
            raise EngineDied(f"The engine ended with status {self._process.returncode}.", self.log_file)

    def client(self, service: str) -> Any:
        """Return a boto3 client of the account owner that ignores the machine's AWS settings and proxies."""
        return boto3.client(  # type: ignore[call-overload]  # the service is not a literal here
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
            config=Config(proxies={}, retries={"total_max_attempts": 1}, read_timeout=120),
        )

    @property
    def _temporary_folder(self) -> Path:
        return self.data_dir / "tmp"

    def _empty_temporary_folder(self) -> None:
        shutil.rmtree(self._temporary_folder, ignore_errors=True)
        self._temporary_folder.mkdir(parents=True, exist_ok=True)

    def _spawn(self, lock: IO[str]) -> subprocess.Popen[bytes]:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("wb") as log:
            return subprocess.Popen(
                [ENGINE_PYTHON, "-P", Path(__file__).with_name("engine_process.py")],
                cwd=self.data_dir,
                env=self._build_environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[lock.fileno()],  # the engine keeps the lock while it saves, even if its parent has died
                start_new_session=True,  # Ctrl-C reaches only the parent, which stops the engine in order
            )

    def _build_environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
        return inherited | {
            "AUTH": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
            "BIND_HOST": HOST,
            "DOCKER_HOST": f"unix://{self._temporary_folder}/no-docker.sock",
            "GATEWAY_PORT": str(self.port),
            "HOME": str(self._temporary_folder),
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1",
            "PYTHONUNBUFFERED": "1",
            "S3_DATA_DIR": str(self.data_dir / "s3"),
            "S3_PERSIST": "1",
            "SFTP_ENABLED": "0",
            "STATE_DIR": str(self.data_dir / "state"),
            "TMPDIR": str(self._temporary_folder),
            "TZ": "UTC",
        }

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not _is_ready(f"{self.url}/_ministack/ready"):
            self.raise_if_dead()
            if time.monotonic() > deadline:
                raise EngineDied(f"The engine did not answer within {_START_TIMEOUT_S:.0f} s.", self.log_file)
            time.sleep(0.05)


def _lock_folder(folder: Path) -> IO[str]:
    """Lock the folder. The operating system releases the lock when the process ends, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip()
        lock.close()
        raise DataInUse(folder, owner) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise PortTaken(port) from None


def _is_ready(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return bool(response.status == HTTPStatus.OK)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _terminate(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _read_tail(log_file: Path) -> str:
    if not log_file.exists():
        return "(no log)"
    return "\n".join(log_file.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:])
