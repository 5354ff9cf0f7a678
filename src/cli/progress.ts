import { type MaintenanceProgress } from '../maintenance/maintenance.types.js';

/** Shows on a terminal how far a run has come, in one line; undefined if the output is not a terminal. */
export function progressOn(
  stream: NodeJS.WriteStream,
): { show: (progress: MaintenanceProgress) => void; end: () => void } | undefined {
  if (!stream.isTTY) return undefined;
  const begun = new Map<string, number>();
  return {
    show: ({ table, done, total }) => {
      const start = begun.get(table) ?? Date.now();
      begun.set(table, start);
      const seconds = total ? ((Date.now() - start) / done) * (total - done) * 0.001 : 0;
      const left = seconds > 60 ? `, ${Math.ceil(seconds / 60)} min left` : '';
      const share = total ? ` of ${total} (${Math.floor((done / total) * 100)} %${left})` : '';
      stream.write(`\r\u001b[K${table}: ${done}${share}`);
    },
    end: () => void stream.write('\r\u001b[K'),
  };
}
