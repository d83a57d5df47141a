"""The JSON of an audit is what its schema says, and the schema tells every key that is written."""

import json
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator, ValidationError

from rstheory.audit.export import to_json

SCHEMA = json.loads(files("rstheory.audit").joinpath("audit.schema.json").read_text(encoding="utf-8"))


def validate(data):
    Draft202012Validator(SCHEMA).validate(data)


def untold(schema, data, where=""):
    """Paths of keys in the data that the schema does not name."""
    schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    found = []
    if isinstance(data, dict) and "properties" in schema:
        found += [f"{where}.{key}" for key in data if key not in schema["properties"]]
        for key, told in schema["properties"].items():
            found += untold(told, data[key], f"{where}.{key}") if key in data else []
    if isinstance(data, list) and "items" in schema:
        found += [path for item in data[:3] for path in untold(schema["items"], item, where)]
    return found


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_a_report_is_what_the_schema_says(report):
    data = json.loads(json.dumps(to_json(report)))
    validate({**data, "errors": [], "skipped": [{"path": "notes.md", "message": "no log"}]})
    assert untold(SCHEMA, data) == []


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("logs", "acr", "0.3"),
        ("logs", "samples", 1.5),
        ("logs", "warnings", [{"code": "rounded-radius"}]),
        ("comparisons", "interval", [0.1]),
        ("comparisons", "dominates", 1),
        ("groups", "logs", "x/first.tsv"),
    ],
)
def test_what_is_something_else_is_refused(part, key, value, report):
    data = json.loads(json.dumps(to_json(report)))
    data[part][0][key] = value
    with pytest.raises(ValidationError):
        validate(data)


@pytest.mark.parametrize("key", ["logs", "comparisons"])
def test_what_is_missing_is_refused(key, report):
    data = to_json(report)
    del data[key]
    with pytest.raises(ValidationError):
        validate(data)
