// One connection of a volunteer over raw TCP: WebSocket (RFC 6455), Engine.IO 4, Socket.IO 5.
// Only what a client needs, and as little work a message as possible: the hub is what is measured.
// It knows nothing of what the messages mean.

import { randomBytes } from "node:crypto";
import { connect } from "node:net";

const NAMESPACE = "/volunteer";
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const UPGRADED = /^HTTP\/1\.1 101 /;

export class Socket {
  #tcp;
  #mask = randomBytes(4); // one a connection: the hub unmasks as it would any other
  #rest = Buffer.alloc(0);
  #upgraded = false;
  #parts = []; // of a fragmented message
  #partsOpcode = 0;
  #event = null; // a binary event that still waits for attachments
  #attachments = [];
  #missing = 0;
  #nextAck = 1;
  #acks = new Map();
  #pongs = []; // who waits for the pongs to come, in order
  #closed = false;
  #listener;

  /** @param {{host: string, port: number, from: string}} address
   *  @param {{onOpen: Function, onEvent: Function, onClose: Function}} listener */
  constructor({ host, port, from }, listener) {
    this.#listener = listener;
    this.#tcp = connect({ host, port, localAddress: from, noDelay: true });
    this.#tcp.on("connect", () => this.#upgrade(host, port));
    this.#tcp.on("data", (data) => this.#read(data));
    this.#tcp.on("error", (error) => this.#end(error.code ?? error.message));
    this.#tcp.on("close", () => this.#end("closed"));
  }

