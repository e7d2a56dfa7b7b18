"""Whatever comes in, a normalizer gives items that fit the vocabulary, or an `EventError`."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfheal_rules.diagnostics import EventError
from selfheal_rules.events import checked
from selfheal_rules.normalize import normalize_payload
from tests.json_values import JSON
from tests.payloads import NAMES, VOCABULARY, WRITTEN, raw, read

RECEIVED = datetime(2026, 11, 22, 17, tzinfo=UTC)
BODIES = [raw(name)[0] for name in [*NAMES, *WRITTEN]]


def _opened(payload: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Take a message out of its envelope, so that a mutation meets its fields and not its text."""
    is_sealed = isinstance(payload, dict) and "oslo.message" in payload
    return json.loads(payload["oslo.message"]) if is_sealed else copy.deepcopy(payload)


def _places(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - a JSON value
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *_places(value[key])]]


def _holds(payload: Any) -> None:  # noqa: ANN401 - a JSON value
    try:
        found = read(payload, RECEIVED)
    except EventError:
        return
    assert list(found) == [checked(item, VOCABULARY) for item in found]


@given(JSON)
def test_any_json_gives_items_or_an_event_error(payload: Any) -> None:  # noqa: ANN401 - a JSON value
    """Nothing that JSON can say raises anything else."""
    _holds(payload)


@given(st.data(), st.sampled_from(BODIES))
def test_a_damaged_payload_gives_items_or_an_event_error(data: st.DataObject, body: Any) -> None:  # noqa: ANN401
    """Captured payloads with values replaced and left out at any depth raise nothing else."""
    payload = _opened(body)
    for _ in range(data.draw(st.integers(1, 4))):
        holder, key = data.draw(st.sampled_from(_places(payload) or [({"a": 1}, "a")]))
        if data.draw(st.booleans()):
            holder[key] = data.draw(JSON)
        elif isinstance(holder, dict):
            del holder[key]
    _holds(payload)


@pytest.mark.parametrize("broken", ['{"_context_auth_token": "gAAAAsec" cut', {"_context_auth_token": "gAAAAsec"}])
def test_a_broken_envelope_never_shows_what_it_holds(broken: object) -> None:
    """A truncated message begins with its context: the error tells its length and quotes nothing."""
    with pytest.raises(EventError) as error:
        normalize_payload({"oslo.version": "2.0", "oslo.message": broken})
    assert "gAAAA" not in str(error.value)
