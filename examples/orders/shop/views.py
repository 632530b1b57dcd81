"""Placing an order."""

import json

import stock
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST
from invoices import Invoice

import haulage
from shop.models import Order


@require_POST
def place_order(request: HttpRequest) -> JsonResponse:
    """Store the order and submit its invoice, or neither."""
    article = json.loads(request.body)["article"]
    try:
        with transaction.atomic():
            order = Order.objects.create(article=article)
            invoice = Invoice(order=order.id, article=article)
            job_id = haulage.submit_in(connection, "send_invoice", invoice)
            stock.take(article)
    except stock.OutOfStock:
        return JsonResponse({"error": f"There is no {article} left."}, status=409)
    return JsonResponse({"order": order.id, "job": str(job_id)}, status=201)
