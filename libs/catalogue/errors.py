"""What can be wrong with the catalogue: each says what, where, and what to do."""


class CatalogueError(Exception):
    """Base of all errors of this package."""


class NotFoundError(CatalogueError):
    """No such run, tag, trial, run group or job."""


class ConflictError(CatalogueError):
    """The catalogue holds something that forbids this change."""


class RecipeError(CatalogueError):
    """A trial and a run group do not give a recipe: a file is missing, a path is relative …"""


class SeedError(CatalogueError):
    """A seed file that cannot be used."""
