/**
 * Puts all modules of the page into one file, and those of its settings into another, which the page loads when somebody
 * opens them: `npm run vendor`. Without it, browsers load the modules one by one.
 */

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
  entryPoints: ["app/web/static/page.js", "app/web/static/settings/settings.js"],
  entryNames: "[name]",
  outdir: "app/web/static/vendor",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  plugins: [push],
  logLevel: "warning",
});
