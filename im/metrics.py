"""What an operator sees of an IM server."""

from prometheus_client import Counter, Gauge

CONNECTIONS = Gauge("toutiao_im_connections", "Open sockets", ["kind"])
REFUSED = Counter("toutiao_im_refused_total", "Connects that were refused", ["reason"])
PUSHES = Counter("toutiao_im_pushes_total", "Pushes written to sockets")
REPLAYED = Counter("toutiao_im_replayed_total", "Notifications replayed to clients that came back")
UNRECOVERED = Counter("toutiao_im_unrecovered_total", "Clients that were told to read their inbox")
