"""`make sbom`: a CycloneDX bill of materials of what runs, from the lock and from what the packages say of themselves,
with the parts of others that are in the wheel.

The same lock gives the same bytes: no time, no random number, and nothing of the machine that wrote it. Validated
against the schema of CycloneDX before it is written. Also the table of licences in docs/supply-chain.md.
"""

import re
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata, requires
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gateway import __version__
from supply.lock import LOCKS, ROOT, Pinned, read_lock
from supply.vendored import PARTS

NAME = "token-gateway"
BUILD_ONLY = frozenset({"flit-core"})  # in the lock, since the wheel is built without the network
PAGE = ROOT / "docs" / "supply-chain.md"
BEGIN, END = "<!-- licences: written by `make sbom` -->\n", "<!-- licences: end -->\n"
# What older metadata say in words of their own.
_SPDX = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}


def runtime() -> tuple[Pinned, ...]:
    """The packages that run on Linux with CPython."""
    elsewhere = ("sys_platform == 'win32'", "implementation_name == 'PyPy'")
    return tuple(
        one for one in read_lock(LOCKS / "runtime.txt") if one.name not in BUILD_ONLY and one.marker not in elsewhere
    )


def licence(name: str) -> str:
    """The licence of an installed package as an SPDX expression, or in its own words. LookupError: it says none."""
    told = metadata(name)
    if "License-Expression" in told:
        return told["License-Expression"]
    classifiers = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or () if "License ::" in line]
    words = [_SPDX.get(word, word) for word in classifiers if word != "OSI Approved"]
    if not words and "License" in told:
        words = [told["License"]]
    found = " AND ".join(sorted(set(words)))
    if not found or "\n" in found:
        raise LookupError(f"{name} says nothing of its licence")
    return found


def needed(name: str, known: Iterable[str]) -> set[str]:
    """Which of the known packages a package asks for here."""
    here = [text for text in requires(name) or () if "extra ==" not in text]
    asked: set[str] = {canonicalize_name(Requirement(text).name) for text in here}
    return asked & set(known)


def bill(packages: tuple[Pinned, ...]) -> Bom:
    """The bill. PackageNotFoundError: the lock is not what is installed here."""
    made = Bom()
    root = Component(name=NAME, version=__version__, type=ComponentType.APPLICATION, bom_ref=NAME)
    root.licenses.add(LicenseFactory().make_from_string("Apache-2.0"))
    made.metadata.component = root
    components: dict[str, Component] = {}
    declared = LicenseAcknowledgement.DECLARED
    for one in packages:
        if metadata(one.name)["Version"] != one.version:
            raise PackageNotFoundError(f"{one.name} {one.version}")
        purl = PackageURL("pypi", name=one.name, version=one.version)
        component = Component(
            name=one.name,
            version=one.version,
            type=ComponentType.LIBRARY,
            bom_ref=str(purl),
            purl=purl,
            description=metadata(one.name)["Summary"],
        )
        component.licenses.add(LicenseFactory().make_from_string(licence(one.name), license_acknowledgement=declared))
        components[one.name] = component
        made.components.add(component)
    for part in PARTS:
        purl = PackageURL("generic", name=part.name, version=part.version)
        vendored = Component(
            name=part.name,
            version=part.version,
            type=ComponentType.LIBRARY,
            bom_ref=str(purl),
            purl=purl,
            description=part.what,
        )
        vendored.licenses.add(LicenseFactory().make_from_string(part.licence, license_acknowledgement=declared))
        made.components.add(vendored)
    for name, component in components.items():
        made.register_dependency(component, [components[other] for other in sorted(needed(name, components))])
    direct = needed(NAME, components) | {"bcrypt"}  # of the extra `import`, which the lock has, too
    made.register_dependency(root, [components[name] for name in sorted(direct)])
    return made


def written(made: Bom) -> str:
    """The bill as JSON, validated. ValueError: it is none."""
    text = JsonV1Dot6(made).output_as_string(indent=1)
    text = re.sub(r'\n {1,3}"serialNumber": "[^"]*",|\n {1,3}"timestamp": "[^"]*",?', "", text)
    text = re.sub(r",(\s*})", r"\1", text)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise ValueError(f"the bill of materials is not valid: {fault}")
    return text + "\n"


def licences(packages: tuple[Pinned, ...]) -> str:
    """The table of the docs."""
    rows = [f"| {one.name} | {one.version} | {licence(one.name)} |" for one in packages]
    rows += [f"| {part.name} (in the wheel) | {part.version} | {part.licence} |" for part in PARTS]
    return "\n".join(["| package | version | licence |", "|---|---|---|", *rows, ""])


def placed(page: str, table: str) -> str:
    """The page with the table between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    """Write dist/token-gateway.cdx.json and the table."""
    packages = runtime()
    where = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "dist" / f"{NAME}.cdx.json"
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text(written(bill(packages)), "utf-8")
    PAGE.write_text(placed(PAGE.read_text("utf-8"), licences(packages)), "utf-8")
    sys.stdout.write(f"{where.name}: {len(packages)} packages, valid CycloneDX 1.6\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
