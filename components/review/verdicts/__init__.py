"""What a change means to the program that receives it: one rule a function, one subject a file."""
