"""Queries as Grafana's panels want them; the SDK has no builder for MySQL, so here is one."""

from dataclasses import dataclass

from grafana_foundation_sdk.builders.prometheus import Dataquery as PrometheusQuery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="stillstream-prometheus")
MYSQL = DataSourceRef(type_val="mysql", uid="stillstream-mysql")


@dataclass(frozen=True, kw_only=True)
class MySqlQuery(Dataquery, Builder[Dataquery]):
    """A raw SQL query; `as_table` false gives one series for each column or metric."""

    raw_sql: str
    as_table: bool = False
    ref_id: str = "A"

    def build(self) -> Dataquery:
        """It is what it builds."""
        return self

    def to_json(self) -> dict[str, object]:
        """The JSON of Grafana's own query editor."""
        return {
            "refId": self.ref_id,
            "datasource": MYSQL,
            "editorMode": "code",
            "format": "table" if self.as_table else "time_series",
            "rawQuery": True,
            "rawSql": self.raw_sql,
        }


def prometheus(expression: str, legend: str, ref_id: str, *, now: bool = False) -> PrometheusQuery:
    """A PromQL query over the time range, or of this moment."""
    query = (
        PrometheusQuery()
        .datasource(PROMETHEUS)
        .expr(expression)
        .legend_format(legend)
        .ref_id(ref_id)
    )
    return query.instant() if now else query.range()
