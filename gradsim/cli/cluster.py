"""A Dask cluster as an executor, where the extra `gradsim[dask]` is installed."""

import logging
import re
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from gradsim.errors import InputError

ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?[^\s/:]+:\d{1,5}")
RIGHT = "the address that a scheduler shows when it starts, such as tcp://127.0.0.1:8786"

PATIENCE = "10s"
"""How long the scheduler may take to answer."""


@contextmanager
def cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """The executor of the cluster at this address, and how many tasks it should have at a time.

    Raises InputError where the extra is missing, nothing answers there, it has no workers, or a
    worker is lost or cannot do the work.
    """
    if not ADDRESS.fullmatch(address):
        raise InputError(f'--dask is "{address}", but must be {RIGHT}')
    try:
        from distributed import Client, KilledWorker  # noqa: PLC0415
    except ModuleNotFoundError:
        raise InputError(
            "--dask needs the package distributed: pip install 'gradsim[dask]' brings it"
        ) from None
    # What it logs is for those who run a cluster; here each failure is a sentence.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError):
        raise InputError(f"--dask: no scheduler answers at {address}; it must be {RIGHT}") from None
    with client:
        cores = sum(client.ncores().values())
        if not cores:
            raise InputError(f"--dask: the cluster at {address} has no workers: start some")
        try:
            yield client.get_executor(), 2 * cores
        except KilledWorker:
            raise InputError(
                f"--dask: a worker of {address} was lost, perhaps for want of memory"
            ) from None
        except ModuleNotFoundError as error:
            raise InputError(
                f"--dask: the workers at {address} do not have {error.name}: install the same "
                "gradsim there"
            ) from None
