"""Passwords: never written to a file; each is listed with the Secret and key that it belongs to."""

from __future__ import annotations

from .catalogue import Variable
from .outcome import Outcome

# What becomes of a key that nobody brings, by what the inventory says about it.
_OTHERWISE = {
    "random": "The bootstrap makes random ones",
    "provided": "The bootstrap waits for it",
}


class Passwords:
    """The password variables that are set, by Secret; their values are compared and never shown."""

    def __init__(self, outcome: Outcome):
        self._outcome = outcome
        #: Secret -> key -> variables
        self._taken: dict[str, dict[str, list[str]]] = {}
        self._secrets = {
            name: keys
            for service in outcome.classes["services"].values()
            for name, keys in service.get("secrets", {}).items()
        }

    def take(self, variable: Variable) -> None:
        secret, key = variable.secret
        off = variable.when and not self._outcome.value(variable.when)
        if secret not in self._secrets or off:
            self._outcome.idle(variable)
            return
        self._taken.setdefault(secret, {}).setdefault(key, []).append(variable.name)

    def tell(self) -> None:
        outcome = self._outcome
        namespace = outcome.value("dojot_namespace") or outcome.present("cluster.namespace")
        for secret, keys in self._taken.items():
            names = [name for variables in keys.values() for name in variables]
            kinds = dict.fromkeys(str(self._secrets[secret].get(key)).partition(" ")[0] for key in keys)
            otherwise = "; ".join(_OTHERWISE[kind] for kind in kinds if kind in _OTHERWISE)
            files = " ".join(f"--from-file={key}=FILE" for key in keys)
            outcome.report.note(
                outcome.place(names[0]),
                ", ".join(names),
                f"never written to Git; the place is Secret {secret}, {', '.join(f'key {key}' for key in keys)}",
                f"{otherwise or 'The bootstrap makes it'}. To keep what "
                "there is, put it into files without a line's end and, before `bootstrap.sh secrets`, run: "
                f"kubectl --namespace={namespace} create secret generic {secret} {files}",
            )
            for key, variables in keys.items():
                if len({str(outcome.entries[name].value) for name in variables}) > 1:
                    outcome.report.finding(
                        outcome.place(variables[-1]),
                        " and ".join(variables),
                        f"these differ, and key {key} of Secret {secret} holds one of them",
                        "Bring the one that the data were made with",
                    )
