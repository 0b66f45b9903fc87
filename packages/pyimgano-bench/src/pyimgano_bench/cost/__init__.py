"""What contenders cost: time, memory and size, each measured in a process of its own.

Nothing is exported here: the processes import this package, and what it loads would be in their numbers.
"""
