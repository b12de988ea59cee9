"""A shop in Flask with Flask-SQLAlchemy. Its users have UUIDs, and its own login signs tokens with RS256."""

import os
import uuid
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from flask import Flask, abort, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from toutiao_push import Push, mint_token


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "flask_orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID]
    item: Mapped[str]


db = SQLAlchemy(model_class=Base)
push = Push(os.environ["PUSH_EVENTS"], schema=os.environ["PUSH_SCHEMA"])
key = Path(os.environ["PRIVATE_KEY"]).read_text()

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db.init_app(app)
with app.app_context():
    db.create_all()


@app.post("/orders")
def order():
    """Keep an order and notify its user, or neither of the two."""
    body = request.get_json()
    made = Order(user_id=uuid.UUID(body["user"]), item=body["item"])
    db.session.add(made)
    db.session.flush()
    push.notify(db.session, "order shipped", to=made.user_id, data={"order_id": made.id, "item": made.item})
    if body.get("fails"):
        abort(500)
    db.session.commit()
    return {"id": made.id}, 201


@app.get("/orders")
def orders():
    return jsonify([made.item for made in db.session.scalars(db.select(Order).order_by(Order.id))])


@app.get("/token/<user_id>")
def token(user_id):
    return {"token": mint_token(user_id, key, algorithm="RS256", user_claim="sub", key_id="shop", audience="push")}


@app.get("/jwks.json")
def jwks():
    public = load_pem_private_key(key.encode(), None).public_key()
    return {"keys": [{**jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True), "kid": "shop", "alg": "RS256"}]}
