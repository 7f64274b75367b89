// The way between a widget's view and its counterpart in the kernel: custom messages only, any of which may be lost.

import type {
  Authenticate,
  CardMessage,
  CardRequest,
  FormAction,
  FormContent,
  FormRequest,
  FormState
} from '../protocol/generated';

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

// A code, or a secret key, travels beside the message that it belongs to, and is no field of it.
export type CodeAnswer = Authenticate & { readonly code: string };
export type SecretAction = FormAction & { readonly secret: string };

export type CardChannel = IChannel<CardRequest | CodeAnswer, CardMessage>;

/** The state of the form that shows `Content`. */
export type FormStateOf<Content extends FormContent> = FormState & { readonly content: Content | null };
export type FormChannel<Content extends FormContent> = IChannel<FormRequest | SecretAction, FormStateOf<Content>>;
