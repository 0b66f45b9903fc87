"""The SQLite database of a cache: opened, made where there is none, and refused where it is another's."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_APPLICATION = 0x50494D46  # "PIMF", the mark that SQLite keeps for the program that owns a file
_LAYOUT = 1
_TABLE = """CREATE TABLE facts (
    path BLOB, role TEXT, size INTEGER, mtime_ns INTEGER, depth TEXT, version TEXT, checksum INTEGER,
    facts TEXT, PRIMARY KEY (path, role)) WITHOUT ROWID"""
_LOCK_SECONDS = 5.0


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, with its table.

    Raises:
        ValueError: it belongs to another program, or to another version of this one.
    """
    connection = sqlite3.connect(path, timeout=_LOCK_SECONDS, check_same_thread=False)
    try:
        _require_ours(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_ours(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")  # one look at all marks, while another run may be creating the table
    with connection:
        marks = _marks(connection)
    if marks == (0, 0, 0):
        connection.execute("BEGIN IMMEDIATE")  # of two that come at once, one creates the table
        with connection:
            marks = _marks(connection)
            if marks == (0, 0, 0):
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {_LAYOUT}")
                marks = _marks(connection)
    if marks[0] != _APPLICATION:
        raise ValueError("it is a database of another program; give another file")
    if marks[1] != _LAYOUT:
        raise ValueError("another version wrote it; delete it, or give another file")


def _marks(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Return the owner of the database, the version of its layout, and how many tables it has."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return owner, layout, tables
