"""What can go wrong with the local stack, in words for the person at the terminal."""


class LocalStackError(RuntimeError):
    """The stack cannot do what was asked: what is wrong, where, what to do."""


class SettingsError(LocalStackError):
    """The settings file cannot be used."""


class NotInstalledError(LocalStackError):
    """A part that the set-up installs is not there."""


class NotReadyError(LocalStackError):
    """A process did not become ready in time, or does not stay up."""
