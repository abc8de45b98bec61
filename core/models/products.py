"""Products and their environments. They stand in this lowest room because flags, releases and roles hang on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse

if TYPE_CHECKING:
    from core.models.people import User


class ProductQuerySet(models.QuerySet["Product"]):
    def visible_to(self, user: User) -> ProductQuerySet:
        """The products in which `user` has any role; also for staff, who have the admin site for the rest."""
        return self.filter(roles__user=user).distinct()


class Product(models.Model):
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(unique=True)
    timezone = models.CharField(max_length=64, default="UTC", help_text="In which release windows are meant.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("product", args=[self.slug])


class EnvironmentQuerySet(models.QuerySet["Environment"]):
    def visible_to(self, user: User) -> EnvironmentQuerySet:
        return self.filter(product__roles__user=user).distinct()


class Environment(models.Model):
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="environments")
    name = models.CharField(max_length=40)
    slug = models.SlugField()
    is_production = models.BooleanField(default=False)
    order = models.PositiveSmallIntegerField(default=0)

    objects = EnvironmentQuerySet.as_manager()

    class Meta:
        ordering = ["order", "name"]
        constraints = [
            models.UniqueConstraint(fields=["product", "slug"], name="environment_slug_per_product"),
            models.UniqueConstraint(
                fields=["product"], condition=models.Q(is_production=True), name="one_production_per_product"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.name}"
