/** Compresses a file for browsers that accept Brotli, into one of the same name with `.br` after it. */

import { readFile, writeFile } from "node:fs/promises";
import { brotliCompressSync } from "node:zlib";

export async function writeBrotli(path) {
  await writeFile(`${path}.br`, brotliCompressSync(await readFile(path)));
}
