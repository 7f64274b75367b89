// Plugin: HCL in the editor's .tf, .tfvars and .hcl files.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';

export const filesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:files',
  description: 'Highlights HCL in .tf, .tfvars and .hcl files.',
  autoStart: true,
  requires: [IEditorLanguageRegistry],
  activate: (_app: JupyterFrontEnd, languages: IEditorLanguageRegistry) => {
    languages.addLanguage({
      name: 'hcl',
      displayName: 'HCL (Terraform)',
      mime: 'text/x-hcl',
      extensions: ['tf', 'tfvars', 'hcl'],
      load: async () => (await import('./language')).hclSupport()
    });
  }
};
