"""A visitor says yes: both demo jobs are done by that browser alone, and its answers are right."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

UNICODE_QUERY = """
    WITH letters AS (
        SELECT *,
            left(name, strpos(concat(name, ' '), ' ') - 1) AS script,
            CASE WHEN category LIKE 'L%' THEN 'letter' ELSE 'number' END AS kind
        FROM read_csv($csv, header = true, columns = {
            'code_point': 'BIGINT', 'name': 'VARCHAR', 'category': 'VARCHAR',
            'bidirectional': 'VARCHAR', 'combining': 'BIGINT', 'mirrored': 'BOOLEAN',
            'numeric': 'DOUBLE', 'decimal': 'BIGINT'})
        WHERE category LIKE 'L%' OR category LIKE 'N%'
    )
    SELECT script, kind, count(*) AS characters, count(decimal) AS decimal_digits,
        max(numeric) AS largest_value, min(code_point) AS first_code_point,
        max(code_point) AS last_code_point,
        (array_agg(name ORDER BY length(name) DESC, code_point))[1] AS longest_name
    FROM letters GROUP BY script, kind ORDER BY min(code_point)
"""


def download(page: Page, form: str, folder: Path) -> Path:
    """Press a download button of a job's page."""
    with page.expect_download() as started:
        page.locator(f"a[href$='result.{form}']").click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def read_all(page: Page, folder: Path) -> list[demo_jobs.Row]:
    """A job's result from all three formats, which must say the same."""
    csv, ndjson, parquet = (download(page, form, folder) for form in ("csv", "ndjson", "parquet"))
    connection = duckdb.connect()

    def rows(query: str, path: Path) -> list[demo_jobs.Row]:
        found = connection.execute(query, [str(path)])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    from_parquet = rows("SELECT * FROM read_parquet(?)", parquet)
    assert rows("SELECT * FROM read_csv(?, header = true)", csv) == from_parquet
    lines = [json.loads(line) for line in ndjson.read_text(encoding="utf-8").splitlines()]
    assert lines == from_parquet
    return from_parquet


def test_one_browser_finishes_both_demo_jobs_and_its_answers_are_right(
    asker: Asker, site_url: str, visitor: Visitor, tmp_path: Path
) -> None:
    table = demo_jobs.unicode_csv()
    unicode = asker.submit(demo_jobs.unicode_document(asker.upload(table)))
    collatz = asker.submit(demo_jobs.collatz_document())

    site = visitor.meet_question(site_url)
    visitor.assert_nothing_ran()
    visitor.say_yes(site)
    pages = [visitor.await_succeeded(job_id) for job_id in (unicode, collatz)]

    csv = tmp_path / "characters.csv"
    csv.write_bytes(table)
    found = duckdb.connect().execute(UNICODE_QUERY, {"csv": str(csv)})
    names = [column[0] for column in found.description]
    by_duckdb = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    assert read_all(pages[0], tmp_path) == by_duckdb
    assert read_all(pages[1], tmp_path) == demo_jobs.collatz_answer()

    trusted = {part["volunteer"] for job in (unicode, collatz) for part in asker.sub_jobs(job)}
    assert len(trusted - {"hub"}) == 1, "another volunteer took part"
    assert visitor.complaints == []
