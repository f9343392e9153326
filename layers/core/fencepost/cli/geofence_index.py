"""Verify a tenant's index against its geofences.

Run `python -m fencepost.cli.geofence_index check acme`, or `rebuild acme`.

The environment needs TABLE_NAME and AWS credentials. `check` prints each difference. `rebuild` repairs the
differences and prints those that it cannot repair. Both read the whole table. The exit status is 1 if a difference
that matters remains.

Empty cells on a list do not matter: deleted geofences leave a few until the next rebuild.
"""

from __future__ import annotations

import argparse
import sys

from fencepost import container

# An entry that is put right may leave a count to be put right, then an empty cell, then empty lists above it; and
# others change things meanwhile.
_ROUNDS = 8


_WHAT = {"miscounted": "bytes", "unlisted": "cell", "empty": "nothing"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fencepost.cli.geofence_index", description=__doc__)
    parser.add_argument("command", choices=["check", "rebuild"])
    parser.add_argument("tenant")
    said = parser.parse_args()
    upkeep = container.index_maintenance()
    differences = upkeep.differences(said.tenant)
    for _ in range(_ROUNDS if said.command == "rebuild" else 0):
        if not differences:
            break
        print(f"repaired {upkeep.repair(said.tenant, differences)} of {len(differences)}")
        differences = upkeep.differences(said.tenant)
    for difference in differences:
        what = difference.geofence_id or _WHAT[difference.problem]
        print(f"{difference.problem}: {what} in {' '.join(difference.bucket)}")
    harmless = sum(difference.is_harmless for difference in differences)
    print(f"{len(differences) - harmless} differences, {harmless} empty cells")
    return 1 if len(differences) > harmless else 0


if __name__ == "__main__":
    sys.exit(main())
