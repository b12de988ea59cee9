// The official client: prints each event as a line of JSON, after "connected". A line of the input is an event to send.
import { createInterface } from "node:readline";

import { io } from "socket.io-client";

const [url, token, transports] = process.argv.slice(2);
const socket = io(url, { auth: { token }, transports: transports.split(","), reconnection: false });
const print = (...line) => console.log(JSON.stringify(line));
socket.on("connect_error", (error) => print("connect_error", error.message));
socket.on("disconnect", (reason) => print("disconnect", reason));
socket.onAny((...args) => print(...args));
socket.on("sync", () => print("connected", socket.io.engine.transport.name));
createInterface({ input: process.stdin }).on("line", async (line) => {
  const [event, data] = JSON.parse(line);
  print(`${event} acknowledged`, await socket.emitWithAck(event, data));
});
