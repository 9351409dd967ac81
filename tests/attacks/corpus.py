"""The attacks that this suite knows by name, numbered; and the mark that ties a test to them.

A list of attacks is for not forgetting any. It is not complete, and a defence is against the class: beside each entry
stand variants that the list does not name. `test_corpus` holds that every entry has a test, and that those which a
proxy has a hand in (`through_proxies`) also have one among the stories with real proxies (`tests/e2e`).
"""

import re
from dataclasses import dataclass
from typing import Final

import pytest

MARK: Final = "attack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """What somebody tries, and whether proxies have a hand in it."""

    words: str
    through_proxies: bool = False


def attack(*numbers: str) -> pytest.MarkDecorator:
    """Mark a test, or one case of it, with the attacks that it holds against."""
    unknown = [number for number in numbers if number not in ATTACKS]
    if unknown or not numbers:
        raise ValueError(f"not in the list of attacks: {unknown}")
    return pytest.mark.attack(*numbers)


def spelled(**spellings: object) -> "list[pytest.ParameterSet]":
    """The cases of a parametrised test, one for each attack: its number, and what is tried for it."""
    return [pytest.param(values, id=number, marks=attack(number)) for number, values in spellings.items()]


# The number; `*` where the proxies have a hand in it; what it is.
_LIST: Final = """
P01 *  dot segments lead out of a public path into a guarded one
P02 *  the same, with the dots percent-encoded, both or one of them
P03 *  the same, with the slash behind the dots percent-encoded
P04 *  a percent-encoded slash hides where the first segment ends
P05 *  encoded twice: the first decoding makes it look harmless, the second makes it bite
P06 *  path parameters (`;`) that servlet containers cut off before they resolve dots, and others do not
P08 *  two slashes and more, at the front and inside
P09 *  single dots, and dots at the end
P10 *  upper case, for servers whose files do not know it
P12 *  overlong UTF-8 for dots and slashes
P13 *  a NUL byte, behind which some programs see nothing
P14 *  what Windows drops or understands: a dot or a space at the end, streams
P15 *  a raw `#`, behind which some see a fragment; encoded it is data
P17 *  escapes that are none
P18 *  no path at all: empty, missing, blanks, `*`, a name without a slash, a query alone
P20 *  a whole URL in the request line that names another site than Host
P21    URLs that two parsers take apart differently, where a path or a host belongs
P23 *  bytes beyond ASCII, raw and escaped, composed and decomposed
P24 *  characters that only a Unicode normalisation would turn into dots and slashes
P26 *  line ends in the path, to be copied into a header of the answer
P28 *  parameters on the check's own address that shall steer it
P30 *  a proxy that takes a prefix off, so that policy and app speak of two paths
H01 *  a header or a parameter that names another method than the request's
H02 *  methods that are none, are two, are too long, or are in lower case
H03    the method twice
H05 *  behind nginx, the headers of Traefik's and Caddy's dialect
H06 *  behind Traefik and Caddy, the headers of nginx's dialect
H07 *  facts and credentials under names with `_` or `.` for `-`
H08    a check from somebody who is no proxy of ours
H10 *  the client's address in headers that nobody asked for
H11 *  schemes that are none, two, or not the web's
H12 *  another host in X-Forwarded-Host behind nginx
H14 *  a forged identity, where nobody has to be anybody
H15 *  a forged identity under names that apps read as the identity's
H17 *  Connection names the headers that somebody on the way shall drop
H18    a stored name with line ends, that would end the answer's header and begin another
H20    names beyond ASCII, and letters that turn the text around or are not seen
H21    names with the characters that lists and quotes are made of, and very long ones
H22 *  Expect
H24 *  a preflight without a credential, and what only looks like one
H26    compression of answers that an attacker has a hand in
T01 *  two Authorization headers, the good one first or last
T03 *  the scheme in another case
T04 *  more, other or no blanks between scheme and token
T06 *  bytes that are no text in a token
T07 *  digits and letters of other scripts that a careless pattern takes for ours
T08    a wrong checksum, swapped characters
T09    the right checksum of a token that nobody has
T11 *  only the beginning of a token, one character less or more, 8 kB, 1 MB
T12    a token in lower or upper case
T13    another spelling of the same base64
T15 *  HTTP Basic, malformed in every way
T17 *  the token in the URL, where that is not asked for
T19 *  two credentials of two people in two places
T21 *  the token in Proxy-Authorization
T22    the second before, at and after the expiry
T24    an expiry that is no time, or that overflows
T25    revoked while everybody remembers it
T26    the owner disabled, scopes cut, policy changed while everybody remembers it
T27    asked for before it is there
T29    a token of one host at another
T30    scopes that nearly are the one that is asked for
T31    JSON web tokens, for which we have no ear
D01 *  two lengths, or none that can be told: where does the message end?
D02 *  line ends, blanks and bytes that parsers of heads disagree about
D03    the same, without the parser in C
D06    heads that never end, and connections that say nothing
D07    connections that are kept for ever
D08 *  many headers, long headers, a long request line
D10    many sign-ins at once
D11    a password of 1 MB, for the hash to chew on
D12    a stored hash that costs gigabytes
D14    endless wrong tokens from endless addresses, to fill what remembers them
D16    everything forgotten at the same moment
D17    wrong guesses that shall lock the holder out
D19    the store locked, full, slow or gone
D21    a compressed body that grows
D22    JSON that is too deep, too long, or says two things
D23    a form of ten thousand fields
D24    a reader that never reads
C01    tags that construct objects from YAML
C02    a key twice
C03    aliases that multiply
C05    nesting without end, megabytes, bytes that are no text
C07    keys and values that are nearly right
C08    nothing at all
C09    rules that a broader one before them makes dead
C11    patterns that match more than they say
C13    trusted proxies that are everybody, or nobody can tell who
C14    header names that break the answer, or that HTTP needs for itself
C16    what is put in from the environment: missing, or YAML by itself
C17    addresses of the portal that run script, name a user, or no scheme
C18    secrets in the configuration, asked for by `config show`
M01    names that are markup, script or templates
M02    a refusal page that repeats what was asked for
M04    return addresses to elsewhere
M05    a forged host at the sign-in
M07    another site's form that makes or revokes
M08    a method override at the API
M10    fields that only we may set
M12    names for tables and terminals: megabytes, nothing, formulas
M14    page sizes and sort keys that are none
M16    preflights of other origins at the API
M17    the page in a frame
M18    telling from the answer who has an account
M19    files beside the static ones
M20    the portal's address under another name
L01    control characters for whoever reads the log
L03    exceptions that quote what they choked on
L05    metrics with a label for each path or user
"""

_ENTRY = re.compile(r"(?P<number>[A-Z][0-9]{2}) (?P<proxies>\*?) *(?P<words>.+)")


def _read(text: str) -> dict[str, Attack]:
    found: dict[str, Attack] = {}
    for line in text.strip().splitlines():
        entry = _ENTRY.fullmatch(line)
        assert entry is not None, line
        assert entry["number"] not in found, line
        found[entry["number"]] = Attack(words=entry["words"], through_proxies=bool(entry["proxies"]))
    return found


ATTACKS: Final = _read(_LIST)
