"""From a POST to a job, and a job as a response.

submission  what the headers of a POST ask for
acceptance  from a POST to its job, once for each key
resumption  which stop a resume is about, and its value for that
responses   a job as a response
streaming   a job's events in response to its POST
waiting     a job's outcome in response to its POST
"""
