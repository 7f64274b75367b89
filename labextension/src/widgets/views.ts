// The widgets' views: each draws its part of the page and connects it to the model's messages.

import type { WidgetModel } from '@jupyter-widgets/base';
import { DOMWidgetView } from '@jupyter-widgets/base';
import type { JSONValue } from '@lumino/coreutils';
import { Card } from './card/card';
import type { IChannel, IPart } from './channel';
import { FleetCard } from './fleet/card';
import { SettingsForm } from './forms/settings';
import { VariablesForm } from './forms/variables';

/** The messages of a model. */
class ModelChannel<Sent, Received> implements IChannel<Sent, Received> {
  constructor(private readonly _model: WidgetModel) {}

  send(message: Sent): void {
    this._model.send(message as JSONValue);
  }

  listen(receive: (message: Received) => void): () => void {
    this._model.on('msg:custom', receive);
    return () => {
      this._model.off('msg:custom', receive);
    };
  }

  onExit(exited: () => void): void {
    this._model.on('comm_live_update', () => {
      if (!this._model.comm_live) {
        exited();
      }
    });
  }
}

/** The view whose part of the page is a `Part`. */
function viewOf<Sent, Received>(Part: new (channel: IChannel<Sent, Received>) => IPart): typeof DOMWidgetView {
  return class extends DOMWidgetView {
    override render(): void {
      this._part = new Part(new ModelChannel(this.model));
      this.el.append(this._part.node);
    }

    override remove(): this {
      this._part?.dispose();
      this._part = null;
      return super.remove() as this;
    }

    declare private _part: IPart | null;
  };
}

export const RunCardView = viewOf(Card);
export const FleetCardView = viewOf(FleetCard);
export const SettingsFormView = viewOf(SettingsForm);
export const VariablesFormView = viewOf(VariablesForm);
