"""Sources, sights and files for the tests of run_discovery."""

from dataclasses import replace
from pathlib import Path

from libs.messages import FramesArrived, Message
from services.run_discovery.config import SourceSettings
from services.run_discovery.core import announce
from services.run_discovery.ledger import Ledger, record
from services.run_discovery.sightings import FileSeen, Mode, RunSeen, Source

NOW_US = 1_800_000_000_000_000
QUIET_S = 100.0

HDF5 = Source(name="beamline", experiment="common", mode=Mode.STATUS_FILE)
IMAGES = Source(name="beamline", experiment="common", mode=Mode.IMAGE_FILES, finished_after_s=60.0)

MINI_CBF = (
    b"###CBF: VERSION 1.5\r\n_array_data.header_contents\r\n;\r\n--CIF-BINARY-FORMAT-SECTION--\r\n"
    b"X-Binary-Size: 64\r\nX-Binary-Size-Padding: 15\r\n\r\n\x0c\x1a\x04\xd5"
    + bytes(64 + 15)
    + b"\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n"
)


def file_seen(path: str = "/data/r1/x_00001.h5", **changes: object) -> FileSeen:
    """A file that was last touched an hour before NOW_US."""
    default = FileSeen(
        path=path, number=1, written_us=NOW_US - 3_600_000_000, quiet_s=QUIET_S, readable=0
    )
    return replace(default, **changes)  # type: ignore[arg-type]


def run_seen(*files: FileSeen, finished: bool = False, number: str = "r1") -> RunSeen:
    """A folder with these files."""
    return RunSeen(
        number=number,
        path=f"/data/{number}",
        folder_us=NOW_US - 3_600_000_000,
        files=files,
        finished=finished,
    )


class Discovery:
    """The pure part of the service: what it sees, what it said, and a restart."""

    def __init__(self, source: Source) -> None:
        self.source, self.ledger, self.said = source, Ledger(), list[Message]()

    def see(self, seen: RunSeen, now_us: int = NOW_US) -> list[Message]:
        """One look; everything that it calls for is published."""
        new = announce(self.ledger, self.source, seen, now_us)
        self.said += new
        self.ledger = record(self.ledger, new)
        return new

    def restart(self, lost: int = 0) -> None:
        """Die before the last `lost` messages were published, and read back the others."""
        del self.said[len(self.said) - lost :]
        self.ledger = record(Ledger(), self.said)


def frames_of(messages: list[Message]) -> list[tuple[str, str, int, int]]:
    """(run, file, index, frame) of every announced frame, in order."""
    return [
        (message.run, span.file, span.first_index + i, span.first_frame + i)
        for message in messages
        if isinstance(message, FramesArrived)
        for span in message.spans
        for i in range(span.count)
    ]


def settings_for(folder: Path, mode: Mode = Mode.STATUS_FILE, **changes: object) -> SourceSettings:
    """Settings of a source on a real folder."""
    ends = {"finished_after_s": 60.0} if mode is Mode.IMAGE_FILES else {}
    return SourceSettings.model_validate(
        {"name": "beamline", "experiment": "common", "folder": folder, "mode": mode}
        | ends
        | changes
    )
