import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { KernelAPI } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection } from '../src/runs/connection';

/** A kernel that answers nothing yet, and its session: `sent` is what was opened and closed. */
class Silent {
  readonly sent: string[] = [];
  readonly closed: (() => void)[] = [];
  readonly kernel = {
    id: 'k',
    status: 'unknown',
    connectionStatus: 'connecting' as Kernel.ConnectionStatus,
    handleComms: true,
    info: new Promise(() => undefined),
    createComm: () => {
      const number = this.closed.length;
      const comm = {
        isDisposed: false,
        onClose: null as ((message: KernelMessage.ICommCloseMsg) => void) | null,
        open: () => this.sent.push(`open ${number}`),
        close: () => this.sent.push(`close ${number}`)
      };
      this.closed.push(() => comm.onClose?.({} as KernelMessage.ICommCloseMsg));
      return comm;
    }
  };
  private readonly _context = {
    session: { kernel: this.kernel },
    ready: Promise.resolve(),
    kernelChanged: new Signal(this),
    statusChanged: new Signal(this),
    connectionStatusChanged: new Signal<this, Kernel.ConnectionStatus>(this),
    iopubMessage: new Signal(this)
  };
  readonly connection = new Connection(this._context as unknown as ISessionContext, () => Promise.resolve(true));

  becomes(status: Kernel.ConnectionStatus): void {
    this.kernel.connectionStatus = status;
    this._context.connectionStatusChanged.emit(status);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  // The server has heard from the kernel already.
  vi.spyOn(KernelAPI, 'getKernelModel').mockResolvedValue({ id: 'k', execution_state: 'idle' } as JSONObject as never);
});

afterEach(() => {
  vi.useRealTimers();
});

test('a kernel is not taken for a busy one before it is connected', async () => {
  const { sent } = new Silent();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual([]);
});

test('one that is silent once it is connected is given one comm, and another one only when the connection was lost', async () => {
  const silent = new Silent();
  await vi.advanceTimersByTimeAsync(60_000);
  silent.becomes('connected');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(silent.sent).toEqual(['open 0']);
  silent.becomes('connecting');
  silent.becomes('connected');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(silent.sent).toEqual(['open 0', 'close 0', 'open 1']);
});

test('nothing is sent to a comm that the kernel has closed', async () => {
  const silent = new Silent();
  silent.becomes('connected');
  await vi.advanceTimersByTimeAsync(60_000);
  silent.closed[0]?.();
  silent.connection.dispose();
  expect(silent.sent).toEqual(['open 0']);
});
