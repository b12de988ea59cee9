/** The package stays as small as README.md says. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

async function weigh(entry) {
  const { outputFiles } = await build({
    entryPoints: [here(`../src/${entry}`)],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["socket.io-client"],
    write: false,
  });
  return gzipSync(outputFiles[0].contents).length;
}

const readme = await readFile(here("../README.md"), "utf8");

for (const entry of ["index.js", "bell.js"]) {
  test(`${entry} is no larger than README.md says`, async () => {
    const [, kilobytes] = new RegExp(`\\| \`src/${entry}\`.*\\| ([\\d.]+) KB \\|`).exec(readme);
    const size = await weigh(entry);
    console.log(`${entry}: ${size} bytes`);

    assert.ok(size <= kilobytes * 1000, `${size} bytes`);
  });
}
