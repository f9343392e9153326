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

# Repairing an entry may leave a count to repair, then an empty cell, then empty lists above it; and other requests
# change geofences meanwhile.
_MAX_ROUNDS = 8
_SUBJECTS = {"miscounted": "bytes", "unlisted": "cell", "empty": "nothing"}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fencepost.cli.geofence_index",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["check", "rebuild"])
    parser.add_argument("tenant")
    arguments = parser.parse_args()
    maintenance = container.index_maintenance()
    differences = maintenance.find_differences(arguments.tenant)
    for _ in range(_MAX_ROUNDS if arguments.command == "rebuild" else 0):
        if not differences:
            break
        print(f"repaired {maintenance.repair(arguments.tenant, differences)} of {len(differences)}")
        differences = maintenance.find_differences(arguments.tenant)
    for difference in differences:
        subject = difference.geofence_id or _SUBJECTS[difference.problem]
        print(f"{difference.problem}: {subject} in {' '.join(difference.bucket)}")
    harmless = sum(difference.is_harmless for difference in differences)
    print(f"{len(differences) - harmless} differences, {harmless} empty cells")
    return 1 if len(differences) > harmless else 0


if __name__ == "__main__":
    sys.exit(main())
