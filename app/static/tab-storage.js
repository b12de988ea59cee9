/**
 * sessionStorage, which belongs to this tab alone. Where the browser blocks site data its very name throws, and where it
 * is full a write does: all goes on then, and what was to be kept is forgotten with the next reload.
 */
export const tabStorage = {
  getItem: (key) => attempt(() => sessionStorage.getItem(key)),
  setItem: (key, value) => attempt(() => sessionStorage.setItem(key, value)),
  removeItem: (key) => attempt(() => sessionStorage.removeItem(key)),
};

function attempt(access) {
  try {
    return access();
  } catch {
    return null;
  }
}
