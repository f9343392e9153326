"""Put a tenant's time entries on the lists of totals and positions: `python -m fencepost.times rebuild acme`.

With TABLE_NAME and AWS credentials in the environment. For a table that was filled before there were such lists; it
reads the whole table, and what is on its lists already stays as it is.
"""

from __future__ import annotations

import argparse
import sys

from fencepost import wiring


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fencepost.times", description=__doc__)
    parser.add_argument("command", choices=["rebuild"])
    parser.add_argument("tenant")
    print(f"{wiring.time_lists().rebuild(parser.parse_args().tenant)} were put on their lists")
    return 0


if __name__ == "__main__":
    sys.exit(main())
