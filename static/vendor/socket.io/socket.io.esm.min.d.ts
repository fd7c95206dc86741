// The part of socket.io-client 4 that our modules use.

export interface Socket {
  readonly connected: boolean;
  readonly active: boolean;
  on(event: string, listener: (...values: any[]) => void): this;
  emit(event: string, ...values: unknown[]): this;
  timeout(milliseconds: number): { emitWithAck(event: string, ...values: unknown[]): Promise<any> };
  connect(): this;
  disconnect(): this;
}

export interface SocketOptions {
  transports?: readonly string[];
  forceNew?: boolean;
  autoConnect?: boolean;
  reconnectionDelay?: number;
  reconnectionDelayMax?: number;
  randomizationFactor?: number;
  timeout?: number;
}

export function io(url: string, options?: SocketOptions): Socket;
