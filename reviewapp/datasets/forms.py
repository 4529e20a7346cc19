"""The shape of what people send: the filters of the labels page, and the form that freezes them."""

from typing import Any

from django import forms

from reviewapp.catalog.models import UseCase
from reviewapp.datasets.rules import FILTERS, NAME_LENGTH, Filters, name_fault, read_filters


class Freeze(forms.Form):
    """A name, and the filters of the page it was sent from."""

    name = forms.CharField(label="Name of the data set", max_length=NAME_LENGTH)

    def __init__(self, *args: Any, use_case: UseCase, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._use_case = use_case

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if fault := name_fault(name):
            raise forms.ValidationError(fault.detail, code=fault.code)
        return name

    def clean(self) -> dict[str, Any]:
        values = {name: self.data[name] for name in FILTERS if name in self.data}
        self.cleaned_data["filters"], faults = read_filters(values, outcomes=self._use_case.outcome_values)
        if faults:
            raise forms.ValidationError("The filters of the page do not fit this use case any more. Choose them again.")
        return self.cleaned_data

    @property
    def filters(self) -> Filters:
        filters: Filters = self.cleaned_data["filters"]
        return filters
