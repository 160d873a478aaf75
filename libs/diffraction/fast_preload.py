"""Imported by the fork server only: every kernel of the fast lane is compiled before workers are
forked, so that neither a first frame nor a replaced worker waits for the compiler."""

from libs.diffraction.fast_warm_up import warm_up

warm_up()
