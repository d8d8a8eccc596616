"""The rooms of the compiler: the inventory, the model (`cluster`), one for each face, and what runs all (`compile`)."""
