"""Everything the demo needs before the first prediction, made through the rooms' own actions, so that all of it is on the audit trail.

Each step looks first and makes only what is missing: a second run changes nothing, and one that was interrupted is finished.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reviewapp.access import rules as access_rules
from reviewapp.access.actions import (
    Grant,
    create_api_key,
    create_user,
    reset_password,
    revoke_api_key,
    set_grants,
)
from reviewapp.access.models import ApiKey, User
from reviewapp.cases.actions import create_queue
from reviewapp.cases.models import Queue
from reviewapp.catalog.actions import add_reason_code, create_use_case, publish_schema
from reviewapp.catalog.models import Model, UseCase
from reviewapp.catalog.registering import create_model, promote, register_version
from reviewapp.catalog.rules import Stage
from reviewapp.demo import access_file, scorecard
from reviewapp.demo.people import MACHINES, PEOPLE, Account
from reviewapp.demo.scenario import Scenario
from reviewapp.demo.split import not_sent
from reviewapp.lib.actor import system
from reviewapp.policies.actions import publish

DEMO = system("demo")
VERSION = "1"
_KEY_NAME = "Demo"
_KEY_LIFE = timedelta(days=access_rules.LONGEST_KEY_DAYS - 1)


# Use cases


def seed_use_case(scenario: Scenario, *, at: datetime) -> UseCase:
    """The use case with its inputs, reasons, queues and policy."""
    use_case = UseCase.objects.filter(slug=scenario.slug).first() or _make_use_case(scenario, at=at)
    if not use_case.schemas.filter(digest=scenario.schema.digest).exists():
        publish_schema(use_case=use_case, body=scenario.schema.to_json(), actor=DEMO, at=at)
    _seed_reasons(use_case, scenario, at=at)
    _seed_queues(use_case, scenario, at=at)
    if not use_case.policy_versions.exists():
        publish(use_case=use_case, body=dict(scenario.policy), reason="The demo's first policy", actor=DEMO, at=at)
    return use_case


def _make_use_case(scenario: Scenario, *, at: datetime) -> UseCase:
    made: UseCase = create_use_case(
        slug=scenario.slug,
        name=scenario.name,
        description=scenario.description,
        subject_noun=scenario.subject_noun,
        case_noun=scenario.case_noun,
        case_noun_plural=scenario.case_noun_plural,
        severity_noun=scenario.severity_noun,
        outcome_kind=scenario.outcome_kind,
        outcomes=scenario.outcomes,
        summary_features=scenario.summary_features,
        facts_layout=scenario.facts_layout,
        correction_needs_note=scenario.correction_needs_note,
        actor=DEMO,
        at=at,
    )
    return made


def _seed_reasons(use_case: UseCase, scenario: Scenario, *, at: datetime) -> None:
    there = set(use_case.reason_codes.values_list("code", flat=True))
    for position, reason in enumerate(scenario.reasons):
        if reason.code not in there:
            add_reason_code(
                use_case=use_case,
                code=reason.code,
                text=reason.text,
                subject_text=reason.subject_text,
                features=reason.features,
                outcomes=reason.outcomes,
                position=position,
                actor=DEMO,
                at=at,
            )


def _seed_queues(use_case: UseCase, scenario: Scenario, *, at: datetime) -> None:
    there = set(use_case.queues.values_list("slug", flat=True))
    for inbox in scenario.inboxes:
        if inbox.slug not in there:
            create_queue(
                use_case_id=use_case.pk,
                slug=inbox.slug,
                name=inbox.name,
                is_lead=inbox.is_lead,
                sla_minutes=inbox.sla_minutes,
                lease_minutes=inbox.lease_minutes,
                density=inbox.density,
                sla_rules=list(inbox.sla_rules),
                late_act=inbox.late_act,
                actor=DEMO,
                at=at,
            )


def needs_model(scenario: Scenario) -> bool:
    return not Model.objects.filter(name=scenario.model, versions__stage=Stage.LIVE).exists()


def seed_model(scenario: Scenario, use_case: UseCase, data: Path, *, at: datetime) -> None:
    """Train, register and promote the first version."""
    from reviewapp.demo.training import train_model

    model = Model.objects.filter(name=scenario.model).first() or create_model(
        use_case=use_case, name=scenario.model, description=scenario.model_description, actor=DEMO, at=at
    )
    version = model.versions.filter(version=VERSION).first()
    if version is None:
        with TemporaryDirectory(prefix="countersign-demo-") as place:
            folder = Path(place) / scenario.model
            train_model(scenario, data, folder, at=at)
            version = register_version(model=model, version=VERSION, folder=folder, actor=DEMO, at=at)
    if version.stage == Stage.REGISTERED:
        promote(version=version, actor=DEMO, at=at)


def needs_scorecard() -> bool:
    return not Model.objects.filter(name=scorecard.MODEL, versions__version=scorecard.VERSION).exists()


def seed_scorecard(scenario: Scenario, use_case: UseCase, data: Path, *, at: datetime) -> None:
    """Register the broker's model: no artifact, only how the applications came out that it scored before."""
    model = Model.objects.filter(name=scorecard.MODEL).first() or create_model(
        use_case=use_case, name=scorecard.MODEL, description=scorecard.DESCRIPTION, actor=DEMO, at=at
    )
    past = not_sent(scenario, scenario.read(data))
    register_version(
        model=model,
        version=scorecard.VERSION,
        metrics={"calibration": {"method": "none", "n": len(past)}},
        lineage={"runs": "at the broker's"},
        calibration_table=scorecard.past_cases(past),
        actor=DEMO,
        at=at,
    )


