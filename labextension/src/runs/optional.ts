// What needs the runs does nothing where `tfmfa_nb:runs` is switched off, instead of an error on every page.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRuns } from './runs';

/** The plugin with `IRuns` as an optional service, without which it is not activated. */
export function withOptionalRuns(plugin: JupyterFrontEndPlugin<void>): JupyterFrontEndPlugin<void> {
  const { activate, requires = [], optional = [] } = plugin;
  const place = requires.indexOf(IRuns);
  return {
    ...plugin,
    requires: requires.filter(token => token !== IRuns),
    optional: [...optional, IRuns],
    activate: (app: JupyterFrontEnd, ...services: unknown[]) => {
      const runs = services.pop();
      return runs ? activate(app, ...services.slice(0, place), runs, ...services.slice(place)) : undefined;
    }
  };
}
