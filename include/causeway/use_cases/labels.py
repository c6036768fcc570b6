"""What a model predicts, by the contract of its label: a number, or one of its codes.

A class has no other name than its code. Of two the favourable one is last, because a score is its
probability.
"""

from __future__ import annotations

from causeway.use_cases.contracts import Feature
from causeway.use_cases.job_scripts import BINARY, MULTI_CLASS, REGRESSION
from causeway.use_cases.training_specs import Training


def classes_of(training: Training, problem: str, label: Feature | None) -> tuple[str, ...]:
    """Return the classes in the order of a model's answers; none of a regression.

    A label of two classes without codes is 0 or 1; a column of the consumer's own table has codes
    where its declaration says them (`dataset.table.codes`).
    """
    if problem == REGRESSION:
        return ()
    codes = tuple(str(code) for code in label.codes or ()) if label else ()
    codes = codes or ("0", "1")
    if problem == MULTI_CLASS:
        return codes
    favourable = favourable_of(training, codes)
    return (*(code for code in codes if code != favourable), favourable)


def favourable_of(training: Training, classes: tuple[str, ...]) -> str:
    """Return the class that counts as favourable: the declared one, else 1, else the last."""
    if training.favourable is not None:
        return str(training.favourable)
    return "1" if "1" in classes else classes[-1]


def fault_of_label(training: Training, problem: str, label: Feature | None) -> str | None:
    """Say why a model cannot predict its label, or None."""
    name = training.label
    if problem == REGRESSION:
        if training.favourable is not None or "threshold" in training.model_fields_set:
            return "favourable: it and threshold are of classes, not of a regression"
        return (
            f"label: {name} is a String; a regression predicts numbers"
            if (label and label.type == "String")
            else None
        )
    if training.label_scale != 1:
        return f"label_scale: it is for regression, not for a {problem}"
    if label is not None and label.type == "Fractional":
        return f"label: {name} is Fractional; classes are the codes of a String or an Integral"
    codes = tuple(label.codes or ()) if label is not None else ()
    if not codes and (problem == MULTI_CLASS or (label is not None and label.type == "String")):
        where = "in its contract" if label is not None else "in `dataset.table.codes`"
        return f"label: {name} needs `codes` {where}, which are the classes"
    if codes and problem == BINARY and len(codes) != 2:
        return f"label: {name} has {len(codes)} codes; {BINARY} tells two apart"
    if codes and problem == MULTI_CLASS and len(codes) == 2:
        return f"label: {name} has two codes: problem_type is {BINARY}"
    if problem == MULTI_CLASS and "threshold" in training.model_fields_set:
        return "threshold: it is of two classes; of more the likeliest is the answer"
    classes = classes_of(training, problem, label)
    if training.favourable is not None and str(training.favourable) not in map(str, codes or "01"):
        return f"favourable: {training.favourable} is none of {', '.join(classes)}"
    return None
