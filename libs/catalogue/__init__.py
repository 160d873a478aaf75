"""The catalogue: models, queries and changes. Knows no broker and reads no environment."""

from libs.catalogue import catalogue_models, result_models, rollup_models, summary_models
from libs.catalogue.base import Base
from libs.catalogue.deletion import delete_job
from libs.catalogue.engine import in_transaction, open_engine, patiently
from libs.catalogue.errors import (
    CatalogueError,
    ConflictError,
    NotFoundError,
    RecipeError,
    SeedError,
)
from libs.catalogue.jobs import JobRecord, find_job, list_jobs
from libs.catalogue.lattice_columns import first_cells, lanes_of, shell_tables
from libs.catalogue.page import JobColumns, PageJob, job_columns, page_jobs, stored_offsets
from libs.catalogue.recipes import recipe_of
from libs.catalogue.runs import RunSummary, list_runs
from libs.catalogue.stored_frames import StoredFrame, stored_frame, stored_frames
from libs.catalogue.trial_settings import Group, GroupSettings, Trial, TrialSettings

__all__ = [
    "Base",
    "CatalogueError",
    "ConflictError",
    "Group",
    "GroupSettings",
    "JobColumns",
    "JobRecord",
    "NotFoundError",
    "PageJob",
    "RecipeError",
    "RunSummary",
    "SeedError",
    "StoredFrame",
    "Trial",
    "TrialSettings",
    "catalogue_models",
    "delete_job",
    "find_job",
    "first_cells",
    "in_transaction",
    "job_columns",
    "lanes_of",
    "list_jobs",
    "list_runs",
    "open_engine",
    "page_jobs",
    "patiently",
    "recipe_of",
    "result_models",
    "rollup_models",
    "shell_tables",
    "stored_frame",
    "stored_frames",
    "stored_offsets",
    "summary_models",
]
