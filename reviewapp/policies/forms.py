"""The shape of a new policy as a person sends it."""

from typing import Any

from django import forms

from reviewapp.lib import strictjson
from reviewapp.lib.errors import Malformed
from reviewapp.policies.actions import REASON_LENGTH

BODY_LENGTH = 200_000


class Publish(forms.Form):
    """A body in JSON and a reason; `after` is the number the author started from."""

    reason = forms.CharField(
        label="Why it changes",
        max_length=REASON_LENGTH,
        help_text="Kept with the version and in the audit trail. Name no person.",
    )
    body = forms.CharField(
        label="Policy", max_length=BODY_LENGTH, strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "class": "code"}),
    )  # fmt: skip
    after = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def clean_body(self) -> Any:
        """The parsed policy; what it says is checked against the use case by `queries.faults_of`."""
        try:
            return strictjson.loads(self.cleaned_data["body"].encode(errors="surrogatepass"))
        except Malformed as error:
            raise forms.ValidationError(error.detail.replace("The body", "This"), code=error.code) from error
