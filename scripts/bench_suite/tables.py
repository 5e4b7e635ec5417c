"""Tables of figures, for the terminal and as JSON."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import rich.console
import rich.table

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Table:
    """Figures under a title. `digits` is how many stand after the point of a float."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    digits: int = 2
    note: str = ""

    def text(self, cell: Cell) -> str:
        """A cell as it is shown."""
        match cell:
            case None:
                return "-"
            case float():
                return f"{cell:.{self.digits}f}"
            case _:
                return str(cell)


def rendered(table: Table) -> rich.table.Table:
    """For the terminal: names to the left, figures to the right."""
    shown = rich.table.Table(title=table.title, caption=table.note or None, title_justify="left", caption_justify="left")
    for number, column in enumerate(table.columns):
        figures = all(not isinstance(row[number], str) for row in table.rows)
        shown.add_column(column, justify="right" if figures else "left")
    for row in table.rows:
        shown.add_row(*map(table.text, row))
    return shown


def report(tables: Sequence[Table], file: Path | None) -> None:
    """Print the tables, and keep them in `file`."""
    console = rich.console.Console()
    for table in tables:
        console.print(rendered(table))
    if file is not None:
        date = dt.datetime.now(tz=dt.UTC).date().isoformat()
        content = {"date": date, "machine": machine(), "tables": [asdict(table) for table in tables]}
        file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def machine() -> str:
    """Where this was measured."""
    return f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
