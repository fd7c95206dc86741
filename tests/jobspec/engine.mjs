// Runs programs over chunks in V8, as the browser's worker does, and prints the SHA-256 of each
// output as JSON. Each instance takes all chunks of its program, in steps of a few rows with
// outputs read in between. Argument: a folder with N.wasm and N.M.chunk.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const names = readdirSync(folder);
const digests = {};

for (const name of names.filter((each) => each.endsWith(".wasm"))) {
  const number = name.slice(0, -".wasm".length);
  const module = new WebAssembly.Module(readFileSync(join(folder, name)));
  const { memory, input, step, output, output_bytes } = new WebAssembly.Instance(module).exports;
  for (let chunk = 0; names.includes(`${number}.${chunk}.chunk`); chunk++) {
    const bytes = readFileSync(join(folder, `${number}.${chunk}.chunk`));
    const address = input(bytes.length);
    new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
    let left = 1;
    while (left > 0) {
      left = step(13);
      output();
    }
    const table = new Uint8Array(memory.buffer, output(), output_bytes());
    digests[`${number}.${chunk}`] = left < 0 ? `trap ${left}` : createHash("sha256").update(table).digest("hex");
  }
}
process.stdout.write(JSON.stringify(digests));
