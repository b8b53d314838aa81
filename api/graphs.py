"""Which graphs the API accepts jobs for, and whether an input fits."""

import logging
import re
import time
from dataclasses import dataclass, field
from typing import Any, Final, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, UnknownType, ValidationError
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from tailrace.api.refusals import FieldError, GraphBroken, InvalidInput, UnknownGraph
from tailrace.api.schemas import ERRORS_SHOWN, pointer
from tailrace.shared import catalogue
from tailrace.shared.catalogue import Catalogue, GraphSpec
from tailrace.shared.redis import Client

_FRESH_S: Final = 1.0
_CANT_TELL: Final = (SchemaError, UnknownType, Unresolvable, re.error)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Graphs:
    """The catalogue as this process last read it, a second ago at most."""

    redis: Client
    _catalogue: Catalogue = field(default_factory=lambda: Catalogue({}, 0))
    _read_at: float = float("-inf")
    _validators: dict[str, tuple[GraphSpec, Validator]] = field(
        default_factory=dict[str, tuple[GraphSpec, Validator]]
    )

    async def catalogue(self) -> Catalogue:
        """What is served.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        if time.monotonic() - self._read_at > _FRESH_S:
            self._catalogue = await catalogue.read(self.redis)
            self._read_at = time.monotonic()
        return self._catalogue

    async def check(self, name: str, value: Any) -> None:
        """Refuse a job that no worker could start.

        Raises:
            UnknownGraph: nobody serves a graph of that name.
            GraphBroken: no worker could load it.
            InvalidInput: the graph's own schema refuses the input.
            StoreUnavailable: the store did not answer.
        """
        spec = (await self.catalogue()).graphs.get(name)
        if spec is None:
            raise UnknownGraph("Nobody serves a graph of that name; GET /graphs lists them.")
        if spec.broken is not None:
            raise GraphBroken(f"{name}: {spec.broken.detail}")
        if errors := self._errors(spec, value):
            shown = [FieldError(pointer(["input", *e.path]), _detail(e)) for e in errors]
            raise InvalidInput("The graph does not take this input.", tuple(shown[:ERRORS_SHOWN]))

    def _errors(self, spec: GraphSpec, value: Any) -> list[ValidationError]:
        try:
            errors = list(self._validator(spec).iter_errors(value))
        except _CANT_TELL as error:
            # A graph may describe its input in ways that can't be checked: then it checks itself.
            fields = {"graph": spec.name, "reason": type(error).__name__}
            logger.warning("input schema can't be evaluated", extra=fields)
            return []
        return sorted(errors, key=lambda e: [str(part) for part in e.path])

    def _validator(self, spec: GraphSpec) -> Validator:
        known = self._validators.get(spec.name)
        if known is None or known[0] != spec:
            Draft202012Validator.check_schema(spec.input_schema)
            # An own registry: a schema that points elsewhere must not make us fetch anything.
            made = Draft202012Validator(spec.input_schema, registry=Registry())
            known = self._validators[spec.name] = (spec, cast("Validator", made))
        return known[1]


def _detail(error: Any) -> str:
    message = str(error.message)
    return message if len(message) <= 200 else f"Does not fit the schema's {error.validator}."
