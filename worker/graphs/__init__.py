"""The graphs that come with Tailrace. They know nothing of the service, and run in a notebook.

chat_model  the chat model, from the environment
article     a structured article, streamed
answer      an answer to a question, streamed
agent       an agent with tools
tools       the agent's tools
approval    asks before it continues
steps       a chain of nodes
progress    progress events of a long task
thinking    reasoning before the answer
countdown   counts down, in JSON values
counter     counts as fast as it can
"""
