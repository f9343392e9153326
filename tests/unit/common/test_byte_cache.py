"""The cache between requests counts the bytes of its values, also when one replaces another."""

from __future__ import annotations

from fencepost.common.byte_cache import ByteBoundedCache


def make_cache() -> ByteBoundedCache[str]:
    """Return a cache with generations of 10 bytes; it evicts the generation before the last one."""
    return ByteBoundedCache(max_bytes=20)


def test_a_replaced_value_no_longer_takes_its_bytes() -> None:
    cache = make_cache()
    cache.put("other", "o", 2)
    for _ in range(20):
        cache.put("same", "s", 2)
    assert (cache["other"], cache["same"], len(cache)) == ("o", "s", 2)


def test_a_value_that_replaces_a_smaller_one_takes_its_own_bytes() -> None:
    cache = make_cache()
    cache.put("grown", "g", 1)
    cache.put("grown", "G", 9)
    cache.put("b", "b", 9)  # 9 + 9 bytes are more than 10, so a new generation begins
    cache.put("c", "c", 9)
    assert [cache[key] for key in ("grown", "b", "c")] == [None, "b", "c"]


def test_a_value_that_fills_a_generation_to_its_last_byte_evicts_nothing() -> None:
    cache = make_cache()
    cache.put("old", "o", 10)
    cache.put("a", "a", 1)
    cache.put("b", "b", 9)
    assert [cache[key] for key in ("a", "b", "old")] == ["a", "b", "o"]


def test_a_value_that_is_one_byte_too_large_begins_a_new_generation() -> None:
    cache = make_cache()
    cache.put("old", "o", 10)
    cache.put("a", "a", 1)
    cache.put("b", "b", 10)
    assert [cache[key] for key in ("old", "a", "b")] == [None, "a", "b"]
