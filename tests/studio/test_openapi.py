"""The API keeps what its OpenAPI document promises, whatever is sent; nothing gives a 500."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from studios import png

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

EACH = 12
"""Requests of each operation."""


@pytest.fixture(scope="module")
def document(address):
    bodies = st.one_of(st.binary(max_size=100), st.just(png(24, 18)), st.just(png()[:-80]))
    for kind in ("application/octet-stream", "application/zip", "image/*", "video/*"):
        schemathesis.openapi.media_type(kind, bodies)
    return schemathesis.openapi.from_url(f"{address}openapi.json")


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.name.lower())
def test_every_answer_is_one_that_is_promised(document, mode):
    operations = [operation.ok() for operation in document.get_all_operations()]
    assert len(operations) > 10
    for operation in operations:
        if mode.is_negative and not operation.body and not operation.query:
            continue  # nothing in it can be wrong
        check(operation.as_strategy(generation_mode=mode))


def check(cases: st.SearchStrategy) -> None:
    """Send what is drawn, and hold the answers to the document."""
    from schemathesis.specs.openapi import checks as openapi

    held = [  # no answer is promised to be a 500
        openapi.status_code_conformance,
        openapi.content_type_conformance,
        openapi.response_schema_conformance,
        openapi.response_headers_conformance,
    ]

    @settings(max_examples=EACH, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(cases)
    def ask(case):
        case.call_and_validate(checks=held, timeout=30)

    ask()
