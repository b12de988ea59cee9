"""What an operator sees of an IM server."""

from prometheus_client import Counter, Gauge

CONNECTIONS = Gauge("toutiao_im_connections", "Open sockets", ["kind"])
REFUSED = Counter("toutiao_im_refused_total", "Connects that were refused", ["reason"])
PUSHES = Counter("toutiao_im_pushes_total", "Pushes written to sockets")
REPLAYED = Counter("toutiao_im_replayed_total", "Notifications replayed to clients that came back")
UNRECOVERED = Counter("toutiao_im_unrecovered_total", "Clients that were told to read their inbox")
GAPS = Counter("toutiao_im_gaps_total", "Pushes that told a socket that it had missed one")
CAUGHT_UP = Counter("toutiao_im_caught_up_total", "Notifications that open sockets read from the history")
SENT_AWAY = Counter("toutiao_im_sent_away_total", "Sockets closed so that they come back and catch up", ["reason"])
DEAF = Counter("toutiao_im_deaf_total", "Times that this server did not hear itself over the message queue")
SUBSCRIPTIONS = Counter("toutiao_im_subscriptions_total", "Times that this server subscribed to the message queue")
IS_HEARING = Gauge("toutiao_im_is_hearing", "1 while this server hears itself over the message queue")
