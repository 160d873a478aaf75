"""Frame results to bytes and back, against the same content through Python's own json."""

import json
import timeit
from collections.abc import Callable

import msgspec

from libs.messages import FramesProcessed
from libs.messages.codec import decode, encode
from libs.messages.topics import FRAMES
from tests.messages.examples import EXAMPLES

REPEATS = 5
TIMES = 2000


def main() -> None:
    """Print the ratios."""
    message = next(m for m in EXAMPLES if isinstance(m, FramesProcessed))
    payload = encode(message)
    plain = json.loads(msgspec.json.encode(message))
    text = json.dumps(plain)
    ratio("encode frame results", lambda: encode(message), lambda: json.dumps(plain), 5.0)
    ratio("decode frame results", lambda: decode(FRAMES, payload), lambda: json.loads(text), 2.0)


def ratio(what: str, ours: Callable[[], object], theirs: Callable[[], object], goal: float) -> None:
    """The best of several runs each, side by side."""
    rates = {"ours": rate(ours), "theirs": rate(theirs)}
    print(json.dumps({"what": what, "unit": "/s", **rates, "peer": "json", "goal": goal}))


def rate(action: Callable[[], object]) -> float:
    """Calls a second."""
    return TIMES / min(timeit.repeat(action, number=TIMES, repeat=REPEATS))


if __name__ == "__main__":
    main()
