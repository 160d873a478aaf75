"""`stillstream`: lists the sub-commands and loads the one that is called.

`--help` imports none of them, so that it is quick and works where DIALS is not installed.
"""

import importlib

import click

COMMANDS = {
    "up": "Start the local stack.",
    "down": "Stop the local stack.",
    "status": "Processes, health, lag, freshness, throughput, latency.",
    "logs": "What the processes say.",
    "demo": "A simulated beamtime and real images through the running stack.",
    "simulate": "Write a simulated run: real files with known truth.",
    "process": "Process files without broker and database.",
    "rates": "What the statistics say of recorded frame results.",
    "compare": "Two results of the same run, frame by frame.",
    "cells": "Which unit cells the lattices of a job speak for.",
    "ingest": "Results of another system, from a file or a pipe, into a job.",
    "record": "Topics into a file.",
    "replay": "Recorded topics back to a broker, at any speed, with other cut-offs if wanted.",
    "run": "Runs of the catalogue.",
    "tag": "Tags of the catalogue.",
    "trial": "Trials of the catalogue.",
    "group": "Run groups of the catalogue.",
    "job": "Jobs of the catalogue.",
    "bench": "Ratios against a peer or a physical limit.",
    "grafana": "Dashboards into an existing Grafana.",
}


class LazyGroup(click.Group):
    """A group whose commands are modules of this package with an attribute `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"libs.command_line.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table itself: nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Live answers from serial crystallography: the frames of a beamtime, as they come."""


if __name__ == "__main__":
    main(prog_name="stillstream")
