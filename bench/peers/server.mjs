// Node's socket.io with its Redis adapter: it checks the token, joins the room and sends `sync`.
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import jwt from "jsonwebtoken";
import { createClient } from "redis";
import { Server } from "socket.io";

const [port, redisUrl, secret] = [Number(process.argv[2]), process.env.MESSAGE_QUEUE_URL, process.env.JWT_SECRET];

const publisher = createClient({ url: redisUrl });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, { adapter: createAdapter(publisher, subscriber) });

io.use((socket, next) => {
  try {
    socket.data.userId = jwt.verify(socket.handshake.auth.token, secret, { algorithms: ["HS256"] }).user_id;
    next();
  } catch {
    next(new Error("token_invalid"));
  }
});

io.on("connection", (socket) => {
  socket.join(String(socket.data.userId));
  socket.emit("sync", { recovered: true, offset: "0-0", unread_count: 0 });
});

http.listen({ port, host: "127.0.0.1", backlog: 4096 });
