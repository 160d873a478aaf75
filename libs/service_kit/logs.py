"""Structured logs on standard error: events in snake_case with key-values."""

import logging
import sys
from typing import Any

import structlog

from libs.service_kit.settings import LogSettings

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logging(service: str, settings: LogSettings) -> None:
    """Send our events and those of libraries (warnings and worse) to standard error."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[settings.level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    # It repeats "unable to connect" many times a second; libs/streams logs an outage once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
