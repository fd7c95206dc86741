"""Which machines may be asked for a file: public ones, so that a job's URL reaches nothing inside.

A name is resolved once and the connection goes to the very address that was looked at: a name
server that answers differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import TypeAlias

from owc.fetch.errors import FetchError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_GLOBAL_V6 = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        # Python calls some of these global: protocol assignments, 6to4 and its relays, multicast.
        (
            "192.0.0.0/24",
            "192.88.99.0/24",
            "224.0.0.0/4",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
        ),
    )
)


def resolve(host: str, port: int, networks: Sequence[Network]) -> Address:
    """The address to connect to. Raises FetchError if there is none, or any that is not public.

    `networks` are private ones that may be reached all the same.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchError(f"There is no machine {host!r}.") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        if not (is_public(address) or any(address in network for network in networks)):
            raise FetchError(f"{host!r} is not a machine of the public internet.")
    return addresses[0]


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet."""
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_V6:
        return False  # addresses of IPv4 in other clothes too
    return address.is_global and not any(address in network for network in _NOT_PUBLIC)
