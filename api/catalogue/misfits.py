"""Where a value does not match a JSON Schema, place by place, in words for its author."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, UnknownType, ValidationError
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from tailrace.api.errors import FieldError
from tailrace.api.schemas import ERRORS_SHOWN, pointer

Schema = Mapping[str, Any]

_CANT_TELL: Final = (SchemaError, UnknownType, Unresolvable, re.error)
_SHOWN: Final = 200

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Misfits:
    """Finds them, and keeps by name a validator for the schema that it last used."""

    _validators: dict[str, tuple[Schema, Validator]] = field(
        default_factory=dict[str, tuple[Schema, Validator]]
    )

    def of(self, name: str, schema: Schema, place: str, value: Any) -> list[FieldError]:
        """The first misfits; none if the schema itself can't be evaluated.

        Args:
            name: what the schema belongs to, such as a graph's name.
            schema: the schema.
            place: the field of the body that holds the value.
            value: what has to match.
        """
        try:
            errors = list(self._validator(f"{name} {place}", schema).iter_errors(value))
        except _CANT_TELL as error:
            # Some schemas can't be evaluated here; then only the graph checks its input.
            fields = {"graph": name, "reason": type(error).__name__}
            logger.warning("schema can't be evaluated", extra=fields)
            return []
        ordered = sorted(errors, key=lambda e: [str(part) for part in e.path])
        return [told for error in ordered for told in _told(error, place)][:ERRORS_SHOWN]

    def _validator(self, key: str, schema: Schema) -> Validator:
        known = self._validators.get(key)
        if known is None or known[0] != schema:
            Draft202012Validator.check_schema(schema)
            # A registry of its own: a schema that points elsewhere must not make us fetch anything.
            made = Draft202012Validator(schema, registry=Registry())
            known = self._validators[key] = (schema, cast("Validator", made))
        return known[1]


def _told(error: ValidationError, place: str) -> Iterator[FieldError]:
    path = [place, *error.path]
    if error.validator == "additionalProperties" and error.validator_value is False:
        yield from _unknown_names(error, path)
        return
    message = str(error.message)
    short = len(message) <= _SHOWN
    shown = message if short else f"Does not match the schema's {error.validator}."
    yield FieldError(pointer(path), shown)


def _unknown_names(error: ValidationError, path: Sequence[str | int]) -> Iterator[FieldError]:
    known = list(cast("Schema", error.schema).get("properties", {}))
    for name in cast("Mapping[str, Any]", error.instance):
        if name not in known:
            shown = f"There is no such field. {_hint(name, known)}"
            yield FieldError(pointer([*path, name]), shown)


def _hint(name: str, known: Sequence[str]) -> str:
    if near := get_close_matches(name, known, n=1):
        return f"Did you mean {near[0]!r}?"
    listed = ", ".join(sorted(known))
    return (
        f"The fields are {listed}."
        if listed and len(listed) <= _SHOWN
        else "GET /graphs lists them."
    )
