/** Notices that come up for a while. The newest few stay; the inbox has them all. */

import { avatar, button, byId, element } from "./elements.js";

const SECONDS = 8;
const MOST = 4;

export function showToast(notification, text) {
  const name = notification.user_name;
  const toast = element("div", { className: "toast" }, avatar(name, notification.user_photo));
  const close = button("×", { label: "Dismiss", className: "plain", onclick: () => toast.remove() });
  toast.append(element("p", { className: "grow" }, element("strong", { textContent: name }), ` ${text}`), close);
  leaveLater(toast);
  const toasts = byId("toasts");
  toasts.append(toast);
  while (toasts.children.length > MOST) toasts.firstElementChild.remove();
}

/** Take the toast away after a while, but not from under somebody who is about to dismiss it. */
function leaveLater(toast) {
  let timer;
  const stay = () => clearTimeout(timer);
  const wait = () => {
    stay();
    timer = setTimeout(() => toast.remove(), SECONDS * 1000);
  };
  for (const event of ["mouseenter", "focusin"]) toast.addEventListener(event, stay);
  for (const event of ["mouseleave", "focusout"]) toast.addEventListener(event, wait);
  wait();
}
