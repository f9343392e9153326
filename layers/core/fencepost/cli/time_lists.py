"""Add a tenant's time entries to the lists of totals and positions.

Run `python -m fencepost.cli.time_lists rebuild acme`.

The environment needs TABLE_NAME and AWS credentials. The command is for a table that was filled before these lists
existed. It reads the whole table and does not change entries that are already on their lists.
"""

from __future__ import annotations

import argparse
import sys

from fencepost import container


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fencepost.cli.time_lists",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["rebuild"])
    parser.add_argument("tenant")
    arguments = parser.parse_args()
    added = container.entry_list_maintenance().rebuild(arguments.tenant)
    print(f"{added} were added to their lists")
    return 0


if __name__ == "__main__":
    sys.exit(main())
