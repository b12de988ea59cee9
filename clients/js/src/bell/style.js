/**
 * The look of the bell. A page changes it by the variables, or by ::part(bell) and ::part(panel). The badge begins at a fixed
 * place, so that a longer number does not move its first digit.
 */

export const STYLE = `
:host { display: inline-block; position: relative; text-align: start; font: 14px/20px system-ui, sans-serif; color-scheme: light dark;
  --ink: light-dark(#1b1d22, #eceef2); --faint: light-dark(#5b6270, #9aa3b2); --card: light-dark(#fff, #1c1f25);
  --band: light-dark(#f8f8f7, #181b20); --hover: light-dark(#f5f5f4, #242830); --line: light-dark(#e7e5e2, #30353e);
  --accent: var(--push-accent, light-dark(#c4183a, #ff6b7d)); --on-accent: light-dark(#fff, #2a0409); }
:host([hidden]), [hidden] { display: none !important; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.bell { position: relative; display: grid; place-items: center; width: 40px; height: 40px; padding: 0; border: 0; border-radius: 10px;
  background: none; color: inherit; font: inherit; cursor: pointer; }
.bell:hover, .bell[aria-expanded="true"] { background: color-mix(in srgb, currentColor 8%, transparent); }
.bell svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.bell .badge { position: absolute; top: 1px; inset-inline-start: 21px; padding: 0 5px; border-radius: 9px;
  box-sizing: border-box; background: var(--accent); color: var(--on-accent); font: 600 11px/18px system-ui, sans-serif;
  text-align: start; font-variant-numeric: tabular-nums; }
.panel { position: absolute; inset-inline-end: 0; top: calc(100% + 8px); z-index: 1000; width: 400px; max-width: calc(100vw - 24px);
  max-height: min(70vh, 640px); overflow: auto; overscroll-behavior: contain; box-sizing: border-box; border: 1px solid var(--line);
  border-radius: 12px; background: var(--card); color: var(--ink);
  box-shadow: 0 1px 2px rgb(0 0 0 / 8%), 0 12px 32px rgb(0 0 0 / 16%); }
.inbox .close { display: none; }
@media (max-width: 40rem) {
  .panel { position: fixed; inset: 0; width: auto; max-width: none; max-height: none; border: 0; border-radius: 0; }
  .inbox .close { display: inline-grid; }
  .panel .inbox { min-height: 100%; }
  .panel .inbox :is(.head, .tabs) { border-radius: 0; }
}
@media (hover: none) { .bell { width: 44px; height: 44px; } }
@media (forced-colors: active) { .bell .badge { border: 1px solid CanvasText; } }
@media print { :host { display: none; } }
`;