# People, machines, rights


def seed_accounts(folder: Path, base_url: str, *, at: datetime) -> None:
    """People, service accounts, their rights and keys; access.json tells them. Passwords are written down before they are set."""
    known = access_file.read(folder)
    passwords = {account["username"]: account["password"] for account in known.get("accounts", [])}
    chosen = {account.username: passwords.get(account.username) or access_rules.new_password() for account in PEOPLE}
    content: dict[str, Any] = {
        "base_url": base_url,
        "accounts": [
            {"username": account.username, "password": chosen[account.username], "role": str(account.role)}
            for account in PEOPLE
        ],
        "api_keys": known.get("api_keys", {}),
    }
    _write_if_new(folder, content, known)
    for account in PEOPLE:
        _seed_person(account, chosen[account.username], is_known=account.username in passwords, at=at)
    _seed_rights(at=at)
    keys = {
        account.username: _key_of(account, content["api_keys"].get(account.username), at=at) for account in MACHINES
    }
    _write_if_new(folder, content | {"api_keys": keys}, access_file.read(folder))


def _write_if_new(folder: Path, content: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    if content != known:
        access_file.write(folder, content)


def _seed_person(account: Account, password: str, *, is_known: bool, at: datetime) -> None:
    """`is_known`: the password stood in access.json before. Where it did not, someone who is there already gets a new one."""
    user = User.objects.filter(username=account.username).first()
    if user is None:
        create_user(
            username=account.username,
            display_name=account.display_name,
            roles=[account.role],
            password=password,
            actor=DEMO,
            at=at,
        )
    elif not is_known:
        reset_password(user_id=user.pk, password=password, actor=DEMO, at=at)


def _seed_rights(*, at: datetime) -> None:
    for account in MACHINES:
        if not User.objects.filter(username=account.username).exists():
            create_user(
                username=account.username,
                display_name=account.display_name,
                roles=[account.role],
                is_service=True,
                actor=DEMO,
                at=at,
            )
    users = {
        user.username: user for user in User.objects.filter(username__in=[a.username for a in (*PEOPLE, *MACHINES)])
    }
    queues = {queue.slug: queue for queue in Queue.objects.all()}
    use_cases = {use_case.slug: use_case for use_case in UseCase.objects.all()}
    for account in (*PEOPLE, *MACHINES):
        grants = [Grant(queues[slug], right, True) for slug, right in account.queue_rights]
        grants += [Grant(use_cases[slug], right, True) for slug, right in account.use_case_rights]
        set_grants(holder=users[account.username], grants=grants, actor=DEMO, at=at)


def _key_of(account: Account, text: str | None, *, at: datetime) -> str:
    """The key in access.json while it can be used, else a new one; a key that nobody has written down is revoked."""
    owner = User.objects.get(username=account.username)
    usable = {
        key.prefix: key
        for key in ApiKey.objects.filter(owner=owner, name=_KEY_NAME, revoked_at=None, expires_at__gt=at)
    }
    if text is not None and any(text.startswith(f"{access_rules.KEY_MARK}{prefix}_") for prefix in usable):
        return text
    for key in usable.values():
        revoke_api_key(key_id=key.pk, actor=DEMO, at=at)
    _, made = create_api_key(
        owner_id=owner.pk, name=_KEY_NAME, scopes=account.scopes, expires_at=at + _KEY_LIFE, actor=DEMO, at=at
    )
    return str(made)
