/** Retries without end. The pauses grow up to a limit and are random, so that browsers do not all retry at once. */

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

/** Resolve to the first result of `action(failures)`, or to undefined after the signal is aborted. */
export async function retry(action, signal) {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      return await action(failures);
    } catch {
      await pause(failures, signal);
    }
  }
}

/** Wait after a number of failures; at most until the browser is online again or the signal is aborted. */
export async function pause(failures, signal) {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
  const ended = new AbortController();
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
    ended.signal.addEventListener("abort", () => clearTimeout(timer));
    globalThis.addEventListener?.("online", resolve, { signal: ended.signal });
    signal.addEventListener("abort", resolve, { signal: ended.signal });
  });
  ended.abort();
}
