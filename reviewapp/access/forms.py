"""The shape of what people type on the pages of access."""

from typing import Any, cast

from django import forms

from reviewapp.access.rules import NAME_LENGTH, PASSWORD_BYTES, Role, Scope

_NAME = {"autocapitalize": "none", "spellcheck": "false"}
LIFETIMES = [("30", "30 days"), ("90", "90 days"), ("180", "half a year"), ("365", "one year")]


class Password(forms.CharField):
    """Taken as typed, blanks too; bounded before anything is hashed."""

    def __init__(self, *, autocomplete: str, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(max_length=PASSWORD_BYTES, strip=False, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        cleaned: str = super().clean(value)
        if len(cleaned.encode(errors="replace")) > PASSWORD_BYTES:
            raise forms.ValidationError(f"At most {PASSWORD_BYTES} bytes.", code="max_length")
        return cleaned


class SignIn(forms.Form):
    username = forms.CharField(
        label="User name", max_length=NAME_LENGTH, widget=forms.TextInput(attrs={**_NAME, "autocomplete": "username"})
    )
    password = Password(autocomplete="current-password")


class ChangePassword(forms.Form):
    current = Password(label="Present password", autocomplete="current-password")
    new = Password(
        label="New password", autocomplete="new-password",
        help_text="At least 12 characters. A sentence you can remember is better than a short riddle.",
    )  # fmt: skip
    again = Password(label="New password, again", autocomplete="new-password")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "new" in cleaned and "again" in cleaned and cleaned["new"] != cleaned["again"]:
            self.add_error("again", "The two new passwords differ.")
        return cleaned


class Preferences(forms.Form):
    theme = forms.ChoiceField(choices=[(value, value) for value in ("auto", "light", "dark")])
    density = forms.ChoiceField(choices=[(value, value) for value in ("auto", "mouse", "touch")], required=False)
    shortcuts = forms.ChoiceField(choices=[("on", "on"), ("off", "off")], required=False)


class NewPerson(forms.Form):
    display_name = forms.CharField(
        label="Name", max_length=NAME_LENGTH, help_text="As colleagues know them. Shown beside what they answer."
    )
    username = forms.CharField(
        label="User name", max_length=NAME_LENGTH, widget=forms.TextInput(attrs={**_NAME, "autocomplete": "off"}),
        help_text="For signing in. Lower-case letters, digits, dot, dash and underscore; it cannot be changed later.",
    )  # fmt: skip
    kind = forms.ChoiceField(
        label="Kind of account",
        choices=[("person", "A person who signs in"), ("service", "A service account, for which only API keys act")],
    )
    roles = forms.MultipleChoiceField(choices=[(role.value, role.value) for role in Role], required=False)


class Roles(forms.Form):
    roles = forms.MultipleChoiceField(choices=[(role.value, role.value) for role in Role], required=False)


class Grants(forms.Form):
    """The matrix, as the difference to what the page showed: `was` and `grant` are the granted cells before and after."""

    grant = forms.MultipleChoiceField(required=False)
    was = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, cells: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("grant", "was"):
            cast("forms.MultipleChoiceField", self.fields[name]).choices = [(cell, cell) for cell in cells]

    def changes(self) -> dict[str, bool]:
        """Cell -> whether it is now granted, for the cells somebody changed."""
        now, before = set(self.cleaned_data["grant"]), set(self.cleaned_data["was"])
        return {cell: cell in now for cell in sorted(now ^ before)}


class Account(forms.ModelChoiceField):
    """Accounts by the name that the trail shows, too."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.username)


class NewKey(forms.Form):
    name = forms.CharField(
        max_length=NAME_LENGTH, help_text="What uses it and where, for example “intake, production”."
    )
    owner = Account(
        queryset=None,
        label="Service account",
        empty_label=None,
        help_text="The key may do what this account may, within its scopes.",
    )
    scopes = forms.MultipleChoiceField(choices=[(scope.value, scope.value) for scope in Scope])
    days = forms.ChoiceField(label="Ends after", choices=LIFETIMES, initial="90")

    def __init__(self, *args: Any, owners: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField", self.fields["owner"]).queryset = owners
