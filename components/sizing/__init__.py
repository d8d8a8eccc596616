"""The compiler as a calculator: what a cluster of another size takes."""
