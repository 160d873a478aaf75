"""Who may do what with which table. Run after every migration, with the owner's account.

Reading is granted for the whole database where the accounts are made (deploy/local/accounts.sql,
deploy/docker/accounts.sh); what changes rows is granted here, table by table, because a right on a
table needs the table to be there. A right that is to be taken away needs a REVOKE in a migration.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

UPSERT = "INSERT, UPDATE"
EDIT = "INSERT, UPDATE, DELETE"
WRITER = {
    **dict.fromkeys(
        (
            "file", "batch_origin", "frame", "batch_profile", "run_arrival", "job_change", "rates",
            "advice", "sink_offset", "rollup_rules",
        ),
        UPSERT,
    ),
    **dict.fromkeys(("lattice", "frame_rollup"), EDIT),
    # what RunStarted and RunEnded tell; all else that people edit is only read
    **dict.fromkeys(("experiment", "run", "tag", "run_tag"), UPSERT),
}  # fmt: skip
EDITOR = {
    **dict.fromkeys(
        (
            "experiment", "run", "tag", "run_tag", "trial", "run_group", "trial_run_group", "job",
        ),
        EDIT,
    ),
    # a deleted job takes its results with it
    **dict.fromkeys(
        ("lattice", "frame", "frame_rollup", "rollup_rules", "batch_profile", "advice", "rates"),
        "DELETE",
    ),
}  # fmt: skip
RIGHTS = {"writer": WRITER, "editor": EDITOR}


def grant_rights(connection: Connection) -> None:
    """Give writer and editor their rights on the tables that there are."""
    account = str(connection.scalar(sa.text("SELECT CURRENT_USER()")))
    for statement in statements(account, set(sa.inspect(connection).get_table_names())):
        connection.exec_driver_sql(statement)


def statements(owner: str, tables: set[str]) -> list[str]:
    """The GRANTs. The accounts come from where the owner comes from: `owner@%`. Pure."""
    host = owner.rpartition("@")[2]
    return [
        f"GRANT {rights} ON `{table}` TO '{account}'@'{host}'"
        for account, given in RIGHTS.items()
        for table, rights in given.items()
        if table in tables
    ]
