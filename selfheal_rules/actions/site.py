"""Actions that no service of a cloud carries out: what a site tells, wakes and runs."""

from selfheal_rules.actions.entry import ActionType, params, several, text, word

ACTIONS = (
    ActionType(
        "noop", "none", "Do nothing; the decision itself is what is wanted.",
        again="state", others="Recorded with the decision.",
    ),
    ActionType(
        "notify", "none", "Tell people.",
        target="what it is about",
        params=params(
            text=text("What is said; the reason of the decision if nothing is said."),
            severity=word("How bad it is.", "info", "warning", "critical"),
        ),
        others="Told with it.",
    ),
    ActionType(
        "log", "none", "Write a line to the log of the process.",
        target="what it is about",
        params=params(
            text=text("What is written; the reason of the decision if nothing is said."),
            level=word("As what; `info` if nothing is said.", "debug", "info", "warning", "error"),
        ),
        again="state", others="Written with it.",
    ),
    ActionType(
        "page", "none", "Wake whoever is on call.",
        target="what it is about",
        params=params(
            text=text("What is said; the reason of the decision if nothing is said."),
            severity=word("How bad it is; `critical` if nothing is said.", "warning", "critical"),
        ),
        again="key", others="Told with it.",
    ),
    ActionType(
        "webhook", "high", "Post the decision to an address of the site.",
        target="what it is about",
        params=params(
            endpoint=text("The name under which the site keeps the address and its secret.", required=True),
        ),
        again="key", others="Sent beside the decision.",
        needs="The endpoint is one of the site's: an address in a rule would be a way out for whatever a rule reads.",
    ),
    ActionType(
        "command", "high", "Run a command of the site's, without a shell.",
        target="what it is about",
        params=params(
            command=text("The name under which the site keeps the program and its first arguments.", required=True),
            args=several("What is added to its arguments, each as one; `-` before it only behind `--` of the site's."),
        ),
        needs="The site has allowed the command by its name.",
    ),
)  # fmt: skip
