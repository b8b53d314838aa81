"""Logs on their way to listeners: each event is read once and framed once, however many listen.

relay         the way of a listener: catch up, stay at the tail, end
hub           owns the channels and listeners of a process, and the memory they share
housekeeping  one timer that visits the hub: heartbeats, ages, stalled clients, silent logs
channel       one log in this process: its listeners and subscribers, and their frames
listener      one client: a number and a socket
window        consecutive events as frames, made once; pure
frames        events as bytes, in two formats
tail          reads the ends of many logs with few connections
readers       what tails read with, plain or whole
whole_log     logs with large values in their places, for clients that know no references
pages         reads for listeners that are behind, a few at a time
summaries     what has to be known of a job, looked up for many at once
cursor        where a client resumes
response      the HTTP response: clean end or dirty cut
"""
