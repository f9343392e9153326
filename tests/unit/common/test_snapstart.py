"""What happens before the snapshot of a function, where there is SnapStart."""

import gc
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from fencepost.common.snapstart import prime_snapstart


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], object]]]:
    registered: list[Callable[[], object]] = []
    runtime = SimpleNamespace(register_before_snapshot=registered.append)
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", runtime)
    yield registered
    gc.unfreeze()


def test_what_is_built_before_the_snapshot_is_left_alone_by_the_collector(hooks: list[Callable[[], object]]) -> None:
    built = []
    prime_snapstart(lambda: built.append({"a client": ["of its own"]}))
    assert not built, "nothing is built before its time"
    (hook,) = hooks
    hook()
    assert built
    assert gc.get_freeze_count() > 0
    assert all(tracked is not built[0] for tracked in gc.get_objects())


def test_without_snapstart_nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", None)
    built: list[str] = []
    prime_snapstart(lambda: built.append("a client"))
    assert not built
