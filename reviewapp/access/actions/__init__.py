"""Every write to people, their rights and keys. Doors have asked whether the actor may manage people or keys; what nobody may, is refused here."""

from reviewapp.access.actions.forgetting import forget_old
from reviewapp.access.actions.grants import Grant, set_grant, set_grants
from reviewapp.access.actions.keys import create_api_key, revoke_api_key
from reviewapp.access.actions.own import LONGEST_AWAY, set_away, set_own_keys, set_theme
from reviewapp.access.actions.passwords import change_password, refuse_weak_password, reset_password, sign_in, sign_out
from reviewapp.access.actions.people import create_user, set_active, set_roles
from reviewapp.access.actions.refusals import (
    LastAdmin,
    NameTaken,
    OwnRights,
    SignInRefused,
    WrongPassword,
)

__all__ = [
    "LONGEST_AWAY",
    "Grant",
    "LastAdmin",
    "NameTaken",
    "OwnRights",
    "SignInRefused",
    "WrongPassword",
    "change_password",
    "create_api_key",
    "create_user",
    "forget_old",
    "refuse_weak_password",
    "reset_password",
    "revoke_api_key",
    "set_active",
    "set_away",
    "set_grant",
    "set_grants",
    "set_own_keys",
    "set_roles",
    "set_theme",
    "sign_in",
    "sign_out",
]  # fmt: skip
