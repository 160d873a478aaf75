"""The time stamp in a CBF header, as ISO 8601."""

import re

HEADER_BYTES = 100_000
MINI_HEADER = re.compile(
    rb"^#\s*(\d{4})[-/](\d\d|[A-Z][a-z]{2})[-/](\d\d)"
    rb"[T ](\d\d:\d\d:\d\d(?:\.\d+)?)\s*(Z|[+-]\d\d:?\d\d)?",
    re.MULTILINE,
)
FULL_DATE = re.compile(rb"_diffrn(?:_measurement|_scan|_scan_frame)?\.date\s+'?([0-9T:.Z+-]{16,})")
DATA_NAME = re.compile(rb"^data_\S*_(\d{4}-\d\d-\d\dT\d\d:\d\dZ\d\d\.\d+)", re.MULTILINE)
XFEL_EVENT = re.compile(r"^(.{16})Z(\d\d\.\d+)$")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def cbf_stamp(data: bytes) -> str | None:
    """The stamp in the header: Pilatus style, imgCIF's date, or an XFEL event in the data name."""
    header = data[:HEADER_BYTES]
    if mini := MINI_HEADER.search(header):
        year, month, day, clock, zone = (part.decode() if part else "" for part in mini.groups())
        number = f"{MONTHS.index(month) + 1:02d}" if month in MONTHS else month
        return f"{year}-{number}-{day}T{clock[:15]}{zone}"
    found = FULL_DATE.search(header) or DATA_NAME.search(header)
    return XFEL_EVENT.sub(r"\1:\2Z", found.group(1).decode()) if found else None
