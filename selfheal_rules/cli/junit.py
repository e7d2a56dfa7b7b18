"""Results of tests as the XML that build servers read."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from attrs import frozen

from selfheal_rules.cli.ending import Refused, reason
from selfheal_rules.testing.report import text
from selfheal_rules.testing.results import Result


@frozen
class Timed:
    """What came of a case, of which file, and how long it took, in seconds."""

    file: Path
    result: Result
    seconds: float


MEASURED = "the tests cover what the file asks for"
"""The case that stands for what was measured of a file, where it is less than that."""


def write_junit(path: Path, results: Iterable[Timed], lacking: Mapping[Path, Sequence[str]]) -> None:
    """
    Write results as JUnit XML: a suite for each file, a case for each case, and one that fails for what is lacking.

    Raises:
        Refused: where the file cannot be written.
    """
    root = ET.Element("testsuites")
    by_file: dict[Path, list[Timed]] = {}
    for one in results:
        by_file.setdefault(one.file, []).append(one)
    for file, timed in by_file.items():
        _suite(root, file, timed, lacking.get(file, ()))
    try:
        ET.indent(root)
        ET.ElementTree(root).write(path, "utf-8", xml_declaration=True)
    except OSError as error:
        message = f"file `{path}` cannot be written: {reason(error)}"
        raise Refused(message) from None


def _suite(root: ET.Element, file: Path, timed: list[Timed], lacking: Sequence[str]) -> None:
    endings = [one.result.ending for one in timed]
    suite = ET.SubElement(
        root,
        "testsuite",
        name=file.as_posix(),
        tests=str(len(timed) + bool(lacking)),
        failures=str(endings.count("failed") + bool(lacking)),
        errors="0",
        skipped=str(endings.count("skipped")),
        time=f"{sum(one.seconds for one in timed):.3f}",
    )
    for one in timed:
        _result(suite, file, one)
    if lacking:
        failure = ET.SubElement(_case(suite, file, MEASURED, 1, 0.0), "failure", message=lacking[0].strip())
        failure.text = _written("\n".join(lacking))


def _case(suite: ET.Element, file: Path, name: str, line: int, seconds: float) -> ET.Element:
    return ET.SubElement(
        suite,
        "testcase",
        classname=file.with_suffix("").as_posix().replace("/", "."),
        name=name,
        file=file.as_posix(),
        line=str(line),
        time=f"{seconds:.3f}",
    )


def _result(suite: ET.Element, file: Path, timed: Timed) -> None:
    result = timed.result
    case = _case(suite, file, result.name, result.case.span.line, timed.seconds)
    if result.ending == "failed":
        ET.SubElement(case, "failure", message=result.failures[0].title).text = _written(text(result))
    if result.ending == "skipped":
        ET.SubElement(case, "skipped", message=result.case.skip)
    if result.notes and result.ending != "skipped":
        ET.SubElement(case, "system-out").text = _written("\n".join(result.notes))


def _written(said: str) -> str:
    """Write what XML 1.0 has no place for as escapes."""
    return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in said)
