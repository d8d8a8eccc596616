"""The rooms of the compiler: one model (`cluster`) and one package for each face."""
