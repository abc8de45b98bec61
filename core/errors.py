"""How an action says no. Views turn these into a form error or a 4xx page, the API into problem+json."""


class Refused(Exception):
    """The request is understood and not done. `field` names what is wrong with it, if one thing is."""

    status = 422

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class Forbidden(Refused):
    """This person may not do that."""

    status = 403


class Conflict(Refused):
    """Somebody or something else got there first; what was shown is no longer so."""

    status = 409
