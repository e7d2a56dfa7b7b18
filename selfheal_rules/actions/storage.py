"""Actions on storage (Cinder) and on what was saved (Freezer). Versions are microversions of the API."""

from selfheal_rules.actions.entry import ActionType, params, text, word

VOLUME = "the UUID of a volume"
BACKEND = "a back end, as `host@backend`"

ACTIONS = (
    ActionType(
        "block_storage.reset_volume_status", "high", "Have Cinder take a volume for another status; it mends nothing.",
        target=VOLUME,
        params=params(
            status=word("As what it counts from now on.", "available", "in-use", "error", required=True),
            attach_status=word("Whether it counts as attached.", "attached", "detached"),
        ),
        again="state",
        needs="Nothing is done to the volume just now: only the record changes, and what is true may be hidden.",
        api="block-storage 3.0",
    ),
    ActionType(
        "block_storage.force_detach_volume", "high", "Take a volume off a server that will not let it go.",
        target=VOLUME,
        params=params(attachment=text("Which attachment; the only one if nothing is said.")),
        again="refused",
        needs="The server is stopped or gone, or its host forced down. Nova keeps its record of the volume:"
        " detaching by Nova is better.",
        confirm="{state: volume, where: {volume: {target}, status: available}, within: 5m}",
        api="block-storage 3.0",
    ),
    ActionType(
        "block_storage.failover_host", "high", "Use the copy of a back end instead of the back end.",
        target=BACKEND,
        params=params(backend_id=text("Which copy; `default` goes back. The driver chooses if nothing is said.")),
        again="refused",
        needs="The back end is replicated, and people have approved: without `default` there is no way back, and"
        " attached volumes must be attached anew.",
        api="block-storage 3.26",
    ),
    ActionType(
        "block_storage.freeze_host", "low", "Have a back end that failed over take nothing new.",
        target=BACKEND,
        undo="block_storage.thaw_host", again="state",
        api="block-storage 3.0",
    ),
    ActionType(
        "block_storage.thaw_host", "low", "Have a back end take what is new again.",
        target=BACKEND,
        undo="block_storage.freeze_host", again="state",
        api="block-storage 3.0",
    ),
    ActionType(
        "block_storage.disable_service", "low", "Keep the scheduler off a back end.",
        target=BACKEND,
        params=params(reason=text("Why, for people; it is written behind the mark of the decision.")),
        undo="block_storage.enable_service", again="marker",
        needs="Nobody else has disabled it.",
        api="block-storage 3.0",
    ),
    ActionType(
        "block_storage.enable_service", "low", "Let the scheduler use a back end again.",
        target=BACKEND,
        undo="block_storage.disable_service", again="state",
        needs="The reason for which it is disabled bears our mark. Cinder 28.0 only says that it did: thaw it there.",
        api="block-storage 3.0",
    ),
    ActionType(
        "backup.restore", "high", "Write a backup back, over what is there.",
        target="the client (an agent of Freezer's) that restores",
        params=params(
            backup_name=text("Which backup.", required=True),
            container=text("Where it is stored.", required=True),
            path=text("Where to on the client.", required=True),
            storage=word("How it is stored; `swift` if nothing is said.", "swift", "local", "s3", "ssh"),
        ),
        again="marker",
        needs="People have approved: what is at the path is written over. The agent looks for work once a minute.",
        confirm="{state: backup.job, where: {client: {target}, action: restore, result: success}, within: 1h}",
        api="backup 2",
    ),
)  # fmt: skip
