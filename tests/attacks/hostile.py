"""Hostile messages: real ones of the wire with parts changed, swapped, cut or of another kind.

Every choice comes from a `Random`, so that a seed gives the same messages. The frames below them
are those of `tests.fuzz.frames`.
"""

from __future__ import annotations

import copy
import json
import struct
from collections import deque
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from owc.web.messages import PROTOCOL, VOLUNTEER_EVENTS
from tests.fuzz.frames import masked, streams

CAPABILITIES = {
    "cores": 4,
    "memory_bytes": 1 << 30,
    "features": ["simd128"],
    "mobile": False,
    "score": 1.0,
    "engine": "hostile",
}
RESULT = {
    "sub_job_id": "sub_1",
    "output_bytes": 4,
    "output_sha256": None,
    "rows_done": 10,
    "trap_site": None,
    "error": None,
    "elapsed_ms": 1.5,
}
CHECKPOINT = {"sub_job_id": "sub_1", "rows_done": 1, "output_bytes": 4, "elapsed_ms": 1100.0}
PLACE = {"_placeholder": True, "num": 0}
MESSAGES: dict[str, dict[str, Any]] = {
    "volunteer_hello": {
        "protocol": PROTOCOL,
        "kind": "native",
        "volunteer_token": None,
        "site": "",
        "capabilities": CAPABILITIES,
        "lease_ids": [],
    },
    "lease_request": {"sub_jobs": 3},
    "lease_renew": {"lease_ids": ["lease_1"]},
    "lease_release": {"lease_id": "lease_1", "sub_job_ids": None, "reason": ""},
    "result_report": {"lease_id": "lease_1", "results": [RESULT], "outputs": PLACE, "wants": 0},
    "checkpoint_report": {"lease_id": "lease_1", "checkpoints": [CHECKPOINT], "outputs": PLACE},
}
assert MESSAGES.keys() == VOLUNTEER_EVENTS.keys(), "a message has no hostile form yet"
_SCALARS: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 1.5, 2**31, 2**53, 2**63, -(2**63), 10**30, 1e308, -0.0),
    *("", "x", "\0", "é😀", "\ud800", "a" * 2000, "__proto__", "constructor", "' OR 1=1 --"),
    *("../../secret_key", "<script>alert(1)</script>", "{{7*7}}", "%s%n", "\r\nX: y"),
    *([], {}, [[]], [None], {"": ""}, PLACE, {"_placeholder": True, "num": 99}),
    *(
        {"_placeholder": True},
        {"_placeholder": True, "num": "0"},
        {"_placeholder": True, "num": -1},
    ),
)
_EVENTS = (
    *MESSAGES,
    "connect",
    "disconnect",
    "volunteer_welcome",
    "lease_offer",
    "",
    "*",
    "message",
)
_NAMESPACES = ("/volunteer", "/volunteer", "/volunteer", "/watch", "/", "/admin", "/volunteer?x=1")
_PACKETS = (
    *(
        "",
        "4",
        "40",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "47",
        "49",
        "2",
        "3",
        "5",
        "6",
        "7",
        "b4x",
    ),
    *("40/volunteer,", "40/volunteer,{}", '40/watch,{"a":1}', "40/" + "n" * 5000, "41/volunteer,"),
    *(
        "43/volunteer,",
        "43/volunteer,1",
        "43/volunteer,1[]",
        '43/volunteer,1{"a":1}',
        "43/volunteer,15",
    ),
    *("43/volunteer,1[1,2,3,4]", "43/volunteer,-1[]", "43/volunteer," + "9" * 400 + "[]"),
    *('461-/volunteer,1[{"_placeholder":true,"num":0}]', "45999999999-/volunteer,[]"),
    *('451-/volunteer,["x",{"_placeholder":true,"num":0}]', '450-/volunteer,["x"]', "45-[]"),
    *("42/volunteer,[", "42/volunteer,{}", "42/volunteer,[1]", "42/volunteer,[null,{}]", "42[]"),
    *("42/volunteer," + "[" * 5000, '42/volunteer,["lease_request",' + '{"a":' * 3000),
    *(
        '42/volunteer,12345678901234567890["lease_renew",{}]',
        "42/volunteer,NaN",
        "\x00",
        "\x7f" * 99,
    ),
    *('42/watch,["watch_job",{"job_id":"job_1"}]', '42/watch,["watch_jobs",{}]', '42/watch,["x"]'),
)


