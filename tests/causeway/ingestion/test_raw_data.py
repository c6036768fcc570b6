import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.errors import BadInput
from causeway.ingestion.raw_data import RawFile, validate_raw
from causeway.use_cases import files
from causeway.use_cases.use_case import UseCase
from tests.causeway.values import use_case_of

TEXT = (files.USE_CASES_DIR / "credit_risk.yaml").read_text()
HEADER = (
    "laufkont laufzeit moral verw hoehe sparkont beszeit rate famges buerge wohnzeit verm alter "
    "weitkred wohn bishkred beruf pers telef gastarb kredit"
)
ROW = "1 18 4 2 1049 1 2 4 2 1 4 2 21 3 1 1 3 2 1 2 1"


def validate(content: bytes | str, case: UseCase, **options: Any) -> RawFile:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return validate_raw(path, case.raw_source(), **options)


def lines(*rows: str) -> str:
    return "\n".join((HEADER, *rows)) + "\n"


def test_a_good_file_is_counted_and_digested(case: UseCase) -> None:
    raw_file = validate(lines(ROW, ROW).encode(), case)
    assert (raw_file.rows, raw_file.size) == (2, len(lines(ROW, ROW)))


def test_the_digest_is_of_the_bytes(case: UseCase) -> None:
    first = validate(lines(ROW).encode(), case).sha256
    assert validate(lines(ROW).encode(), case).sha256 == first
    assert validate(lines(ROW, ROW).encode(), case).sha256 != first


def test_old_line_ends_are_taken(case: UseCase) -> None:
    assert validate(lines(ROW, ROW).replace("\n", "\r"), case).rows == 2


def test_line_ends_and_a_byte_order_mark_are_taken(case: UseCase) -> None:
    content = b"\xef\xbb\xbf" + lines(ROW).replace("\n", "\r\n").encode()
    assert validate(content, case).rows == 1


def test_columns_may_stand_in_another_order(case: UseCase) -> None:
    turned = "\n".join(" ".join(reversed(line.split())) for line in (HEADER, ROW))
    assert validate(turned, case).rows == 1


def change(column: str, value: str) -> str:
    values = dict(zip(HEADER.split(), ROW.split(), strict=True)) | {column: value}
    return " ".join(values.values())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the raw file is empty"),
        ("\n\n", "the raw file is empty"),
        (HEADER, "has a header, but no records"),
        (
            lines(ROW).replace(" hoehe", "").replace(" 1049", ""),
            "row 1, column 'hoehe': the column is missing",
        ),
        (lines(ROW).replace("kredit\n", "kredit hoehe\n"), "column 'hoehe': stands 2 times"),
        (lines(ROW).replace("kredit\n", "kredit id\n"), "column 'id': is no column"),
        (
            lines(ROW).replace(" ", ","),
            "has one column, its contract 21: expected the separator space (' '), found comma",
        ),
        (lines(ROW).replace(" ", ";"), "found semicolon (';')"),
        (lines(ROW).replace(" ", "\t"), "found tab ('\\t')"),
        (
            lines(ROW, change("verw", "11")),
            "row 3, column 'verw', value '11': is an unknown code; allowed: 0, 1, 2",
        ),
        (lines(change("hoehe", "much")), "row 2, column 'hoehe', value 'much': is no whole number"),
        (lines(change("hoehe", "-1")), "row 2, column 'hoehe', value '-1': is out of range"),
        (lines(ROW, ROW + " 1"), "has 22 values, expected 21"),
        (lines(ROW, "", ROW), "row 3: the line is empty"),
        (lines(ROW, "   "), "row 3: the line is empty"),
        ("\n   \n", "the raw file is empty"),
        (lines(ROW + " "), "has 22 values, expected 21"),
        (lines("9" * 200_000), "has 1 values, expected 21"),
        ("9" * 200_000 + "\n" + ROW, "found no known separator"),
        (lines(ROW).encode("utf-16"), "is text in UTF-16; the contract declares utf-8"),
        (lines(ROW).encode() + b"\xff\n", "row 3"),
    ],
)
def test_bad_input_is_named_with_row_column_and_value(
    case: UseCase, content: str | bytes, message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        validate(content, case)
    assert message in str(caught.value)
    assert "nothing was written" in str(caught.value)


def with_ids() -> UseCase:
    text = TEXT.replace(
        '{from: line_number, format: "sgc-%06d"}', "{from: column, column: nummer}"
    ).replace("columns: [laufkont", "columns: [nummer, laufkont")
    return use_case_of(text)


def test_a_duplicate_record_id_names_both_rows() -> None:
    rows = [f"{number} {ROW}" for number in ("a", "b", "a")]
    with pytest.raises(BadInput, match=r"row 4.*'nummer'.*'a'.*duplicate of row 2"):
        validate("\n".join(("nummer " + HEADER, *rows)), with_ids())


def test_event_times_may_come_from_a_column() -> None:
    text = TEXT.replace(
        'event_time: {as_of: "2019-11-24T00:00:00Z"}', "event_time: {column: wann}"
    ).replace("columns: [laufkont", "columns: [wann, laufkont")
    case = use_case_of(text)
    good = validate(f"wann {HEADER}\n2020-01-01T01:00:00+01:00 {ROW}", case)
    assert good.rows == 1
    with pytest.raises(BadInput, match=r"row 2.*'wann'.*'soon'"):
        validate(f"wann {HEADER}\nsoon {ROW}", case)


def test_only_so_many_problems_are_listed_and_the_rest_counted(case: UseCase) -> None:
    with pytest.raises(BadInput) as caught:
        validate(lines(*(change("hoehe", f"x{n}") for n in range(30))), case, limit=5)
    assert [problem.row for problem in caught.value.problems] == [2, 3, 4, 5, 6]
    assert caught.value.more == 25


def test_a_file_without_header_is_read_by_position() -> None:
    case = use_case_of(TEXT.replace("header: true", "header: false"))
    assert validate(ROW, case).rows == 1


@given(st.binary(max_size=200))
def test_whatever_the_bytes_the_answer_is_a_table_or_bad_input(content: bytes) -> None:
    case = files.use_case("credit_risk")
    for prefix in (b"", HEADER.encode() + b"\n"):
        try:
            assert validate(prefix + content, case).rows > 0
        except BadInput as error:
            assert error.next_step
