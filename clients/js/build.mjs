/** Bundles <push-bell> with socket.io-client into one file: `npm run build`. */

import { build } from "esbuild";

import { withoutWebTransport } from "./without-webtransport.mjs";

await build({
  entryPoints: ["src/bell.js"],
  outfile: "dist/push-bell.js",
  bundle: true,
  minify: true,
  banner: { js: "/*! toutiao-push, with socket.io-client of Guillermo Rauch: MIT licence */" },
  target: "es2022",
  plugins: [withoutWebTransport],
  logLevel: "warning",
});
