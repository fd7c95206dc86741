"""Sites: registered under a key, removed, found by their origins; what each gave is counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from owc.clock import ManualClock
from owc.domain.coarse import crowd
from owc.domain.matching import Capabilities
from owc.errors import NotFound, Refused
from owc.services import collection, loaders, presence, sites
from owc.services.hub import Hub
from owc.services.values import Enrolment
from tests.owc.jobs import SQUARES, Volunteer, rows_credited, submit

RunTasks = Callable[[], None]

HOME = "https://www.example.org"


def _arrive(hub: Hub, volunteer: Volunteer, site: str | None, *, keeps_site: bool = False) -> None:
    enrolment = Enrolment(
        volunteer_id=volunteer.id,
        kind="browser",
        capabilities=Capabilities(),
        network="net",
        process_id=None,
        socket=None,
        site_id=site,
        keeps_site=keeps_site,
    )
    presence.enrol_many(hub, [enrolment])


@pytest.mark.redis
def test_a_site_is_registered_found_and_removed(hub: Hub) -> None:
    site = sites.add_site(hub, " Example ", [HOME + "/", HOME], ["medicine"])
    assert sites.is_key(site.key)
    assert (site.name, site.origins, site.categories) == ("Example", (HOME,), ("medicine",))
    assert sites.find_site(hub, site.key) == site
    assert sites.list_sites(hub) == (site,)
    assert sites.origins(hub) == {HOME}
    sites.remove_site(hub, site.key)
    assert sites.find_site(hub, site.key) is None
    assert sites.list_sites(hub) == ()
    with pytest.raises(NotFound):
        sites.remove_site(hub, site.key)
    with pytest.raises(NotFound):
        sites.site_view(hub, site.key)


@pytest.mark.redis
@pytest.mark.parametrize(
    ("name", "origins", "categories"),
    [
        ("", [HOME], []),
        ("x" * 81, [HOME], []),
        ("Example", [], []),
        ("Example", ["www.example.org"], []),
        ("Example", ["https://example.org/page"], []),
        ("Example", ["https://example.org; script-src *"], []),
        ("Example", ["*"], []),
        ("Example", [f"https://a{number}.example" for number in range(51)], []),
        ("Example", [HOME], ["medecine"]),
    ],
)
def test_what_is_no_site_is_refused(
    hub: Hub, name: str, origins: list[str], categories: list[str]
) -> None:
    with pytest.raises(Refused):
        sites.add_site(hub, name, origins, categories)
    assert sites.list_sites(hub) == ()


@pytest.mark.parametrize("host", ["example.org", "localhost", "127.0.0.1", "site_", "Site_abc", ""])
def test_the_name_of_a_machine_is_never_a_key(host: str) -> None:
    assert not sites.is_key(host)


def test_an_origin_is_of_a_site_exactly_or_below_its_star() -> None:
    given = ("https://example.org", "https://*.example.net:8443", "example.com")
    for yes in ("https://example.org", "https://a.b.example.net:8443", "http://example.com"):
        assert sites.is_origin_of(given, yes), yes
    for no in (
        "http://example.org",
        "https://www.example.org",
        "https://example.net:8443",
        "https://a.example.net",
        "https://evilexample.org",
        "https://example.org.evil.net",
        "null",
        "",
    ):
        assert not sites.is_origin_of(given, no), no


@pytest.mark.redis
def test_what_volunteers_compute_counts_for_the_site_by_which_they_came(
    hub: Hub, clock: ManualClock, run_tasks: RunTasks
) -> None:
    one, other = (sites.add_site(hub, name, [HOME]) for name in ("One", "Other"))
    job_id = submit(hub, SQUARES)
    run_tasks()
    first, second, alone = Volunteer(hub), Volunteer(hub), Volunteer(hub)
    _arrive(hub, first, one.key)
    _arrive(hub, second, other.key)
    for volunteer in (first, second, alone):
        collection.take_results(hub, volunteer.reports(volunteer.leased(2)))
        run_tasks()
    credited = rows_credited(hub)
    assert credited == {first.id: 200, second.id: 200, alone.id: 200}
    view = sites.site_view(hub, one.key)
    assert (view.rows, view.volunteers, len(view.days)) == (200, "1 to 9", 1)
    assert view.fuel > 0
    assert [(job.job_id, job.rows) for job in view.jobs] == [(job_id, 200)]
    clock.advance(timedelta(days=2).total_seconds())
    _arrive(hub, first, None, keeps_site=True)
    collection.take_results(hub, first.reports(first.leased(1)))
    run_tasks()
    days = sites.site_view(hub, one.key).days
    assert [(day.rows, day.volunteers) for day in days] == [
        (200, "1 to 9"),
        (0, "none"),
        (100, "1 to 9"),
    ]
    assert sites.site_view(hub, other.key).rows == 200


@pytest.mark.redis
def test_a_volunteer_that_comes_by_no_site_counts_for_none(hub: Hub, run_tasks: RunTasks) -> None:
    site = sites.add_site(hub, "One", [HOME])
    submit(hub, SQUARES)
    run_tasks()
    volunteer = Volunteer(hub)
    _arrive(hub, volunteer, site.key)
    _arrive(hub, volunteer, None)
    volunteer.work_off()
    run_tasks()
    view = sites.site_view(hub, site.key)
    assert (view.rows, view.volunteers, view.jobs) == (0, "none", ())


def test_how_many_volunteers_there_are_is_told_as_a_span() -> None:
    assert [crowd(count) for count in (0, 1, 9, 10, 99, 10_000, 10**6)] == [
        "none",
        "1 to 9",
        "1 to 9",
        "10 to 29",
        "30 to 99",
        "10000 or more",
        "10000 or more",
    ]


@pytest.mark.redis
def test_every_loader_stays_under_its_address(hub: Hub) -> None:
    old, new = b"old();", b"new();"
    for script in (old, new, old):
        loaders.keep(hub, script)
    assert loaders.find(hub, loaders.version_of(old)) == old
    assert loaders.find(hub, loaders.version_of(new)) == new
    assert loaders.find(hub, "0" * 16) is None


def test_a_tag_pins_its_loader() -> None:
    tag = loaders.tag(b"", "https://hub.example", "site_abc")
    digest = "OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"
    assert tag == (
        '<script src="https://hub.example/loader/e3b0c44298fc1c14/openwebcompute.js"'
        f' integrity="sha384-{digest}" crossorigin="anonymous" data-site="site_abc" async></script>'
    )
