"""What test programs of DosNa use."""

import logging
import sys


def configure_logger(log: logging.Logger) -> None:
    """Lets a logger write to the standard output, with times."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
