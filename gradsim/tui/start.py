"""What keeps the start of the app short, and its frames after that even."""

import gc
from threading import Thread


def hurry() -> None:
    """Before the app is loaded: nothing that is loaded for it is garbage, so it is not looked for.

    The collector takes a tenth of the time until the first picture otherwise.
    """
    gc.disable()


def settle() -> None:
    """After the first picture: load what the next ones need, and let the collector run again.

    What is there by now stays, so that it is never looked through again: that took up to 60 ms.
    """
    gc.freeze()
    gc.enable()
    Thread(target=_load, daemon=True).start()


def _load() -> None:
    """What draws curves, and what the end of the first step needs."""
    import gradsim.insight.theory.result  # noqa: PLC0415
    import gradsim.insight.verdict  # noqa: F401, PLC0415
    from gradsim.view.plot import prepare  # noqa: PLC0415

    prepare()
