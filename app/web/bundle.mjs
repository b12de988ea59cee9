/**
 * Puts the modules of the page into two files: `first.js` has those of start.js, `page.js` the others. Those of its
 * settings are in a third, which the page loads when somebody opens them. Each is compressed as well. `npm run vendor`
 * does it; without it, browsers load the modules one by one.
 */

import { rm } from "node:fs/promises";
import { resolve } from "node:path";

import { build } from "esbuild";

import { writeBrotli } from "../../clients/js/brotli.mjs";
import { withoutWebTransport } from "../../clients/js/without-webtransport.mjs";

const STATIC = "app/web/static";
const PACKAGE = "clients/js/src"; // Flask serves it beside the page's own files, as "./push/"

const places = {
  name: "places",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/client\.js$/ }, () => ({ path: resolve(STATIC, "bundled-client.js") }));
    onResolve({ filter: /^\.\.?\/push\// }, ({ path }) => ({ path: resolve(PACKAGE, path.replace(/^\.+\/push\//, "")) }));
  },
};

const common = {
  outdir: `${STATIC}/vendor`,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  plugins: [places, withoutWebTransport],
  logLevel: "warning",
};
const ofPage = ["start", "page"].map((name) => `${STATIC}/${name}.js`);
// What both need is all of start.js, so there is one chunk.
await build({ ...common, entryPoints: ofPage, splitting: true, chunkNames: "first" });
await rm(`${common.outdir}/start.js`); // it only names what is in first.js
await build({ ...common, entryPoints: [`${STATIC}/settings/settings.js`] });
for (const name of ["first", "page", "settings"]) await writeBrotli(`${common.outdir}/${name}.js`);
