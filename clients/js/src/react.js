/** Live notifications for React. */

import { createContext, createElement, useContext, useEffect, useSyncExternalStore } from "react";

const PushContext = createContext(null);

/** Start `push`, which createPush has made, and give it to `usePush` below. */
export function PushProvider({ push, children }) {
  useEffect(() => {
    push.start();
    return () => push.stop();
  }, [push]);
  return createElement(PushContext.Provider, { value: push }, children);
}

/** Return {connection, status, items, unread, hasMore, error, markRead, markAllRead, loadMore, push}. */
export function usePush() {
  const push = useContext(PushContext);
  if (push === null) throw new Error("usePush needs a PushProvider above it");
  const { inbox } = push;
  const snapshot = useSyncExternalStore(inbox.subscribe, inbox.getSnapshot, inbox.getSnapshot);
  const { markRead, markAllRead, loadMore } = inbox;
  return { ...snapshot, markRead, markAllRead, loadMore, push };
}
