"""RT's hashes. The vectors are what Crypt::Eksblowfish 0.009 (Perl) made, called as RT::User does; with NUL bytes."""

import hashlib
import time

import pytest

from gateway.auth.rt import bcrypt_hash
from gateway.core.rt_token import parse_rt_hash
from gateway.core.token import Secret

# The 32 digits of a token, the position of the first NUL byte in their SHA-512 (-1: none), and what RT stores.
VECTORS = [
    ("77485d8f7b50ed666cb7f7628ecc7f02", -1, "!bcrypt!10!ywoFoVoZ7ITEKjb5HRCFwO5a/Pbk44DSkIGuohAZynZb0ZbJy4QVO"),
    ("015372f33a73d9926cf32893b7b3a0bb", -1, "!bcrypt!04!fYtFa/u/9FHKFbipoBXHNOSPHk7goGDdccWgV4VWfGYwcFl2LPlzS"),
    ("359a0967b3bf6fa5ff002378451562c7", 36, "!bcrypt!04!f00DXEy795aMU.pFCNo/Bu8VceAicxajEMWcjXoV2S8lw4CtOTQW2"),
    ("04174e1c30fdfc7c98a3da5575d74690", 17, "!bcrypt!04!/FPZIm5srQXmDX3rbi938.D5MZlrM6ENOFq0E4JLut2B4lscwnrke"),
    ("c48f0e4591eb720774b7b1de9bfa7a81", 28, "!bcrypt!04!t6q32ks4Ra/7NvabXoRn5uM7nyGxIcUf/2lfXyo/3MhAEe7cRhGeK"),
    ("3a2538ac4384e4d79a0501374d396690", 46, "!bcrypt!04!U6.jLnYp19mJzCNTKMr//.1Zg4MYzDqg3f141VJiIBDYJgf4SxRXK"),
    ("bc00a1d9cfe9a5f9585e14b786eeb2c7", 16, "!bcrypt!04!M2r.vjTr4AJotR0H9.B89OE.8xvtSaRoooYusfubbry4GT2sPr.MG"),
    ("f88c617a70c8bc32097d3fe51ead089b", 35, "!bcrypt!04!Gy1./k/xnZl/xJw9t3Tf3OcpnhZKjbH49wWSu/WJA2yXp9cb2dl.i"),
    ("45fa7aa401692c18f5eec5d36f194db4", 0, "!bcrypt!04!k3Z6Pp1yz4DH7DfJQcIUOOBzUNDa9M8uMa2MdzmmetKfXtwEXQ5eG"),
    ("05b4c0ffef1f2d382304d304781f0b08", 0, "!bcrypt!04!/jF8Zrs.GBn3T8j7m4Jt2uGvbdRxz9dtCdDf.d49x2FDBg9ivI9Kq"),
    ("8d1d39c21177aa2f23b4e725d426cbfe", 0, "!bcrypt!04!0e.jYL9Ulnmqn4IaB4.rmOrJBfj7//xI4w51O.rDDPgOwZ.cAIlki"),
    ("9d6be77e5d8ccc30a1ffa7f9b129b556", 0, "!bcrypt!04!.rt8U9K1aGulKTFmQWlqpeXzpFPjJBtPRzXubPqzZN4.Znxeqwiwe"),
    ("fdd7f5c97389606bc2d70b62aace3508", 0, "!bcrypt!04!ZFrmeZEv85REZ23iQR.f0u35ybIlwOI.ZDn019bsLIpN3IZge6azi"),
    ("6f40f13c9e699491442cad81b69d19d4", 0, "!bcrypt!04!DMUV/7NJ0cYvPyEz5hyKbuP49TopFWnO8EcE9MsEn5l8DyICnd3zu"),
]


def stored(text: str):
    read = parse_rt_hash(text)
    assert read is not None
    return read


@pytest.mark.parametrize(("digits", "nul_at", "text"), VECTORS, ids=[f"NUL at {one[1]}" for one in VECTORS])
def test_a_hash_that_rt_made_matches_its_token_and_no_other(digits: str, nul_at: int, text: str) -> None:
    assert hashlib.sha512(digits.encode()).digest().find(0) == nul_at
    assert bcrypt_hash.matches(stored(text), Secret(digits))
    assert not bcrypt_hash.matches(stored(text), Secret(digits[:-1] + ("0" if digits[-1] != "0" else "1")))


def test_what_stands_behind_a_nul_byte_counts() -> None:
    """Where bcrypt ended at a NUL, every token whose SHA-512 begins with one would open every such hash."""
    starting = [(digits, text) for digits, nul_at, text in VECTORS if nul_at == 0]
    for digits, _ in starting:
        assert [bcrypt_hash.matches(stored(text), Secret(digits)) for _, text in starting].count(True) == 1


def test_burning_takes_as_long_as_the_hashes_it_stands_for() -> None:
    secret, hashed = Secret("0" * 32), stored(VECTORS[0][2])
    began = time.process_time()
    for _ in range(3):
        bcrypt_hash.matches(hashed, secret)
    hashing_s, began = time.process_time() - began, time.process_time()
    bcrypt_hash.burn(3 * bcrypt_hash.work(hashed.cost), secret)
    burning_s = time.process_time() - began
    assert 0.5 < burning_s / hashing_s < 2
