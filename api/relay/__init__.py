"""Logs on their way to listeners: each event is read once and framed once, however many listen.

relay         the way of a listener: catch up, stay at the tail, end
listener      one client: a number and a socket
channel       one log in this process: who listens, and the frames they share
window        consecutive events as frames, made once; pure
frames        events as bytes, in two formats
tail          reads the ends of many logs with few connections
pages         reads for who is behind, a few at a time
summaries     what has to be known of a job, asked for many at once
housekeeping  one timer: heartbeats, ages, stalled clients, silent logs
cursor        where a client resumes
response      the HTTP response: clean end or dirty cut
"""
