"""`selfheal serve`: one process that listens, decides and acts, as one file says."""

import argparse
import logging
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import structlog

from selfheal_rules.check.serving import check_serving
from selfheal_rules.cli.arguments import Commands, subcommand
from selfheal_rules.cli.ending import Code, Refused, reason
from selfheal_rules.cli.inputs import read_whole
from selfheal_rules.cli.loading import load_mappings, load_program, load_site
from selfheal_rules.cli.screen import Screen
from selfheal_rules.compile import Program
from selfheal_rules.diagnostics import Report, SelfHealError
from selfheal_rules.execute.log import TOLD
from selfheal_rules.journal.leasing import open_lease
from selfheal_rules.journal.opening import open_journal
from selfheal_rules.parse.serving import parse_serving
from selfheal_rules.serving import Serving

if TYPE_CHECKING:
    from selfheal_rules.journal.journal import Lease
    from selfheal_rules.serve.process import Loaded

_Given = TypeVar("_Given")


def register(commands: Commands) -> None:
    """Add the command."""
    parser = subcommand(commands, "serve", "listen, decide and act, as a configuration says", serve)
    parser.add_argument("config", metavar="CONFIG", type=Path, help="the configuration")
    about = "only say what is wrong with the configuration and the files it names"
    parser.add_argument("--check", action="store_true", help=about)
    about = "log lines for people (the default on a terminal), or JSON"
    parser.add_argument(
        "--log", choices=("text", "json"), default="text" if sys.stderr.isatty() else "json", help=about
    )


def serve(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM."""
    serving, report = load_serving(arguments.config)
    screen, folder = Screen(), arguments.config.parent
    try:
        found = report + (_looked(serving, folder) if serving else Report(()))
        if found.findings:
            screen.err(found.render())
        if serving and arguments.check:
            return _checked(serving, folder, found, screen)
        if serving is None or report.errors:
            return Code.FINDINGS
        if found.errors:
            return Code.CANNOT_LOAD
        _log(arguments.log)
        _run(serving, folder)
    except ImportError as error:
        message = f"a source or an executor needs `{error.name}`; install `selfheal-rules[openstack]`"
        raise Refused(message) from None
    except (SelfHealError, ValueError) as error:
        raise Refused(str(error)) from None
    except OSError as error:
        message = (
            f"`{error.filename or (serving and serving.http and serving.http.listen)}` cannot be used: {reason(error)}"
        )
        raise Refused(message) from None
    return Code.OK


def load_serving(file: Path) -> tuple[Serving | None, Report]:
    """
    Read a configuration and check it.

    Raises:
        Refused: where the file cannot be read at all.
    """
    serving, report = parse_serving(read_whole(file))
    sound = serving is not None and not report.errors
    return serving, report + (check_serving(serving) if sound and serving else Report(()))


def _checked(serving: Serving, folder: Path, found: Report, screen: Screen) -> Code:
    """Look at rules, policy and mappings as well, whatever was found before."""
    try:
        if serving.rules:
            _loaded(serving, folder)
    except (Refused, SelfHealError) as problem:
        if not found.errors:
            raise
        screen.err(f"selfheal: {problem}")
    if found.errors:
        return Code.FINDINGS
    screen.out("the configuration can be served")
    return Code.OK


def _looked(serving: Serving, folder: Path) -> Report:
    try:
        from selfheal_rules.serve.files import looked_at  # noqa: PLC0415 - an extra, for those who serve
        from selfheal_rules.serve.process import Process  # noqa: F401, PLC0415 - the same
    except ImportError:
        message = "`selfheal serve` needs starlette and uvicorn; install `selfheal-rules[serve]`"
        raise Refused(message) from None
    return looked_at(serving, folder)


def _run(serving: Serving, folder: Path) -> None:
    from selfheal_rules.serve.process import Process  # noqa: PLC0415 - an extra, for those who serve

    journal, where = open_journal(_journal(serving, folder)), socket.gethostname()
    Process(serving, folder, journal, lambda: _reloaded(serving, folder), _lease(serving, folder), where).run()


def _journal(serving: Serving, folder: Path) -> str:
    return serving.journal if "://" in serving.journal else str(folder / serving.journal)


def _lease(serving: Serving, folder: Path) -> "Lease | None":
    """Give the lease of a coordinator, whose URL is in a file: a password may be in it."""
    said = serving.lease
    return open_lease((folder / said.url).read_text("utf-8").strip(), said.name) if said else None


def _loaded(serving: Serving, folder: Path) -> "Loaded":
    """
    Load rules, policy and mappings.

    Raises:
        Refused: with all that is wrong with any of them.
    """
    from selfheal_rules.serve.process import Loaded  # noqa: PLC0415 - an extra, for those who serve

    refusals: list[Refused] = []
    program = _unless(refusals, lambda: _program(serving, folder))
    policy = _unless(refusals, lambda: load_site(program, folder / serving.policy if serving.policy else None))
    mappings = _unless(refusals, lambda: load_mappings(folder / one for one in serving.mappings))
    if refusals:
        raise Refused("\n\n".join(map(str, refusals)), refusals[0].code)
    return Loaded(cast("Program", program), policy, mappings or ())


def _unless(refusals: list[Refused], load: Callable[[], _Given]) -> _Given | None:
    """Give what is loaded, or keep why it is not, so that the others are looked at all the same."""
    try:
        return load()
    except Refused as refused:
        refusals.append(refused)
        return None


def _program(serving: Serving, folder: Path) -> Program:
    from selfheal_rules.serve.acting import undone  # noqa: PLC0415 - an extra, for those who serve

    program, _ = load_program([folder / one for one in serving.rules], dict(serving.params))
    report = undone(program, serving.executors)
    if report.errors:
        message = f"the rules ask for what nobody would carry out\n{report.render()}"
        raise Refused(message, Code.FINDINGS)
    return program


def _reloaded(serving: Serving, folder: Path) -> "Loaded":
    from selfheal_rules.serve.process import UnloadableError  # noqa: PLC0415 - an extra, for those who serve

    try:
        return _loaded(serving, folder)
    except Refused as refused:
        raise UnloadableError(str(refused)) from None


def _log(form: str) -> None:
    """Have log lines written to standard error, ours and those of libraries, in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    console, lines = structlog.dev.ConsoleRenderer(colors=False), structlog.processors.JSONRenderer()
    render: structlog.typing.Processor = lines if form == "json" else console
    last: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":  # the console has a form of its own
        last.append(structlog.processors.format_exc_info)
    last.append(render)
    handler = logging.StreamHandler(sys.stderr)
    foreign = [_told, *shared]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=last))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in ("httpx", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _told(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Take what executors tell by its names, and not as the line it is for others."""
    return {**event, **getattr(event["_record"], TOLD, {})}
