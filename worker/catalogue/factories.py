"""Makes the graph for one run, from a graph or from any of LangGraph's forms of factory.

A factory takes no argument, the run's config, a runtime, or both. It may be a function, a coroutine
function, a context manager or a generator, asynchronous or not. A runtime is recognized by its
annotation, as LangGraph's server does, and without one by the name `runtime`.
"""

import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args, get_origin, get_type_hints

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config
from langgraph._internal._constants import CONFIG_KEY_RUNTIME
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph_sdk.runtime import ServerRuntime

from tailrace.shared.errors import ConfigurationError

Graph = Pregel[Any, Any, Any, Any]
Factory = Callable[..., Any]
Role = Literal["config", "runtime", "server_runtime"]

_RUN, _READ = get_args(ServerRuntime.__value__)
_SERVER_RUNTIMES: Final = tuple(get_origin(kind) or kind for kind in (_RUN, _READ))
_ANNOTATIONS: Final = {"ServerRuntime": ServerRuntime, "RunnableConfig": RunnableConfig}
"""For annotations that a module imports only under `TYPE_CHECKING`."""
_BY_NAME: Final[Mapping[str, Role]] = {"config": "config", "runtime": "server_runtime"}


@dataclass(frozen=True, slots=True)
class Call:
    """What a factory is called with."""

    config: RunnableConfig
    context: Any = None
    store: BaseStore | None = None
    reading: bool = False
    """The graph is only described; it does not run."""

    def arguments(self) -> Mapping[Role, Any]:
        """By role. The config is a copy, with what `get_config` and `get_store` look for."""
        runtime: Runtime[Any] = Runtime(context=self.context, store=self.store)
        configurable = {
            **self.config.get("configurable", {}),
            CONFIG_KEY_RUNTIME: runtime,
            "__is_for_execution__": not self.reading,
        }
        config = {**self.config, "configurable": configurable}
        return {"config": config, "runtime": runtime, "server_runtime": self._server_runtime()}

    def _server_runtime(self) -> Any:
        if self.reading:
            return _SERVER_RUNTIMES[1](access_context="assistants.read", store=self.store)
        return _SERVER_RUNTIMES[0](
            access_context="threads.create_run",
            store=self.store,
            user=self.config.get("configurable", {}).get("langgraph_auth_user"),
            context=self.context,
        )


@dataclass(frozen=True, slots=True)
class GraphSource:
    """One named graph, or the factory that makes it for each run."""

    name: str
    description: str
    made: Any
    roles: Mapping[str, Role] | None = None
    """The role of each argument of a factory; None: it is a graph."""

    @classmethod
    def of(cls, name: str, description: str, made: Any) -> "GraphSource":
        """The source for what a project's file names.

        Raises:
            ConfigurationError: it is neither a graph nor a factory that could be called.
        """
        if isinstance(made, StateGraph):
            return cls(name, description, cast("Any", made).compile())
        if isinstance(made, Pregel):
            return cls(name, description, made)
        if not callable(made):
            raise ConfigurationError(f"graph {name!r}: it is neither a graph nor a factory")
        return cls(name, description, made, _roles(name, made))

    @asynccontextmanager
    async def open(self, call: Call) -> AsyncGenerator[Graph]:
        """The compiled graph for one run; what the factory holds is released at the end.

        Raises:
            ConfigurationError: the factory did not return a graph.
            Exception: whatever the factory raises.
        """
        swallowed: BaseException | None = None
        try:
            async with AsyncExitStack() as stack:
                try:
                    yield await self._make(call, stack)
                except BaseException as error:
                    swallowed = error
                    raise
            if swallowed is not None:
                # Swallowed by the factory, but the run has failed.
                raise swallowed
        finally:
            del swallowed  # its traceback leads back here

    async def _make(self, call: Call, stack: AsyncExitStack) -> Graph:
        if self.roles is None:
            return self.made
        given = call.arguments()
        before = var_child_runnable_config.set(given["config"])
        try:
            made = self.made(**{name: given[role] for name, role in self.roles.items()})
            return self._compiled(await _entered(made, stack))
        finally:
            # Not for the run: it would be merged into the run's own config, as a parent's.
            var_child_runnable_config.reset(before)

    def _compiled(self, made: Any) -> Graph:
        if isinstance(made, StateGraph):
            return cast("Any", made).compile()
        if not isinstance(made, Pregel):
            raise ConfigurationError(f"graph {self.name!r}: its factory did not return a graph")
        return cast("Graph", made)


async def _entered(made: Any, stack: AsyncExitStack) -> Any:
    """The graph behind a coroutine, a generator or a context manager."""
    if inspect.isawaitable(made):
        return await _entered(await made, stack)
    if inspect.isasyncgen(made):
        generator = cast("AsyncGenerator[Any]", made)
        return await stack.enter_async_context(asynccontextmanager(lambda: generator)())
    if inspect.isgenerator(made):
        plain = cast("Generator[Any]", made)
        return stack.enter_context(contextmanager(lambda: plain)())
    if hasattr(made, "__aenter__"):
        return await stack.enter_async_context(made)
    return stack.enter_context(made) if hasattr(made, "__enter__") else made


def _roles(name: str, factory: Factory) -> Mapping[str, Role]:
    """The role of each argument of the factory; those left out have a default."""
    parameters, hints = _parameters(factory), _hints(factory)
    roles: dict[str, Role] = {}
    for parameter in parameters:
        annotation = hints.get(parameter.name, parameter.annotation)
        if role := _role_of_annotation(annotation) or _BY_NAME.get(parameter.name):
            roles[parameter.name] = role
    unknown = [parameter for parameter in parameters if parameter.name not in roles]
    if len(unknown) == 1 and "config" not in roles.values():
        # As LangGraph's server does: what is not a runtime is the config, by any name.
        roles[unknown[0].name] = "config"
        return roles
    for parameter in unknown:
        if parameter.default is inspect.Parameter.empty:
            raise ConfigurationError(
                f"graph {name!r}: a factory takes a config, a runtime or both, and"
                f" {parameter.name!r} is neither"
            )
    return roles


def _parameters(factory: Factory) -> list[inspect.Parameter]:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except ValueError:
        return []
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [parameter for parameter in parameters if parameter.kind not in variadic]


def _hints(factory: Factory) -> Mapping[str, Any]:
    try:
        return get_type_hints(factory, localns=dict(_ANNOTATIONS), include_extras=True)
    except Exception:  # noqa: BLE001 - annotations may be any expression; names remain
        return {}


def _role_of_annotation(annotation: Any) -> Role | None:
    if annotation is ServerRuntime or annotation in _SERVER_RUNTIMES:
        return "server_runtime"
    if annotation is Runtime:
        return "runtime"
    if annotation is RunnableConfig:
        return "config"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (ServerRuntime, Runtime, *_SERVER_RUNTIMES):
        return _role_of_annotation(origin)
    # Annotated[...], Optional[...] and unions of runtimes.
    return next((role for part in arguments if (role := _role_of_annotation(part))), None)
