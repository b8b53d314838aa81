"""Treats a model's output that was cut off as a failure, not as short output.

A chat model of langchain-openai returns what has arrived when a stream ends, however it ends. Only
the finish reason tells: OpenAI's API ends every complete output with one. A LangChain callback
checks it, so graphs need not.
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
"""In the Chat Completions API and in the Responses API."""


class _WholeAnswers(BaseCallbackHandler):
    """Raises for output without a finish reason, where the model was called."""

    raise_error = True
    run_inline = True
    """Otherwise each token would cost a task or a thread."""

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        """Do nothing yet."""

    def on_llm_end(self, response: LLMResult, **_: Any) -> None:
        """Check how each output ended."""
        for generations in response.generations:
            for generation in generations:
                if isinstance(generation, ChatGeneration):
                    _check(generation.message)


_HANDLER: Final[ContextVar[BaseCallbackHandler | None]] = ContextVar("whole_answers", default=None)
register_configure_hook(_HANDLER, inheritable=True)


@contextmanager
def whole_answers() -> Generator[None]:
    """Inside the block, output that was cut off raises where the model was called.

    Raises:
        AnswerCutOff: in the graph's node, so that its own retries come first.
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
        raise AnswerCutOff("The model's output was cut off before its end.")


def _has_end(metadata: dict[str, Any]) -> bool:
    """A response that was not streamed has the name at least, even if the value is None."""
    endings = [metadata[name] for name in _ENDINGS if name in metadata]
    return bool(endings) and "error" not in endings
