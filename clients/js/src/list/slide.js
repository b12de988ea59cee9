/** Lets rows that are pushed down by new ones slide to their place, so that nothing jumps. */

const SLIDE = "transform 200ms ease-out";
const STILL = "(prefers-reduced-motion: reduce)";

/** Show the rows where they were, `height` px further up, in this frame, and let them slide from the next one on. */
export function slideIn({ style }, height) {
  if (height <= 0 || matchMedia(STILL).matches) return;
  Object.assign(style, { transition: "none", transform: `translateY(${-height}px)` });
  requestAnimationFrame(() => Object.assign(style, { transition: SLIDE, transform: "translateY(0)" }));
}
