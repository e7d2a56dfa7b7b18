"""Results of tests as the XML that build servers read."""

from collections.abc import Iterable
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


def write_junit(path: Path, results: Iterable[Timed]) -> None:
    """
    Write results as JUnit XML: a suite for each file, a case for each case.

    Raises:
        Refused: where the file cannot be written.
    """
    root = ET.Element("testsuites")
    by_file: dict[Path, list[Timed]] = {}
    for one in results:
        by_file.setdefault(one.file, []).append(one)
    for file, timed in by_file.items():
        _suite(root, file, timed)
    try:
        ET.indent(root)
        ET.ElementTree(root).write(path, "utf-8", xml_declaration=True)
    except OSError as error:
        message = f"file `{path}` cannot be written: {reason(error)}"
        raise Refused(message) from None


def _suite(root: ET.Element, file: Path, timed: list[Timed]) -> None:
    endings = [one.result.ending for one in timed]
    suite = ET.SubElement(
        root,
        "testsuite",
        name=file.as_posix(),
        tests=str(len(timed)),
        failures=str(endings.count("failed")),
        errors="0",
        skipped=str(endings.count("skipped")),
        time=f"{sum(one.seconds for one in timed):.3f}",
    )
    for one in timed:
        _case(suite, file, one)


def _case(suite: ET.Element, file: Path, timed: Timed) -> None:
    result = timed.result
    case = ET.SubElement(
        suite,
        "testcase",
        classname=file.with_suffix("").as_posix().replace("/", "."),
        name=result.name,
        file=file.as_posix(),
        line=str(result.case.span.line),
        time=f"{timed.seconds:.3f}",
    )
    if result.ending == "failed":
        ET.SubElement(case, "failure", message=result.failures[0].title).text = _written(text(result))
    if result.ending == "skipped":
        ET.SubElement(case, "skipped", message=result.case.skip)
    if result.notes and result.ending != "skipped":
        ET.SubElement(case, "system-out").text = _written("\n".join(result.notes))


def _written(said: str) -> str:
    """Write what XML 1.0 has no place for as escapes."""
    return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in said)
