// The comm with one notebook's kernel, for as long as the kernel has our extension loaded.
//
// Kernels without it must not notice us: opening a comm without a target puts an error into their log. So the
// kernel is asked (comm_info lists what is there), when it is new and after a cell that names our magics.

import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { KernelAPI } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { CancelRun, KernelQuestion } from '../protocol/generated';
import { CELL_MAGICS, COMM_TARGET } from '../protocol/generated';
import type { IState } from './state';
import { readState } from './state';
import { fields } from './untrusted';

const OURS = new RegExp(['tfmfa', ...CELL_MAGICS].join('|'));
const LOADS = /load_ext\s+tfmfa_nb/;
const PATIENCE = 1500; // ms: a kernel at rest answers within a few
const GONE: ReadonlySet<Kernel.Status> = new Set(['restarting', 'autorestarting', 'terminating', 'dead']);

export class Connection implements IDisposable {
  /**
   * @param _session - The notebook's session.
   * @param _mentioned - Whether the notebook loads our extension somewhere.
   */
  constructor(
    private readonly _session: ISessionContext,
    private readonly _mentioned: () => Promise<boolean>
  ) {
    _session.kernelChanged.connect(this._onKernel, this);
    _session.statusChanged.connect(this._onStatus, this);
    _session.connectionStatusChanged.connect(this._onConnection, this);
    _session.iopubMessage.connect(this._onMessage, this);
    void _session.ready.then(() => this._look());
  }

  readonly changed = new Signal<this, void>(this);

  /** What the kernel said last; null where it has nothing to say to us. */
  get state(): IState | null {
    return this._state;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._leave();
      Signal.clearData(this);
    }
  }

  send(message: CancelRun): void {
    this._comm?.send({ ...message });
  }

  /** The kernel's answer to a question; null where nobody answers. */
  ask(question: KernelQuestion): Promise<JSONObject | null> {
    const comm = this._comm;
    if (!comm) {
      return Promise.resolve(null);
    }
    const number = ++this._asked;
    return new Promise(resolve => {
      this._waiting.set(number, resolve);
      try {
        comm.send({ type: 'ask', number, question: { ...question } }).done.catch(() => undefined); // the kernel ends meanwhile
      } catch {
        this._waiting.delete(number); // it has ended, and nobody has told us yet
        resolve(null);
      }
    });
  }

  private _onKernel(): void {
    this._leave();
    void this._look();
  }

  private _onStatus(_: ISessionContext, status: Kernel.Status): void {
    if (GONE.has(status)) {
      this._leave();
      this._restarted = true;
    } else if (status === 'idle' && this._restarted) {
      this._restarted = false;
      void this._look();
    }
  }

  private _onConnection(_: ISessionContext, status: Kernel.ConnectionStatus): void {
    const kernel = this._session.session?.kernel;
    if (status !== 'connected' || !kernel) {
      return;
    }
    if (this._comm) {
      // What was said while nobody listened is lost: the kernel tells whoever opens a comm how things stand.
      this._open(kernel);
    } else {
      void this._look();
    }
  }

  /** Watch for the end of a cell after which the kernel may have our extension. */
  private _onMessage(_: ISessionContext, message: KernelMessage.IMessage): void {
    if (this._comm) {
      return;
    }
    const { header, content } = message;
    const parent = (message.parent_header as Partial<KernelMessage.IHeader>).msg_id ?? '';
    if (header.msg_type === 'execute_input') {
      const { code } = content as KernelMessage.IExecuteInputMsg['content'];
      if (OURS.test(code)) {
        this._watched = { parent, loads: LOADS.test(code) };
      }
    } else if (this._watched?.parent === parent) {
      if (header.msg_type === 'error') {
        this._watched.loads = false;
      } else if (
        header.msg_type === 'status' &&
        (content as KernelMessage.IStatusMsg['content']).execution_state === 'idle'
      ) {
        const kernel = this._session.session?.kernel;
        // A question would wait behind the cells that wait already; opening a comm does not.
        if (this._watched.loads && kernel) {
          this._open(kernel);
        } else {
          void this._look();
        }
        this._watched = null;
      }
    }
  }

  private async _look(): Promise<void> {
    const kernel = this._session.session?.kernel;
    // Until it is connected, a kernel's silence says nothing about it: it is asked as soon as it is.
    if (kernel?.connectionStatus !== 'connected' || this._isDisposed) {
      return;
    }
    try {
      const goesOn = (await this._mentioned()) && (await isBusy(kernel));
      if (!goesOn && !(await isThere(kernel))) {
        return;
      }
    } catch {
      return; // the kernel has gone meanwhile
    }
    if (!this.isDisposed && !this._comm && kernel === this._session.session?.kernel) {
      this._open(kernel);
    }
  }

  private _open(kernel: Kernel.IKernelConnection): void {
    this._leave();
    if (!kernel.handleComms) {
      return;
    }
    const comm = kernel.createComm(COMM_TARGET);
    this._comm = comm;
    comm.onMsg = message => {
      if (this._comm !== comm) {
        return;
      }
      const { answer, number, type } = message.content.data;
      if (type === 'answer' && typeof number === 'number') {
        this._waiting.get(number)?.(fields(answer));
        this._waiting.delete(number);
      } else if (type === 'status') {
        this._state = readState(message.content.data);
        this.changed.emit();
      }
    };
    comm.onClose = () => {
      if (this._comm === comm) {
        this._comm = null; // the kernel has closed it, and would complain of a message to it
        this._leave();
      }
    };
    comm.open();
  }

  private _leave(): void {
    const comm = this._comm;
    this._comm = null;
    this._waiting.forEach(resolve => resolve(null));
    this._waiting.clear();
    if (comm && !comm.isDisposed) {
      try {
        comm.close();
      } catch {
        comm.dispose(); // the kernel that it led to is dead
      }
    }
    if (this._state) {
      this._state = null;
      this.changed.emit();
    }
  }

  private _comm: Kernel.IComm | null = null;
  private _state: IState | null = null;
  private _asked = 0;
  private readonly _waiting = new Map<number, (answer: JSONObject | null) => void>();
  private _watched: { parent: string; loads: boolean } | null = null;
  private _restarted = false;
  private _isDisposed = false;
}

/** Whether the kernel says that it has our extension. */
async function isThere(kernel: Kernel.IKernelConnection): Promise<boolean> {
  if ((await kernel.info).language_info.name !== 'python') {
    return false;
  }
  const { content } = await kernel.requestCommInfo({ target_name: COMM_TARGET });
  return content.status === 'ok' && Object.keys(content.comms).length > 0;
}

/** Whether the kernel has answered nothing yet because a cell goes on, behind which any question would wait. */
async function isBusy(kernel: Kernel.IKernelConnection): Promise<boolean> {
  const late = new Promise<true>(resolve => setTimeout(resolve, PATIENCE, true));
  if (!(await Promise.race([late, kernel.info.then(() => false)]))) {
    return false;
  }
  // One that still starts is silent too.
  const model = await KernelAPI.getKernelModel(kernel.id, kernel.serverSettings);
  return kernel.status === 'unknown' && model?.execution_state !== 'starting';
}
