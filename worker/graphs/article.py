"""Writes a short article on a topic in three steps: an idea, an outline, the text.

Every step streams its tokens as the model writes them, at most 300 a step.
"""

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from tailrace.worker.graphs.chat_model import chat_model

MAX_TOKENS = 300

SYSTEM = "You are a helpful assistant that writes short, clear and informative articles."
BRAINSTORM = (
    'Brainstorm one idea for an informative article on the topic "{topic}". '
    "Say in two sentences what the article explains."
)
OUTLINE = (
    "Topic: {topic}\nIdea: {idea}\n\n"
    "Write a numbered list of four short headings for an article about this."
)
ARTICLE = (
    'Write a short article on the topic "{topic}". Use these headings:\n\n{outline}\n\n'
    "Write two or three sentences for each heading."
)


class ArticleInput(BaseModel):
    """What to write about."""

    model_config = ConfigDict(extra="forbid")

    topic: str = Field(
        min_length=1,
        max_length=500,
        pattern=r"\S",
        description="What the article is about: a word, a phrase or a sentence.",
        examples=["the sea at night", "how rivers shape the land"],
    )


class ArticleState(ArticleInput):
    """The article as it comes into being."""

    idea: str = ""
    outline: str = ""


class ArticleOutput(TypedDict):
    """The finished article and how it came about."""

    topic: str
    idea: str
    outline: str
    article: str


async def brainstorm(state: ArticleState) -> dict[str, str]:
    """Find one idea for the topic."""
    return {"idea": await _write(BRAINSTORM.format(topic=state.topic))}


async def write_outline(state: ArticleState) -> dict[str, str]:
    """Turn the idea into headings."""
    return {"outline": await _write(OUTLINE.format(topic=state.topic, idea=state.idea))}


async def write_article(state: ArticleState) -> dict[str, str]:
    """Write the text under the headings."""
    return {"article": await _write(ARTICLE.format(topic=state.topic, outline=state.outline))}


async def _write(task: str) -> str:
    model = await chat_model(max_tokens=MAX_TOKENS)
    reply = await model.ainvoke([SystemMessage(SYSTEM), HumanMessage(task)])
    return str(reply.text)


builder = StateGraph(ArticleState, input_schema=ArticleInput, output_schema=ArticleOutput)
builder.add_node("brainstorm", brainstorm)
builder.add_node("write_outline", write_outline)
builder.add_node("write_article", write_article)
builder.add_edge(START, "brainstorm")
builder.add_edge("brainstorm", "write_outline")
builder.add_edge("write_outline", "write_article")
builder.add_edge("write_article", END)
graph = builder.compile(name="article")
