/** How a host uses the package. tsc checks that the declarations allow it, and refuse what is wrong. */

import { createElement } from "react";
import { ApiError, createPush, httpInbox, InboxStore, type Item } from "toutiao-push";
import { PushBell } from "toutiao-push/bell";
import { PushProvider, usePush } from "toutiao-push/react";

const push = createPush({ url: "https://im.example", baseUrl: "https://push.example/v1_0", getToken: async () => "token" });
push.start();
const end: () => void = push.on("notification", (notification) => console.log(notification.event, notification.user_name));
push.on("unread", (count) => count.toFixed());
push.on("withdrawn", (ids) => ids.map((id) => id + 1));
end();
const items: readonly Item[] = push.inbox.getSnapshot().items;
push.inbox.markRead(items.map(({ id }) => id)).catch((error: unknown) => error instanceof ApiError && error.status);

const getToken = () => null;
const store = new InboxStore(httpInbox({ baseUrl: "/v1_0", getToken }));
createPush({ url: "/", getToken, userId: "7f1a", inbox: { list: async () => ({ unread_count: 0, results: [] }), markRead: async () => ({ unread_count: 0 }) } });
store.subscribe(() => store.getSnapshot());

function Bell() {
  const { unread, items: shown, markRead } = usePush();
  return createElement("button", { onClick: () => markRead(shown.map(({ id }) => id)) }, unread);
}
createElement(PushProvider, { push, children: createElement(Bell) });

const bell: PushBell = document.createElement("push-bell");
bell.getToken = async ({ refresh }) => (refresh ? "new" : "old");
bell.labels = { title: "通知" };
bell.view = { settingsUrl: "/settings", actions: [{ name: "reply", icon: "M3 3h9", label: ({ id }) => `Reply ${id}`, act: (item) => console.log(item.data) }] };
if (store.canMute) store.setMuted("7f1a", true).catch(console.error);

// @ts-expect-error: without the address of an inbox
createPush({ url: "/", getToken });
// @ts-expect-error: no such event
push.on("nothing", () => {});
// @ts-expect-error: a snapshot is not to be changed
push.inbox.getSnapshot().unread = 3;

declare module "toutiao-push/events" {
  interface Events {
    "order shipped": { order_id: number };
  }
}
push.on("notification", (notification) => {
  if (notification.event === "order shipped") console.log(notification.order_id);
});
