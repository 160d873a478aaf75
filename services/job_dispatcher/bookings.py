"""The dispatcher's dealings with the catalogue: rows of runs and jobs, recipes, what was sent.

Knows no broker.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from libs.catalogue import JobRecord, RecipeError, jobs, patiently, runs, trials
from libs.catalogue.matching import RunFacts
from libs.catalogue.recipes import phil_text, recipe_of
from libs.catalogue.trial_settings import Group, LaneChoice, Trial
from libs.catalogue.trials import Assignment, active_assignments, trials_for_run
from libs.diffraction import DiffractionError
from libs.messages import JobState, Recipe, RunId, RunStarted, job_id
from services.job_dispatcher import metrics
from services.job_dispatcher.fractions import Steps
from services.job_dispatcher.lanes import Lanes

LOG = structlog.get_logger(__name__)


class Bookings:
    """Keeps the active trials in memory between two looks at the catalogue."""

    def __init__(self, engine: AsyncEngine, clock_us: Callable[[], int], lanes: Lanes) -> None:
        self._engine, self._clock_us, self._lanes = engine, clock_us, lanes
        self._assignments: list[Assignment] = []
        self._errors: dict[tuple[int, int], str] = {}
        self._known_runs: set[RunId] = set()
        self.jobless: set[RunId] = set()
        """Runs that some trial should take but that lack a job: a recipe could not be made."""

    async def refresh(self) -> tuple[bool, set[RunId]]:
        """Whether the active trials changed, and the runs whose jobs were changed by people."""

        async def look(connection: AsyncConnection) -> tuple[list[Assignment], list[JobRecord]]:
            return (
                await active_assignments(connection),
                await jobs.list_jobs(connection, unannounced=True),
            )

        assignments, changed = await patiently(self._engine, look)
        news = msgspec.json.encode(assignments) != msgspec.json.encode(self._assignments)
        self._assignments = assignments
        if news:
            await self._prepare()
        return news, {job.run for job in changed}

    async def jobs_of(self, run: RunId, started: RunStarted | None) -> list[JobRecord]:
        """The run's jobs, after making those that its trials ask for."""
        wanted = await self._wanted(started) if started is not None else []

        async def book(connection: AsyncConnection) -> list[JobRecord]:
            if started is not None and run not in self._known_runs:
                await runs.ensure_run(connection, started)
            known = await jobs.list_jobs(connection, runs=[run])
            names = {job.job for job in known}
            missing = [w for w in wanted if job_id(run, w[0].id, w[1].id) not in names]
            for trial, group, recipe in missing:
                await self._make(connection, run, trial, group, recipe)
            return await jobs.list_jobs(connection, runs=[run]) if missing else known

        booked = await patiently(self._engine, book)
        if started is not None:
            self._known_runs.add(run)
        return booked

    async def with_recipe(self, job: JobRecord) -> JobRecord | None:
        """The job with a recipe: a restarted one gets that of its trial as it is now.

        None while the recipe cannot be made; a job that does not run needs no files for it.
        """
        if job.recipe is not None:
            return job

        async def settings(connection: AsyncConnection) -> tuple[Trial, Group]:
            trial = await trials.find_trial_by_id(connection, job.trial)
            return trial, await trials.find_group_by_id(connection, job.run_group)

        trial, group = await patiently(self._engine, settings)
        recipe = await self._recipe(trial, group)
        if recipe is None and job.state is not JobState.ACTIVE:
            said = trial.settings
            recipe = Recipe(
                phil=phil_text(said, group.settings), d_min_angstrom=said.d_min_angstrom
            )
        if recipe is None:
            return None
        found = recipe
        await patiently(self._engine, lambda c: jobs.keep_recipe(c, job, found))
        return msgspec.structs.replace(job, recipe=found)

    async def announced(self, job: JobRecord) -> None:
        """The job's change is durable in its topic."""
        await patiently(self._engine, lambda c: jobs.mark_announced(c, job))

    async def sampled(self, job: JobRecord, steps: Steps) -> None:
        """The fractions under which the job's arrivals are sent out, before they are."""
        await patiently(self._engine, lambda c: jobs.keep_fractions(c, job, steps))

    async def incomplete(self) -> list[JobRecord]:
        """Active jobs of whose frames some were only screened."""
        return await patiently(self._engine, lambda c: jobs.list_jobs(c, incomplete=True))

    async def completed(self, job: JobRecord, sequence: int) -> None:
        """The job's sampled arrivals below this are durable in the topic of work that can wait."""
        await patiently(self._engine, lambda c: jobs.mark_completed(c, job, sequence))

    async def sent(self, job: JobRecord, next_sequence: int) -> None:
        """The job's work below this sequence is durable in its topic."""
        await patiently(self._engine, lambda c: jobs.advance(c, job, next_sequence))

    async def _wanted(self, started: RunStarted) -> list[tuple[Trial, Group, Recipe]]:
        facts = RunFacts(
            experiment=started.experiment, source=started.source, number=started.number
        )
        found: list[tuple[Trial, Group, Recipe]] = []
        applying: Sequence[tuple[Trial, Group]] = trials_for_run(self._assignments, facts)
        for trial, group in applying:
            recipe = await self._recipe(trial, group)
            if recipe is not None:
                found.append((trial, group, recipe))
        (self.jobless.discard if len(found) == len(applying) else self.jobless.add)(started.run)
        return found

    async def _prepare(self) -> None:
        """Find out the lanes of all recipes before their first runs come."""
        for assignment in self._assignments:
            for group in assignment.groups:
                await self._recipe(assignment.trial, group)

    async def _recipe(self, trial: Trial, group: Group) -> Recipe | None:
        key = (trial.id, group.id)
        try:
            asked = await asyncio.to_thread(recipe_of, trial.settings, group.settings)
            recipe = self._lanes.of(asked)
        except (RecipeError, DiffractionError) as error:
            if self._errors.get(key) != str(error):
                LOG.error("recipe_failed", trial=trial.id, run_group=group.id, reason=str(error))
            self._errors[key] = str(error)
            recipe = None
        else:
            self._errors.pop(key, None)
        metrics.RECIPE_ERRORS.set(len(self._errors))
        return recipe

    async def _make(
        self, connection: AsyncConnection, run: RunId, trial: Trial, group: Group, recipe: Recipe
    ) -> None:
        await jobs.ensure_job(
            connection,
            run=run,
            trial=trial.id,
            run_group=group.id,
            recipe=recipe,
            live_from_us=max(trial.activated_us or 0, group.created_us),
            now_us=self._clock_us(),
        )
        LOG.info(
            "job_made", run=run, trial=trial.id, run_group=group.id, recipe=recipe.hash,
            lane=recipe.lane.value,
        )  # fmt: skip
        if recipe.lane_reason:
            _report(trial, recipe)


def _report(trial: Trial, recipe: Recipe) -> None:
    """Tell that the fast lane cannot do it; a warning where it was asked for by name."""
    wanted = trial.settings.lane
    metrics.LANE_FALLBACKS_TOTAL.labels(wanted.value).inc()
    say = LOG.warning if wanted is LaneChoice.FAST else LOG.info
    say("lane_fallback", trial=trial.id, lane=recipe.lane.value, reason=recipe.lane_reason)
