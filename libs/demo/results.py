"""What arrived in the database, read with the reader's account."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.demo.reference import Answer
from libs.messages import ATTEMPT_SHIFT

COUNTS = text("""
    SELECT run.source, run.number, COALESCE(run.n_frames, -1) AS announced,
           COUNT(frame.frame) AS stored,
           COALESCE(SUM(frame.outcome IN ('processed', 'screened', 'crashed', 'timed_out')), 0)
               AS counted,
           COALESCE(SUM(frame.n_lattices > 0), 0) AS indexed,
           COALESCE(SUM(frame.n_lattices > 1), 0) AS multi_lattice,
           MAX(rates.n_processed) AS rates_processed, MAX(rates.n_hits) AS hits,
           MAX(rates.n_indexed) AS rates_indexed,
           COALESCE(MAX(rates.preliminary), 1) AS preliminary
    FROM run JOIN job ON job.run_id = run.id
    LEFT JOIN frame ON frame.job_id = job.id AND frame.lane = job.lane
         AND frame.precedence >= job.attempt << :attempt_shift
    LEFT JOIN rates ON rates.job_id = job.id
    GROUP BY run.id, run.source, run.number, run.n_frames ORDER BY run.id
""").bindparams(attempt_shift=ATTEMPT_SHIFT)
FRAMES = text("""
    SELECT frame.frame FROM frame JOIN job ON job.id = frame.job_id JOIN run ON run.id = job.run_id
    WHERE run.source = :source AND run.number = :number AND frame.lane = job.lane
    ORDER BY frame.frame
""")
LATENCIES = text("""
    SELECT run.source, run.number, (frame.done_us - frame.written_us) / 1e6 AS latency_s
    FROM frame JOIN job ON job.id = frame.job_id JOIN run ON run.id = job.run_id
    WHERE frame.lane = job.lane AND frame.done_us > frame.written_us
""")
ANSWERS = text("""
    SELECT file.path, frame.n_strong, lattice.lattice, a_angstrom, b_angstrom, c_angstrom,
           alpha_deg, beta_deg, gamma_deg, n_indexed
    FROM frame JOIN job ON job.id = frame.job_id JOIN run ON run.id = job.run_id
    JOIN file ON file.id = frame.file_id
    LEFT JOIN lattice ON lattice.job_id = frame.job_id AND lattice.frame = frame.frame
         AND lattice.lane = frame.lane
    WHERE run.source = :source AND run.number = :number AND frame.lane = job.lane
    ORDER BY file.path, lattice.lattice
""")

Latencies = dict[tuple[str, str], list[float]]


@dataclass(frozen=True, kw_only=True)
class RunCounts:
    """One run as the database has it; `announced` is -1 while the run is open."""

    source: str
    number: str
    announced: int
    stored: int
    counted: int
    indexed: int
    multi_lattice: int
    hits: int
    rates_processed: int
    rates_indexed: int
    preliminary: bool

    @property
    def complete(self) -> bool:
        """Whether all announced frames are stored and the rates have counted them all."""
        return (
            self.stored == self.announced
            and self.rates_processed == self.counted
            and not self.preliminary
        )


async def run_counts(engine: AsyncEngine) -> list[RunCounts]:
    """Every run, oldest first."""
    async with engine.connect() as connection:
        rows = (await connection.execute(COUNTS)).mappings().all()
    return [
        RunCounts(
            source=row["source"],
            number=row["number"],
            announced=int(row["announced"]),
            stored=int(row["stored"]),
            counted=int(row["counted"]),
            indexed=int(row["indexed"]),
            multi_lattice=int(row["multi_lattice"]),
            hits=int(row["hits"] or 0),
            rates_processed=int(row["rates_processed"] or 0),
            rates_indexed=int(row["rates_indexed"] or 0),
            preliminary=bool(row["preliminary"]),
        )
        for row in rows
    ]


async def latencies_s(engine: AsyncEngine) -> Latencies:
    """Seconds from written to result of every frame, by source and number of the run."""
    found: Latencies = {}
    async with engine.connect() as connection:
        for row in await connection.execute(LATENCIES):
            found.setdefault((row.source, row.number), []).append(float(row.latency_s))
    return found


async def stored_frames(engine: AsyncEngine, source: str, number: str) -> list[int]:
    """The frame numbers of a run, one entry for each row."""
    async with engine.connect() as connection:
        rows = await connection.execute(FRAMES, {"source": source, "number": number})
        return [int(row.frame) for row in rows]


async def answers(engine: AsyncEngine, source: str, number: str) -> dict[str, Answer]:
    """What we found on each image of a run, by the image's name without compression suffix."""
    async with engine.connect() as connection:
        result = await connection.execute(ANSWERS, {"source": source, "number": number})
        rows = result.all()
    found: dict[str, Answer] = {}
    for row in rows:
        name = row.path.rsplit("/", 1)[-1].removesuffix(".bz2")
        old = found.get(name)
        cells, indexed = (old.cells, old.n_indexed) if old else ((), ())
        if row.lattice is not None:
            cells += ((row[3], row[4], row[5], row[6], row[7], row[8]),)
            indexed += (int(row.n_indexed),)
        found[name] = Answer(image=name, n_strong=int(row.n_strong), cells=cells, n_indexed=indexed)
    return found
