"""What signers and managers say to each other before a decision, and what each was told of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from approvals.models.signing import Seal, SignoffRequest
from core.models import AppendOnly
from releases.models import Release

if TYPE_CHECKING:
    from core.models import User


class Delegation(AppendOnly):
    """That a signer handed their part in one request to another approver. The newest of a giver and request counts;
    without `to` it is taken back.
    """

    request = models.ForeignKey(SignoffRequest, on_delete=models.PROTECT, related_name="delegations")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.giver} to {self.to or 'nobody'}"


class RemarkQuerySet(models.QuerySet["Remark"]):
    def visible_to(self, user: User) -> RemarkQuerySet:
        return self.filter(request__release__candidates__product__roles__user=user).distinct()


class Remark(AppendOnly):
    """A signer's question about a request, or (with `question`) its one answer. Asking decides nothing."""

    request = models.ForeignKey(SignoffRequest, on_delete=models.PROTECT, related_name="remarks")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    question = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="answer")
    text_hash = models.CharField(max_length=64)
    at = models.DateTimeField(db_default=Now())

    objects = RemarkQuerySet.as_manager()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{'answer' if self.question_id else 'question'} by {self.person}"


class RemarkText(models.Model):
    """The words of it, apart so that they can be erased."""

    remark = models.OneToOneField(Remark, on_delete=models.PROTECT, related_name="words")
    salt = models.CharField(max_length=32)
    text = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.text[:60]


class Told(AppendOnly):
    """That a person was told what a request is about, as of that seal. The newest says what they know."""

    request = models.ForeignKey(SignoffRequest, on_delete=models.PROTECT, related_name="told")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "people told"
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.person}: {self.seal}"


class Watch(models.Model):
    """What a release looked like when its signers were last thought of, so that several quick edits are one mail.

    `content_digest` is what it was when last looked at (`looked_at`, with its record at `seq`), `seen_at` since when it
    has been that, `since` since when there is something to tell, `rounds` how often somebody was told.
    """

    release = models.OneToOneField(Release, on_delete=models.CASCADE, related_name="watch")
    content_digest = models.CharField(max_length=64)
    seq = models.BigIntegerField()
    looked_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    since = models.DateTimeField(null=True, blank=True)
    rounds = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "watches"

    def __str__(self) -> str:
        return f"{self.release}: {self.content_digest[:12]}"
