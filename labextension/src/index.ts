import { commandsPlugin } from './commands/commands';
import { blocksPlugin } from './editing/blocks';
import { completionPlugin } from './editing/completion';
import { diagnosticsPlugin } from './editing/diagnostics';
import { formatPlugin } from './editing/format';
import { hoverPlugin } from './editing/hover';
import { cellsPlugin } from './hcl/cells';
import { filesPlugin } from './hcl/files';
import { notificationsPlugin } from './notifications/notifications';
import { outputsPlugin } from './outputs/outputs';
import { panelPlugin } from './panel/panel';
import { withOptionalRuns } from './runs/optional';
import { runsPlugin } from './runs/runs';
import { sidebarPlugin } from './sidebar/sidebar';
import { statusPlugin } from './status/status';
import { widgetsPlugin } from './widgets/plugin';

export default [
  cellsPlugin,
  filesPlugin,
  widgetsPlugin,
  runsPlugin,
  outputsPlugin,
  ...[
    completionPlugin,
    hoverPlugin,
    diagnosticsPlugin,
    formatPlugin,
    blocksPlugin,
    statusPlugin,
    commandsPlugin,
    notificationsPlugin,
    panelPlugin,
    sidebarPlugin
  ].map(withOptionalRuns)
];
