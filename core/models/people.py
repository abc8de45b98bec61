"""People, the teams that sign, the roles that may act, and the tokens that machines carry."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from core.choices import RoleKind
from core.models.products import Product


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        if not email:
            raise ValueError("A person needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person, or (``is_service``) a pipeline. The e-mail address is the login."""

    email = models.EmailField(unique=True, error_messages={"unique": "Somebody has this address."})
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(
        max_length=8, default="system", choices=[("system", "As the system"), ("light", "Light"), ("dark", "Dark")]
    )
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May enter the admin site.")
    is_service = models.BooleanField(default=False)
    sessions_ended = models.PositiveIntegerField(default=0, help_text="How often all other sessions were ended.")
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="address_in_lower_case")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()

    def get_session_auth_hash(self) -> str:
        """What a session has to hold: another password ends it, and so does signing out everywhere else."""
        known = f"{super().get_session_auth_hash()}:{self.sessions_ended}"
        return salted_hmac("core.models.User.sessions", known, algorithm="sha256").hexdigest()

    def has_role(self, product: Product, *kinds: RoleKind) -> bool:
        """Whether this active person holds one of `kinds` (any, if none is named) in `product`."""
        if not self.is_active:
            return False
        roles = self.roles.filter(product=product)
        return (roles.filter(kind__in=kinds) if kinds else roles).exists()


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: User) -> TeamQuerySet:
        return self.filter(product__roles__user=user).distinct()


class Team(models.Model):
    """Who signs and who ticks: Business, QA, Compliance, …"""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(max_length=80)
    members = models.ManyToManyField(User, related_name="teams", blank=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["product", "name"], name="team_name_per_product")]

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """That `user` may act as `kind` in `product`."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="roles")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="roles")
    kind = models.CharField(max_length=20, choices=RoleKind.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "product", "kind"], name="role_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_kind_display()} of {self.product}"


class ApiToken(models.Model):
    """A machine's key to `/api/v1`. Shown once; only its SHA-256 is kept (the key has 256 random bits)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, db_index=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def hash(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    @classmethod
    def issue(cls, *, user: User, product: Product, name: str) -> tuple[ApiToken, str]:
        """A new token and its key, which nobody can read again."""
        key = f"slw_{secrets.token_urlsafe(32)}"
        return cls.objects.create(user=user, product=product, name=name, prefix=key[:10], digest=cls.hash(key)), key
