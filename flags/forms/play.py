"""What the playground is asked."""

from django import forms


class PlayForm(forms.Form):
    """The playground: a GET form, so it can be sent to somebody as an address."""

    environment = forms.SlugField()
    user = forms.CharField(required=False, max_length=400)
    build = forms.CharField(required=False, max_length=100)
