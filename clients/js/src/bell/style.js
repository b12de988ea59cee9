/** The look of the bell. A page changes it by the variables, or by ::part(bell) and ::part(panel). */

export const STYLE = `
:host { display: inline-block; position: relative; font: 15px/1.4 system-ui, sans-serif; color-scheme: light dark;
  --ink: light-dark(#1b1d22, #eceef2); --faint: light-dark(#5b6270, #9aa3b2); --card: light-dark(#fff, #1c1f25);
  --line: light-dark(#e4e2df, #30353e); --accent: var(--push-accent, light-dark(#c4183a, #ff6b7d)); }
:host([hidden]), [hidden] { display: none !important; }
button { font: inherit; color: inherit; background: none; border: 0; cursor: pointer; border-radius: .5rem; padding: .4rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
.bell { position: relative; display: block; line-height: 0; }
.bell svg { width: 1.5rem; height: 1.5rem; fill: currentColor; }
.badge { position: absolute; top: 0; right: 0; min-width: 1.1rem; padding: 0 .25rem; border-radius: 1rem; box-sizing: border-box;
  background: var(--accent); color: light-dark(#fff, #2a0409); font: 600 .7rem/1.1rem system-ui, sans-serif; text-align: center; }
.panel { position: absolute; inset-inline-end: 0; z-index: 1000; width: min(24rem, calc(100vw - 2rem)); max-height: 70vh;
  overflow: auto; box-sizing: border-box; padding: .75rem; border: 1px solid var(--line); border-radius: .75rem;
  background: var(--card); color: var(--ink); box-shadow: 0 8px 24px rgb(0 0 0 / 20%); }
.head { display: flex; align-items: center; justify-content: space-between; gap: .5rem; }
h2 { margin: 0; font-size: 1.05rem; }
h2:focus { outline: none; }
ul { list-style: none; margin: .5rem 0; padding: 0; }
li { display: flex; align-items: start; gap: .5rem; padding: .5rem .25rem; border-top: 1px solid var(--line); }
li .text { flex: 1; min-width: 0; overflow-wrap: anywhere; color: inherit; }
li.unread .text { font-weight: 600; }
time, p { display: block; margin: 0; color: var(--faint); font-weight: 400; font-size: .85rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;
