"""Run the engine in a process that ends when its parent ends.

Standard input is a pipe to the parent. When the parent dies, even by SIGKILL, the pipe closes. The engine then stops
as after SIGTERM: it saves its data and leaves no process running.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from ministack.app import main  # type: ignore[import-not-found]  # lives in the engine's environment


def _stop_after_parent() -> None:
    # The parent never writes, so this returns when the pipe closes. `sys.stdin` would hold a lock at exit.
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_stop_after_parent, daemon=True).start()
    sys.argv = ["ministack"]
    main()
