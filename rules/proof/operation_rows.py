"""Operations that give the dates and kinds the solver means, written as rows."""

from __future__ import annotations

from rules.proof.meaning import LONG_AGO, Input, Meaning


class OperationWriter:
    """Writes the operations of one patient."""

    def __init__(self, meaning: Meaning) -> None:
        self.meaning = meaning

    def whole(self) -> list[Input]:
        fusion, fused = (
            self.meaning.value("lumbar_fusion"),
            self.meaning.value("last_lumbar_fusion"),
        )
        lumbar, last = (
            self.meaning.value("lumbar_surgery"),
            self.meaning.value("last_lumbar_surgery"),
        )
        for_pain, result = (
            self.meaning.value("lumbar_surgery_for_pain"),
            self.meaning.value("last_surgery_result"),
        )
        rows: list[Input] = []

        def row(procedure: str, region: str | None, days: tuple[int, int] | None) -> Input:
            made: Input = {"procedure": procedure}
            if region is not None:
                made["region"] = region
            if days is not None:
                made["date"] = self.meaning.date(days)
            if for_pain is not None:
                made["for_pain"] = for_pain
            if result is not None:
                made["result"] = result
            rows.append(made)
            return made

        if fusion and fused is not None and self.meaning.is_open(fused):
            row("fusion", "lumbar", fused[:1] * 2)
            row("fusion", "lumbar", None)
        elif fusion:
            row("fusion", "lumbar", fused)
        elif fusion is None:
            # It may be the last one: without a date it leaves the day of the last one open.
            spine = self.meaning.spine()
            if last is None or spine is None:
                day = self.meaning.before()
            else:
                day = (
                    None if self.meaning.is_open(last) else (min(LONG_AGO, last[0], spine[0]),) * 2
                )
            row("fusion", None, day)
        needed = last is not None and (not fusion or fused != last)
        if lumbar and (needed or not fusion):
            day = (
                last
                if last is None or last[0] == last[1] or not self.meaning.is_open(last)
                else (last[0],) * 2
            )
            row("decompression", "lumbar", day)
        elif lumbar is None and fusion is False:
            row("decompression", None, self.meaning.before())
        if (
            last is not None
            and self.meaning.is_open(last)
            and (fusion is False or (fusion and fused))
        ):
            row("decompression", "lumbar", None)
        self._other_procedure(rows)
        return rows

    def part(self) -> list[Input]:
        """Return the operations of a list that may lack some: those that were, on the first day they may have been."""
        fused, last = (
            self.meaning.value("last_lumbar_fusion"),
            self.meaning.value("last_lumbar_surgery"),
        )
        rows: list[Input] = []

        def row(procedure: str, days: tuple[int, int] | None) -> None:
            made: Input = {"procedure": procedure, "region": "lumbar"}
            if days is not None:
                made["date"] = self.meaning.date(days[:1] * 2)
            if self.meaning.value("lumbar_surgery_for_pain"):
                made["for_pain"] = True
            rows.append(made)

        if self.meaning.value("lumbar_fusion"):
            row("fusion", fused)
        if self.meaning.value("lumbar_surgery") and (not rows or fused != last):
            row("decompression", last)
        spine = self.meaning.spine()
        if spine is not None:
            date = self.meaning.date(spine[:1] * 2)
            rows.append({"procedure": "other", "region": "cervical", "date": date})
        return rows

    def _other_procedure(self, rows: list[Input]) -> None:
        """Add an operation on the neck where the last procedure of the spine is later than any other."""
        spine = self.meaning.spine()
        if spine is None:
            return
        day = (spine[0],) * 2 if self.meaning.is_open(spine) else spine
        if day[0] >= -self.meaning.since_1900:
            rows.append(
                {"procedure": "other", "region": "cervical", "date": self.meaning.date(day)}
            )
        if self.meaning.is_open(spine) and self.meaning.value("trials_listed"):
            rows.append({"procedure": "other", "region": "cervical"})
