"""Long work shown as it goes: a bar on a terminal, one line when it is done elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from crm.commands.running import errors


@dataclass
class Told:
    """What a piece of work says about itself."""

    progress: Callable[[float], None]
    result: str = ""


@contextmanager
def told(title: str) -> Iterator[Told]:
    """Show a piece of work; `progress` takes how much of it is done, from 0 to 1."""
    began = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as shown:
        task = shown.add_task(title, total=None)

        def progress(part: float) -> None:
            shown.update(task, total=1.0, completed=part)

        work = Told(progress)
        yield work
    errors.print(f"  {title}: {work.result}  ({time.monotonic() - began:.1f} s)", markup=False)
