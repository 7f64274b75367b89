// What the kernel and the widgets say to each other, as custom messages.

export interface IIdentity {
  readonly account?: string;
  readonly alias?: string;
  readonly user?: string;
  readonly arn?: string;
  readonly serial_number?: string;
  readonly region?: string;
  readonly source?: string;
}

export interface IHop {
  readonly arn: string;
  readonly state: string;
  readonly message: string;
}

export interface IRoleChain {
  readonly provider: string;
  readonly place: string;
  readonly hops: readonly IHop[];
}

export interface ICounts {
  readonly add: number;
  readonly change: number;
  readonly destroy: number;
  readonly imported?: number;
}

export interface IOperation {
  readonly address: string;
  readonly action: string;
  readonly seconds: number;
}

export interface IProgress {
  readonly done?: number;
  readonly total?: number;
  readonly current?: readonly IOperation[];
  readonly more?: number;
}

export interface IDocument {
  readonly title: string;
  readonly text: string;
}

export interface IQuestion {
  readonly kind?: 'code' | 'confirm';
  readonly number?: number;
  readonly phase?: string;
  readonly text?: string;
  readonly attempt?: number;
  readonly next_code_at?: number;
}

/** A line as one text, or as pieces with their classes. */
export type LogLine = string | readonly (readonly [text: string, classes: string])[];

export interface ICardState {
  readonly type: 'state';
  readonly seq: number;
  readonly now: number;
  readonly id: string;
  readonly environment: string;
  readonly phase: string;
  readonly status: string;
  readonly level: string;
  readonly lock_indicator: string;
  readonly lock_indicator_text: string;
  readonly lock_indicator_remedy: string;
  readonly authenticated_by: string;
  readonly identity: IIdentity;
  readonly roles: readonly IRoleChain[];
  readonly counts: ICounts | null;
  readonly progress: IProgress;
  readonly question: IQuestion;
  readonly notes: readonly string[];
  readonly error: string;
  readonly error_remedy: string;
  readonly error_documents: readonly IDocument[];
  readonly log_lines: number;
  readonly log_start: number;
  readonly log_path: string;
  readonly started_at: number;
  readonly ended_at: number;
  readonly canceling: boolean;
  readonly product: string;
}

export interface ILines {
  readonly type: 'lines';
  readonly start: number;
  readonly lines: readonly LogLine[];
}

export type ToCard = ICardState | ILines;

export type FromCard =
  | { readonly type: 'hello' }
  | { readonly type: 'lines'; readonly start: number; readonly stop: number }
  | { readonly type: 'authenticate'; readonly code: string; readonly number: number }
  | { readonly type: 'confirm' | 'cancel' | 'discard' | 'kill'; readonly number?: number };

export interface IFormResult {
  readonly number: string;
  readonly text: string;
  readonly good: boolean;
  readonly fields: Readonly<Record<string, string>>;
  readonly devices?: readonly { readonly serial: string; readonly reason: string }[];
  readonly chosen?: string;
  readonly warning?: boolean;
}

/** What a form shows; nothing where only its result has changed. */
export interface IFormState<Shown> {
  readonly type: 'state';
  readonly seq: number;
  readonly busy: string;
  readonly result: IFormResult;
  readonly shown: Shown | Record<string, never>;
}

export interface ISettings {
  readonly environment: string;
  readonly level: string;
  readonly levels: readonly { readonly name: string; readonly meaning: string; readonly allowed: boolean }[];
  readonly reason: string;
  readonly off: boolean;
  readonly problem: string;
}

export interface IVariables {
  readonly variables: readonly { readonly name: string; readonly words: string; readonly missing: boolean }[];
  readonly problem: string;
  readonly keychain: string;
  readonly no_keychain: string;
}

export type FromForm =
  | { readonly type: 'hello' }
  | {
      readonly type: string;
      readonly number: string;
      readonly texts: Readonly<Record<string, string>>;
      readonly secret?: string;
    };
