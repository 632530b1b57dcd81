"""What the shop keeps."""

from django.db import models


class Order(models.Model):
    """One article that somebody has ordered."""

    article = models.CharField(max_length=100)
