// The way between a widget's view and its counterpart in the kernel: custom messages only, any of which may be lost.

import type {
  CardMessage,
  CardRequest,
  FleetRequest,
  FleetState,
  FormContent,
  FormRequest,
  FormState,
  UnsealedAction,
  UnsealedCode
} from '../protocol/generated';

/** @typeParam Sent - What the view says. @typeParam Received - What the kernel says. */
export interface IChannel<Sent, Received> {
  /** @throws Error where the kernel has exited. */
  send(message: Sent): void;
  /** Calls `receive` with each message until the function that it returns is called. */
  listen(receive: (message: Received) => void): () => void;
  /** Calls `exited` once the kernel has exited or restarted. */
  onExit(exited: () => void): void;
}

/** What a channel is drawn into, until it is disposed of. */
export interface IPart {
  readonly node: HTMLElement;
  dispose(): void;
}

// Where the page cannot seal it, a code, or a secret key, travels beside the message that it belongs to.
export type CodeAnswer = UnsealedCode & { readonly code: string };
export type SecretAction = UnsealedAction & { readonly secret: string };

export type FleetChannel = IChannel<FleetRequest | CodeAnswer, FleetState>;
export type CardChannel = IChannel<CardRequest | CodeAnswer, CardMessage>;

/** The state of the form that shows `Content`. */
export type FormStateOf<Content extends FormContent> = FormState & { readonly content: Content | null };
export type FormChannel<Content extends FormContent> = IChannel<FormRequest | SecretAction, FormStateOf<Content>>;
