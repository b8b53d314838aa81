"""What every process of ours needs.

logging  how processes log
tasks    ending tasks for sure
garbage  what the garbage collector need not look at
"""
