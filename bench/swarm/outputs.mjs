// The right outputs of sub-jobs, without running their programs: for each program the driver gives the
// bytes that jobspec's own run wrote for one range, and where first row, rows and sum stand in them.

const ROWS_DONE = 16; // docs/protocol.md, "Table bytes"
const FIRST_ROW = 24;

export class Outputs {
  #templates = new Map();

  /** @param {string} program its SHA-256 @param {{bytes: string, sum: number, rows: number[]}} template
   *  offsets of the sum of the row numbers and of the row counts */
  learn(program, { bytes, sum, rows }) {
    this.#templates.set(program, { bytes: Buffer.from(bytes, "base64"), sum, rows });
  }

  /** The output of source rows [firstRow, firstRow + rows). */
  of(program, firstRow, rows) {
    const template = this.#templates.get(program);
    if (!template) throw new Error(`the driver gave no output of program ${program}`);
    const output = Buffer.from(template.bytes);
    output.writeUInt32LE(rows, ROWS_DONE);
    writeInteger(output, firstRow, FIRST_ROW);
    writeInteger(output, rows * firstRow + (rows * (rows - 1)) / 2, template.sum);
    for (const offset of template.rows) writeInteger(output, rows, offset);
    return output;
  }
}

/** 64 bits of a number below 2 ** 53. */
function writeInteger(bytes, value, offset) {
  bytes.writeUInt32LE(value % 2 ** 32, offset);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
}
