"""What can go wrong between us and the broker."""


class StreamError(Exception):
    """Base of all errors of this package."""


class BrokerUnreachableError(StreamError):
    """The broker did not answer in time."""


class FencedError(StreamError):
    """Another process has taken over what this one was writing: end, and begin again."""


class MessageTooLargeError(StreamError):
    """A message exceeds its topic's limit: publish smaller batches."""


class RecordingError(StreamError):
    """A file of recorded topics cannot be written, or is none, or is damaged."""
