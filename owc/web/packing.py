"""Between the wire's messages and the services' values: binaries travel as one, parts in order.

Pure. What a volunteer says of lengths is not believed: they add up to what came, or the message
does not fit its definition.
"""

from __future__ import annotations

from collections.abc import Sequence

from owc.queue import Checkpoint
from owc.services.values import LeaseOffer, Report, VolunteerStanding
from owc.web import messages


class BadPackingError(ValueError):
    """A message's lengths are not those of its parts."""


def unpack(packed: bytes | None, lengths: Sequence[int | None]) -> list[bytes | None]:
    """Cut what came into its parts; None where there is none. Raises BadPackingError."""
    packed = packed or b""
    if sum(length or 0 for length in lengths) != len(packed):
        raise BadPackingError("The lengths of the parts do not add up to the bytes that came.")
    parts: list[bytes | None] = []
    start = 0
    for length in lengths:
        parts.append(None if length is None else packed[start : start + length])
        start += length or 0
    return parts


def reports(volunteer_id: str, message: messages.ResultReport) -> tuple[Report, ...]:
    """The results of a message. Raises BadPackingError."""
    outputs = unpack(message.outputs, [result.output_bytes for result in message.results])
    return tuple(
        Report(
            volunteer_id=volunteer_id,
            lease_id=message.lease_id,
            sub_job_id=result.sub_job_id,
            output=output,
            output_sha256=result.output_sha256,
            trap_site=result.trap_site,
            rows_done=result.rows_done,
            elapsed_seconds=result.elapsed_ms / 1000,
            error=result.error,
        )
        for result, output in zip(message.results, outputs, strict=True)
    )


def left_reports(
    volunteer_id: str, farewell: messages.Farewell, outputs: bytes
) -> tuple[Report, ...]:
    """The results of a farewell. Raises BadPackingError."""
    lengths = [
        sum(result.output_bytes or 0 for result in left.results) for left in farewell.reports
    ]
    parts = unpack(outputs, lengths)
    return tuple(
        report
        for left, part in zip(farewell.reports, parts, strict=True)
        for report in reports(
            volunteer_id,
            messages.ResultReport(
                token=farewell.token,
                lease_id=left.lease_id,
                results=left.results,
                outputs=part,
                wants=0,
            ),
        )
    )


def checkpoints(message: messages.CheckpointReport) -> tuple[Checkpoint, ...]:
    """The checkpoints of a message. Raises BadPackingError."""
    outputs = unpack(message.outputs, [each.output_bytes for each in message.checkpoints])
    return tuple(
        Checkpoint(
            sub_job_id=each.sub_job_id,
            lease_id=message.lease_id,
            rows_done=each.rows_done,
            output=output or b"",
            elapsed_seconds=each.elapsed_ms / 1000,
        )
        for each, output in zip(message.checkpoints, outputs, strict=True)
    )


def offer_message(offer: LeaseOffer | None) -> messages.LeaseOffer:
    """What is said of a lease; None: that there is nothing now."""
    if offer is None:
        return messages.LeaseOffer(
            lease_id=None, lease_seconds=0, job=None, program=None, sub_jobs=[], chunks=None
        )
    sub_jobs = [
        messages.OfferedSubJob(
            sub_job_id=sub_job.sub_job_id,
            first_row=sub_job.first_row,
            rows=sub_job.rows,
            chunk_bytes=None if sub_job.chunk is None else len(sub_job.chunk),
            chunk_url=None if sub_job.chunk is not None else f"/blob/{sub_job.chunk_sha256}",
            chunk_sha256=sub_job.chunk_sha256,
        )
        for sub_job in offer.sub_jobs
    ]
    chunks = [sub_job.chunk for sub_job in offer.sub_jobs if sub_job.chunk is not None]
    return messages.LeaseOffer(
        lease_id=offer.lease_id,
        lease_seconds=offer.lease_seconds,
        job=messages.OfferedJob(id=offer.job_id, name=offer.job_name, about=offer.about),
        program=messages.OfferedProgram(
            sha256=offer.program_sha256,
            url=f"/blob/{offer.program_sha256}",
            memory_bytes=offer.memory_bytes,
        ),
        sub_jobs=sub_jobs,
        chunks=b"".join(chunks) if chunks else None,
    )


def standing_message(standing: VolunteerStanding) -> messages.VolunteerStanding:
    return messages.VolunteerStanding(
        status=standing.status.value,
        message=standing.message,
        credit=standing.credit,
        agreed=standing.agreed,
        needed=standing.needed,
        until=None if standing.until is None else standing.until.isoformat(),
    )
