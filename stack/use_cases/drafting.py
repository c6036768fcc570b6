"""The YAML of a new use case: what was guessed, each guess with a comment to be looked at."""

from __future__ import annotations

import re
import statistics
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Final

import yaml

from causeway.topology.accounts import Topology
from stack.processes import StackError
from stack.use_cases.column_guess import ColumnGuess
from stack.use_cases.guesses import Guess

#: What marks a guess; `make check-use-case` counts those that are left.
MARK: Final = "# look:"
#: The share of a class that is rare.
RARE: Final = 0.1
#: A text of so many different values, or fewer, gets a column for each.
ONE_HOT: Final = 10


def marked_lines(text: str) -> list[int]:
    """Return the numbers of the lines that hold a guess; a comment on the mark is none."""
    lines = enumerate(text.splitlines(), 1)
    return [number for number, line in lines if MARK in line and not line.startswith("#")]


def draft(use_case_id: str, guess: Guess, topology: Topology, file: str, schema: str) -> str:
    """Return the YAML of a use case.

    Args:
        use_case_id: its id.
        guess: what was guessed.
        topology: names the people.
        file: the name of the file.
        schema: where editors find the JSON schema.

    Raises:
        StackError: the topology has not three people.
    """
    trainer, owner, officer = _people(topology)
    dashed = use_case_id.replace("_", "-")
    title = use_case_id.replace("_", " ").capitalize()
    resources = "instance_type: ml.m5.large"
    lines = [
        f"# yaml-language-server: $schema={schema}",
        f"# {title}: what {guess.label!r} will be. Drafted from {file}.",
        f"# Lines with `{MARK}` hold a guess. Look at it, then take the mark out.",
        f"id: {use_case_id}",
        f"name: {title}",
        f"risk: limited {MARK} high, limited or minimal",
        f"owner: {owner} {MARK} who answers for it",
        f"line_of_business: {dashed} {MARK} whose it is",
        f"project: {dashed}",
        "",
        *_data(guess, dashed, file),
        "",
        f"processing: {{{resources}, image: processing}}",
        f"evaluation: {{{resources}, image: xgboost}}",
        "",
        "feature_groups:",
        *_group(f"{dashed}-input", "What is known before", guess.features, guess),
        "",
        *_group(f"{dashed}-outcome", "What is predicted", [guess.columns[guess.label]], guess),
        "",
        *_model(use_case_id, guess, trainer, owner, officer),
    ]
    return "\n".join(lines) + "\n"


def source_draft(use_case_id: str, source: str, guess: Guess, file: str) -> str:
    """Return the YAML of a further source of a use case: its contract and a feature group."""
    dashed = f"{use_case_id}_{source}".replace("_", "-")
    _, *contract = _data(guess, dashed, file)
    group, *features = _group(dashed, f"What {source} say", guess.features, guess)
    contract_lines = textwrap.indent("\n".join(contract), "  ").splitlines()
    lines = ["sources:", f"  {source}:", *contract_lines, "feature_groups:"]
    return "\n".join([*lines, group, f"    from: {source}", *features]) + "\n"


def _people(topology: Topology) -> tuple[str, str, str]:
    """Return who trains, who decides on test, and who on production: three people."""
    deciders = {
        stage: [name for name, person in topology.people.items() if stage in person.decides]
        for stage in ("test", "production")
    }
    for officer in deciders["production"]:
        for owner in reversed(deciders["test"]):
            for trainer in topology.people:
                if len({officer, owner, trainer}) == 3:
                    return trainer, owner, officer
    raise StackError(
        f"topology {topology.name}: `people` has no three people of whom one decides on test and "
        "another on production"
    )