  /** Sends an event with at most one binary value, which `message` holds as a Buffer under `binaryKey`. */
  emit(name, message, binaryKey = null, onAck = null) {
    const binary = binaryKey === null ? null : message[binaryKey];
    const ack = onAck === null ? "" : String(this.#nextAck++);
    if (onAck !== null) this.#acks.set(ack, onAck);
    if (binary === null || binary === undefined) {
      this.#write([frame(TEXT, Buffer.from(`42${NAMESPACE},${ack}${JSON.stringify([name, message])}`), this.#mask)]);
      return;
    }
    const body = { ...message, [binaryKey]: { _placeholder: true, num: 0 } };
    const text = Buffer.from(`451-${NAMESPACE},${ack}${JSON.stringify([name, body])}`);
    this.#write([frame(TEXT, text, this.#mask), frame(BINARY, binary, this.#mask)]);
  }

  /** A ping of WebSocket itself, which no handler of the hub sees. */
  ping(onPong) {
    this.#pongs.push(onPong);
    this.#write([frame(PING, Buffer.alloc(0), this.#mask)]);
  }

  /** A clean goodbye. */
  leave() {
    if (this.#closed) return;
    this.#write([frame(TEXT, Buffer.from(`41${NAMESPACE},`), this.#mask), frame(CLOSE, Buffer.alloc(0), this.#mask)]);
    this.#closed = true;
    this.#tcp.end();
  }

  /** As when a machine loses power, but that the kernel still says so: no goodbye. */
  destroy() {
    this.#closed = true;
    this.#tcp.resetAndDestroy();
  }

  #write(frames) {
    if (!this.#closed) this.#tcp.write(frames.length === 1 ? frames[0] : Buffer.concat(frames));
  }

  #upgrade(host, port) {
    const key = randomBytes(16).toString("base64");
    this.#tcp.write(
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n" +
        `Host: ${host}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
  }

  #end(reason) {
    if (this.#closed) return;
    this.#closed = true;
    this.#tcp.destroy();
    this.#listener.onClose(reason);
  }

  #read(data) {
    let bytes = this.#rest.length ? Buffer.concat([this.#rest, data]) : data;
    if (!this.#upgraded) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) {
        this.#rest = bytes;
        return;
      }
      const head = bytes.toString("latin1", 0, end);
      if (!UPGRADED.test(head)) return this.#end(head.split("\r\n")[0]);
      this.#upgraded = true;
      bytes = bytes.subarray(end + 4);
    }
    let at = 0;
    while (!this.#closed) {
      const length = this.#readFrame(bytes, at);
      if (length === 0) break;
      at += length;
    }
    // a copy: a slice would keep the whole chunk alive for each of ten thousand connections
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : Buffer.alloc(0);
  }

  /** @returns {number} bytes of the frame at `at`; 0: it is not all there */
  #readFrame(bytes, at) {
    const there = bytes.length - at;
    if (there < 2) return 0;
    let length = bytes[at + 1] & 0x7f;
    let head = 2;
    if (length === 126) {
      if (there < 4) return 0;
      length = bytes.readUInt16BE(at + 2);
      head = 4;
    } else if (length === 127) {
      if (there < 10) return 0;
      length = Number(bytes.readBigUInt64BE(at + 2));
      head = 10;
    }
    if (there < head + length) return 0;
    const opcode = bytes[at] & 0x0f;
    this.#take(opcode, (bytes[at] & 0x80) !== 0, bytes.subarray(at + head, at + head + length));
    return head + length;
  }

  #take(opcode, isLast, payload) {
    if (opcode === CLOSE) return this.#end("closed by the hub");
    if (opcode === PING) return this.#write([frame(PONG, payload, this.#mask)]);
    if (opcode === PONG) return this.#pongs.shift()?.();
    if (!isLast || opcode === 0) {
      if (opcode !== 0) this.#partsOpcode = opcode;
      this.#parts.push(Buffer.from(payload));
      if (!isLast) return;
      opcode = this.#partsOpcode;
      payload = Buffer.concat(this.#parts);
      this.#parts = [];
    }
    if (opcode === BINARY) this.#attach(payload);
    else this.#packet(payload.toString("utf8"));
  }

  #packet(text) {
    switch (text[0]) {
      case "0":
        return this.#write([frame(TEXT, Buffer.from(`40${NAMESPACE},`), this.#mask)]);
      case "1":
        return this.#end("closed by the hub");
      case "2":
        return this.#write([frame(TEXT, Buffer.from("3"), this.#mask)]);
      case "4":
        return this.#message(text);
    }
  }

  #message(text) {
    const comma = text.indexOf(",");
    const json = text.indexOf("[", comma);
    switch (text[1]) {
      case "0":
        return this.#listener.onOpen();
      case "1":
      case "4":
        return this.#end(text.slice(0, 200));
      case "2": {
        const [name, message] = JSON.parse(text.slice(json));
        return this.#listener.onEvent(name, message);
      }
      case "3": {
        const ack = text.slice(comma + 1, json);
        const onAck = this.#acks.get(ack);
        this.#acks.delete(ack);
        return onAck?.(...JSON.parse(text.slice(json)));
      }
      case "5":
        this.#missing = Number.parseInt(text.slice(2), 10);
        this.#event = JSON.parse(text.slice(json));
        this.#attachments = [];
        if (this.#missing === 0) this.#deliver();
    }
  }

  #attach(payload) {
    this.#attachments.push(Buffer.from(payload));
    if (this.#attachments.length >= this.#missing) this.#deliver();
  }

  #deliver() {
    const [name, message] = this.#event;
    this.#event = null;
    for (const [key, value] of Object.entries(message))
      if (value?._placeholder === true) message[key] = this.#attachments[value.num];
    this.#listener.onEvent(name, message);
  }
}

/** A masked frame of one whole message. */
function frame(opcode, payload, mask) {
  const length = payload.length;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = Buffer.allocUnsafe(head + 4 + length);
  bytes[0] = 0x80 | opcode;
  if (head === 2) bytes[1] = 0x80 | length;
  else if (head === 4) {
    bytes[1] = 0x80 | 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 0x80 | 127;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  mask.copy(bytes, head);
  const start = head + 4;
  for (let index = 0; index < length; index++)
    bytes[start + index] = payload[index] ^ mask[index & 3];
  return bytes;
}
