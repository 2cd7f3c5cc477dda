"""`arzesh doctor`."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer
from rich.table import Table

from crm.commands.running import out
from crm.doctor import Finding, Level, examine
from crm.settings import TABLE, Settings

SIGNS = {Level.GOOD: "[green]ok[/]", Level.WARNING: "[yellow]look[/]", Level.FAULT: "[red]fault[/]"}


def doctor(settings: Annotated[bool, typer.Option("--settings", help="List all settings as well.")] = False) -> None:
    """Look at everything that has to be right, and say what to do about what is not."""
    if settings:
        out.print(settings_table(Settings.from_environment()))
    findings = asyncio.run(examine(os.environ))
    for finding in findings:
        out.print(line(finding))
    if any(finding.level is Level.FAULT for finding in findings):
        raise typer.Exit(1)


def line(finding: Finding) -> str:
    said = finding.said.replace("[", r"\[")
    remedy = f"\n          {finding.remedy}".replace("[", r"\[") if finding.remedy else ""
    return f"{SIGNS[finding.level]:<6} {finding.subject}: {said}{remedy}"


def settings_table(settings: Settings) -> Table:
    table = Table("Variable", "Value", "What it is", box=None)
    for row in TABLE:
        value = getattr(settings, row.name)
        table.add_row(row.variable, "(a secret)" if row.secret and value else str(value), row.help)
    return table
