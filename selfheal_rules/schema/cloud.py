"""The schema of a description of a cloud."""

from selfheal_rules.parse.cloud import CLOUD
from selfheal_rules.schema.forms import Schema, closed, offered, several, table, told
from selfheal_rules.schema.values import NAMED, TEXT, VALUES
from selfheal_rules.vocabulary import Vocabulary, Way


def cloud(known: Vocabulary) -> Schema:
    """Give the schema of a description; the sources and kinds of `known` are offered in it."""

    def by(way: Way) -> Schema:
        return several(offered(tuple(one.name for one in known.sources.values() if one.by == way), TEXT))

    return {
        "title": "A description of a cloud for selfheal gaps and selfheal overlaps",
        **closed(
            CLOUD,
            {
                "selfheal_cloud": told("The version of the language.", {"const": 1}),
                "cloud": told("The name of the cloud.", NAMED),
                "services": told("The services of its catalogue, each with its highest version.", table(TEXT)),
                "notifications": told("The sources whose notifications are on.", by("bus")),
                "webhooks": told("The sources that post to the engine.", by("post")),
                "pollers": told("The pollers that run.", by("poll")),
                "posted": told(
                    "The kinds that somebody posts as CloudEvents, or gives by a mapping.",
                    several(offered(tuple(known.kinds), TEXT)),
                ),
                "alerts": told("The names of alarms that exist.", several(TEXT)),
                "roles": told("The roles of the user that carries decisions out.", several(TEXT)),
                "healers": told("Who heals beside the rules.", several(TEXT)),
            },
        ),
        "definitions": {"name": VALUES["name"]},
    }
