/** Defines the element <push-bell>. */

import { PushBell } from "./bell/push-bell.js";
import { createPush } from "./index.js";

export { PushBell };

PushBell.createPush = createPush;

// Two scripts of one page may both bring it.
if (!customElements.get("push-bell")) customElements.define("push-bell", PushBell);
