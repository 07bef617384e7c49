"""From the files of a folder to a checked `Pathway`; every problem is reported together, with file and line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from pathways.account import read_ledger, uses_of_statements
from pathways.builder import Builder
from pathways.dictionary import TRIAL_FACTS, Reader, read_facts, read_medicines, read_sources
from pathways.documents import read_document
from pathways.profiles import read_profile
from pathways.vocabulary import Vocabulary, did_you_mean, snake
from pathways.yaml_text import read_yaml
from schemas.errors import PathwayError, Problem
from schemas.ledger import Ledger, StatementClass
from schemas.pathway import Derivation, Effect, Pathway, Rule, Setting, Treatment


def _catalogue_order(item: tuple[str, Treatment]) -> tuple[bool, str]:
    """Sort T1 to T9 before anything else, whatever their documents are called."""
    return not item[1].number.startswith("T"), item[1].number


_TITLES = {
    "tried": "Earlier trial: {}",
    "justified": "Justified by a clinician: {}",
    "early": "Early step recorded: {}",
}


def _name_derived_facts(
    derivations: dict[str, Derivation], treatments: dict[str, Treatment]
) -> None:
    """Give facts about one treatment its title; conditions are read before treatments have one."""
    for name, derivation in derivations.items():
        title = _TITLES.get(derivation.rule)
        if title and name == f"{derivation.rule}_{snake(derivation.of[0])}":
            told = title.format(treatments[derivation.of[0]].title)
            fact = derivation.fact.model_copy(update={"title": told})
            derivations[name] = derivation.model_copy(update={"fact": fact})


def content_hash(files: Mapping[str, str]) -> str:
    """Return the sha256 (hex) over every file, by name in order; line ends do not matter."""
    digest = hashlib.sha256()
    for name in sorted(files):
        # Only line ends are made alike; other separators change what a table says.
        text = files[name].replace("\r\n", "\n").replace("\r", "\n")
        digest.update(f"{len(name)}:{name}{len(text.encode())}:".encode())
        digest.update(text.encode())
    return digest.hexdigest()


def load_pathway(files: Mapping[str, str]) -> Pathway:
    """Load the pathway whose documents are *files* (name relative to its folder, and text).

    Raises PathwayError holding every diagnostic: unknown names and keys, conditions that cannot be
    read, rules without a cited source, cyclic exceptions, statements of the founding document that nothing
    accounts for, hostile documents.
    """
    return _Loading(files).pathway()


class _Loading:
    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.problems: list[Problem] = []

    def collect(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except PathwayError as error:
            self.problems.extend(error.problems)
            return None

    def problem(self, code: str, where: str, message: str, help: str) -> None:
        self.problems.append(Problem(code=code, message=message, help=help, where=where))

    def stop(self) -> None:
        if self.problems:
            raise PathwayError(*self.problems)

    def text(self, file: str) -> str:
        if file not in self.files:
            self.problem(
                "missing-document", file, f"there is no `{file}`", "see pathways/README.md"
            )
            self.stop()
        return self.files[file]

    def yaml(self, file: str, read: Callable[[Any, Reader], Any]) -> Any:
        """Read one YAML file of the pathway through *read*; problems are kept."""
        text = self.text(file)

        def step() -> Any:
            reader = Reader(file, text)
            try:
                result = read(read_yaml(text, file), reader)
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                reader.problem(
                    "", "wrong-shape", "the document is not of the expected shape",
                    "compare it with the fbss pathway",
                )  # fmt: skip
                raise PathwayError(*reader.problems) from error
            reader.done()
            return result

        return self.collect(step)

    def pathway(self) -> Pathway:
        facts = self.yaml("facts.yaml", read_facts)
        medicines = self.yaml("medicines.yaml", read_medicines)
        sources = self.yaml("sources.yaml", read_sources)
        ledger: Ledger = self.collect(partial(read_ledger, self.text("ledger.yaml"), "ledger.yaml"))
        self.stop()
        sections, definitions, derivations = facts
        classes, agents = medicines
        build = Builder({s.id: s.says for s in ledger.statements}, sources)
        self.problems = build.problems
        for name in sorted(self.files):
            if name.endswith(".md") and not name.lower().endswith("readme.md"):
                for block in self.collect(partial(read_document, self.files[name], name)) or ():
                    build.blocks[block.kind].append(block)
        build.check_ids()
        settings: dict[str, Setting] = build.each("setting", build.setting)
        build.names = Vocabulary(
            facts=definitions,
            derivations=derivations,
            settings=set(settings),
            findings={block.id for block in build.blocks["finding"]},
            treatments={block.id for block in build.blocks["treatment"]},
            stages={block.id for block in build.blocks["stage"]},
            medicines=agents,
            classes=classes,
        )
        build.trial_names = Vocabulary.of_one_trial(TRIAL_FACTS, set(settings))
        for treatment in sorted(build.names.treatments):
            for verb in ("tried", "justified", "early"):
                build.names.derived(verb, treatment)
        heads = build.blocks["pathway"]
        if len(heads) != 1:
            self.problem(
                "no-pathway",
                "pathway.md",
                "there must be one `pathway` block",
                "see fbss/pathway.md",
            )
            self.stop()
        parts: dict[str, Any] = {
            **build.head(heads[0]),
            "settings": settings,
            "profiles": self.profiles(settings),
            "signs": build.each("sign", build.sign),
            "findings": build.each("finding", build.finding),
            "treatments": dict(
                sorted(build.each("treatment", build.treatment).items(), key=_catalogue_order)
            ),
            "stages": build.each("stage", build.stage),
            "combinations": build.each("combination", build.combination),
            "rules": build.each("rule", build.rule),
            "outcomes": tuple(build.each("outcome", build.outcome).values()),
        }
        self.stop()
        _name_derived_facts(derivations, parts["treatments"])
        self.check_overrides(parts["rules"])
        self.stop()
        pathway = Pathway(
            **parts,
            content_hash=content_hash(self.files),
            sections=sections,
            facts=definitions,
            derivations=derivations,
            trial_facts=TRIAL_FACTS,
            medicines=agents,
            medicine_classes=classes,
            sources=sources,
            statements=build.statements,
        )
        self.check_statements(pathway, ledger)
        self.stop()
        return pathway

    def profiles(self, settings: dict[str, Setting]) -> dict[str, dict[str, Decimal]]:
        profiles: dict[str, dict[str, Decimal]] = {"default": {}}
        for file in sorted(self.files):
            if file.startswith("profiles/") and file.endswith(".yaml"):
                values = self.collect(partial(read_profile, self.files[file], file, settings))
                profiles[file.removeprefix("profiles/").removesuffix(".yaml")] = values or {}
        return profiles

    def check_statements(self, pathway: Pathway, ledger: Ledger) -> None:
        """Every statement that carries a rule must be cited by something that acts."""
        uses = uses_of_statements(pathway)
        for statement in ledger.statements:
            if statement.kind is StatementClass.RULE and statement.id not in uses:
                self.problem(
                    "unaccounted-statement", "ledger.yaml",
                    f"statement {statement.id} carries a rule, but nothing cites it",
                    "cite it where it is used, or change its class",
                )  # fmt: skip

    def check_overrides(self, rules: dict[str, Rule]) -> None:
        """An exception names a rule that exists and is no red sign, and is not an exception to itself."""
        for rule in rules.values():
            where = str(rule.place)
            for name in rule.overrides:
                if name not in rules:
                    self.problem(
                        "unknown-rule", where, f"rule `{rule.id}` overrides the unknown rule `{name}`",
                        did_you_mean(name, rules, "rules are named in full"),
                    )  # fmt: skip
                elif rules[name].effect is Effect.RED_SIGN:
                    self.problem(
                        "red-sign-overridden", where, f"rule `{rule.id}` overrides a red sign",
                        "a red sign has no exceptions; change its own condition",
                    )  # fmt: skip
            if _rests_on_itself(rule.id, rules):
                self.problem(
                    "cyclic-override", where, f"rule `{rule.id}` is an exception to itself",
                    "break the circle of `overrides`",
                )  # fmt: skip


def _rests_on_itself(start: str, rules: Mapping[str, Rule]) -> bool:
    seen: set[str] = set()
    waiting = list(rules[start].overrides)
    while waiting:
        name = waiting.pop()
        if name == start:
            return True
        if name in rules and name not in seen:
            seen.add(name)
            waiting.extend(rules[name].overrides)
    return False
