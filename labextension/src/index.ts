import { commandsPlugin } from './commands/commands';
import { cellsPlugin } from './hcl/cells';
import { filesPlugin } from './hcl/files';
import { notificationsPlugin } from './notifications/notifications';
import { whereRuns } from './runs/needed';
import { runsPlugin } from './runs/runs';
import { statusPlugin } from './status/status';

export default [
  cellsPlugin,
  filesPlugin,
  runsPlugin,
  ...[statusPlugin, commandsPlugin, notificationsPlugin].map(whereRuns)
];
