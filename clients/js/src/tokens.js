/** The token of a host: asked for when it is needed, kept until it is refused. */

/** Return a `getToken` that asks the host's only when it has no token, or for a new one. Callers at once share one. */
export function keepToken(getToken) {
  let kept = null;
  let asked = null;
  return async ({ refresh = false } = {}) => {
    if (kept !== null && !refresh) return kept;
    asked ??= Promise.resolve()
      .then(() => getToken({ refresh }))
      .then((token) => (kept = token ?? null))
      .finally(() => (asked = null));
    return asked;
  };
}

/** Return whose token it is, as a text, by the claim `user_id` or `sub`; null if it can't be read. */
export function userIdOf(token) {
  try {
    const binary = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const { user_id: userId, sub } = JSON.parse(new TextDecoder().decode(bytes));
    const found = userId ?? sub;
    return found === undefined || found === null ? null : String(found);
  } catch {
    return null;
  }
}
