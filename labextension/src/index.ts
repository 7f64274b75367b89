import { cellsPlugin } from './hcl/cells';
import { filesPlugin } from './hcl/files';

export default [cellsPlugin, filesPlugin];
