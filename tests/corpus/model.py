"""Chat models that follow a script. What comes next follows from the chat, after a kill as well."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, TypeAlias

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable

Line: TypeAlias = str | list[tuple[str, dict[str, Any]]]
"""What the model says, or the tools that it calls, each with its arguments."""
Script: TypeAlias = Sequence[Line] | Callable[[list[BaseMessage]], Line]


class ScriptedModel(BaseChatModel):
    """Says the n-th line of its script where the chat has n answers; streams word by word."""

    script: Any

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **_: Any) -> Runnable[Any, Any]:  # noqa: ARG002
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **_: Any,
    ) -> ChatResult:
        line = _next(self.script, messages)
        if isinstance(line, str):
            return ChatResult(generations=[ChatGeneration(message=AIMessage(line))])
        message = AIMessage("", tool_calls=[*_calls(line, _answers(messages))])
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **_: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(_next(self.script, messages), _answers(messages)):
            yield ChatGenerationChunk(message=chunk)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(_next(self.script, messages), _answers(messages)):
            yield ChatGenerationChunk(message=chunk)


def scripted(*script: Line) -> ScriptedModel:
    """A model that says these lines, one after another."""
    return ScriptedModel(script=script)


def following(script: Callable[[list[BaseMessage]], Line]) -> ScriptedModel:
    """A model whose next line follows from the chat."""
    return ScriptedModel(script=script)


def _next(script: Script, messages: list[BaseMessage]) -> Line:
    return script(messages) if callable(script) else script[_answers(messages)]


def _answers(messages: Sequence[BaseMessage]) -> int:
    return sum(1 for message in messages if message.type == "ai")


def _calls(line: list[tuple[str, dict[str, Any]]], number: int) -> Iterator[ToolCall]:
    for place, (name, args) in enumerate(line):
        yield ToolCall(name=name, args=args, id=f"call {number}.{place}", type="tool_call")


def _chunks(line: Line, number: int) -> Iterator[AIMessageChunk]:
    if isinstance(line, str):
        for word in line.split(" "):
            yield AIMessageChunk(content=f"{word} ")
        return
    for place, (name, args) in enumerate(line):
        call = {"name": name, "args": json.dumps(args), "id": f"call {number}.{place}"}
        yield AIMessageChunk(content="", tool_call_chunks=[tool_call_chunk(**call, index=place)])
