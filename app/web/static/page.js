/** The page: connects login, people, inbox, toasts and the live connection. */

import { Alerts } from "./alerts.js";
import { SessionOver, Superseded } from "./api.js";
import { Articles } from "./articles.js";
import { noteStart } from "./early.js";
import { byId, guardSwitchedOff, written } from "./elements.js";
import { FollowBack } from "./follow-back.js";
import { onSubmit } from "./forms.js";
import { Inbox } from "./inbox.js";
import { openOffline } from "./last-list.js";
import { People } from "./people.js";
import { asText } from "./push/list/description.js";
import { Problem } from "./problem.js";
import { api, isOver, takePush } from "./start.js";
import { Toasts } from "./toasts.js";
import { Views } from "./views.js";
import { WebPush } from "./web-push.js";
import { switchLanguage } from "./words.js";

const followBack = new FollowBack(api, report);
const people = new People(api, report, (id, isFollowed) => followBack.note(id, isFollowed));
const articles = new Articles(api, report);
const inbox = new Inbox(report, [followBack]);
const toasts = new Toasts();
const webPush = new WebPush(api);
const alerts = new Alerts();
const views = new Views({ api, webPush, alerts, refresh: () => inbox.refresh() });
const problem = new Problem(() => api.probe(), readAgain);
let push = null; // while somebody is logged in

function report(error) {
  if (!(error instanceof Superseded)) problem.show(error);
}

function readAgain() {
  inbox.refresh();
  people.showWhatFailed();
}

function show(isLoggedIn) {
  byId("welcome").hidden = isLoggedIn;
  byId("home").hidden = !isLoggedIn;
  byId("account").hidden = !isLoggedIn;
  byId("me").replaceChildren(written(api.session.user?.name ?? ""));
}

function enter() {
  problem.clear();
  show(true);
  const taken = takePush();
  ({ push } = taken);
  push.on("notification", notify);
  inbox.show(push, api.session.user.id);
  taken.missed.forEach(notify);
  push.start();
  people.show();
  articles.show();
  views.show();
  webPush.renew().catch(() => {}); // the next visit does it
  openOffline();
}

/** Who looks at the list, or at another tab, needs no toast; who wants silence, none either. */
function notify(notification) {
  if (notification.silent) return;
  const described = inbox.describe(notification);
  alerts.tell(notification.group_id ?? notification.id, asText(described.parts), () => {
    described.open();
    if (described.href) location.assign(described.href);
  });
  if (!document.hidden && !inbox.isInView) toasts.show(notification, described);
}

function leave() {
  push?.stop();
  push = null;
  problem.clear();
  people.clear();
  followBack.clear();
  articles.clear();
  inbox.clear();
  toasts.clear();
  views.clear();
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

followBack.onFollowed = () => people.showAgain();
guardSwitchedOff();
onSubmit(byId("log-in"), api, async ({ user_name: name, password }, submitter) => {
  if (submitter?.value === "sign-up") await api.call("POST", "/users", { user_name: name, password });
  await api.session.logIn(name, password);
  byId("log-in").reset();
  enter();
  byId("inbox-title").focus();
});
onSubmit(byId("profile-form"), api, async ({ name, photo, introduction }) => {
  api.session.keepUser(await api.call("PATCH", "/user", { name, photo: photo || null, introduction: introduction || null }));
  byId("profile").close();
  show(true);
});
byId("log-out").onclick = () => {
  webPush.forget().catch(() => {});
  api.session.logOut();
  leave();
};
byId("me").onclick = openProfile;
byId("language").onchange = ({ target }) => switchLanguage(target.value);
byId("cancel-profile").onclick = () => byId("profile").close();
api.addEventListener("logged-out", () => {
  leave();
  report(new SessionOver());
});
api.session.addEventListener("changed", () => {
  leave();
  if (api.session.user) enter();
});
api.addEventListener("answered", ({ detail }) => problem.answered(detail));

noteStart();
if (api.session.user) enter();
else if (isOver) report(new SessionOver());
