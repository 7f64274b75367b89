// The way between a widget's view and its counterpart in the kernel: custom messages only, any of which may be lost.

/** @typeParam Sent - What the view says. @typeParam Received - What the kernel says. */
export interface IChannel<Sent, Received> {
  /** @throws Error where the kernel has exited. */
  send(message: Sent): void;
  /** Calls `receive` with each message until the function that it returns is called. */
  listen(receive: (message: Received) => void): () => void;
}

/** What a channel is drawn into, until it is disposed of. */
export interface IPart {
  readonly node: HTMLElement;
  dispose(): void;
}
