"""Hold a tenant's index against its geofences: `python -m fencepost.index check acme`, or `rebuild acme`.

With TABLE_NAME and AWS credentials in the environment. `check` prints each difference and ends with 1 where there is
one; `rebuild` puts them right, and what it cannot it prints. Both read the whole table.
"""

from __future__ import annotations

import argparse
import sys

from fencepost import wiring

# An entry that is put right may leave a count to be put right, and others change things meanwhile.
_ROUNDS = 3


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
        print(f"{difference.problem}: {difference.geofence_id or 'bytes'} in {' '.join(difference.bucket)}")
    print(f"{len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
