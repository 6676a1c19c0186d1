"""Where messages may be sent: the open internet, and private networks that were named for it.

An address of a channel stands in a file of the administrator, but a typing error or a name server
must not turn a message about a case into a request to a machine of our own.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from central.tell.message import Refused, TryAgain

IpAddress = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str], Iterable[str]]
"""From a host's name to all its addresses; raises OSError when it has none."""


def addresses_of(host: str) -> list[str]:
    """All addresses of a host's name, as the system resolves it; OSError when there is none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]).partition("%")[0] for *_, address in found]


def parts_of(url: str) -> SplitResult:
    """The parts of a channel's address; ValueError, without the address, when it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address like https://example.com/path") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must begin with https:// (or http:// inside allow_networks)")
    if parts.username or parts.password:
        raise ValueError("holds a user name: put credentials into their own keys")
    return parts


def pinned(
    host: str, networks: Sequence[Network], resolve: Resolve = addresses_of, *, plain: bool = False
) -> IpAddress:
    """The one address to connect to, checked; what the name server says later does not count.

    `plain`: without TLS, so only inside of the named networks. TryAgain when the name has no
    address now, Refused when any of them may not be reached.
    """
    try:
        found = [_plain(ip_address(text)) for text in resolve(host)]
    except (OSError, UnicodeError, ValueError):
        found = []
    if not found:
        raise TryAgain("the channel's host name has no address")
    for one in found:
        if any(one in network for network in networks):
            continue
        if plain:
            raise Refused("without TLS only hosts inside of allow_networks are reached")
        if not one.is_global or one.is_multicast:
            raise Refused("the channel's host is in a private network: name it in allow_networks")
    return found[0]


def _plain(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 one stands for, if it does: ::ffff:127.0.0.1 is 127.0.0.1."""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inner or address
