/** Puts all modules of the page into one file: `npm run vendor`. Without it, browsers load them one by one. */

import { resolve } from "node:path";

import { build } from "esbuild";

const PACKAGE = "clients/js/src"; // Flask serves it beside the page's own files, as "./push/"

const push = {
  name: "push",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/push\// }, ({ path }) => ({ path: resolve(PACKAGE, path.replace(/^\.+\/push\//, "")) }));
  },
};

await build({
  entryPoints: ["app/web/static/page.js"],
  outfile: "app/web/static/vendor/page.js",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  plugins: [push],
  logLevel: "warning",
});
