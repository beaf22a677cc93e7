"""Labelled files: every form that is taken, and every problem told with file and line, all of them in one error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InputError, UsageError
from engine.learn.records import labelled_messages
from engine.learn.split import corpus, roles

CORPUS = Path(__file__).parents[2] / "models" / "corpus"


def put(path: Path, *records: Any) -> Path:
    lines = [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        labelled_messages([path])
    return str(caught.value).splitlines()


def task(text: str, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 7, "data": {"text": text, **more}, "annotations": [{"result": list(results), "was_cancelled": False}]}


def span(start: int, end: int, label: str) -> dict[str, Any]:
    return {
        "type": "labels",
        "from_name": "label",
        "to_name": "text",
        "value": {"start": start, "end": end, "labels": [label]},
    }


def choice(*labels: str) -> dict[str, Any]:
    return {"type": "choices", "from_name": "intent", "to_name": "text", "value": {"choices": list(labels)}}


# --- records ----------------------------------------------------------------------------------------------------------


def test_the_projects_own_corpus_reads_as_its_own_reader_reads_it() -> None:
    assert labelled_messages([CORPUS]) == list(corpus(CORPUS))


def test_a_fold_of_the_corpus_is_what_the_splits_say() -> None:
    chosen = {message.id for message in labelled_messages([CORPUS], "calibration")}
    assert chosen == {id_ for id_, role in roles(CORPUS).items() if role == "calibration"}


def test_a_fold_of_a_file_is_a_usage_error(tmp_path: Path) -> None:
    file = put(tmp_path / "own.jsonl", {"text": "x", "intents": ["other"]})
    with pytest.raises(UsageError, match=r"splits\.json"):
        labelled_messages([file], "test")


def test_only_a_text_and_its_labels_are_needed(tmp_path: Path) -> None:
    file = put(tmp_path / "own.jsonl", {"body": "20 % off", "intents": ["marketing"]})
    (message,) = labelled_messages([file])
    assert (message.id, message.lang, message.in_reply) == (f"{file}:1", "und", False)
    assert (message.body, message.intents) == ("20 % off", {"marketing"})


def test_kinds_are_labels_and_other_counts_only_alone(tmp_path: Path) -> None:
    segments = [{"t": "Hi", "l": None}, {"t": "Recall!", "l": "other"}, {"t": "Rate us", "l": "review_request.seller"}]
    first = {"id": "a", "segments": segments, "in_reply": True, "lang": "en", "subject": "S"}
    second = {"id": "b", "text": "x", "intents": ["other", "stock_out.delay"]}
    one, other = labelled_messages([put(tmp_path / "own.jsonl", first, second)])
    assert (one.intents, one.body, one.in_reply, one.subject) == ({"review_request"}, "Hi Recall! Rate us", True, "S")
    assert other.intents == {"stock_out"}


def test_every_problem_is_told_with_its_line(tmp_path: Path) -> None:
    file = put(
        tmp_path / "own.jsonl",
        {"id": "a", "text": "x", "intents": ["other"]},
        '{"text": "x", ',
        "",
        '"just a text"',
        {"text": "x", "intents": ["reviews_request"]},
        {"text": "x"},
        {"text": "x", "intents": []},
        {"intents": ["other"]},
        {"text": 5, "intents": ["other"]},
        {"segments": ["x"]},
        {"text": "x", "intents": ["other"], "in_reply": "yes"},
        {"id": "a", "text": "y", "intents": ["other"]},
    )
    told = problems(file)
    assert [line.partition(": ")[0] for line in told] == [f"{file}:{n}" for n in (2, 4, 5, 6, 7, 8, 9, 10, 11, 12)]
    for line, words in zip(
        told,
        ("not JSON", "not a str", "did you mean `review_request`?", "`intents`", "no label", "no `text`", "must be text",
         "a segment", "`in_reply`", f"also at {file}:1"),
        strict=True,
    ):  # fmt: skip
        assert words in line


def test_many_problems_are_cut_short(tmp_path: Path) -> None:
    assert problems(put(tmp_path / "own.jsonl", *["{"] * 50))[-1] == "... and 30 more"


def test_bytes_that_are_no_utf_8_and_missing_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "latin.jsonl").write_bytes(b'{"text": "a", "intents": ["other"]}\n{"text": "\xe9"}\n')
    assert problems(tmp_path / "latin.jsonl")[0].startswith(f"{tmp_path}/latin.jsonl:2: not UTF-8")
    assert "No such file" in problems(tmp_path / "none.jsonl")[0]


def test_no_message_at_all_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no labelled message"):
        labelled_messages([put(tmp_path / "own.jsonl", "")])


# --- Label Studio -----------------------------------------------------------------------------------------------------


def test_choices_of_an_export_label_the_whole_message(tmp_path: Path) -> None:
    exported = [
        task("Rate us\nplease", choice("review_request.seller"), lang="en", subject="S", in_reply=True, id="m1")
    ]
    file = tmp_path / "export.json"
    file.write_text(json.dumps(exported, indent=2), "utf-8")
    (message,) = labelled_messages([file])
    assert (message.id, message.lang, message.subject, message.in_reply) == ("m1", "en", "S", True)
    assert message.segments == (("Rate us\nplease", "review_request.seller"),)
    assert message.intents == {"review_request"}


def test_labelled_spans_of_an_export_become_segments(tmp_path: Path) -> None:
    text = "Hello. Which colour? Rate us. Bye"
    exported = task(text, span(21, 29, "review_request"), span(7, 20, "customization"))
    (message,) = labelled_messages([put(tmp_path / "one-a-line.jsonl", exported)])
    assert message.segments == (
        ("Hello.", None), ("Which colour?", "customization"), ("Rate us.", "review_request"), ("Bye", None),
    )  # fmt: skip
    assert message.body == text
    assert message.id == "7"


def test_the_ground_truth_counts_else_the_latest_annotation(tmp_path: Path) -> None:
    one = {**task("x"), "id": 1}
    one["annotations"] = [
        {"result": [choice("marketing")], "ground_truth": True},
        {"result": [choice("other")]},
    ]
    two = {**task("x"), "id": 2}
    two["annotations"] = [
        {"result": [choice("marketing")]},
        {"result": [choice("other")]},
        {"result": [choice("stock_out")], "was_cancelled": True},
    ]
    found = labelled_messages([put(tmp_path / "a.jsonl", one, two)])
    assert [message.intents for message in found] == [{"marketing"}, {"other"}]


def test_problems_of_an_export_are_told_with_the_line_where_the_task_begins(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    tasks = [task("x", choice("other")), task("x", choice("praise")), task("x"), task("x", span(0, 9, "other"))]
    tasks.append({"id": 5, "data": {"text": "x"}, "annotations": []})
    file.write_text("[\n" + ",\n".join(json.dumps(one) for one in tasks) + "\n]", "utf-8")
    told = problems(file)
    assert [line.partition(": ")[0] for line in told] == [f"{file}:{n}" for n in (3, 4, 5, 6)]
    assert "unknown label `praise`" in told[0]
    assert "no label" in told[1]
    assert "0 to 9" in told[2]
    assert "finished annotation" in told[3]


@pytest.mark.parametrize(("text", "line"), [('[\n{"a": 1}\n{', 3), ('[\n{"a": 1},\n{"b" 2}]', 3), ("[\n{}", 2)])
def test_a_broken_export_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / "export.json"
    file.write_text(text, "utf-8")
    assert problems(file)[-1].startswith(f"{file}:{line}: not JSON")
