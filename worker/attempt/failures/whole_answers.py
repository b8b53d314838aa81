"""Takes an answer that its provider broke off for the failure that it is, not for a short answer.

A chat model of langchain-openai gives back what has come when a stream ends, however it ends.
What it lets us know is the finish reason, which OpenAI's API gives to every whole answer. It is
looked at in a callback of LangChain's, of which no graph has to know.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tracers.context import register_configure_hook

from tailrace.worker.attempt.failures.provider_errors.trouble import AnswerCutOff

_OPENAI: Final = "openai"
_ENDINGS: Final = ("finish_reason", "status")
"""Of the Chat Completions API and of the Responses API."""


class _WholeAnswers(BaseCallbackHandler):
    """Refuses an answer without an end, in the name of the model that was called."""

    raise_error = True
    run_inline = True
    """Else it would cost a task, or a thread, for each token."""

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        """Nothing yet."""

    def on_llm_end(self, response: LLMResult, **_: Any) -> None:
        """Look at how each answer ended."""
        for generations in response.generations:
            for generation in generations:
                if isinstance(generation, ChatGeneration):
                    _check(generation.message)


_HANDLER: Final[ContextVar[BaseCallbackHandler | None]] = ContextVar("whole_answers", default=None)
register_configure_hook(_HANDLER, inheritable=True)


@contextmanager
def whole_answers() -> Generator[None]:
    """Within it, a model's answer that was broken off raises where the model was called.

    Raises:
        AnswerCutOff: in the graph's node, whose own retries come first.
    """
    token = _HANDLER.set(_WholeAnswers())
    try:
        yield
    finally:
        _HANDLER.reset(token)


def _check(message: Any) -> None:
    if not isinstance(message, AIMessage):
        return
    metadata = message.response_metadata
    if metadata.get("model_provider") == _OPENAI and not _has_end(metadata):
        raise AnswerCutOff("The model's answer was broken off before its end.")


def _has_end(metadata: dict[str, Any]) -> bool:
    """An answer that came as a whole has the name at least, with None where nothing was said."""
    endings = [metadata[name] for name in _ENDINGS if name in metadata]
    return bool(endings) and "error" not in endings
