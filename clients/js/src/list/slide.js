/** Lets rows that are pushed down by new ones slide to their place, so that nothing jumps. */

const SLIDE = "transform 200ms ease-out";

/**
 * Show the rows where they were, `height` px further up, in this frame, and let them slide from the next one on. They may
 * still slide for those that came before.
 */
export function slideIn(rows, height) {
  if (height <= 0 || isStill()) return;
  const { m42: rest } = new DOMMatrixReadOnly(getComputedStyle(rows).transform);
  Object.assign(rows.style, { transition: "none", transform: `translateY(${rest - height}px)` });
  requestAnimationFrame(() => Object.assign(rows.style, { transition: SLIDE, transform: "none" }));
}

/** Whether the reader wants nothing to move. */
export function isStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
