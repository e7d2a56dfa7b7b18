"""A file that grows: every line that was written whole is in the journal once, whatever happens to file and process."""

import io
import json
import sys
from pathlib import Path

import pytest

from selfheal_rules.integrations.intake import Intake
from selfheal_rules.integrations.tail import PACE, Tail
from selfheal_rules.integrations.webhook import Reader
from tests.calls import alarm, cloudevent
from tests.serve.rig import NOW, Site, program


def _line(number: int) -> bytes:
    return alarm(f"compute{number}", "2026-11-22T16:30:00Z")


def _tail(site: Site, file: Path | str, intake: Intake | None = None) -> Tail:
    reader = Reader(program().vocabulary, lambda: NOW)
    position = None if file == "-" else Path(f"{file}.position")
    return Tail(str(file), intake or site.intake, lambda: reader, position)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Give a healer."""
    return Site(tmp_path)


def test_lines_are_taken_as_they_are_written(site: Site, tmp_path: Path) -> None:
    """Also where the file is not there yet, and a line comes in two pieces."""
    file = tmp_path / "alarms"
    tail = _tail(site, file)
    with site.turning():
        assert PACE == tail.step()
        file.write_bytes(_line(1) + _line(2)[:20])
        assert [0.0, PACE] == [tail.step(), tail.step()]
        with file.open("ab") as more:
            more.write(_line(2)[20:] + b"\n")
        assert [0.0, PACE] == [tail.step(), tail.step()]
    tail.close()
    assert 2 == site.recorded()["alarm"]


def test_the_next_process_goes_on_where_the_last_one_was(site: Site, tmp_path: Path) -> None:
    """What the journal has is not read again, and nothing between two processes is left out."""
    file = tmp_path / "alarms"
    file.write_bytes(_line(1))
    with site.turning():
        first = _tail(site, file)
        first.step()
        first.close()
        with file.open("ab") as more:
            more.write(_line(2))
        second = _tail(site, file)
        second.step()
        second.close()
    assert 2 == site.recorded()["alarm"]
    assert 2 * len(_line(1)) == json.loads((tmp_path / "alarms.position").read_text())["offset"]


def test_what_is_not_recorded_is_not_read(site: Site, tmp_path: Path) -> None:
    """Where the line is full, the same lines are offered again, and the place is not kept."""
    file = tmp_path / "alarms"
    file.write_bytes(_line(1))
    full = Intake(1)
    full.offer([])
    tail = _tail(site, file, full)
    assert [PACE, PACE] == [tail.step(), tail.step()]
    assert not (tmp_path / "alarms.position").exists()
    tail.intake = site.intake
    with site.turning():
        assert 0.0 == tail.step()
    tail.close()
    assert 1 == site.recorded()["alarm"]


def test_a_rotated_file_is_read_to_its_end(site: Site, tmp_path: Path) -> None:
    """The rest of the old file first, then the new one from its beginning; one that was cut off begins anew."""
    file = tmp_path / "alarms"
    file.write_bytes(_line(1))
    tail = _tail(site, file)
    with site.turning():
        tail.step()
        with file.open("ab") as more:
            more.write(_line(2))
        file.rename(tmp_path / "alarms.1")
        file.write_bytes(_line(3))
        assert [0.0, 0.0, 0.0] == [tail.step(), tail.step(), tail.step()]
        file.write_bytes(b"")
        assert 0.0 == tail.step()
        file.write_bytes(_line(4))
        assert 0.0 == tail.step()
    tail.close()
    assert 4 == site.recorded()["alarm"]


def test_a_file_that_was_rotated_between_two_processes_is_read_to_its_end(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is found by its number; where it is gone, the log says up to where it was read."""
    file = tmp_path / "alarms"

    def read(number: int, steps: int, moved: str) -> Tail:
        file.write_bytes(_line(number))
        tail = _tail(site, file)
        with site.turning():
            assert PACE == [tail.step() for _ in range(steps)][-1]
        tail.close()
        with file.open("ab") as more:
            more.write(_line(number + 1))
        file.rename(tmp_path / moved)
        return tail

    read(1, 2, "alarms.1")
    read(3, 4, "elsewhere")
    assert {"gone": 1} == read(5, 2, "alarms.2").problems
    assert 4 == site.recorded()["alarm"]  # all but the fourth and the sixth
    assert f"was read to byte {len(_line(3))} and is gone" in caplog.text


@pytest.mark.parametrize("kept", ["nonsense", "{}", "[]", '{"file": 1, "offset": 5}'])
def test_a_place_of_another_file_is_not_believed(site: Site, tmp_path: Path, kept: str) -> None:
    """Then the file is read from its beginning: twice is better than not at all."""
    file = tmp_path / "alarms"
    file.write_bytes(_line(1))
    (tmp_path / "alarms.position").write_text(kept)
    tail = _tail(site, file)
    with site.turning():
        tail.step()
    tail.close()
    assert 1 == site.recorded()["alarm"]


def test_a_line_nobody_can_read_costs_itself_alone(site: Site, tmp_path: Path) -> None:
    """It is counted, and the lines around it are taken."""
    file = tmp_path / "alarms"
    file.write_bytes(_line(1) + b"{nonsense\n" + b'{"unheard": "of"}\n' + _line(2))
    tail = _tail(site, file)
    with site.turning():
        tail.step()
    tail.close()
    assert {"malformed": 1, "unrecognised": 1} == tail.problems
    assert 2 == site.recorded()["alarm"]


def test_an_item_the_engine_refuses_costs_itself_alone(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is before and behind it is taken; the log says where it is, and quotes nothing of what is malformed."""
    forged = cloudevent(
        "selfheal.decision",
        "d",
        "2026-11-22T16:30:00Z",
        rule="r",
        action="noop",
        target="t",
        status="allowed",
        episode="e",
    )
    secret = alarm("host=S3CRET", "2026-11-22T16:30:00Z").replace(b'"host=S3CRET"', b'["S3CRET"]')
    file = tmp_path / "alarms"
    file.write_bytes(_line(1) + forged + secret + _line(2))
    tail = _tail(site, file)
    with site.turning():
        assert [0.0, PACE] == [tail.step(), tail.step()]
    tail.close()
    assert 2 == site.recorded()["alarm"]
    assert {"malformed": 2} == tail.problems
    assert f"at byte {len(_line(1))} of {file}" in caplog.text
    assert "S3CRET" not in caplog.text


def test_standard_input_is_read_line_by_line(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is taken as it comes, the last one without its break as well."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(_line(1) + _line(2).rstrip())))
    tail = _tail(site, "-")
    with site.turning():
        assert [0.0, 0.0, PACE] == [tail.step(), tail.step(), tail.step()]
    tail.close()
    assert 2 == site.recorded()["alarm"]
