"""The API is asked everything that its own description allows, and much that it does not.

Requests are made by schemathesis from ``/schema/openapi.json``; where a request names a photo, person and so on, it
names one of the library's every other time, as a made-up id is only ever not found.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import hypothesis
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup

Ids = dict[str, list[str]]
"""Ids of the library by what they are of: ``photo``, ``person`` …"""

ENDLESS: Final = "/api/daemon/events"
"""Its answer never ends."""

TIME_LIMIT: Final = 60.0
"""Seconds after which an answer is given up."""

CHECKED: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)

_ID_OF: Final = re.compile(r"([a-z]+?)s?[0-9]?_?ids?", re.IGNORECASE)
_PATHS: Final = ("file_path",)


@dataclass
class Findings:
    """What was asked and what was wrong with the answers."""

    operations: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    """Operation and fault → an example."""

    @property
    def cases(self) -> int:
        return self.statuses.total()

    def summary(self) -> str:
        statuses = ", ".join(f"{count} × {status}" for status, count in sorted(self.statuses.items()))
        return f"{self.operations} operations, {self.cases} cases ({statuses}), {len(self.wrong)} violations"


def fuzz(address: str, ids: Ids, cases: int, seed: int | None = None) -> Findings:
    """Asks every operation ``cases`` times with what is allowed and as often with what is not.

    Without a ``seed`` it asks the same every time.
    """
    load_all_checks()
    checks = CHECKS.get_by_names(list(CHECKED))
    schema = schemathesis.openapi.from_url(f"{address}/schema/openapi.json")
    findings = Findings()
    with requests.Session() as session:
        operations = [result.ok() for result in schema.get_all_operations()]
        # what deletes comes last, so that there is something to ask about before
        for operation in sorted(operations, key=lambda each: each.method.upper() == "DELETE"):
            if operation.path == ENDLESS:
                continue
            findings.operations += 1
            for mode in GenerationMode if _forbids_something(operation) else (GenerationMode.POSITIVE,):
                _ask(operation, mode, cases, seed, ids, session, address, checks, findings)
    return findings


def _ask(
    operation: Any,
    mode: GenerationMode,
    cases: int,
    seed: int | None,
    ids: Ids,
    session: requests.Session,
    address: str,
    checks: list[Any],
    findings: Findings,
) -> None:
    def attempt(case: Any, data: st.DataObject) -> None:
        if data.draw(st.booleans()):
            case.path_parameters = _known("", case.path_parameters, ids, data)
            case.query = _known("", case.query, ids, data)
            case.body = _known("", case.body, ids, data)
        try:
            answer = case.call(base_url=address, session=session, timeout=TIME_LIMIT)
            findings.statuses[answer.status_code] += 1
            case.validate_response(answer, checks=checks)
        except FailureGroup as group:
            for failure in group.exceptions:
                _note(findings, operation.label, failure, case)

    test = hypothesis.given(operation.as_strategy(generation_mode=mode), st.data())(attempt)
    test = hypothesis.settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=seed is None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )(test)
    if seed is not None:
        test = hypothesis.seed(seed)(test)
    test()


def _forbids_something(operation: Any) -> bool:
    """Whether there are requests that its description does not allow: any text will do for a path or a plain query."""
    raw = operation.definition.raw
    kinds = [parameter["schema"].get("type") for parameter in raw.get("parameters", [])]
    return "requestBody" in raw or any(kind != "string" for kind in kinds)


def _note(findings: Findings, label: str, failure: Any, case: Any) -> None:
    assert isinstance(failure, Failure), failure
    findings.wrong.setdefault(f"{label}: {failure.title}", f"{failure.message[:600]}\n  {case.as_curl_command()[:600]}")


def _known(name: str, value: Any, ids: Ids, data: st.DataObject) -> Any:
    """The value with ids of the library in the places of ids, however deep they are."""
    if isinstance(value, dict):
        return {key: _known(str(key), each, ids, data) for key, each in value.items()}
    if isinstance(value, list):
        return [_known(name, each, ids, data) for each in value]
    if not isinstance(value, str):
        return value
    if name in _PATHS:
        return data.draw(st.sampled_from(ids[name]))
    found = _ID_OF.fullmatch(name)
    known = ids.get(found[1].lower()) if found is not None else None
    return data.draw(st.sampled_from(known)) if known else value
