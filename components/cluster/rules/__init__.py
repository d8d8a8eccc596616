"""What an inventory has to keep, one file a subject."""

import importlib
import pkgutil

from .registry import RULES, Rule, Stage, findings, rule

# A rule registers itself, so its file has only to be there.
for _subject in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_subject.name}")

__all__ = ["RULES", "Rule", "Stage", "findings", "rule"]
