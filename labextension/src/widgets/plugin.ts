// Plugin: the run card and the forms as Jupyter widgets.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { MODULE, VERSION } from './version';

export const widgetsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:widgets',
  description: 'Displays the run card and the forms of %tfmfa.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    // Once every plugin is active, the widget manager has loaded the shared module, and no notebook is open yet.
    void app.started.then(() => register(app));
  }
};

async function register(app: JupyterFrontEnd): Promise<void> {
  // Where ipywidgets is not installed, nobody shares this module, and the other plugins go on without it.
  const base = await import('@jupyter-widgets/base').catch(() => null);
  const registry = base && (await app.resolveOptionalService(base.IJupyterWidgetRegistry));
  registry?.registerWidget({ name: MODULE, version: VERSION, exports: () => import('./index') });
}
