/** The page: who is logged in, and how people, inbox, toasts and the live connection come together. */

import { Api, SessionOver } from "./api.js";
import { byId } from "./elements.js";
import { describe } from "./events.js";
import { onSubmit } from "./forms.js";
import { Inbox } from "./inbox.js";
import { People } from "./people.js";
import { PushClient } from "./push-client.js";
import { showToast } from "./toasts.js";

const STATES = {
  connecting: "Connecting",
  "catching-up": "Catching up",
  live: "Live",
  offline: "Offline, reconnecting",
  missing: "Not live",
};

const api = new Api();
const people = new People(api, report);
const inbox = new Inbox(api, report);
let push = null;

function report(error) {
  byId("error").hidden = error === null;
  byId("error-text").textContent = error?.message ?? "";
}

function showState(state) {
  byId("state").textContent = STATES[state];
  byId("state").dataset.state = state;
  byId("no-live").hidden = state !== "missing";
}

async function goLive() {
  let io;
  try {
    ({ io } = await import("./vendor/socket.io.esm.min.js"));
  } catch {
    return showState("missing");
  }
  if (api.session === null) return;
  push = new PushClient({
    io,
    url: document.body.dataset.imUrl,
    userId: api.session.user.id,
    getToken: () => api.session?.token ?? null,
    refreshToken: () => api.refresh(),
    loadInbox: () => inbox.load(),
  });
  push.addEventListener("state", ({ detail }) => (detail === "logged-out" ? api.end() : showState(detail)));
  push.addEventListener("unread", ({ detail }) => inbox.takeUnread(detail));
  push.addEventListener("inbox", ({ detail }) => inbox.take(detail));
  push.addEventListener("notification", ({ detail }) => {
    inbox.add(detail);
    showToast(detail, describe(detail.event, detail));
  });
  push.start();
}

function show(isLoggedIn) {
  byId("welcome").hidden = isLoggedIn;
  byId("home").hidden = !isLoggedIn;
  byId("account").hidden = !isLoggedIn;
  byId("me").textContent = api.session?.user.name ?? "";
}

async function enter() {
  report(null);
  showState("connecting");
  show(true);
  await Promise.all([people.show(), inbox.reload(), goLive()]);
}

function leave() {
  push?.stop();
  push = null;
  people.clear();
  inbox.clear();
  byId("toasts").replaceChildren();
  byId("profile").close();
  show(false);
  byId("log-in").elements.user_name.focus();
}

function openProfile() {
  const { name, photo, introduction } = api.session.user;
  const fields = byId("profile-form").elements;
  fields.name.value = name;
  fields.photo.value = photo ?? "";
  fields.introduction.value = introduction ?? "";
  byId("profile").showModal();
}

onSubmit(byId("log-in"), async ({ user_name: name, password }, submitter) => {
  if (submitter?.value === "sign-up") await api.call("POST", "/users", { user_name: name, password });
  await api.logIn(name, password);
  byId("log-in").reset();
  enter();
  byId("inbox-title").focus();
});
onSubmit(byId("profile-form"), async ({ name, photo, introduction }) => {
  api.keepUser(await api.call("PATCH", "/user", { name, photo: photo || null, introduction: introduction || null }));
  byId("profile").close();
  show(true);
});
byId("log-out").onclick = () => {
  report(null);
  api.logOut();
  leave();
};
byId("me").onclick = openProfile;
byId("cancel-profile").onclick = () => byId("profile").close();
byId("close-error").onclick = () => report(null);
api.addEventListener("logged-out", () => {
  leave();
  report(new SessionOver());
});

if (api.session) enter();
