// Plugin: says that a run needs a code, or has ended, where its notebook is not in view.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { showRun } from '../runs/cells';
import { IRuns } from '../runs/runs';
import type { IState } from '../runs/state';
import { announce } from './announce';
import { DesktopNotifier } from './desktop';
import { eventOf } from './events';

export const notificationsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:notifications',
  description: 'Notifies when a run needs a code or has finished while its notebook is out of sight.',
  autoStart: true,
  requires: [IRuns],
  optional: [ISettingRegistry],
  activate: (app: JupyterFrontEnd, runs: IRuns, settings: ISettingRegistry | null) => {
    const desktop = new DesktopNotifier();
    settings?.load('tfmfa_nb:notifications').then(
      loaded => {
        desktop.isWanted = loaded.composite['desktop'] === true;
        loaded.changed.connect(() => {
          desktop.isWanted = loaded.composite['desktop'] === true;
        });
      },
      () => undefined // without its schema there are the front end's own notifications
    );

    const known = new WeakMap<NotebookPanel, IState>();
    const questions = new Map<NotebookPanel, string>();
    runs.changed.connect((_, panel) => {
      const state = runs.state(panel);
      if (!panel) {
        return;
      }
      const event = eventOf(known.get(panel) ?? null, state);
      if (state) {
        known.set(panel, state);
      } else {
        known.delete(panel);
      }
      const asked = questions.get(panel);
      if (asked && (!state?.run?.question || event)) {
        Notification.dismiss(asked); // answered, here or elsewhere
        questions.delete(panel);
      }
      if (event && !event.asks) {
        announce(event.message); // the card, which says the rest, is replaced by the summary
      }
      if (event && (document.hidden || !panel.isVisible)) {
        const show = () => {
          app.shell.activateById(panel.id);
          void showRun(panel);
        };
        const id = Notification.emit(event.message, event.type, {
          autoClose: event.asks ? false : 8000,
          actions: [{ label: 'Show', callback: show, displayType: 'accent' }]
        });
        if (event.asks) {
          questions.set(panel, id);
        }
        desktop.notify(event.message, show);
      }
    });
  }
};
