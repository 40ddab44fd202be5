"""Where playback stops: it looks at each step that playback has just done, and at no other."""

from typing import TYPE_CHECKING

from gradsim.simulation.session import Session

if TYPE_CHECKING:
    # Loaded with the first condition.
    from gradsim.insight.watch import Condition, Watch


class Stopping:
    """What is watched for in a session, and the step that was looked at last."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._watch: Watch | None = None
        self._seen = (0, -1)
        """A run, and the latest step of it that needs no look any more."""

    @property
    def conditions(self) -> "list[Condition]":
        """What is watched for."""
        return self._watch.conditions if self._watch else []

    def toggle(self, condition: "Condition") -> bool:
        """Stop where this happens from now on, or no longer; whether it does now."""
        from gradsim.insight.watch import Watch  # noqa: PLC0415

        self.pass_by()
        self._watch = self._watch or Watch()
        return self._watch.toggle(condition)

    def pass_by(self) -> None:
        """Where one went by hand nothing is looked for: only where playback comes to."""
        self._seen = (self._session.run.number, self._session.cursor.step - 1)

    def reached(self) -> str:
        """Why playback stops at the step it has just done, in a sentence; empty if it does not."""
        run, step = self._session.run, self._session.cursor.step - 1
        number, before = self._seen
        self.pass_by()
        if not (self._watch and self._watch.conditions) or number != run.number or step <= before:
            return ""
        said = self._watch.happened(run, step)
        return f"stopped at step {run.begun + step}: {'; '.join(said)}" if said else ""

    def left_in_step(self) -> int:
        """Ops until the step at the cursor is done: playback goes no further at once."""
        step, op = self._session.cursor
        records = self._session.run.records
        return max(1, len(records[step].plan) - op) if step < len(records) else 1
