import type { IWidgetManager } from '@jupyter-widgets/base';
import { expect, test, vi } from 'vitest';
import * as widgets from '../src/widgets';
import { MODULE, VERSION } from '../src/widgets/version';

const NAMES = ['RunCard', 'SettingsForm', 'VariablesForm'] as const;
const HOSTILE = {
  _model_module: 'anywidget',
  _model_name: 'AnyModel',
  _view_module: 'anywidget',
  _view_name: 'AnyView',
  _esm: 'globalThis.stolen = 1',
  _css: '@import url(https://example.org)',
  _dom_classes: ['jp-Dialog'],
  layout: 'IPY_MODEL_other',
  style: 'IPY_MODEL_other',
  tooltip: '<img src=x onerror=alert(1)>',
  tabbable: true,
  html: '<script>globalThis.stolen = 1</script>',
  environment: '<script>globalThis.stolen = 1</script>'
};

function manager() {
  const found = { get_model: vi.fn(), create_view: vi.fn() };
  return { ...found, manager: found as unknown as IWidgetManager };
}

test.each(NAMES)('a saved state of %s names no class, and nothing of it is kept', async name => {
  const Model = widgets[`${name}Model`];
  const { get_model, manager: widget_manager } = manager();
  const state = await Model._deserialize_state(HOSTILE, widget_manager);
  const model = new Model(state, { model_id: 'saved', widget_manager });
  expect(model.attributes).toEqual({
    _dom_classes: [],
    _model_module: MODULE,
    _model_module_version: VERSION,
    _model_name: `${name}Model`,
    _view_count: null,
    _view_module: MODULE,
    _view_module_version: VERSION,
    _view_name: `${name}View`,
    tabbable: null,
    tooltip: null
  });
  expect(get_model).not.toHaveBeenCalled();
});

test.each(NAMES)('an update of %s changes nothing', async name => {
  const Model = widgets[`${name}Model`];
  const { manager: widget_manager } = manager();
  const model = new Model({}, { model_id: 'live', widget_manager });
  const before = { ...model.attributes };
  const data = { method: 'update', state: HOSTILE };
  await model._handle_comm_msg({ content: { data } } as unknown as Parameters<typeof model._handle_comm_msg>[0]);
  expect(model.attributes).toEqual(before);
});

test.each(NAMES)('a view of %s is drawn of nothing but messages, and lets go of its model', async name => {
  const Model = widgets[`${name}Model`];
  const View = widgets[`${name}View`];
  const { create_view, manager: widget_manager } = manager();
  const model = new Model(await Model._deserialize_state(HOSTILE, widget_manager), {
    model_id: 'saved',
    widget_manager
  });
  const view = new View({ model, options: {} });
  view.render();
  expect(view.el.querySelector('.tfmfa-card')).not.toBeNull();
  expect(view.el.outerHTML).not.toMatch(/<script|<img|jp-Dialog|stolen/);
  expect(create_view).not.toHaveBeenCalled();
  view.remove();
  expect(view.el.querySelector('.tfmfa-card')).toBeNull();
});
