"""One example of every message; their payloads are kept in `schemas/examples` for ever."""

import numpy as np

from libs import messages as m

RUN = m.run_id("mx2471", "jet-a", "13", 1)
JOB = m.job_id(RUN, 4, 2)
NOW = 1_763_870_400_000_000


def _f4(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


SHELLS = m.Shells(
    d_min_angstrom=1.7,
    n=np.arange(10, 0, -1, dtype="<u4").tobytes(),
    n_positive=np.arange(9, -1, -1, dtype="<u4").tobytes(),
    mean=_f4(*np.linspace(9, 0, 10)),
    mean_positive=_f4(*np.linspace(9.5, 0.5, 10)),
)
LATTICE = m.Lattice(
    unit_cell=(93.446, 93.446, 131.276, 90.0, 90.0, 120.0),
    space_group="P 61 2 2",
    a_matrix=(0.01, 0.0, 0.0, 0.0, 0.011, 0.0, 0.0, 0.0, 0.0076),
    n_indexed=121,
    n_integrated=835,
    rmsd_px=0.61,
    offset_px=(0.02, -0.11),
    d_min_contiguous=1.7,
    d_min_cctbx=1.7,
    shells=SHELLS,
)
HIT = m.FrameResult(
    frame=m.FrameNumber(7),
    index_in_file=6,
    ts_us=NOW + 700_000,
    ts_source=m.TimestampSource.FRAME,
    outcome=m.Outcome.PROCESSED,
    n_strong=176,
    indexing_tried=True,
    solvent_ratio=1.31,
    solvent_ratio_cctbx=1.28,
    ring_low=3.1,
    ring_high=4.06,
    wavelength_angstrom=1.3,
    d_min_contiguous=1.7,
    d_min_cctbx=1.7,
    lattices=(LATTICE,),
    timings_ms=m.TimingsMs(read=50.0, find=400.0, index=3400.0, refine=10.0, integrate=1000.0),
    stages_us=m.StagesUs(
        written=NOW, announced=NOW + 1, dispatched=NOW + 2, taken=NOW + 3, done=NOW + 4
    ),
)
UNREADABLE = m.FrameResult(
    frame=m.FrameNumber(8),
    index_in_file=7,
    ts_us=NOW + 800_000,
    ts_source=m.TimestampSource.FILE_TIME,
    outcome=m.Outcome.UNREADABLE,
    reason="r0013_00001.h5, image 7: chunk is damaged",
)
RECIPE = m.Recipe(
    phil="indexing.known_symmetry.space_group = P6122\n",
    d_min_angstrom=1.7,
    files=(m.RecipeFile(parameter="mask", path="/data/mask.pickle", sha256="ab" * 32),),
)
SPAN = m.FrameSpan(
    file="/data/r0013/r0013_00001.h5",
    first_index=0,
    first_frame=m.FrameNumber(1),
    count=4,
    written_us=NOW,
)
RATE = m.Rate(numerator=8971, denominator=41382, value=0.21678, low=0.2128, high=0.2208)
RATES = m.Rates(
    solvent=RATE,
    hit=RATE,
    indexing=RATE,
    indexing_success=RATE,
    multi_lattice=RATE,
    high_quality=m.Rate(numerator=0, denominator=0),
)
BAR = m.StatisticsBar(
    n_processed=41382,
    n_selected=41382,
    n_tried=15000,
    n_solvent=18208,
    n_hits=10312,
    n_indexed=8971,
    n_multi_lattice=700,
    n_high_quality=6317,
    n_unreadable=2,
    rates=RATES,
)

EXAMPLES: tuple[m.Message, ...] = (
    m.RunStarted(
        run=RUN,
        experiment="mx2471",
        source="jet-a",
        number="13",
        version=1,
        path="/data/r0013",
        started_us=NOW,
        started_source=m.TimestampSource.FRAME,
        announced_us=NOW + 5,
        period_us=33_333,
        time_zone="Europe/Berlin",
        tags=("batch 5",),
    ),
    m.FramesArrived(run=RUN, sequence=3, spans=(SPAN,), announced_us=NOW + 6),
    m.RunEnded(run=RUN, n_frames=41382, reason="status.txt says Finished", announced_us=NOW + 7),
    m.JobChanged(
        job=JOB,
        attempt=1,
        state=m.JobState.ACTIVE,
        run=RUN,
        experiment="mx2471",
        trial=4,
        run_group=2,
        recipe=RECIPE,
        started_us=NOW,
        changed_us=NOW + 8,
        tags=("batch 5",),
    ),
    m.FramesToProcess(
        job=JOB,
        attempt=1,
        chunk=12,
        run=RUN,
        spans=(SPAN,),
        recipe=RECIPE,
        run_started_us=NOW,
        announced_us=NOW + 6,
        dispatched_us=NOW + 9,
        period_us=33_333,
    ),
    m.FramesProcessed(
        job=JOB,
        attempt=1,
        run=RUN,
        lane=m.Lane.DIALS,
        file=SPAN.file,
        frames=(HIT, UNREADABLE),
        recipe=RECIPE.hash,
        worker="node1/4242",
        versions={"dials": "3.12.1"},
        radial_profile=m.RadialProfile(two_theta_step_deg=0.1, mean=_f4(1, 2, 3), n_frames=1),
        spot_distances=m.SpotDistances(
            step_per_angstrom=0.001, counts=np.arange(3, dtype="<u4").tobytes(), n_frames=1
        ),
    ),
    m.ReflectionsIntegrated(
        job=JOB,
        attempt=1,
        run=RUN,
        frame=m.FrameNumber(7),
        lane=m.Lane.DIALS,
        lattice=0,
        unit_cell=LATTICE.unit_cell,
        space_group=LATTICE.space_group,
        n=1,
        miller_index=np.array([1, 2, -3], "<i2").tobytes(),
        intensity=_f4(103.5),
        sigma=_f4(11.5),
        wavelength_angstrom=1.3,
        recipe=RECIPE.hash,
    ),
    m.RatesUpdated(
        job=JOB,
        attempt=1,
        run=RUN,
        revision=17,
        summary=BAR,
        live=(m.LiveWindow(name="10s", n_processed=300, rates=RATES),),
        preliminary=True,
        newest_ts_us=NOW,
        updated_us=NOW + 10,
        n_announced=41500,
        n_waiting=118,
    ),
    m.AdviceRaised(
        job=JOB,
        cause="no_jet",
        since_us=NOW,
        level="act",
        evidence=("solvent 2 % (was 88 %)",),
        suggestion="realign the nozzle",
        raised_us=NOW + 11,
    ),
    m.AdviceCleared(job=JOB, cause="no_jet", since_us=NOW, cleared_us=NOW + 12),
    m.MergingUpdated(
        condition="batch 5",
        revision=2,
        n_frames=300,
        n_lattices=310,
        shells=(
            m.MergingShell(
                d_max_angstrom=50.0,
                d_min_angstrom=4.0,
                n_possible=900,
                n_measured=890,
                n_observations=9000,
                mean_i_sigi=12.0,
                cc_half=0.97,
            ),
        ),
        updated_us=NOW + 13,
    ),
    m.CheckpointSegment(service="stats_aggregator", partition=3, segment="a/0", state=b"\x00\x01"),
    m.CheckpointManifest(
        service="stats_aggregator", partition=3, next_offset=99, segments=("a/0",), written_us=NOW
    ),
    m.MessageRejected(
        service="database_sink",
        topic="stillstream.frames.v1",
        partition=1,
        offset=5,
        reason="no message of stillstream.frames.v1: truncated",
        key=b"job",
        value=b"\xff",
        rejected_us=NOW + 14,
    ),
)
