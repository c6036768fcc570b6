"""Processing job: from the raw file to the features of each feature group.

Reads the raw file (folder `--raw`) and the contract document (folder `--contract`, JSON). For each
group it writes one Parquet file with the record id, the event time and the group's features, taken
from raw columns or derived as the contract says, and `summary.json` with statistics of every
feature. A value depends on its own record only: nothing is fitted on the file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from folders import only_file, write_json  # type: ignore[import-not-found]

TYPES = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
Contract = dict[str, Any]


def read_raw(path: Path, contract: Contract) -> pa.Table:
    """Read the raw file with the types that the contract declares.

    Raises:
        SystemExit: a column is missing, or a value has another type.
    """
    sources = {
        feature["source"]: TYPES[feature["type"]]
        for group in contract["groups"]
        for feature in group["features"]
        if feature["source"]
    }
    columns: list[str] = contract["columns"]
    try:
        return pyarrow.csv.read_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(
                column_names=None if contract["header"] else columns
            ),
            parse_options=pyarrow.csv.ParseOptions(delimiter=contract["separator"]),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: sources.get(name, pa.string()) for name in columns},
                include_columns=columns,
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise SystemExit(f"{path.name} does not keep the contract: {error}") from error


def derive(rule: dict[str, Any], operands: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Compute a derived feature: `ratio`, `log1p` or `normalise` with declared bounds."""
    first = operands[0].cast(pa.float64())
    if rule["op"] == "ratio":
        return pc.divide(first, operands[1].cast(pa.float64()))
    if rule["op"] == "log1p":
        return pc.log1p(first)
    if rule["op"] == "normalise":
        return pc.divide(pc.subtract(first, rule["min"]), float(rule["max"] - rule["min"]))
    raise SystemExit(f"the contract derives by {rule['op']!r}, which this script does not know")


def identifiers(raw: pa.Table, rule: dict[str, Any]) -> pa.Array | pa.ChunkedArray:
    """Return the record ids: of the line number (from 1, the header not counted) or a column."""
    if rule["from"] == "column":
        return raw[rule["column"]].cast(pa.string())
    return pa.array([rule["format"] % number for number in range(1, raw.num_rows + 1)])


def engineer(raw: pa.Table, contract: Contract) -> dict[str, pa.Table]:
    """Return the table of each group by its file name.

    Raises:
        SystemExit: a feature that may not be empty has empty values or is no finite number.
    """
    features = [feature for group in contract["groups"] for feature in group["features"]]
    values = {feature["name"]: raw[feature["source"]] for feature in features if feature["source"]}
    for feature in features:
        if feature["derive"]:
            rule = feature["derive"]
            values[feature["name"]] = derive(rule, [values[name] for name in rule["of"]])
        _refuse_empty(feature, values[feature["name"]])
    ids = identifiers(raw, contract["record_id"])
    when = contract["event_time"]
    times = (
        pa.array([when["fixed"]] * raw.num_rows, pa.string())
        if "fixed" in when
        else raw[when["column"]].cast(pa.string())
    )
    return {
        group["file"]: pa.table(
            {group["record_identifier"]: ids, group["event_time"]: times}
            | {feature["name"]: values[feature["name"]] for feature in group["features"]}
        )
        for group in contract["groups"]
    }


def _refuse_empty(feature: dict[str, Any], values: pa.ChunkedArray) -> None:
    bad = pc.is_null(values, nan_is_null=True)
    if pa.types.is_floating(values.type):
        bad = pc.or_(bad, pc.fill_null(pc.is_inf(values), False))
    count = pc.sum(bad).as_py() or 0
    if count and not feature["nullable"]:
        row = pc.index(bad, True).as_py() + 1
        raise SystemExit(
            f"{feature['name']} has no value in {count} row(s), the first is row {row}"
        )


def statistics(tables: dict[str, pa.Table]) -> dict[str, Any]:
    """Return minimum, maximum, mean and standard deviation of every numeric feature."""
    summary = {}
    for table in tables.values():
        for name in table.column_names:
            column = table[name]
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
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw file")
    parser.add_argument("--contract", type=Path, required=True, help="folder of the contract")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    contract: Contract = json.loads(only_file(arguments.contract).read_text(encoding="utf-8"))
    raw = read_raw(only_file(arguments.raw), contract)
    if raw.num_rows == 0:
        raise SystemExit("the raw file has no rows")
    tables = engineer(raw, contract)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        pyarrow.parquet.write_table(table, arguments.output / name)
        print(f"{name}: {table.num_rows} rows, {table.num_columns - 2} features")
    summary = {"rows": raw.num_rows, "features": statistics(tables)}
    write_json(arguments.output / "summary.json", summary)


if __name__ == "__main__":
    main()
