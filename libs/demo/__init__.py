"""The demo: a simulated beamtime and real images through the running stack, and what came of it."""
