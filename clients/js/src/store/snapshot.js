/** What the inbox store shows. */

import { showWith } from "./marks.js";

export const NOTHING = { status: "idle", hasMore: false, isLoadingMore: false, error: null, hasStates: false, isStale: false };
export const EMPTY = { ...NOTHING, connection: "connecting", items: [], unread: 0, unseen: 0, counts: null };

/** Return the snapshot with `marks` that are on their way. What is archived is in a list of its own. */
export function makeSnapshot(rest, { marks, items, counts }) {
  const shown = showWith(marks, items.all, counts.unread);
  const byState = counts.byState && { ...counts.byState, unread: shown.unread };
  const here = items.gather(shown.items.filter(({ archived_at: archivedAt }) => !archivedAt));
  return { ...rest, ...shown, items: here, unseen: counts.unseen, counts: byState };
}
