"""Processing job: from the validated rows of a raw file to the features of each feature group.

Reads the rows (folder `--rows`, Parquet: `_line`, the row's number in the raw file; `_record` and
`_time`, id and event time; the features that have a raw column) and the contract document (folder
`--contract`, JSON). How the raw file is written was decided when it was validated. For each group
it writes one Parquet file with the record id, the event time, the group's features, taken or
derived as the contract says, and the row's number, and `summary.json` with statistics of every
feature. A value depends
on its own record only: nothing is fitted on the file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from folders import only_file, write_json  # type: ignore[import-not-found]

Contract = dict[str, Any]
LINE, RECORD, TIME = "_line", "_record", "_time"
#: Rows that a refusal names.
SHOWN = 20
WORDS = {
    "ratio": "{} / {}",
    "log1p": "log(1 + {})",
    "normalise": "({} - min) / (max - min)",
    "days_before_event_time": "event time - {}",
}
DAY = 24 * 60 * 60 * 1_000_000


def read_rows(path: Path, contract: Contract) -> pa.Table:
    """Read the validated rows.

    Raises:
        SystemExit: it is no such file, or lacks a feature of the contract.
    """
    try:
        rows = pyarrow.parquet.read_table(path)
    except pa.ArrowInvalid as error:
        raise SystemExit(f"{path.name} holds no validated rows: {error}") from error
    names = [LINE, RECORD, TIME]
    names += [f["name"] for group in contract["groups"] for f in group["features"] if f["source"]]
    missing = [name for name in names if name not in rows.column_names]
    if missing:
        raise SystemExit(f"{path.name} lacks the column(s) {', '.join(missing)}")
    return rows


def days_between(earlier: pa.ChunkedArray, later: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return how many days lie between instants; less than none where the order is another."""
    first, second = (
        times.cast(pa.timestamp("us", "UTC")).cast(pa.int64()) for times in (earlier, later)
    )
    return pc.divide(pc.subtract(second, first).cast(pa.float64()), float(DAY))


def derive(
    rule: dict[str, Any], operands: list[pa.ChunkedArray], times: pa.ChunkedArray
) -> pa.ChunkedArray:
    """Compute a derived feature: `ratio`, `log1p`, `normalise` with declared bounds, or days.

    `times` are the event times of the records. What has no finite value (a division by zero, the
    logarithm of what is not above zero) is null.
    """
    if rule["op"] == "days_before_event_time":
        return days_between(operands[0], times)
    first = operands[0].cast(pa.float64(), safe=False)
    if rule["op"] == "ratio":
        values = pc.divide(first, operands[1].cast(pa.float64(), safe=False))
    elif rule["op"] == "log1p":
        values = pc.log1p(first)
    elif rule["op"] == "normalise":
        values = pc.divide(pc.subtract(first, rule["min"]), float(rule["max"] - rule["min"]))
    else:
        raise SystemExit(f"the contract derives by {rule['op']!r}, which this script does not know")
    return pc.if_else(pc.is_finite(values), values, None)


def engineer(rows: pa.Table, contract: Contract) -> dict[str, pa.Table]:
    """Return the table of each group by its file name.

    Raises:
        SystemExit: a feature that may not be empty has no value.
    """
    features = [feature for group in contract["groups"] for feature in group["features"]]
    fixed = contract["event_time"]
    times = pa.chunked_array([[fixed] * rows.num_rows], pa.string()) if fixed else rows[TIME]
    values = {feature["name"]: rows[feature["name"]] for feature in features if feature["source"]}
    for feature in features:
        if feature["derive"]:
            operands = [values[name] for name in feature["derive"]["of"]]
            values[feature["name"]] = derive(feature["derive"], operands, times)
            _refuse_gaps(feature, values[feature["name"]], operands, rows[LINE])
    return {
        group["file"]: pa.table(
            {group["record_identifier"]: rows[RECORD], group["event_time"]: times}
            | {feature["name"]: values[feature["name"]] for feature in group["features"]}
            | {LINE: rows[LINE]}
        )
        for group in contract["groups"]
    }


def _refuse_gaps(
    feature: dict[str, Any],
    values: pa.ChunkedArray,
    operands: list[pa.ChunkedArray],
    lines: pa.ChunkedArray,
) -> None:
    """Stop at a feature without a value that may not be empty, naming line, rule and operands."""
    if feature["nullable"] or not values.null_count:
        return
    rule = feature["derive"]
    said = f"{feature['name']} = {WORDS[rule['op']].format(*rule['of'])}"
    gaps = pc.indices_nonzero(pc.is_null(values)).slice(0, SHOWN)
    shown = [
        f"  row {line}: {said} has no value for "
        + ", ".join(
            f"{name} = {'empty' if value is None else value}"
            for name, value in zip(rule["of"], row, strict=True)
        )
        for line, *row in zip(
            *(column.take(gaps).to_pylist() for column in (lines, *operands)), strict=True
        )
    ]
    raise SystemExit(
        f"{feature['name']} may not be empty, and has no value in {values.null_count} row(s):\n"
        + "\n".join(shown)
        + "\nDeclare it `nullable`, or narrow the range of what it is derived from."
    )


def statistics(tables: dict[str, pa.Table]) -> dict[str, Any]:
    """Return minimum, maximum, mean and standard deviation of every numeric feature."""
    summary = {}
    for table in tables.values():
        for name in table.column_names:
            column = table[name]
            if name == LINE:
                continue
            if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
                bounds = pc.min_max(column).as_py()
                summary[name] = {
                    "min": bounds["min"],
                    "max": bounds["max"],
                    "mean": pc.mean(column).as_py(),
                    "stddev": pc.stddev(column).as_py(),
                    "empty": column.null_count,
                }
    return summary


def main() -> None:
    """Read the command line, write the groups and the summary."""
    parser = argparse.ArgumentParser(description="Engineer the features of the contract")
    parser.add_argument("--rows", type=Path, required=True, help="folder of the validated rows")
    parser.add_argument("--contract", type=Path, required=True, help="folder of the contract")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    contract: Contract = json.loads(only_file(arguments.contract).read_text(encoding="utf-8"))
    rows = read_rows(only_file(arguments.rows), contract)
    if rows.num_rows == 0:
        raise SystemExit("there are no rows")
    tables = engineer(rows, contract)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        pyarrow.parquet.write_table(table, arguments.output / name)
        print(f"{name}: {table.num_rows} rows, {table.num_columns - 3} features")
    summary = {"rows": rows.num_rows, "features": statistics(tables)}
    write_json(arguments.output / "summary.json", summary)


if __name__ == "__main__":
    main()
