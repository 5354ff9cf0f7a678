import { type AuditModuleShape } from '../audit.options.js';

const DEFAULT_PATH = 'audit';

/** Where the endpoints of a module are, without slashes around it. */
export function pathOf({ endpoints }: AuditModuleShape): string {
  // A path of the wrong type is refused when the application starts, and this is asked before.
  return String(endpoints?.path ?? DEFAULT_PATH).replace(/^\/+|\/+$/g, '');
}
