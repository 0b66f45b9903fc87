"""What contenders cost: time, memory and size, each measured in a process of its own."""
