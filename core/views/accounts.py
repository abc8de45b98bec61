"""Signing in and out, and what a person may set about themselves."""

import logging
import threading
from typing import Any

from django.conf import settings
from django.contrib.auth import views as auth
from django.contrib.auth.forms import PasswordResetForm
from django.http import HttpRequest, HttpResponse

from core.access import public
from core.views import errors

log = logging.getLogger(__name__)


class ClearAnswer:
    """A form that does not hold is answered with 422, not with 200."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        response.status_code = 422
        return response


class Login(ClearAnswer, auth.LoginView):
    template_name = "registration/login.html"
    redirect_authenticated_user = True


class PatientResetForm(PasswordResetForm):
    """Sends beside the request: how long an answer takes must not tell whether the address is known. The link is a
    credential, so it is kept in no outbox; who gets no mail asks again.
    """

    _at_once = threading.BoundedSemaphore(4)

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        if self._at_once.acquire(blocking=False):
            threading.Thread(target=self._send, args=(args, kwargs), daemon=True).start()
        else:
            log.warning("a link for a new password was not sent: four others still are")

    def _send(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            super().send_mail(*args, **kwargs)
        finally:
            self._at_once.release()


class PasswordReset(ClearAnswer, auth.PasswordResetView):
    form_class = PatientResetForm
    template_name = "registration/reset.html"
    email_template_name = "registration/reset_email.txt"
    subject_template_name = "registration/reset_subject.txt"
    extra_email_context = {"site": settings.SITE_URL}  # never the Host header of whoever asks


class PasswordResetConfirm(ClearAnswer, auth.PasswordResetConfirmView):
    template_name = "registration/reset_confirm.html"


login = public("one signs in here; failures are throttled per address and person")(Login.as_view())
logout = public("signing out is harmless, and works by POST only")(auth.LogoutView.as_view())
password_reset = public("the answer is the same for known and unknown addresses")(PasswordReset.as_view())
password_reset_done = public("says what happens next")(
    auth.PasswordResetDoneView.as_view(template_name="registration/reset_done.html")
)
password_reset_confirm = public("the token in the address is single-use and short-lived; setting is a POST")(
    PasswordResetConfirm.as_view()
)
password_reset_complete = public("says that the new password is set")(
    auth.PasswordResetCompleteView.as_view(template_name="registration/reset_complete.html")
)


@public("said to whoever tried too often")
def locked(request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None) -> HttpResponse:
    """After too many wrong passwords for one address from one place: wait."""
    text = "For this address, signing in from here is closed for a quarter of an hour. Nothing was changed."
    page = errors.page(request, 429, title="Too many attempts", text=text, template="registration/locked.html")
    page["Retry-After"] = "900"
    return page
