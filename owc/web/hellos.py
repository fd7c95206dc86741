"""A volunteer's hello: who it is, where it comes from, what it can do; and the welcome it gets."""

from __future__ import annotations

from owc.domain import sizing
from owc.domain.matching import Capabilities
from owc.domain.quorum import POOL
from owc.services import benchmark, sites
from owc.services.values import Enrolment, Site
from owc.web import messages
from owc.web.build import client_build
from owc.web.connections import Connection
from owc.web.embedding import subject_site
from owc.web.front_door import address_key, is_within, network_label, networks_of
from owc.web.rates import RateExceededError
from owc.web.refusals import RefusedError
from owc.web.runtime import Runtime
from owc.web.tokens import Claims, Purpose, TokenRefusedError

_RENEW_SECONDS = 15  # leases last a minute at least


class Hellos:
    """Reads hellos and writes welcomes."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pools = networks_of(runtime.settings.pool_networks)

    def enrolment(self, connection: Connection, hello: messages.VolunteerHello) -> Enrolment:
        """What a hello says, as far as it is believed. Raises RefusedError, TokenRefusedError."""
        claims = self._runtime.tokens.read(hello.token, Purpose.FRAME, Purpose.SESSION)
        keeps_site = claims.purpose is Purpose.SESSION
        known_id = self._known_volunteer(hello, claims)
        site = self._site_of(known_id) if keeps_site else self._site(claims)
        self._count(connection)
        return Enrolment(
            volunteer_id=known_id,
            kind=hello.kind,
            capabilities=_capabilities(hello.capabilities, site),
            network=self._network(connection.address),
            process_id=self._runtime.process_id,
            socket=connection.sid,
            speed=self._first_speed(hello),
            site_id=site.key if site else None,
            keeps_site=keeps_site,
        )

    def welcome(
        self, volunteer_id: str, hello: messages.VolunteerHello
    ) -> messages.VolunteerWelcome:
        """With tokens of its own, and what it has to know of this hub."""
        tokens, settings = self._runtime.tokens, self._runtime.settings
        return messages.VolunteerWelcome(
            volunteer_id=volunteer_id,
            token=tokens.issue(Purpose.SESSION, volunteer_id),
            volunteer_token=tokens.issue(Purpose.IDENTITY, volunteer_id),
            protocol=hello.protocol,
            renew_seconds=_RENEW_SECONDS,
            inline_result_bytes=settings.inline_result_bytes,
            result_bytes=settings.result_bytes,
            checkpoint_bytes=settings.checkpoint_bytes,
            reload=hello.build is not None and hello.build != client_build(),
        )

    def _known_volunteer(self, hello: messages.VolunteerHello, claims: Claims) -> str | None:
        if hello.volunteer_token is None:
            return claims.subject if claims.purpose is Purpose.SESSION else None
        try:
            return self._runtime.tokens.read(hello.volunteer_token, Purpose.IDENTITY).subject
        except TokenRefusedError:
            return None  # forged or too old: a newcomer, which is no harm

    def _site(self, claims: Claims) -> Site | None:
        """The registered site in whose frame this began."""
        key = subject_site(claims.subject)
        if key is None:
            return None
        site = self._runtime.read(sites.find_site, self._runtime.hub, key)
        if site is None:
            raise RefusedError("unknown_site")
        return site

    def _site_of(self, volunteer_id: str | None) -> Site | None:
        """The one by way of which a volunteer came before: a session's token names none."""
        if volunteer_id is None:
            return None
        return self._runtime.read(sites.site_of, self._runtime.hub, volunteer_id)

    def _count(self, connection: Connection) -> None:
        try:
            self._runtime.rates.take("hello", address_key(connection.address))
        except RateExceededError as error:
            raise RefusedError("too_many_hellos") from error

    def _network(self, address: str) -> str:
        if is_within(address, self._pools):
            return POOL
        today = self._runtime.hub.clock.now().date()
        return network_label(address, self._runtime.tokens.key, today.isoformat())

    def _first_speed(self, hello: messages.VolunteerHello) -> float:
        if hello.protocol < messages.BENCHMARK_SINCE or not hello.capabilities.score:
            return 1.0
        hub_score = benchmark.known_score() or self._runtime.compute(benchmark.measure_score)
        return sizing.first_speed(hello.capabilities.score, hub_score=hub_score)


def _capabilities(said: messages.Capabilities, site: Site | None) -> Capabilities:
    """A site that helps only some categories of jobs speaks for its visitors."""
    categories = None if said.categories is None else frozenset(said.categories)
    if site and site.categories:
        helped = frozenset(site.categories)
        categories = helped if categories is None else categories & helped
    return Capabilities(
        cores=said.cores,
        memory_bytes=said.memory_bytes,
        features=frozenset(said.features),
        mobile=said.mobile,
        score=said.score,
        engine=said.engine,
        engine_version=said.engine_version,
        lacks=frozenset(said.lacks),
        gpu=said.gpu,
        connection=said.connection,
        categories=categories,
    )
