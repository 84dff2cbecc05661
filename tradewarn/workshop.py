"""What a command works with: settings, the clock, and the rooms' tools, each made when it is first asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from crawlers.archive import Archive
from crawlers.manifest import Manifest
from index.catalogue import Catalogue
from index.store import Store
from nlp.parallel import Assessors
from tradewarn import database, handoff
from tradewarn.settings import Settings

if TYPE_CHECKING:
    from nlp.assess import Assessor


class Workshop:
    """One command's tools. `replay` is a folder of recorded answers; it brings a home of its own and its clock.

    `as_of` is the only clock of crawl, bulletin and days left: given, else the replay's, else now (UTC).
    """

    def __init__(
        self, settings: Settings, *, replay: Path | None = None, as_of: dt.datetime | None = None, json: bool = False
    ) -> None:
        if replay is not None:
            settings = settings.replaying(replay)
            as_of = as_of or Manifest.read(replay).as_of
        self.settings = settings
        self.replay = replay
        self.json = json  # the command speaks to a program
        self.processes = settings.processes  # that classify; a command's option is stronger
        self.fixed_clock = as_of is not None  # a replay's or `--as-of`'s clock stands still; a server's does not
        self.as_of = as_of or dt.datetime.now(dt.UTC)
        self.today = self.as_of.date()

    @cached_property
    def engine(self) -> Engine:
        return database.state(self.settings.database)

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.settings.archive)

    @cached_property
    def store(self) -> Store:
        settings = self.settings
        if settings.elasticsearch_url:
            from index.elastic_store import ElasticStore

            return ElasticStore(
                settings.elasticsearch_url.split(","),
                user=settings.elasticsearch_user,
                password=settings.elasticsearch_password.get_secret_value(),
                ca=settings.elasticsearch_ca,
                alias=settings.elasticsearch_index,
            )
        from index.sqlite_store import SqliteStore

        settings.embedded_index.parent.mkdir(parents=True, exist_ok=True)
        return SqliteStore(settings.embedded_index)

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.engine, self.store)

    @cached_property
    def assessor(self) -> Assessor:
        from nlp.assess import Assessor  # spaCy and the models take a second: only for those who classify

        return Assessor()

    @cached_property
    def assessors(self) -> Assessors:
        return Assessors(self.processes)

    @cached_property
    def model_version(self) -> str:
        """Of the models, rules and tables that classify here, without loading them."""
        from nlp import assess

        return assess.version()

    def assessed(self, tasks: Iterable[handoff.Task]) -> Iterator[handoff.Made]:
        """Tasks done, in order: in this process, or by as many others as were asked for; the lines are the same.

        Raises WorkerError where one of them died.
        """
        if self.processes > 1:
            return self.assessors.map(handoff.assessed, tasks)
        return (handoff.assessed(self.assessor, task) for task in tasks)

    @property
    def keys(self) -> Mapping[str, str]:
        return self.settings.keys()

    def close(self) -> None:
        """Let go of what was opened, and of nothing else."""
        for name in ("assessors", "store", "engine"):
            tool = self.__dict__.pop(name, None)
            if tool is not None:
                (tool.dispose if name == "engine" else tool.close)()


class UsageError(ValueError):
    """The command was given something it cannot use: exit code 2, the message says what."""
