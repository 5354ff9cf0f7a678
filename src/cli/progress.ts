import { type MaintenanceProgress } from '../maintenance/maintenance.types.js';

/** Shows on a terminal how far a run has come, in one line; undefined if the output is not a terminal. */
export function progressOn(
  stream: NodeJS.WriteStream,
): { show: (progress: MaintenanceProgress) => void; end: () => void } | undefined {
  if (!stream.isTTY) return undefined;
  return {
    show: ({ table, done, total }) => {
      const share = total ? ` of ${total} (${Math.floor((done / total) * 100)} %)` : '';
      stream.write(`\r\u001b[K${table}: ${done}${share}`);
    },
    end: () => void stream.write('\r\u001b[K'),
  };
}
