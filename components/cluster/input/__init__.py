"""What an inventory may say: frozen models, one file a subject.

Shape, bounds, default, meaning and the words of a refusal of each key stand here and nowhere else.
"""
