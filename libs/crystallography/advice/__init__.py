"""Advice: what is wrong, since when, the numbers that prove it, what to try. No I/O, no clock."""

from libs.crystallography.advice.adviser import Adviser
from libs.crystallography.advice.causes import REMEDIES, Cause, Remedy
from libs.crystallography.advice.crystals import CrystalsPerShot, crystals_per_shot
from libs.crystallography.advice.history import Episode

__all__ = [
    "REMEDIES",
    "Adviser",
    "Cause",
    "CrystalsPerShot",
    "Episode",
    "Remedy",
    "crystals_per_shot",
]
