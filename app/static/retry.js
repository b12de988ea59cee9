/** Try again for as long as it takes: the pauses grow, are bounded and differ, so that browsers come back spread out. */

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

/** Resolve to what `action(failures)` resolves to at last, or to undefined once the signal is aborted. */
export async function retry(action, signal) {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      return await action(failures);
    } catch {
      await pause(failures, signal);
    }
  }
}

/** Wait after the so-manieth failure; not longer than until the browser is online again, or the signal is aborted. */
export async function pause(failures, signal) {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
  const ended = new AbortController();
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
    ended.signal.addEventListener("abort", () => clearTimeout(timer));
    globalThis.addEventListener("online", resolve, { signal: ended.signal });
    signal.addEventListener("abort", resolve, { signal: ended.signal });
  });
  ended.abort();
}
