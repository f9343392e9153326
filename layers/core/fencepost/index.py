"""Hold a tenant's index against its geofences: `python -m fencepost.index check acme`, or `rebuild acme`.

With TABLE_NAME and AWS credentials in the environment. `check` prints each difference and ends with 1 where there is
one that matters; `rebuild` puts them right, and what it cannot it prints. Both read the whole table.

Cells that are listed and empty do not matter: where geofences were, a few remain until the next rebuild.
"""

from __future__ import annotations

import argparse
import sys

from fencepost import wiring

# An entry that is put right may leave a count to be put right, then an empty cell, then empty lists above it; and
# others change things meanwhile.
_ROUNDS = 8


_WHAT = {"miscounted": "bytes", "unlisted": "cell", "empty": "nothing"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fencepost.index", description=__doc__)
    parser.add_argument("command", choices=["check", "rebuild"])
    parser.add_argument("tenant")
    said = parser.parse_args()
    upkeep = wiring.index_upkeep()
    differences = upkeep.differences(said.tenant)
    for _ in range(_ROUNDS if said.command == "rebuild" else 0):
        if not differences:
            break
        print(f"mended {upkeep.repair(said.tenant, differences)} of {len(differences)}")
        differences = upkeep.differences(said.tenant)
    for difference in differences:
        what = difference.geofence_id or _WHAT[difference.problem]
        print(f"{difference.problem}: {what} in {' '.join(difference.bucket)}")
    harmless = sum(difference.is_harmless for difference in differences)
    print(f"{len(differences) - harmless} differences, {harmless} empty cells")
    return 1 if len(differences) > harmless else 0


if __name__ == "__main__":
    sys.exit(main())
