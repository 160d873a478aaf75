"""Every Prometheus metric that our code defines, found in its source: name → labels."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = {"Counter": ("_total",), "Gauge": ("",), "Histogram": ("_bucket", "_count", "_sum")}
SELECTOR = re.compile(r"\b(up|stillstream_[a-z_]+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\bby \(([^)]*)\)")
BY_PROMETHEUS = frozenset({"job", "instance", "process", "le"})


@functools.cache
def exported() -> dict[str, frozenset[str]]:
    """Names as Prometheus sees them, with their labels."""
    names = {"up": frozenset[str]()}
    for folder in ("libs", "services"):
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            if "prometheus_client" in source:
                for call in ast.walk(ast.parse(source)):
                    names |= dict(_metric(call))
    return names


def used(expression: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Metrics of a PromQL expression with the labels that it selects or groups by."""
    grouped = {
        label.strip() for group in GROUPING.findall(expression) for label in group.split(",")
    }
    for name, selector in SELECTOR.findall(GROUPING.sub("", expression)):
        selected = {part.split("=")[0].strip("!~ ") for part in selector.split(",") if part}
        yield name, frozenset(selected | grouped) - BY_PROMETHEUS


def _metric(node: ast.AST) -> Iterator[tuple[str, frozenset[str]]]:
    match node:
        case ast.Call(
            func=ast.Name(id="Counter" | "Gauge" | "Histogram" as kind),
            args=[ast.Constant(value=str(name)), _, *rest],
        ):
            labels = ast.literal_eval(rest[0]) if rest else ()
            stem = name.removesuffix("_total") if kind == "Counter" else name
            for suffix in SUFFIXES[kind]:
                yield stem + suffix, frozenset(labels)
