"""`arzesh import customers|orders|interactions`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from crm import codes
from crm.commands.progress import told
from crm.commands.running import errors, now, operator, out, run, show
from crm.errors import ValidationFailed
from crm.imports import ImportKind, Options, Style, as_csv, import_file, understand
from crm.imports.encodings import decode
from crm.imports.files import merged
from crm.settings import Settings
from models import ImportRun

SHOWN = 20
"""Refused rows that are printed; all of them go to the file."""

app = typer.Typer(help="Take in files of customers, orders or interactions.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A CSV file.", exists=True, dir_okay=False, readable=True)]
Column = Annotated[
    list[str] | None,
    typer.Option("--column", "-c", help="What a column is, as 'Heading=target'; 'Heading=' leaves it out."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]
SourceName = Annotated[str, typer.Option("--source", help="The system that the file's own numbers come from.")]
DateOrder = Annotated[str | None, typer.Option("--date-order", help="DMY or MDY, for dates such as 03/04/2026.")]
DecimalComma = Annotated[bool, typer.Option("--decimal-comma", help="Amounts are written 1.234,50.")]
TimeZone = Annotated[str, typer.Option("--time-zone", help="The clock of times without a zone.")]
Encoding = Annotated[
    str, typer.Option(help="The file's encoding, such as cp1252 or gb18030, where it is not seen by itself.")
]
PhoneCountry = Annotated[
    str | None, typer.Option(help="Where phone numbers are from that have neither +98 nor a country beside them: IR.")
]
RefusedFile = Annotated[Path | None, typer.Option("--refused", help="Where to write the refused rows, as CSV.")]


def importing(kind: ImportKind) -> Callable[..., None]:
    """The command for files of one kind, with the options that all kinds have."""

    def command(
        file: File,
        column: Column = None,
        source: SourceName = "import",
        date_order: DateOrder = None,
        decimal_comma: DecimalComma = False,
        time_zone: TimeZone = "UTC",
        phone_country: PhoneCountry = None,
        encoding: Encoding = "",
        refused: RefusedFile = None,
        dry_run: DryRun = False,
    ) -> None:
        options = Options(source, style=style(date_order, decimal_comma, time_zone, phone_country))
        take(kind, file, encoding, column or [], options, refused, dry_run)

    return command


app.command("customers", help="Create and update customers, recognised by e-mail, phone or number.")(
    importing(ImportKind.CUSTOMERS)
)


@app.command()
def orders(
    file: File,
    column: Column = None,
    source: SourceName = "import",
    create_customers: Annotated[bool, typer.Option("--create-customers", help="Make unknown customers known.")] = False,
    date_order: DateOrder = None,
    decimal_comma: DecimalComma = False,
    time_zone: TimeZone = "UTC",
    phone_country: PhoneCountry = None,
    encoding: Encoding = "",
    refused: RefusedFile = None,
    dry_run: DryRun = False,
) -> None:
    """Record orders; those with a reference that is known already are left alone."""
    options = Options(source, create_customers, style(date_order, decimal_comma, time_zone, phone_country))
    take(ImportKind.ORDERS, file, encoding, column or [], options, refused, dry_run)


app.command("interactions", help="Log interactions, with ratings; those with a known reference are left alone.")(
    importing(ImportKind.INTERACTIONS)
)


def style(date_order: str | None, decimal_comma: bool, time_zone: str, phone_country: str | None) -> Style:
    order = date_order.upper() if date_order else None
    if order not in {None, "DMY", "MDY"}:
        raise ValidationFailed(f"--date-order is '{date_order}'; it must be DMY or MDY.", path=("dateOrder",))
    country = codes.country(phone_country, field="--phone-country")
    return Style(order, decimal_comma, codes.time_zone(time_zone) or "UTC", country)


def mapped(columns: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in columns]
    wrong = next((name for name, sign, _ in pairs if not sign), None)
    if wrong is not None:
        raise ValidationFailed(f"--column '{wrong[:60]}' has no '='; write 'Heading=target'.", path=("column",))
    return {name.strip(): target.strip() for name, _, target in pairs}


def take(
    kind: ImportKind,
    file: Path,
    encoding: str,
    columns: list[str],
    options: Options,
    refused: Path | None,
    dry_run: bool,
) -> None:
    data, mapping = read(file, encoding), mapped(columns)
    if refused is not None:
        write(refused, "")  # before anything is taken in: afterwards it would be too late to say that it cannot be

    async def work(settings: Settings) -> ImportRun:
        found, guessed = await understand(kind, data)
        with told(file.name) as shown:
            rows = max(1, data.count(b"\n"))
            done = await import_file(
                operator(), kind, data, name=file.name, now=now(), mapping=mapping, options=options, dry_run=dry_run,
                report=lambda run: shown.progress(min(1.0, run.rows_read / rows)),
            )  # fmt: skip
            shown.result = f"{done.rows_read:,} rows"
        say_columns(found, merged(guessed, mapping), in_full=dry_run)
        return done

    began = now()
    done = run(work)
    if done.finished_at and done.finished_at < began:
        out.print(
            f"This file was taken in on {done.finished_at:%Y-%m-%d %H:%M} UTC already; nothing changed. It was then:"
        )
    say(done, dry_run)
    if refused is not None:
        write(refused, as_csv(done.refused))
    if done.rows_refused:
        raise typer.Exit(1)


def read(file: Path, encoding: str) -> bytes:
    """The file, in UTF-8 when its encoding was said; one that was found out is told."""
    data = file.read_bytes()
    text, found = decode(data, encoding)
    if encoding:
        return text.encode()
    if not found.startswith("utf"):
        errors.print(f"The file is not in UTF-8; it was read as {found}. If letters are wrong, say --encoding.")
    return data


def say_columns(columns: tuple[str, ...], mapping: Mapping[str, str], *, in_full: bool) -> None:
    """What each column was taken for; of a real import, only those that meant nothing."""
    if in_full:
        table = Table("Column", "Taken as", box=None)
        for column in columns:
            table.add_row(column, mapping.get(column, "(left out)"))
        show(table)
        return
    left = [column for column in columns if column and column not in mapping]
    if left:
        errors.print(f"Left out: {', '.join(left)}. --column '{left[0]}=target' says what one is.", markup=False)


def write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ValidationFailed(f"--refused '{file}' cannot be written: {error.strerror}.", path=("refused",)) from None


def say(done: ImportRun, dry_run: bool) -> None:
    """The counts, and the first of the refused rows."""
    would = "would be " if dry_run else ""
    out.print(
        f"{done.rows_created:,} {would}created, {done.rows_updated:,} {would}updated, "
        f"{done.rows_unchanged:,} unchanged, {done.rows_refused:,} refused"
    )
    if done.refused:
        table = Table("Line", "Reason", box=None)
        for row in done.refused[:SHOWN]:
            table.add_row(str(row["line"]), row["reason"])
        show(table, errors)
        if done.rows_refused > SHOWN:
            errors.print(f"… and {done.rows_refused - SHOWN:,} more; --refused FILE writes them all.")
