"""From an exception to what the user is told, and whether to retry the job.

verdict          decides it
provider_errors  recognizes errors of model providers by their shape
whole_answers    treats output that was cut off as a failure
rejection        whether LangGraph rejected the input
masking          removes secrets from texts that come from outside
"""
