/** Compresses a file for browsers that accept Brotli, into one of the same name with `.br` after it. */

import { readFile, rename, writeFile } from "node:fs/promises";
import { brotliCompressSync } from "node:zlib";

export async function writeBrotli(path) {
  await writeFile(`${path}.new`, brotliCompressSync(await readFile(path)));
  await rename(`${path}.new`, `${path}.br`); // a server that runs never reads half of it
}
