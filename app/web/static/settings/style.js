/** The look of the settings and the requests. Colours are those of style.css. */

export const STYLE = `
.view { max-width: 640px; margin: 0 auto; }
.view-head { display: flex; align-items: center; gap: 4px; margin-block-end: 8px; }
.view-head .back { display: grid; place-items: center; width: 44px; height: 44px; margin-inline-start: -12px; border-radius: 8px;
  color: inherit; font-size: 26px; line-height: 1; text-decoration: none; }
.view-head .back:hover { background: var(--hover); }
.view-head h2 { font-size: 1.15rem; }
.view h3 { margin: 0; font-size: 1rem; }
.view h3:focus { outline: none; }
.view p { margin: 4px 0 0; }
.view .wrong:empty, .view [role="status"]:empty { display: none; }
.settings-part { padding-block: 20px; border-block-start: 1px solid var(--line); }
.view label { margin: 0; }
.view .option { display: flex; align-items: center; gap: 12px; min-height: 44px; padding-block: 6px; font-weight: 400; cursor: pointer; }
.view .option small { display: block; font-size: .875rem; }
.view input:is([type="checkbox"], [type="radio"]) { flex: none; width: 20px; height: 20px; margin: 0; padding: 0;
  accent-color: var(--accent); cursor: pointer; }
.view input:disabled { cursor: not-allowed; }
.channels { width: 100%; margin-block-start: 8px; border-collapse: collapse; table-layout: fixed; }
.channels th { padding: 4px; font-weight: 400; text-align: start; }
.channels thead th { width: 64px; color: var(--faint); font-size: .8125rem; text-align: center; vertical-align: bottom; }
.channels tbody th { padding-inline-start: 0; overflow-wrap: break-word; }
.channels .category th { font-weight: 600; }
.channels .inner th { padding-inline-start: 16px; }
.channels small { display: block; font-weight: 400; }
.channels td { padding: 0; text-align: center; }
.channels td label { display: grid; place-items: center; min-height: 44px; cursor: pointer; }
.view .times { display: flex; flex-wrap: wrap; gap: 12px; margin-block: 4px 8px; }
.view .times label { flex: 1 1 110px; }
.view .times label:last-child { flex: 2 1 200px; }
.view .times :is(input, select) { min-height: 44px; margin-block-start: 4px; }
.view .to-requests { display: inline-flex; align-items: center; min-height: 44px; }
.view .people { margin-block-start: 8px; }
.view .people:empty { display: none; }
.view .people .badge { padding: 2px 10px; border-radius: 12px; background: var(--line); font-size: .8125rem; white-space: nowrap; }
.view button { min-height: 44px; }
.requests li { flex-wrap: wrap; }
.requests .grow { flex-basis: 200px; }
.requests .answers { display: flex; flex-wrap: wrap; gap: 8px; }
.view .people + button { margin-block-start: 8px; }
@media (max-width: 30rem) {
  .view { padding: 16px; }
  .channels thead th { width: 50px; padding-inline: 0; }
  .channels .inner th { padding-inline-start: 8px; }
}
@media (hover: hover) { .view button { min-height: 36px; } }
@media (forced-colors: active) { .view .people .badge { border: 1px solid CanvasText; } }
`;
