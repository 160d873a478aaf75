"""What can be read of a topic that tests share: others may have left rubbish there on purpose."""

from collections.abc import Iterable

from libs.messages import BadMessageError, Message
from libs.streams import Record, decode_record


def readable(records: Iterable[Record]) -> list[Message]:
    """The messages, in order, without what is none."""
    found = []
    for record in records:
        try:
            found.append(decode_record(record))
        except BadMessageError:
            continue
    return found
