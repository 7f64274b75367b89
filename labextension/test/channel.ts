// The kernel's end of a widget's channel.

import type { IChannel } from '../src/widgets/channel';

export class FakeKernel<Sent, Received> implements IChannel<Sent, Received> {
  readonly sent: Sent[] = [];
  hasExited = false;

  send(message: Sent): void {
    if (this.hasExited) {
      throw new Error('Kernel is dead');
    }
    this.sent.push(message);
  }

  listen(receive: (message: Received) => void): () => void {
    this._receive = receive;
    return () => {
      this._receive = null;
    };
  }

  onExit(exited: () => void): void {
    this.exit = exited;
  }

  exit: () => void = () => undefined;

  /** Says something to the widget; false where nobody listens. */
  say(message: Received): boolean {
    this._receive?.(message);
    return this._receive !== null;
  }

  private _receive: ((message: Received) => void) | null = null;
}
