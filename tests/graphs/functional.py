"""A graph of the functional API."""

from langgraph.func import entrypoint, task


@task
async def louder(text: str) -> str:
    return text.upper()


@entrypoint()
async def shout(text: str) -> str:
    return f"{await louder(text)}!"
