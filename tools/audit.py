"""`make audit`: known vulnerabilities and licences of every package that a lock names.

Vulnerabilities come from OSV's database, for Python and npm alike, asked in one request for all
packages. Licences come from what is installed and from npm's locks, without a network.

It exits with 1 when a package has a vulnerability or a licence that `requirements/audit.toml` does
not allow, or an entry there is past its date. Without the database (a build machine
without internet) it says so, looks at the licences alone and exits with 0, or with `--must-reach`
with 1. A database that answers that we asked wrongly is a fault of ours: 1 in any case.
"""

import argparse
import importlib.metadata
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
DATABASE = "https://api.osv.dev"
NPM_LOCKS = ("console/package-lock.json", "tests/connectors/openid/package-lock.json")
# What the database takes in one request.
BATCH = 1000
TIMEOUT_S = 20
# Terms that reach those who run or sell a service; none of them may enter by a dependency.
UNWANTED = re.compile(
    r"\bAGPL|Affero|\bSSPL|Server Side Public|\bBUSL|Business Source"
    r"|Commons.Clause|Elastic.License",
    re.IGNORECASE,
)


class Unreachable(Exception):
    """The database did not answer, or not as itself."""


class Refused(Exception):
    """The database says that we asked wrongly."""


@dataclass(frozen=True, order=True)
class Package:
    """One locked version; `ecosystem` is `PyPI` or `npm`."""

    ecosystem: str
    name: str
    version: str
    lock: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.lock})"


@dataclass(frozen=True)
class Finding:
    """`ids` are one fault's names; the first is where it is described."""

    package: Package
    ids: tuple[str, ...]
    said: str


@dataclass(frozen=True)
class Allowed:
    """Somebody looked at it: why it does no harm here, and until when that is believed."""

    id: str
    package: str
    reason: str
    until: date

    def covers(self, finding: Finding) -> bool:
        return self.id in finding.ids and self.package == finding.package.name


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--must-reach", action="store_true", help="no database is a failure")
    parser.add_argument("--database", default=DATABASE, help="another address of OSV's API")
    parser.add_argument("--root", type=Path, default=ROOT, help="the tree whose locks are read")
    options = parser.parse_args(arguments)
    packages = locked(options.root)
    allowed = allow_list(options.root / "requirements" / "audit.toml")
    findings = licences(packages, options.root)
    failed = False
    try:
        findings += vulnerabilities(packages, options.database)
        reached = f"{len(packages)} packages against {options.database}"
    except Unreachable as error:
        failed = options.must_reach
        reached = f"vulnerabilities NOT CHECKED: {options.database} can't be reached ({error})"
    except Refused as error:
        failed = True
        reached = f"vulnerabilities NOT CHECKED: {options.database} refuses what we ask ({error})"
    return report(findings, allowed, reached, today=datetime.now(UTC).date()) or int(failed)


def locked(root: Path) -> list[Package]:
    """Every package of every lock, each version once."""
    found: dict[tuple[str, str, str], Package] = {}
    paths = [*sorted((root / "requirements").glob("*.txt")), *(root / lock for lock in NPM_LOCKS)]
    for path in paths:
        for package in _npm(path, root) if path.suffix == ".json" else _pinned(path, root):
            found.setdefault((package.ecosystem, package.name, package.version), package)
    return sorted(found.values())


def _pinned(path: Path, root: Path) -> Iterator[Package]:
    for line in path.read_text().splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", line):
            yield Package("PyPI", _plain(match[1]), match[2], str(path.relative_to(root)))


def _npm(path: Path, root: Path) -> Iterator[Package]:
    for name, entry in _entries(path):
        yield Package("npm", name, entry["version"], str(path.relative_to(root)))


