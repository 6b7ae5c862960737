"""Delete an environment and all that bills, after asking.

With the last environment of the region go the network, all images and the roles, too. Secrets,
certificates and models on S3 are yours and stay.
"""

import argparse
import sys
from collections.abc import Sequence

from ecs import names, removal
from ecs.commands import options
from ecs.commands.options import tell
from ecs.errors import UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = options.parser("destroy", __doc__)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return options.main(run, parser.parse_args(arguments))


def run(asked: argparse.Namespace) -> int:
    """Delete; 0 if nothing is left."""
    name = names.service_stack(asked.environment)
    account = options.opened(asked)
    there = names.all_stacks(account)
    if there and name not in there:
        others = [one for one in there if one not in names.SHARED]
        if others:
            raise UsageError(f"there is no {name}; there are {', '.join(others)}")
    doomed = removal.to_remove(account, name)
    if doomed:
        tell(f"this deletes {', '.join(doomed)} in {account.region}, with all that is in them")
        if names.BOOTSTRAP in doomed:
            tell("and every image: nothing can be rolled back to")
        if not asked.yes and not agreed(asked.environment):
            tell("nothing was deleted")
            return 1
    for one in doomed or (name, *names.SHARED):
        removal.remove(account, one, tell)
    left = [one for one in doomed if one in names.all_stacks(account)]
    tell(f"still there: {', '.join(left)}" if left else f"nothing of {asked.environment} is left")
    return int(bool(left))


def agreed(environment: str) -> bool:
    """Ask; without an answer it is a no."""
    try:
        return input(f"type {environment} to go on: ").strip() == environment
    except EOFError:
        return False


if __name__ == "__main__":
    sys.exit(main())
