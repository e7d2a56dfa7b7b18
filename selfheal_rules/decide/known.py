"""Which step a decision was about: ids are reckoned when something is first heard of any, and not before."""

from selfheal_rules.decide.episode import Episode


class Known:
    """The steps of the episodes that are known, by the ids of their decisions."""

    def __init__(self) -> None:
        """Start with none."""
        self.steps: dict[str, tuple[Episode, int]] = {}
        self.fresh: dict[int, Episode] = {}
        """The episodes of which something was decided since ids were last asked for."""

    def note(self, episode: Episode) -> None:
        """Note that something of an episode was decided."""
        self.fresh[episode.number] = episode

    def find(self, decision_id: str) -> tuple[Episode, int] | None:
        """Give the step a decision was about; of two episodes that came to the same, the later."""
        for episode in self.fresh.values():
            for index, progress in enumerate(episode.steps):
                if progress.decision is not None:
                    self.steps[progress.decision.id] = (episode, index)
        self.fresh.clear()
        return self.steps.get(decision_id)

    def forget(self, episode: Episode) -> None:
        """Know an episode no more."""
        self.fresh.pop(episode.number, None)
        for progress in episode.steps if self.steps else ():
            if progress.decision is not None:
                found = self.steps.get(progress.decision.id)
                if found is not None and found[0] is episode:
                    del self.steps[progress.decision.id]
