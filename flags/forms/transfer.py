"""A file with flags, sent or pasted."""

from typing import Any

from django import forms

from core.models import Environment, Product
from core.views.reason import LONGEST_REASON
from flags.transfer import LARGEST


class ImportForm(forms.Form):
    environment = forms.ModelChoiceField(Environment.objects.none(), empty_label=None)
    file = forms.FileField(required=False, label="A file", help_text="flagd’s JSON, as the export writes it.")
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or its text",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=LONGEST_REASON,
        help_text="Stands in the record of each flag it changes.",
    )

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        environment = self.fields["environment"]
        assert isinstance(environment, forms.ModelChoiceField)
        environment.queryset = product.environments.select_related("product")

    def clean(self) -> dict[str, Any]:
        """`content`: the file's, else the text's bytes."""
        found = super().clean() or {}
        sent = found.get("file")
        if sent is not None and sent.size > LARGEST:
            self.add_error("file", f"A file may have {LARGEST // 1_000_000} MB.")
        elif sent is not None:
            found["content"] = sent.read()
        elif found.get("text", "").strip():
            found["content"] = found["text"].encode("utf-8", "replace")
        else:
            self.add_error("text", "Send a file, or paste its text.")
        return found
