// Runs the corpus in a JavaScript engine, as the browser's worker does, and gives how each chunk
// ended. Each instance takes all chunks of its program, in steps of a few rows with outputs read
// in between. In Node: node engine.mjs FOLDER prints the answers as JSON.

/**
 * @param {{program: string, chunks: {file: string}[]}[]} corpus
 * @param {(name: string) => Promise<Uint8Array>} read
 * @returns {Promise<Record<string, string>>} by the name of the chunk's file
 */
export async function run(corpus, read) {
  const ends = {};
  for (const { program, chunks } of corpus) {
    const module = await WebAssembly.compile(await read(program));
    const { memory, input, step, output, output_bytes } = new WebAssembly.Instance(module).exports;
    for (const { file } of chunks) {
      const bytes = await read(file);
      const address = input(bytes.length);
      new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
      let left = 1;
      while (left > 0) {
        left = step(13);
        output();
      }
      const table = new Uint8Array(memory.buffer, output(), output_bytes()).slice();
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", table));
      const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
      ends[file] = left < 0 ? `trap ${left} ${hex}` : hex;
    }
  }
  return ends;
}

if (typeof process !== "undefined") {
  const { readFile } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const read = (name) => readFile(join(process.argv[2], name));
  const corpus = JSON.parse(String(await read("corpus.json")));
  process.stdout.write(JSON.stringify(await run(corpus, read)));
}