def _entries(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Name and entry of each package that npm installs by this lock."""
    for where, entry in json.loads(path.read_text())["packages"].items():
        if where and not entry.get("link"):
            yield entry.get("name") or where.rpartition("node_modules/")[2], entry


def _plain(name: str) -> str:
    """As PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def allow_list(path: Path) -> list[Allowed]:
    """What was looked at and let be. An entry without reason and date is an error."""
    entries = tomllib.loads(path.read_text()).get("allow", [])
    made = [Allowed(**entry) for entry in entries]
    for one in made:
        if len(one.reason) < 20:
            raise SystemExit(f"{path}: {one.id} needs a reason that says why it does no harm here")
    return made


def vulnerabilities(packages: Sequence[Package], database: str) -> list[Finding]:
    """What is known of them; `Unreachable` or `Refused` when nothing can be said."""
    with httpx.Client(base_url=database, timeout=TIMEOUT_S) as client:
        found: dict[Package, set[str]] = {}
        for package, known in _known(client, packages):
            found.setdefault(package, set()).add(known)
        return [
            finding
            for package, ids in sorted(found.items())
            for finding in _merged(package, sorted(ids), client)
        ]


def _known(client: httpx.Client, packages: Sequence[Package]) -> Iterator[tuple[Package, str]]:
    asked: list[tuple[Package, str | None]] = [(package, None) for package in packages]
    while asked:
        batch, asked = asked[:BATCH], asked[BATCH:]
        queries = [
            {
                "package": {"ecosystem": package.ecosystem, "name": package.name},
                "version": package.version,
                **({"page_token": token} if token else {}),
            }
            for package, token in batch
        ]
        answer = _asked(client, "POST", "/v1/querybatch", {"queries": queries})
        results = answer.get("results")
        if not isinstance(results, list) or len(results) != len(batch):
            raise Unreachable("its answer is not OSV's")
        for (package, _), result in zip(batch, results, strict=True):
            yield from ((package, known["id"]) for known in result.get("vulns", []))
            if token := result.get("next_page_token"):
                asked.append((package, token))


def _merged(package: Package, ids: Sequence[str], client: httpx.Client) -> Iterator[Finding]:
    """One finding for each fault: several databases may have named the same."""
    told: set[str] = set()
    for name in ids:
        if name in told:
            continue
        try:
            record = _asked(client, "GET", f"/v1/vulns/{name}")
        except (Unreachable, Refused):
            record = {}  # what it is about is a comfort; that it is there is what fails
        names = (name, *(str(alias) for alias in record.get("aliases", [])))
        told.update(names)
        yield Finding(package, names, str(record.get("summary", "")))


def _asked(
    client: httpx.Client, method: str, path: str, body: dict[str, object] | None = None
) -> dict[str, list[dict[str, str]]]:
    try:
        response = client.request(method, path, json=body)
    except httpx.TransportError as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    if response.status_code in (400, 404, 405, 413, 415):
        raise Refused(f"{response.status_code} to {method} {path}")
    if not response.is_success:
        raise Unreachable(f"{response.status_code} to {method} {path}")
    try:
        answer = response.json()
    except ValueError as error:
        raise Unreachable("its answer is not JSON") from error
    if not isinstance(answer, dict):
        raise Unreachable("its answer is not OSV's")
    return answer


def licences(packages: Sequence[Package], root: Path) -> list[Finding]:
    """Licences that must not enter, and packages that name none."""
    named = {package.name: package for package in packages if package.ecosystem == "PyPI"}
    said = {named[name]: terms for name, terms in _installed(named)}
    for lock in NPM_LOCKS:
        for name, entry in _entries(root / lock):
            said[Package("npm", name, entry["version"], lock)] = entry.get("license")
    return [
        Finding(package, ("licence",), terms or "names no licence")
        for package, terms in sorted(said.items(), key=lambda item: item[0])
        if terms is None or _unwanted(terms)
    ]


def _installed(names: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """The terms of those that are here; a lock names packages of other systems too."""
    for name in names:
        try:
            about = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        classified = [
            line.removeprefix("License :: ")
            for line in about.get_all("Classifier") or []
            if line.startswith("License :: ")
        ]
        # An old field may hold the whole text, which speaks of other licences.
        old = (about.get("License") or "").partition("\n")[0][:80]
        terms = about.get("License-Expression") or " AND ".join([old, *classified]).strip(" AND")
        yield name, terms or None


def _unwanted(terms: str) -> bool:
    """Whether no choice that the licence leaves is free of what is unwanted."""
    return all(UNWANTED.search(choice) for choice in re.split(r"\bOR\b", terms))


def report(
    findings: Sequence[Finding], allowed: Sequence[Allowed], reached: str, *, today: date
) -> int:
    """Say it all; 1 when something is not allowed."""
    bad = 0
    for finding in findings:
        by = next((one for one in allowed if one.covers(finding)), None)
        if by is not None and by.until >= today:
            _say(f"allowed until {by.until}: {finding.package}: {finding.ids[0]}: {by.reason}")
            continue
        bad += 1
        late = f"; allowed until {by.until} only" if by else ""
        _say(f"FAILED {finding.package}: {', '.join(finding.ids)} {finding.said}{late}".rstrip())
    for one in allowed:
        if not any(one.covers(finding) for finding in findings) and "NOT CHECKED" not in reached:
            _say(f"no longer needed in requirements/audit.toml: {one.id} of {one.package}")
    _say(f"audit: {reached}; {bad} findings, {len(findings) - bad} allowed")
    return 1 if bad else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
