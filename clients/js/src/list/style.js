/**
 * The look of the list. The page and the bell set the colours: --ink, --faint, --card, --line, --accent, --tint. `.list` clips
 * rows that slide in. Texts begin at the avatar (`.said`), in whatever direction they run.
 */

export const STYLE = `
.inbox { display: flex; flex-direction: column; border-radius: inherit; color: var(--ink); font-size: 14px; line-height: 20px; }
.inbox *, .inbox *::before, .inbox *::after { box-sizing: border-box; }
.inbox [hidden] { display: none !important; }

.inbox [role="tabpanel"] { flex: 1; }
.inbox .top { position: sticky; top: 0; z-index: 3; border-bottom: 1px solid var(--line); border-radius: 12px 12px 0 0;
  background: var(--card); }
.inbox .head { display: flex; align-items: center; gap: 4px; height: 48px;
  padding-inline: 16px 8px; }
.inbox h2 { flex: 1; min-width: 0; margin: 0; overflow: hidden; font-size: 15px; font-weight: 600; letter-spacing: -.01em;
  white-space: nowrap; text-overflow: ellipsis; }
.inbox h2:focus { outline: none; }
.inbox .badge { display: inline-block; margin-inline-start: 4px; padding: 0 6px; border-radius: 10px;
  background: var(--line); color: var(--ink); font-size: 12px; font-weight: 600; line-height: 20px;
  font-variant-numeric: tabular-nums; }
.inbox .icon { display: inline-grid; place-items: center; width: 32px; height: 32px; min-height: 0; padding: 0; border: 0;
  border-radius: 8px; background: none; color: var(--faint); cursor: pointer; }
.inbox .requests-line { display: flex; align-items: center; min-height: 40px; padding-inline: 16px; border-bottom: 1px solid var(--line);
  color: var(--faint); font-size: 13px; font-weight: 600; text-decoration: none; }
.inbox .requests-line:hover { background: var(--hover); color: var(--ink); }
.inbox .requests-line:focus-visible { outline-offset: -2px; }
.inbox .requests-line::after { margin-inline-start: auto; font-size: 18px; content: "›"; }
.inbox .icon:hover { background: var(--hover); color: var(--ink); }
.inbox .icon[aria-disabled="true"] { opacity: .45; background: none; cursor: default; }
.inbox svg { width: 18px; height: 18px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round;
  stroke-linejoin: round; }
.inbox .pill { height: 28px; min-height: 0; padding: 0 12px; border: 0; border-radius: 14px; background: var(--accent);
  color: var(--on-accent); font: inherit; font-size: 13px; font-weight: 600; white-space: nowrap; cursor: pointer; }

.inbox .tabs { display: none; gap: 16px; height: 36px; padding-inline: 16px; overflow: hidden; }
.inbox.has-states .tabs { display: flex; }
.inbox .tabs button { min-height: 0; padding: 0; border: 0; border-bottom: 2px solid transparent; border-radius: 0; background: none;
  color: var(--faint); font: inherit; font-size: 13px; font-weight: 500; white-space: nowrap; cursor: pointer; }
.inbox .tabs button:hover { background: none; color: var(--ink); filter: none; }
.inbox .tabs button:focus-visible { outline-offset: -2px; border-radius: 4px; }
.inbox .tabs [aria-selected="true"] { border-bottom-color: var(--accent); color: var(--ink); font-weight: 600; }
.inbox .tabs svg { display: none; }
.inbox .number { margin-inline-start: 2px; padding: 0 5px; border-radius: 8px; background: var(--line); color: var(--ink); font-size: 11px;
  font-weight: 500; font-variant-numeric: tabular-nums; }
.inbox .tabs .number { display: inline-block; box-sizing: border-box; min-width: 24px; line-height: 16px; text-align: center; }
.inbox .tabs .number[hidden] { display: inline-block !important; visibility: hidden; } /* so that no tab moves when it comes */
.inbox .undo { position: sticky; bottom: 12px; z-index: 3; display: flex; align-items: center; justify-content: space-between;
  width: min(320px, calc(100% - 24px)); height: 44px; margin: -56px auto 12px; padding-inline: 16px 6px; border-radius: 10px;
  background: var(--ink); color: var(--card); box-shadow: 0 8px 24px rgb(0 0 0 / 24%); }
.inbox .undo-button { min-height: 0; height: 32px; padding: 0 12px; border: 0; border-radius: 8px; background: none; color: inherit;
  font: inherit; font-weight: 600; text-decoration: underline; cursor: pointer; }
.inbox .undo-button:hover { background: color-mix(in srgb, currentColor 14%, transparent); filter: none; }
.inbox .undo .undo-button:focus-visible { outline-color: currentColor; outline-offset: -2px; }
.inbox .help { width: min(22rem, calc(100vw - 2rem)); padding: 20px; border: 1px solid var(--line); border-radius: 12px;
  background: var(--card); color: var(--ink); }
.inbox .help dl { display: grid; grid-template-columns: auto 1fr; gap: 8px 16px; margin: 16px 0; }
.inbox .help dd { margin: 0; }
.inbox kbd { display: inline-block; min-width: 24px; padding: 0 6px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--band); font: 600 12px/22px ui-monospace, monospace; text-align: center; }

.inbox .day h3 { position: sticky; top: 48px; z-index: 2; margin: 0; padding: 6px 16px; border-bottom: 1px solid var(--line);
  background: var(--band); color: var(--faint); font-size: 12px; font-weight: 600; line-height: 16px; }
.inbox.has-states .day h3 { top: 84px; }
.inbox .day h3::first-letter { text-transform: uppercase; }

.inbox .list { overflow: clip; }
.inbox .block { content-visibility: auto; }
.inbox .day:nth-child(-n + 4) .block:first-child { content-visibility: visible; }
.inbox article { position: relative; display: grid; touch-action: pan-y; grid-template-columns: 40px minmax(0, 1fr) auto; align-items: center;
  column-gap: 12px; min-height: 65px; padding-block: 12px; padding-inline: 24px 16px; border-bottom: 1px solid var(--line); }
.inbox .day:last-child .block:last-child article:last-child { border-bottom-color: transparent; }
.inbox article:hover { background: var(--hover); }
.inbox article:focus { outline: 2px solid var(--accent); outline-offset: -2px; }
.inbox article:focus:not(:focus-visible) { outline: none; }
.inbox .dot { position: absolute; inset-inline-start: 9px; top: calc(50% - 4px); width: 8px; height: 8px; border-radius: 50%;
  background: var(--accent); }
.inbox .read .dot { visibility: hidden; }
.inbox .figure { position: relative; display: block; width: 40px; height: 40px; }
.inbox .avatar { display: grid; place-items: center; width: 40px; height: 40px; border-radius: 50%; object-fit: cover;
  background: light-dark(hsl(var(--hue, 0) 45% 90%), hsl(var(--hue, 0) 25% 27%));
  color: light-dark(hsl(var(--hue, 0) 55% 28%), hsl(var(--hue, 0) 60% 85%)); font-size: 16px; font-weight: 600; }
.inbox .several .avatar { position: absolute; z-index: 1; inset-block-start: 0; inset-inline-start: 0; width: 28px; height: 28px;
  box-shadow: 0 0 0 2px var(--card); font-size: 13px; }
.inbox .several .avatar + .avatar { z-index: 0; inset-block-start: 12px; inset-inline-start: 12px; }
.inbox .several .kind { z-index: 2; }
.inbox .kind { position: absolute; inset-inline-end: -4px; bottom: -4px; display: grid; place-items: center; width: 20px;
  height: 20px; border: 2px solid var(--card); border-radius: 50%; background: var(--faint); color: var(--card); }
.inbox .kind svg { width: 11px; height: 11px; stroke-width: 2.6; }
.inbox .open { min-width: 0; min-height: 0; padding: 0; border: 0; border-radius: 0; background: none; color: inherit; font: inherit;
  text-align: start; text-decoration: none; white-space: normal; cursor: pointer; }
.inbox .open::after { position: absolute; inset: 0; content: ""; }
.inbox .open:hover { background: none; filter: none; }
.inbox .open:focus-visible { outline: none; }
.inbox .open:focus-visible::after { outline: 2px solid var(--accent); outline-offset: -2px; border-radius: 4px; }
.inbox .said { display: -webkit-box; overflow: hidden; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
  overflow-wrap: anywhere; color: var(--faint); text-align: -webkit-match-parent; text-align: match-parent; }
.inbox .said strong { color: var(--ink); font-weight: 500; }
.inbox .unread .said { color: var(--ink); }
.inbox .unread .said strong { font-weight: 600; }
.inbox time { color: var(--faint); font-size: 12px; white-space: nowrap; font-variant-numeric: tabular-nums; }
.inbox .unread time { color: var(--ink); }
.inbox .actions { position: absolute; inset-inline-end: 8px; top: calc(50% - 16px); z-index: 1; display: flex; border-radius: 8px; }
@media (hover: hover) {
  .inbox .actions { opacity: 0; }
  .inbox article:is(:hover, :focus-visible, :has(:focus-visible), :has([aria-expanded="true"])) .actions { opacity: 1; }
  .inbox article:is(:hover, :focus-visible, :has(:focus-visible)) .actions:has(button) { background: var(--card); box-shadow: 0 0 0 1px var(--line); }
  .inbox article:is(:hover, :focus-visible, :has(:focus-visible)):has(.actions button) time { visibility: hidden; }
}
.inbox .menu { position: fixed; margin: 0; padding: 4px; border: 1px solid var(--line); border-radius: 10px; background: var(--card); color: var(--ink);
  box-shadow: 0 8px 24px rgb(0 0 0 / 16%); }
.inbox .menu-item { display: flex; align-items: center; gap: 10px; width: 100%; min-height: 36px; padding: 4px 12px; border: 0; border-radius: 6px;
  background: none; color: inherit; font: inherit; text-align: start; white-space: nowrap; cursor: pointer; }
.inbox .menu-item:is(:hover, :focus) { background: var(--hover); filter: none; }

.inbox .swiped { z-index: 1; background: var(--card); }
.inbox .hint { position: absolute; inset-block: 0; display: flex; align-items: center; gap: 8px; width: 100%; padding-inline: 20px;
  background: var(--line); color: var(--ink); font-weight: 600; }
.inbox .hint.forward { inset-inline-end: 100%; justify-content: end; }
.inbox .hint.back { inset-inline-start: 100%; }
.inbox .hint.far { background: var(--accent); color: var(--on-accent); }

.inbox .empty { padding: 56px 24px; color: var(--faint); text-align: center; }
.inbox .empty strong { color: var(--ink); font-weight: 600; }
.inbox .empty p, .note { margin: 4px 0 0; }
.inbox .note { padding: 8px 16px; border-bottom: 1px solid var(--line); background: var(--band); color: var(--ink); font-size: 13px; }
.inbox .note:empty { display: none; }
.inbox .older { display: block; width: 100%; height: 44px; border: 0; border-radius: 0 0 12px 12px; background: none;
  color: var(--faint); font: inherit; font-weight: 600; cursor: pointer; }
.inbox .older:hover { background: var(--hover); color: var(--ink); }
.inbox .older.busy { opacity: .5; }
.inbox .skeletons > div { display: grid; grid-template: 10px 10px / 40px 60%; gap: 10px 12px; align-content: center; height: 65px;
  padding-inline: 24px 16px; border-bottom: 1px solid var(--line); }
.inbox .skeletons i { grid-row: span 2; width: 40px; height: 40px; margin-top: -5px; border-radius: 50%; }
.inbox .skeletons b { border-radius: 5px; }
.inbox .skeletons b:last-child { width: 55%; }
.inbox .skeletons :is(i, b) { background: var(--line); animation: push-pulse 1.2s ease-in-out infinite alternate; }
@keyframes push-pulse { to { opacity: .45; } }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

@media (hover: none) {
  .inbox .icon { width: 44px; height: 44px; }
  .inbox :is(.requests-line, .menu-item) { min-height: 44px; }
  .inbox time { align-self: start; }
  .inbox .actions { inset-inline-end: 2px; top: auto; bottom: 0; }
  .inbox .actions .icon { background: none; }
  .inbox .shortcuts { display: none; }
  .inbox .tabs { height: 44px; }
  .inbox.has-states .day h3 { top: 92px; }
  .inbox .pill { height: 44px; border-radius: 22px; }
  .inbox .undo { height: 52px; margin-top: -64px; }
  .inbox .undo-button { height: 44px; }
}
@media (max-width: 40rem) {
  .inbox .top { display: contents; }
  .inbox .head { position: sticky; top: 0; z-index: 3; flex: none; border-bottom: 1px solid var(--line); border-radius: 12px 12px 0 0;
    background: var(--card); }
  .inbox .tabs { position: sticky; bottom: 0; z-index: 3; order: 1; flex: none; gap: 0; height: auto; padding: 0;
    padding-bottom: env(safe-area-inset-bottom); border-top: 1px solid var(--line); border-radius: 0 0 12px 12px; background: var(--card); }
  .inbox .tabs button { position: relative; display: grid; flex: 1; justify-items: center; align-content: center; gap: 2px; height: 56px;
    border: 0; font-size: 12px; line-height: 16px; }
  .inbox .tabs svg { display: block; box-sizing: content-box; padding: 3px 16px; border-radius: 12px; }
  .inbox .tabs [aria-selected="true"] svg { background: color-mix(in srgb, var(--accent) 16%, transparent); color: var(--accent); }
  .inbox .tabs .number { position: absolute; inset-inline-start: calc(50% + 8px); top: 4px; line-height: 16px; }
  .inbox.has-states .undo { bottom: 68px; }
  .inbox.has-states .day h3 { top: 48px; }
}
@media (prefers-reduced-motion: reduce) { .inbox .skeletons :is(i, b) { animation: none; } }
@media (forced-colors: active) {
  .inbox .dot { background: Highlight; forced-color-adjust: none; }
  .inbox .kind { border-color: Canvas; background: CanvasText; color: Canvas; forced-color-adjust: none; }
  .inbox :is(.badge, .pill, .avatar, .undo) { border: 1px solid CanvasText; }
  .inbox .tabs button { border-bottom-color: Canvas; }
  .inbox .tabs [aria-selected="true"] { border-bottom-color: Highlight; }
}
@media print {
  .inbox .top { position: static; }
  .inbox .day h3 { position: static; }
  .inbox :is(.icon, .actions, .older, .pill, .requests-line, .skeletons, .tabs, .undo) { display: none !important; }
  .inbox article { break-inside: avoid; outline: 0 !important; }
  .inbox article time { visibility: visible !important; }
}
`;
