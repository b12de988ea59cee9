"""While beat can't send tasks, it logs once a minute what an operator can do, and not a traceback every 2 s."""

import logging

from core import service_faults


class _ServiceFaultFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        cause = error and (error.__cause__ or error.__context__)
        if not isinstance(cause, service_faults.ERRORS):
            return True
        service_faults.report(logging.getLogger(__name__), "broker", cause)
        return False


logging.getLogger("celery.beat").addFilter(_ServiceFaultFilter())