def _data(guess: Guess, dashed: str, file: str) -> list[str]:
    form = guess.file
    declared: dict[str, Any] = {"separator": form.separator, "header": form.header}
    plain = {"quote": '"', "decimal": ".", "encoding": "utf-8", "compression": "none"}
    declared |= {key: v for key, usual in plain.items() if (v := getattr(form, key)) != usual}
    declared |= {"skip_lines": form.skip_lines} if form.skip_lines else {}
    declared |= {"nulls": list(form.nulls)} if form.nulls else {}
    said = "by the file's first rows; nothing else is trimmed or repaired"
    if form.nulls:
        said = f"that {', '.join(form.nulls)} stands for no value, in every column"
    if form.parquet:
        said = "a Parquet file says of itself how it is written"
    if guess.id_column:
        id_ = _flow({"from": "column", "column": guess.id_column})
        id_ += f" {MARK} {guess.doubts['record_id']}" if "record_id" in guess.doubts else ""
    else:
        id_ = _flow({"from": "line_number", "format": f"{dashed}-%06d"})
        id_ += f" {MARK} no id was named; with it, a corrected file changes its records"
    if guess.time and guess.time_column:
        form_, zone = guess.time
        time = {"column": guess.time_column} | ({"format": form_} if form_ != "iso" else {})
        event_time = _flow(time | ({"zone": zone} if zone else {}))
        event_time += f" {MARK} the zone is a guess" if zone else ""
    else:
        event_time = _flow({"as_of": guess.as_of})
        event_time += f" {MARK} the day that the file describes; this is that of the file itself"
        if not guess.label:
            event_time += ": rows of other files before it find no record here (point_in_time)"
    lines = [
        "data: # of several files each has its own: `sources` (docs/ingestion.md)",
        f"  description: {_flow(f'{file}, {len(form.columns)} columns')}",
        f"  format: {_flow(declared)} {MARK} {said}",
        f"  record_id: {id_}",
        f"  event_time: {event_time}",
        f"  columns: {_wrapped(form.columns, '    ')}",
    ]
    if guess.ignored:
        why = "; ".join(f"{name}: {reason}" for name, reason in guess.ignored.items())
        lines.append(f"  ignored: {_flow(list(guess.ignored))} {MARK} {why}")
    return lines


def _group(name: str, description: str, columns: Iterable[ColumnGuess], guess: Guess) -> list[str]:
    lines = [f"  - name: {name}", f"    description: {description}", "    features:"]
    for column in columns:
        feature: dict[str, Any] = {
            "name": guess.names[column.source],
            "source": column.source,
            "type": column.type,
        }
        doubts = list(column.doubts)
        if column.source == guess.label and guess.classes:
            whole = column.type == "Integral"
            feature["codes"] = {int(c) if whole else c: c for c in guess.classes}
            doubts = ["what each class means"]
        elif column.codes:
            feature["codes"] = {code: code for code in column.codes}
            doubts.append("another value is refused; say what each means")
        elif column.low is not None:
            feature["range"] = {"min": _plain(column.low), "max": _plain(column.high or 0)}
        if column.nullable:
            feature["nullable"] = True
        if column.time:
            form, zone = column.time
            feature["time"] = {"format": form} | ({"zone": zone} if zone else {})
        lines.append(
            f"      - {_flow(feature)}" + (f" {MARK} {'; '.join(doubts)}" if doubts else "")
        )
        if column.time:
            lines.append(f"      - {_flow(_days(column, guess))}")
    return lines


def _days(column: ColumnGuess, guess: Guess) -> dict[str, Any]:
    derived = {
        "name": guess.days_of(column),
        "type": "Fractional",
        "unit": "days",
        "derive": {"op": "days_before_event_time", "of": [guess.names[column.source]]},
    }
    return derived | ({"nullable": True} if column.nullable else {})


def _model(use_case_id: str, guess: Guess, trainer: str, owner: str, officer: str) -> list[str]:
    dashed = use_case_id.replace("_", "-")
    one_hot = [
        guess.names[column.source]
        for column in guess.features
        if column.is_input and column.codes and len(column.codes) <= ONE_HOT
    ]
    texts = [column for column in guess.features if not column.is_input and not column.time]
    left_out = [guess.names[column.source] for column in texts]
    label = f"      label: {guess.names[guess.label]}"
    label += f" {MARK} {guess.doubts['label']}" if "label" in guess.doubts else ""
    return [
        "models:",
        f"  - name: {use_case_id}",
        f"    group: {dashed}",
        f"    description: Gradient-boosted trees that predict {guess.names[guess.label]}",
        f"    problem_type: {guess.problem}",
        f"    purpose: To be said {MARK} what it is for, and what it is not for; on its card",
        f"    risk: medium {MARK} high, medium or low; on its card",
        *_dataset(guess),
        f"    trainer: {trainer} {MARK} who trains decides on nothing",
        f"    approvers: {{test: [{owner}], production: [{officer}]}} {MARK} two people",
        "    training:",
        "      scripts: boosted_trees",
        "      instance_type: ml.m5.large",
        "      image: xgboost",
        f"      features: {_wrapped(guess.inputs, '        ')}"
        f" {MARK} nothing that is known only afterwards"
        + (f"; left out: {', '.join(left_out)}" if left_out else ""),
        *([f"      one_hot: {_wrapped(one_hot, '        ')}"] if one_hot else []),
        label,
        f"      split: {_split(guess)}",
        f"      select_by: {_SELECT_BY[guess.problem]}",
        f"      hyperparameters: {_hyperparameters(guess)}",
        "      candidates:",
        "        - {max_depth: 3}",
        "        - {max_depth: 5}",
        "      search: {space: {max_depth: {choices: [2, 4, 6]}, eta: {choices: [0.05, 0.1, 0.2]}}}"
        " # what SEED draws other candidates from",
        "    gates:",
        *_gates(guess),
        "    deployment: {instance_type: ml.m5.large, count: 1}",
    ]


