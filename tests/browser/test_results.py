"""What comes out of a browser besides small answers: large outputs, traps, strings."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.asking import Asker
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

WORD_COUNTS = Path("docs/cookbook/word-counts.json")
ROWS = 60_000
SHARE = """def share(n: i64) -> i64:
    total = 0
    for i in range(20000):
        total = total * 31 + i
    return total // (n - 100000)
"""


def test_large_outputs_go_by_http_and_arrive_whole(
    asker: Asker, site_url: str, visitor: Visitor
) -> None:
    job_id = asker.submit(
        {
            "name": "Cubes",
            "source": {"range": {"n": [0, ROWS]}},
            "steps": [{"derive": {"cube": "n * n * n"}}],
            "split": {"rows": 20_000},
        }
    )
    visitor.say_yes(visitor.meet_question(site_url))
    visitor.await_succeeded(job_id)
    assert visitor.requests.count("/volunteer/output") == 3
    rows = [json.loads(line) for line in asker.result(job_id).splitlines()]
    assert rows == [{"n": n, "cube": n**3} for n in range(ROWS)]
    assert visitor.complaints == []


SUM_ROW = """def sum_row(m: f64[:, :], i: i64) -> f64:
    total = 0.0
    for j in range(len(m[i])):
        total += m[i][j]
    return total
"""


def test_a_program_of_16_megabytes_reaches_the_browser_and_runs(
    asker: Asker, site_url: str, visitor: Visitor
) -> None:
    matrix = np.arange(1024 * 2048, dtype=np.float64).reshape(1024, 2048)
    file = io.BytesIO()
    np.save(file, matrix)
    job_id = asker.submit(
        {
            "name": "Sums of rows",
            "source": {"range": {"n": [0, 1024]}},
            "shared": {"m": {"upload": asker.upload(file.getvalue()), "format": "npy"}},
            "functions": {"sum_row": SUM_ROW},
            "steps": [{"derive": {"total": "sum_row(m, n)"}}],
            "split": {"rows": 256},
        }
    )
    visitor.say_yes(visitor.meet_question(site_url))
    visitor.await_succeeded(job_id)
    rows = [json.loads(line) for line in asker.result(job_id).splitlines()]
    assert [row["total"] for row in rows] == [float(sum(row)) for row in matrix.tolist()]
    assert visitor.complaints == []


def test_a_trap_fails_the_job_with_its_row_and_reason(
    asker: Asker, site_url: str, visitor: Visitor, hub_url: str
) -> None:
    job_id = asker.submit(
        {
            "name": "Shares",
            "source": {"range": {"n": [0, 300_000]}},
            "functions": {"share": SHARE},
            "steps": [{"derive": {"share": "share(n)"}}, {"aggregate": {"all": "sum(share)"}}],
            "split": {"rows": 10_000},
        }
    )
    visitor.say_yes(visitor.meet_question(site_url))
    page = visitor.open(f"{hub_url}/job/{job_id}")
    expect(page.locator(".cells [data-state=settled]")).not_to_have_count(0, timeout=60_000)
    expect(page.locator("article")).to_have_attribute("data-state", "failed", timeout=60_000)
    notice = page.locator(".notice.bad")
    expect(notice).to_contain_text("Row 100,000 ")
    expect(notice).to_contain_text("division")
    expect(page.locator("[data-live=result]")).to_contain_text("This job has no result.")


def test_the_words_of_the_cookbook_are_counted_joined_and_finished(
    asker: Asker, site_url: str, visitor: Visitor
) -> None:
    document = json.loads(WORD_COUNTS.read_text())
    words = Counter(
        re.sub("[^a-z]", "", word.lower())
        for line in document["shared"]["poem"]["rows"]
        for word in line["text"].split()
    )
    job_id = asker.submit({**document, "split": {"rows": 7}})
    visitor.say_yes(visitor.meet_question(site_url))
    page = visitor.await_succeeded(job_id)
    ten = sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    rows = [json.loads(line) for line in asker.result(job_id).splitlines()]
    assert [(row["word"], row["count"]) for row in rows] == ten
    assert len(asker.sub_jobs(job_id)) == 7
    steps = page.locator("section", has=page.get_by_role("heading", name="Steps", exact=True))
    expect(steps).to_contain_text("poem on line = number, inner")
    finish = page.locator("section", has=page.get_by_role("heading", name="Finish"))
    expect(finish.locator(".steps")).to_contain_text("count desc, word")
    assert visitor.complaints == []


def test_strings_of_a_table_come_back_letter_by_letter(
    asker: Asker, site_url: str, visitor: Visitor
) -> None:
    words = ["", "ß", "naïve", "日本語", "🦉🌌", "a,b", 'quo"te', "line\nbreak", None]
    job_id = asker.submit(
        {
            "name": "Words",
            "source": {
                "rows": [{"word": word} for word in words],
                "columns": {"word": "string"},
            },
            "steps": [{"derive": {"letters": "length(word)"}}],
            "split": {"rows": 2},
        }
    )
    visitor.say_yes(visitor.meet_question(site_url))
    visitor.await_succeeded(job_id)
    rows = [json.loads(line) for line in asker.result(job_id).splitlines()]
    assert rows == [
        {"word": word, "letters": None if word is None else len(word)} for word in words
    ]
