"""List and revoke the API keys of a user.

Run `python -m fencepost.cli.api_keys list acme ada`, or `revoke 0123456789abcdef`.

The environment needs TABLE_NAME and AWS credentials. The id of a key is the 16 characters after `fp_`; `revoke` also
accepts the whole key. A revoked key stops working within a minute, when the gateway's cache expires.
"""

from __future__ import annotations

import argparse
import sys

from fencepost import container
from fencepost.common.errors import NotFound
from fencepost.tenants.api_keys import parse_token


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fencepost.cli.api_keys",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    list_command = commands.add_parser("list", help="list the live keys of a user with their roles, the newest last")
    list_command.add_argument("tenant")
    list_command.add_argument("user")
    commands.add_parser("revoke", help="revoke a key").add_argument("key")
    arguments = parser.parse_args()
    tenants = container.tenant_service()
    try:
        if arguments.command == "list":
            for key in tenants.list_keys(arguments.tenant, arguments.user):
                print(key.id, ",".join(sorted(key.principal.roles)))
        else:
            key_id, _ = parse_token(arguments.key) or (arguments.key.removeprefix("fp_"), "")
            principal = tenants.revoke_key(key_id)
            print(f"revoked a key of {principal.user_id} of {principal.tenant_id}")
    except NotFound as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