_SELECT_BY: Final = {
    "binary classification": "validation_auc",
    "multi-class classification": "validation_mlogloss",
    "regression": "validation_mse",
}


def _dataset(guess: Guess) -> list[str]:
    if not guess.by_time:
        return []
    return ["    dataset: {mode: point_in_time} # the time is a column, which the split orders by"]


def _split(guess: Guess) -> str:
    if guess.by_time:
        return (
            "{method: by_time, test_size: 0.3, time_column: event_time} # the latest are the test"
        )
    said = f" {MARK} by_time, if the model is asked about later rows" if guess.time else ""
    return "{method: stratified, test_size: 0.3}" + said


def _hyperparameters(guess: Guess) -> str:
    usual = "seed: 0, eta: 0.1, subsample: 0.8, num_boost_round: 100"
    if guess.rarest < RARE:
        return (
            f"{{{usual}, class_weight: balanced}} {MARK} the rarest class has "
            f"{guess.rarest:.1%} of the rows; without the weight, probabilities are shares"
        )
    return f"{{{usual}}}"


def _gates(guess: Guess) -> list[str]:
    held_out = guess.file.rows * 15 // 100
    if guess.problem == "regression":
        numbers = [float(value.replace(guess.file.decimal, ".")) for value in guess.labels]
        bound = f"{statistics.pvariance(numbers) * 0.9:.3g}"
        metric, margin = "mse", f"{float(bound) / 10:.3g}"
        first = f"{{metric: mse, max: {float(bound):g}}} {MARK} a tenth better than the mean alone"
        sample = f"{{kind: sample, min_rows: {min(100, held_out // 2)}}}"
    else:
        rarest = int(guess.rarest * guess.file.rows) * 15 // 100
        metric, margin = "accuracy", "0.05"
        first = (
            f"{{metric: accuracy, min: {guess.most_frequent:.2f}}} {MARK} the share of the most "
            "frequent class, which needs no model"
        )
        if guess.problem == "binary classification":
            metric = "auc"
            first = f"{{metric: auc, min: 0.6}} {MARK} 0.5 is a coin"
        elif guess.rarest < RARE:
            metric, least = "macro_f1", 1.2 / len(guess.classes)
            first = f"{{metric: macro_f1, min: {least:.2f}}} {MARK} each class weighs the same"
        sample = (
            f"{{kind: sample, min_rows: {min(100, held_out // 2)}, "
            f"min_of_each_class: {max(1, min(30, rarest // 2))}}}"
        )
    return [
        f"      - {first}",
        f"      - {sample} {MARK} fewer held-out rows say too little",
        f"      - {{kind: production, metric: {metric}, margin: {margin}}} {MARK} how much worse "
        "than what is live",
    ]


def _plain(number: float) -> int | float:
    return int(number) if float(number).is_integer() else number


class _Dumper(yaml.SafeDumper):
    """Puts quotes around each text that some reader of YAML may take for something else."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _WORDS.fullmatch(text) and text.lower() not in _NO_TEXTS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else "'")


_Dumper.add_representer(str, _text)
_WORDS: Final = re.compile(r"[A-Za-z_][\w .%/()&+-]*")
_NO_TEXTS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=True,
        width=100_000,
        sort_keys=False,
        allow_unicode=True,
    )
    return text.removesuffix("\n...\n").strip()


def _wrapped(names: Iterable[str], indent: str) -> str:
    """Return a list of names as YAML, wrapped at 100 characters."""
    lines, line = [], "["
    for name in _terminated([_flow([name])[1:-1] for name in names]):
        if len(indent) + len(line) + len(name) > 96 and line.strip("["):
            lines.append(line.rstrip())
            line = indent
        line += name
    return "\n".join([*lines, line])


def _terminated(names: Sequence[str]) -> list[str]:
    return [f"{name}, " for name in names[:-1]] + [f"{names[-1]}]"]
