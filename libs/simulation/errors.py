"""What can go wrong when a run is simulated, in words for the person who asked for it."""


class SimulationError(Exception):
    """The run cannot be simulated as asked; the text says what, where and what to do."""
