// The page: who is logged in, whom to follow, what is in the inbox, and what comes in live.

import { Api } from "./api.js";
import { PushClient } from "./push-client.js";

const INBOX_SIZE = 20;
const TOAST_MS = 8000;

const api = new Api();
const inbox = new Map();
let push = null;

const $ = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function report(error) {
  $("error").textContent = error ? error.message : "";
}

function guarded(action) {
  return async (event) => {
    event?.preventDefault();
    report(null);
    try {
      await action(event);
    } catch (error) {
      report(error);
    }
  };
}

function avatar(name, photo) {
  if (photo) return element("img", { className: "avatar", src: photo, alt: "", referrerPolicy: "no-referrer" });
  const box = element("span", { className: "avatar", textContent: [...name][0]?.toUpperCase() ?? "?" });
  box.setAttribute("aria-hidden", "true");
  return box;
}

// --- people -----------------------------------------------------------------------------------------------------

async function showPeople() {
  const query = encodeURIComponent($("q").value.trim());
  const [people, followed] = await Promise.all([
    api.call("GET", `/users?per_page=20&q=${query}`),
    api.call("GET", "/user/followings?per_page=50"),
  ]);
  const following = new Set(followed.results.map(({ id }) => id));
  const others = people.results.filter(({ id }) => id !== api.session.user.id);
  $("people").replaceChildren(...others.map((person) => personRow(person, following.has(person.id))));
  $("no-people").hidden = others.length > 0;
}

function personRow(person, isFollowing) {
  const button = element("button", { type: "button" });
  const draw = () => {
    button.textContent = isFollowing ? "Unfollow" : "Follow";
    button.className = isFollowing ? "quiet" : "";
    button.setAttribute("aria-label", `${button.textContent} ${person.name}`);
  };
  button.onclick = guarded(async () => {
    if (isFollowing) await api.call("DELETE", `/user/followings/${person.id}`);
    else await api.call("POST", "/user/followings", { target: person.id });
    isFollowing = !isFollowing;
    draw();
  });
  draw();
  const text = element("span", { className: "grow" }, element("strong", { textContent: person.name }));
  if (person.introduction) text.append(element("small", { textContent: person.introduction }));
  return element("li", {}, avatar(person.name, person.photo), text, button);
}

// --- inbox ------------------------------------------------------------------------------------------------------

function showUnread(count) {
  $("badge").textContent = count;
  $("badge").hidden = count === 0;
  $("badge-label").textContent = count === 1 ? "1 unread" : `${count} unread`;
  $("read-all").disabled = count === 0;
  document.title = count ? `(${count}) Toutiao` : "Toutiao";
}

function showInbox() {
  const newestFirst = [...inbox.values()].sort((a, b) => b.id - a.id).slice(0, INBOX_SIZE);
  $("inbox").replaceChildren(...newestFirst.map(inboxRow));
  $("no-inbox").hidden = newestFirst.length > 0;
}

function inboxRow({ id, data, created_at: createdAt, read }) {
  const time = element("time", {
    dateTime: new Date(createdAt * 1000).toISOString(),
    textContent: new Date(createdAt * 1000).toLocaleString(),
  });
  const text = element("span", { className: "grow" }, element("strong", { textContent: data.user_name }));
  text.append(" follows you", element("br"), time);
  const row = element("li", { className: read ? "read" : "unread" }, avatar(data.user_name, data.user_photo), text);
  if (!read) {
    const button = element("button", { type: "button", className: "quiet", textContent: "Mark read" });
    button.setAttribute("aria-label", `Mark as read: ${data.user_name} follows you`);
    button.onclick = guarded(() => markRead({ ids: [id] }));
    row.append(button);
  }
  return row;
}

function takeInbox({ unread_count: count, results }) {
  for (const notification of results) inbox.set(notification.id, notification);
  showInbox();
  showUnread(count);
}

const loadInbox = () => api.call("GET", `/user/notifications?limit=${INBOX_SIZE}`);

async function markRead(which) {
  const { unread_count: count } = await api.call("POST", "/user/notifications/read", which);
  for (const notification of inbox.values()) {
    if (which.ids?.includes(notification.id) || notification.id <= which.up_to) notification.read = true;
  }
  showInbox();
  showUnread(count);
}

// --- live -------------------------------------------------------------------------------------------------------

function toast(data) {
  const box = element("div", { className: "toast" }, avatar(data.user_name, data.user_photo));
  box.append(element("span", {}, element("strong", { textContent: data.user_name }), " follows you"));
  $("toasts").append(box);
  setTimeout(() => box.remove(), TOAST_MS);
}

function showState(state) {
  const text = {
    connecting: "Connecting",
    live: "Live",
    "catching-up": "Catching up",
    offline: "Offline, catching up soon",
    missing: "No live updates: install Node.js, then run make run again",
    "logged-out": "Logged out",
  };
  $("state").textContent = text[state];
  $("state").dataset.state = state;
  if (state === "logged-out") leave();
}

async function goLive() {
  let io;
  try {
    ({ io } = await import("./vendor/socket.io.esm.min.js"));
  } catch {
    showState("missing");
    return;
  }
  push = new PushClient({
    io,
    url: document.body.dataset.imUrl,
    userId: api.session.user.id,
    getToken: () => api.session?.token ?? null,
    refreshToken: () => api.refresh(),
    loadInbox,
  });
  push.addEventListener("state", ({ detail }) => showState(detail));
  push.addEventListener("unread", ({ detail }) => showUnread(detail));
  push.addEventListener("inbox", ({ detail }) => takeInbox(detail));
  push.addEventListener("notification", ({ detail }) => {
    toast(detail);
    inbox.set(detail.id, { id: detail.id, data: detail, created_at: detail.timestamp, read: false });
    showInbox();
  });
  push.start();
}

// --- coming and going -------------------------------------------------------------------------------------------

async function enter() {
  $("welcome").hidden = true;
  $("home").hidden = false;
  $("account").hidden = false;
  $("me").textContent = api.session.user.name;
  await Promise.all([showPeople(), loadInbox().then(takeInbox)]);
  await goLive();
}

function leave() {
  push?.stop();
  push = null;
  api.logOut();
  inbox.clear();
  showUnread(0);
  $("welcome").hidden = false;
  $("home").hidden = true;
  $("account").hidden = true;
}

$("log-in").onsubmit = guarded(async (event) => {
  const form = new FormData(event.target);
  const [name, password] = [form.get("user_name"), form.get("password")];
  if (event.submitter?.value === "sign-up") await api.call("POST", "/users", { user_name: name, password });
  await api.logIn(name, password);
  event.target.reset();
  await enter();
});
$("log-out").onclick = leave;
$("search").onsubmit = guarded(showPeople);
$("read-all").onclick = guarded(() => markRead({ up_to: Math.max(...inbox.keys()) }));
$("reload-inbox").onclick = guarded(async () => takeInbox(await loadInbox()));

if (api.session?.user) guarded(enter)();
