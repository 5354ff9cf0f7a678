import { type AuditModuleShape } from '../audit.options.js';

const DEFAULT_PATH = 'audit';

/** The path of a module's endpoints, without slashes around it. */
export function pathOf({ endpoints }: AuditModuleShape): string {
  // This runs before the start of the application, which refuses a path of the wrong type.
  return String(endpoints?.path ?? DEFAULT_PATH).replace(/^\/+|\/+$/g, '');
}
