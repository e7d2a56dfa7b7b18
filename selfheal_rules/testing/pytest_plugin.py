"""
Files of tests as pytest items, by the entry point `pytest11`: each case is one, under its line.

Importing this brings in nothing of the library: a run in which no such file is collected pays for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selfheal_rules.testing.cases import Case, Suite
    from selfheal_rules.testing.results import Result

NAME, ENDING = "tests.yaml", ".selfheal-test.yaml"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SuiteFile | None:
    """Collect `tests.yaml` and `*.selfheal-test.yaml`, where they are ours: others have files of that name, too."""
    if file_path.name != NAME and not file_path.name.endswith(ENDING):
        return None
    try:
        text = file_path.read_text("utf-8", errors="replace")
    except OSError:  # whoever may not read it cannot know it is ours
        return None
    if "selfheal_test" not in text:
        return None
    from selfheal_rules.testing.parse import is_suite  # noqa: PLC0415 - see above

    found: SuiteFile | None = SuiteFile.from_parent(parent, path=file_path) if is_suite(text) else None
    return found


class SuiteFile(pytest.File):
    """One file of tests."""

    def collect(self) -> Iterator[CaseItem | CoverageItem]:
        """Give its cases, and the shares it asks for as the last; what is wrong with the file is said whole."""
        from selfheal_rules.diagnostics import RuleSetError  # noqa: PLC0415 - see above
        from selfheal_rules.testing.parse import load_suite  # noqa: PLC0415 - see above

        try:
            suite = load_suite(self.path)
        except RuleSetError as error:
            raise self.CollectError(error.report.render()) from None
        for case in suite.cases:
            yield CaseItem.from_parent(self, name=case.name, case=case)
        if suite.coverage:
            yield CoverageItem.from_parent(self, name="coverage", suite=suite)


class CaseFailed(Exception):  # noqa: N818 - how pytest is told; the report is in the result
    """A case is not so."""

    def __init__(self, result: Result) -> None:
        """Carry what came of it."""
        super().__init__(result.name)
        self.result = result


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, **kwargs: Any) -> None:  # noqa: ANN401 - pytest's own
        """Remember the case."""
        super().__init__(**kwargs)
        self.case = case

    def runtest(self) -> None:
        """Play the case and judge it."""
        from selfheal_rules.testing.verdicts import judge  # noqa: PLC0415 - see above

        result = judge(self.case)
        if result.ending == "skipped":
            pytest.skip(self.case.skip)
        if result.notes:
            self.add_report_section("call", "selfheal", "\n".join(result.notes))
        if result.ending == "failed":
            raise CaseFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 - pytest's own
        """Show what was expected and what came; of a fault of the library, the traceback."""
        if not isinstance(excinfo.value, CaseFailed):
            return super().repr_failure(excinfo, style)
        from selfheal_rules.testing.report import text  # noqa: PLC0415 - see above

        return text(excinfo.value.result)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Give the file and the line, from 0, the case stands in."""
        return self.path, self.case.span.line - 1, self.name


class TooLittle(Exception):  # noqa: N818 - how pytest is told; the lines say it
    """A file asks for more than its cases cover."""


class CoverageItem(pytest.Item):
    """The shares a file asks for, but for that of mutants: `selfheal test --mutate` has the time for those."""

    def __init__(self, *, suite: Suite, **kwargs: Any) -> None:  # noqa: ANN401 - pytest's own
        """Remember the file."""
        super().__init__(**kwargs)
        self.suite = suite

    def runtest(self) -> None:
        """Play all cases and hold what they cover against what is asked for."""
        from selfheal_rules.testing.coverage import coverage_of, plainly  # noqa: PLC0415 - see above
        from selfheal_rules.testing.marked import short  # noqa: PLC0415 - see above

        results = plainly(self.suite)
        if any(result.ending == "failed" for result in results):
            pytest.skip("a case fails")
        found = [*short(self.suite, coverage_of(self.suite, results))]
        if found:
            raise TooLittle("\n".join(found))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 - pytest's own
        """Show what is lacking; of a fault of the library, the traceback."""
        return str(excinfo.value) if isinstance(excinfo.value, TooLittle) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Give the file and its first line."""
        return self.path, self.suite.span.line - 1, self.name
