// What the widget manager looks up by name, once a notebook shows one of ours.

export { FleetCardModel, RunCardModel, SettingsFormModel, VariablesFormModel } from './models';
export { FleetCardView, RunCardView, SettingsFormView, VariablesFormView } from './views';
