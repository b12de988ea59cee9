/** Bundles <push-bell> with socket.io-client into one file, and compresses it: `npm run build`. */

import { build } from "esbuild";

import { writeBrotli } from "./brotli.mjs";
import { withoutWebTransport } from "./without-webtransport.mjs";

const BELL = "dist/push-bell.js";

await build({
  entryPoints: ["src/bell.js"],
  outfile: BELL,
  bundle: true,
  minify: true,
  banner: { js: "/*! toutiao-push, with socket.io-client of Guillermo Rauch: MIT licence */" },
  target: "es2022",
  plugins: [withoutWebTransport],
  logLevel: "warning",
});
await writeBrotli(BELL);
