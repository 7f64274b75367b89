// What the widget manager looks up by name, once a notebook shows one of ours.

export { RunCardModel, SettingsFormModel, VariablesFormModel } from './models';
export { RunCardView, SettingsFormView, VariablesFormView } from './views';
