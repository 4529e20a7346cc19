"""Who acts. Doors make an Actor from the request; actions take it and never look at a request."""

from dataclasses import dataclass, field
from uuid import UUID

HUMAN, SERVICE, SYSTEM = "human", "service", "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a service account with an API key, or the system itself.

    `scopes` is None for a signed-in person (their rights alone decide) and the key's scopes for a machine.
    """

    kind: str
    user_id: UUID | None = None
    name: str = ""
    roles: frozenset[str] = field(default_factory=frozenset)
    scopes: frozenset[str] | None = None
    request_id: str = ""

    def has_role(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)

    def has_scope(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes


def system(name: str) -> Actor:
    """The system acting by itself, for example the relay of labels."""
    return Actor(kind=SYSTEM, name=name)
