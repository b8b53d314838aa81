"""From a POST to a job, and a job as a response.

submission  what a POST asks for, from its headers and body
acceptance  from a POST to its job, once for each key
ending      asks for a job's end
resumption  which stop a resume is about, and its value for that
responses   a job as a response: plain, waited for, or streamed
"""
