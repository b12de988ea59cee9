"""Numbers of PostgreSQL's advisory locks, which all schemas of a database share."""

from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, cast, func, literal
from sqlalchemy.dialects.postgresql import OID, REGCLASS

ID_BITS = 40


def try_lock(connection: Connection, table: str, number: Any) -> Any:
    """Return the SQL that locks a number for a table until the end of the transaction, and is false if another has it.

    The table's own number is part of the lock's number. So a number rarely gets the lock of a number of another table,
    or of the table in another schema. If it does, one of the two is refused.
    """
    schema = (connection.get_execution_options().get("schema_translate_map") or {}).get(None)
    name = literal(f"{schema}.{table}" if schema else table)
    space = cast(cast(cast(name, REGCLASS), OID), BigInteger).op("<<")(literal(ID_BITS, Integer))
    return func.pg_try_advisory_xact_lock(space.op("#")(number))
