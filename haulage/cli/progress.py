"""Progress of jobs, fed by their events: live bars on a terminal, a line now and then elsewhere."""

import time
from types import TracebackType
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from haulage.cli.output import STATE_STYLES, duration
from haulage.client import Event
from haulage.client.models import progress_from_json
from haulage.domain.lifecycle import State

LINE_EVERY_S = 2.0
MARKS = {State.SUCCEEDED: "✔", State.FAILED: "✘", State.CANCELLED: "■", State.RUNNING: "▶"}


class JobBars:
    """Use it with `with`; `add` the jobs, then `take` their events from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[UUID, TaskID] = {}
        self._told_at: dict[UUID, float] = {}
        self._bars = Progress(
            _Mark(),
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            _Percent(),
            _Counts(),
            _Elapsed(),
            TextColumn(
                "[dim]{task.fields[detail]}",
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
            console=console,
            expand=True,
            refresh_per_second=8,
            # Without a terminal the bars would be drawn once at the end: lines say more.
            disable=not console.is_terminal,
        )

    def __enter__(self) -> "JobBars":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def add(self, job_id: UUID, label: str) -> None:
        """Show a job, queued as yet."""
        self._tasks[job_id] = self._bars.add_task(
            escape(label), total=None, start=True, detail="queued", state="queued", counts=""
        )

    def take(self, job_id: UUID, event: Event) -> None:
        """Show what an event says."""
        task = self._task(job_id)
        if event.event == "state":
            self._move(task, str(event.data.get("state")), event.data.get("reason"))
            self._tell(task)
        elif event.event == "progress":
            self._advance(task, event.data)
            if time.monotonic() - self._told_at.get(job_id, -LINE_EVERY_S) >= LINE_EVERY_S:
                self._told_at[job_id] = time.monotonic()
                self._tell(task)

    def _move(self, task: Task, state: str, reason: Any) -> None:
        detail = f"{state} ({reason})" if reason else state
        changes: dict[str, Any] = {
            "state": state,
            "detail": "" if state == State.RUNNING else escape(detail),
        }
        if state == State.SUCCEEDED:
            changes |= {"total": 100.0, "completed": 100.0}
        self._bars.update(task.id, **changes)
        if state in (State.SUCCEEDED, State.FAILED, State.CANCELLED):
            if task.total is None:
                self._bars.update(task.id, total=100.0)
            self._bars.stop_task(task.id)

    def _advance(self, task: Task, data: dict[str, Any]) -> None:
        progress = progress_from_json(data)
        percent = progress.percent
        if percent is None and progress.total:
            percent = 100.0 * (progress.done + progress.failed) / progress.total
        changes: dict[str, Any] = {"detail": escape(progress.step or "")}
        if percent is not None:
            changes |= {"total": 100.0, "completed": percent}
        if progress.total:
            failed = f" [red]{progress.failed} failed[/]" if progress.failed else ""
            changes["counts"] = f"{progress.done}/{progress.total}{failed}"
        self._bars.update(task.id, **changes)

    def _tell(self, task: Task) -> None:
        if self._console.is_terminal:
            return
        percent = "" if task.total is None else f"{task.percentage:3.0f} %"
        counts = Text.from_markup(task.fields["counts"]).plain
        detail = Text.from_markup(task.fields["detail"]).plain
        name = Text.from_markup(task.description).plain
        line = f"{name:<16} {task.fields['state']:<10} {percent:>5}  {counts:<8}"
        said = detail.removeprefix(task.fields["state"]).strip()
        self._console.print(f"{line} {said}".rstrip(), markup=False, soft_wrap=True)

    def _task(self, job_id: UUID) -> Task:
        wanted = self._tasks[job_id]
        return next(task for task in self._bars.tasks if task.id == wanted)


class _Mark(ProgressColumn):
    def render(self, task: Task) -> Text:
        state = task.fields["state"]
        return Text(MARKS.get(state, "·"), style=STATE_STYLES.get(state, ""))


class _Percent(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.percentage:3.0f}%", style="cyan")


class _Counts(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text.from_markup(task.fields["counts"], justify="right")


class _Elapsed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(duration(task.finished_time or task.elapsed), style="dim", justify="right")
