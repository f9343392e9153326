"""Add a tenant's time entries to the lists of totals and positions: `python -m fencepost.times rebuild acme`.

The environment needs TABLE_NAME and AWS credentials. The command is for a table that was filled before these lists
existed. It reads the whole table and does not change entries that are already on their lists.
"""

from __future__ import annotations

import argparse
import sys

from fencepost import wiring


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fencepost.times", description=__doc__)
    parser.add_argument("command", choices=["rebuild"])
    parser.add_argument("tenant")
    print(f"{wiring.time_lists().rebuild(parser.parse_args().tenant)} were added to their lists")
    return 0


if __name__ == "__main__":
    sys.exit(main())
