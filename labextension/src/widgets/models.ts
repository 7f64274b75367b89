// The widgets' models. They have no state: what a notebook has saved is not trusted, and nothing of it is read.

import { DOMWidgetModel } from '@jupyter-widgets/base';
import { MODULE, VERSION } from './version';

/** The model of the widget that Python calls `name`. */
function statelessModel(name: string): typeof DOMWidgetModel {
  return class extends DOMWidgetModel {
    /** Takes nothing of a saved state, nor of an update: no class, layout or view that it names. */
    static override _deserialize_state(): Promise<Record<string, never>> {
      return Promise.resolve({});
    }

    override defaults(): Record<string, unknown> {
      return {
        ...super.defaults(),
        _model_module: MODULE,
        _model_module_version: VERSION,
        _model_name: `${name}Model`,
        _view_module: MODULE,
        _view_module_version: VERSION,
        _view_name: `${name}View`
      };
    }
  };
}

export const RunCardModel = statelessModel('RunCard');
export const FleetCardModel = statelessModel('FleetCard');
export const SettingsFormModel = statelessModel('SettingsForm');
export const VariablesFormModel = statelessModel('VariablesForm');
