"""From an exception to what the user is told, and whether the job is tried again.

verdict          decides it
provider_errors  what providers do wrong, read by shape
whole_answers    takes an answer that was broken off for a failure
rejection        whether it was the input that LangGraph refused
masking          takes keys out of texts from outside
"""
