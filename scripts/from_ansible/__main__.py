"""The command: `python scripts/from_ansible`, from any folder."""

import signal
import sys
from pathlib import Path

# Python puts this folder there; the model is imported from the root.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from scripts.from_ansible import command

# An exit that cleans up, as Ctrl-C has it already.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
try:
    sys.exit(command.main())
except KeyboardInterrupt:
    print("from_ansible: interrupted; nothing was written", file=sys.stderr)
    sys.exit(128 + signal.SIGINT)
