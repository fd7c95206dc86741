"""What a volunteer says by HTTP when its socket is no way: as its page closes, or for good.

Bodies are text/plain with the volunteer's token inside: beacons carry no headers of their own, and
a browser sends them without asking first.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from pydantic import ValidationError

from owc.services import collection, leases, presence
from owc.services.values import Returning
from owc.web import messages, packing
from owc.web.bodies import read_body
from owc.web.problem_json import RequestRefusedError
from owc.web.runtime import runtime
from owc.web.tokens import Purpose, TokenRefusedError

blueprint = Blueprint("farewells", __name__)

_MOST_BYTES = 64 * 1024
_MOST_TOKEN_BYTES = 1024


@blueprint.post("/volunteer/leave")
def leave() -> Response:
    """The results that a page had not got rid of, and the leases that it gives back.

    Results are stored as those of a socket are: each counts once, however often it is sent.
    """
    state = runtime()
    line, _, outputs = read_body(_MOST_BYTES).partition(b"\n")
    try:
        farewell = messages.Farewell.model_validate_json(line)
        volunteer_id = _volunteer(farewell.token)
        reports = packing.left_reports(volunteer_id, farewell, outputs)
    except (ValidationError, packing.BadPackingError):
        detail = "The body is one line of JSON, a Farewell, and then its outputs."
        raise RequestRefusedError(400, "bad_request", detail) from None
    state.rates.take("farewell", volunteer_id)
    receipts = state.write(collection.take_results, state.hub, reports) if reports else []
    released = [
        Returning(
            volunteer_id=volunteer_id,
            lease_id=each.lease_id,
            sub_job_ids=None if each.sub_job_ids is None else tuple(each.sub_job_ids),
        )
        for each in farewell.releases
    ]
    if released:
        state.write(leases.release_many, state.hub, released)
    return jsonify(
        results=[
            {"sub_job_id": receipt.sub_job_id, "status": receipt.status} for receipt in receipts
        ]
    )


@blueprint.post("/volunteer/forget")
def forget() -> Response:
    """Forget the device of a volunteer, whose latest token is the body."""
    state = runtime()
    volunteer_id = _volunteer(read_body(_MOST_TOKEN_BYTES).decode("ascii", "replace").strip())
    state.rates.take("farewell", volunteer_id)
    state.write(presence.forget, state.hub, volunteer_id)
    return jsonify(forgotten=True)


def _volunteer(token: str) -> str:
    try:
        return runtime().tokens.read(token, Purpose.SESSION).subject
    except TokenRefusedError as error:
        detail = "The token in the body is not a volunteer's latest."
        raise RequestRefusedError(401, error.code, detail) from None
