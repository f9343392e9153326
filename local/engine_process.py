"""The engine's own process, tied to the life of the process that started it.

Standard input is a pipe whose other end the parent holds. When the parent dies, however hard, the pipe closes
and the engine stops as if it had been asked to: it saves its data and leaves nothing running behind.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from ministack.app import main  # type: ignore[import-not-found]  # lives in the engine's environment


def _stop_when_the_parent_is_gone() -> None:
    # Nothing is ever written, so this returns at the end. (`sys.stdin` would hold a lock at the exit.)
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_stop_when_the_parent_is_gone, daemon=True).start()
    sys.argv = ["ministack"]
    main()
