/** What the page loads when somebody opens it: the settings of notifications, and what strangers did. */

import { RequestsView } from "./requests-view.js";
import { SettingsView } from "./settings-view.js";
import { STYLE } from "./style.js";

const VIEWS = { settings: SettingsView, requests: RequestsView };
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);
document.adoptedStyleSheets.push(sheet);

/**
 * Return a view by its name, {element, title}. `page` is {api, webPush, alerts, report, refresh}: `report(error)` shows
 * what went wrong, `refresh()` reads the inbox again.
 */
export function open(name, page) {
  return new VIEWS[name](page);
}