class Seen:
    """What attackers have overheard: ids and tokens of others, the newest of each kind."""

    def __init__(self) -> None:
        self._kinds: dict[str, deque[str]] = {}

    def add(self, kind: str, value: str) -> None:
        self._kinds.setdefault(kind, deque(maxlen=200)).append(value)

    def any(self, kind: str, random: Random) -> str:
        known = self._kinds.get(kind)
        return random.choice(list(known)) if known else f"{kind}_1"


def packets(random: Random, seen: Seen, token: str) -> list[str | bytes]:
    """The WebSocket messages of one hostile message: a text and perhaps attachments."""
    if random.random() < 0.25:
        packet = random.choice(_PACKETS)
        return [packet, *([_noise(random)] if random.random() < 0.3 else [])]
    event = random.choice(tuple(MESSAGES))
    message = _with_ids({"token": token, **copy.deepcopy(MESSAGES[event])}, random, seen)
    for _ in range(random.choice((0, 0, 1, 1, 2, 5))):
        message = _changed(message, random, seen)
    if random.random() < 0.1:
        event = random.choice(_EVENTS)
    args: list[Any] = [event, message]
    match random.randrange(30):
        case 0:
            args = [event]
        case 1:
            args = [event, message, message]
        case 2:
            args = [event, [message]]
        case 3:
            args = [event, json.dumps(message)]
    text = json.dumps(args)
    namespace = random.choice(_NAMESPACES) if random.random() < 0.2 else "/volunteer"
    number = str(random.randrange(100)) if event == "lease_renew" or random.random() < 0.1 else ""
    if "_placeholder" not in text:
        return [f"42{namespace},{number}{text}"]
    count = random.choice((1, 1, 1, 1, 1, 0, 2, 1000, "")) if random.random() < 0.3 else 1
    packet = f"45{count}-{namespace},{number}{text}"
    match random.randrange(12):
        case 0:
            return [packet]  # and nothing behind it
        case 1:
            return [packet, "text in place of binary"]
        case 2:
            return [packet, *(_noise(random) for _ in range(3))]
    return [packet, b"OWCT" if random.random() < 0.5 else _noise(random)]


def _with_ids(message: dict[str, Any], random: Random, seen: Seen) -> dict[str, Any]:
    """Ids that exist, though seldom of the sender's."""
    text = json.dumps(message)
    for kind in ("lease", "sub"):
        if random.random() < 0.7:
            text = text.replace(f'"{kind}_1"', json.dumps(seen.any(kind, random)))
    changed: dict[str, Any] = json.loads(text)
    if random.random() < 0.1:
        changed["token"] = seen.any("token", random)
    return changed


def _changed(value: Any, random: Random, seen: Seen) -> Any:
    """The same with one part of it replaced, doubled, left out or put somewhere else."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(list(value))
        match random.randrange(6):
            case 0:
                return {name: each for name, each in value.items() if name != key}
            case 1:
                return {**value, random.choice(("extra", "__class__", "", key + " ")): 1}
            case _:
                return {**value, key: _changed(value[key], random, seen)}
    if isinstance(value, list) and value and random.random() < 0.8:
        at = random.randrange(len(value))
        if random.random() < 0.2:
            return value * random.choice((2, 101))
        return [*value[:at], _changed(value[at], random, seen), *value[at + 1 :]]
    if random.random() < 0.2:
        return seen.any(random.choice(("lease", "sub", "job", "vol", "token")), random)
    return random.choice(_SCALARS)


def _noise(random: Random) -> bytes:
    return random.randbytes(random.choice((0, 1, 4, 64, 1000, 70_000)))


def framed(message: str | bytes, random: Random) -> bytes:
    """As one frame, or cut into fragments, now and then with something between or after them."""
    opcode = 0x2 if isinstance(message, bytes) else 0x1
    payload = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
    mask = random.randbytes(4)
    if random.random() < 0.9 or len(payload) < 2:
        return masked(0x80 | opcode, payload, mask)
    cut = random.randrange(len(payload))
    between = masked(0x89, b"ping", mask) if random.random() < 0.5 else b""
    return masked(opcode, payload[:cut], mask) + between + masked(0x80, payload[cut:], mask)


def broken_streams(number: int, count: int) -> list[bytes]:
    """Frames that are mostly none, from the generator that `make fuzz` compares with wsproto's."""
    made: list[bytes] = []
    quick = settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    collect = given(streams())(lambda pieces: made.append(b"".join(pieces)))
    seed(number)(quick(collect))()
    return [
        *made,
        struct.pack("!BBQ", 0x82, 0xFF, 1 << 62),
        b"\x82\xfe\xff\xff",
        b"GET / HTTP/1.1\r\n",
    ]
