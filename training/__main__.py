"""`python -m training COMMAND` is another spelling of `slipway COMMAND`, until release 0.2."""

import sys

from slipway.command import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main(prog="python -m training"))
