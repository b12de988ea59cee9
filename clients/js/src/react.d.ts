import type { ReactElement, ReactNode } from "react";
import type { InboxStore, Push, Snapshot } from "./index.js";

export function PushProvider(props: { push: Push; children?: ReactNode }): ReactElement;
export function usePush(): Snapshot & Pick<InboxStore, "markRead" | "markAllRead" | "loadMore"> & { push: Push };
