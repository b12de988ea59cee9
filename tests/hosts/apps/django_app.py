"""A shop in Django, in one file. Its users have integers, and its tokens are signed with RS256."""

import json
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.db import connection, models, transaction
from django.http import JsonResponse
from django.urls import path

from toutiao_push import Push, mint_token

_url = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY=os.urandom(32).hex(),
    ROOT_URLCONF=__name__,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _url.path[1:],
            "USER": _url.username,
            "PASSWORD": _url.password,
            "HOST": _url.hostname,
            "PORT": _url.port,
        }
    },
)
django.setup()
push = Push(os.environ["PUSH_EVENTS"], schema=os.environ["PUSH_SCHEMA"])
key = Path(os.environ["PRIVATE_KEY"]).read_text()


class Order(models.Model):
    user_id = models.BigIntegerField()
    item = models.TextField()

    class Meta:
        app_label = "shop"
        db_table = "django_orders"


def orders(request):
    """Keep an order and notify its user, or neither of the two."""
    if request.method == "GET":
        return JsonResponse(list(Order.objects.order_by("id").values_list("item", flat=True)), safe=False)
    body = json.loads(request.body)
    with transaction.atomic():
        made = Order.objects.create(user_id=body["user"], item=body["item"])
        with connection.cursor() as cursor:
            push.notify(cursor, "order shipped", to=made.user_id, data={"order_id": made.id, "item": made.item})
        if body.get("fails"):
            raise ValueError("the order fails")
    return JsonResponse({"id": made.id}, status=201)


def token(_request, user_id):
    signed = mint_token(user_id, key, algorithm="RS256", user_claim="sub", key_id="shop", audience="push")
    return JsonResponse({"token": signed})


urlpatterns = [path("orders", orders), path("token/<str:user_id>", token)]

if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(Order)
    application = get_wsgi_application()
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", "--skip-checks", f"127.0.0.1:{sys.argv[1]}"])
