"""The catalogue: models, queries and changes. Knows no broker and reads no environment."""

from libs.catalogue import catalogue_models, result_models, summary_models
from libs.catalogue.base import Base

__all__ = ["Base", "catalogue_models", "result_models", "summary_models"]
