/**
 * The browser's storage. If the browser blocks site data, reading its name throws. If it is full, a write throws. A page
 * works without it, but forgets what it wanted to store at the next reload.
 */

/** Belongs to this tab alone. */
export const tabStorage = forgivingStorage(() => sessionStorage);

/** Return the storage that `open` returns, without its errors: what can't be read is null. */
export function forgivingStorage(open) {
  return {
    getItem: (key) => attempt(() => open().getItem(key)),
    setItem: (key, value) => attempt(() => open().setItem(key, value)),
    removeItem: (key) => attempt(() => open().removeItem(key)),
  };
}

function attempt(access) {
  try {
    return access();
  } catch {
    return null;
  }
}
