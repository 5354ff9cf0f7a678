import { type AuditMetadata } from '../audit.options.js';

const DEFAULT_MAX_BYTES = 16 * 1024;

/**
 * The context, cut to the bytes that a revision may hold. A client often decides how large a value is, and a large
 * value must not make writes fail. So marks such as '[cut: 20480 bytes]' replace the largest values until the rest
 * fits.
 */
export function fittingContext(context: AuditMetadata, maxBytes = DEFAULT_MAX_BYTES): AuditMetadata {
  const total = bytesOf(context);
  if (total <= maxBytes) return context;
  const cut = { ...context };
  const sizes = Object.entries(context).map(([name, value]) => ({ name, bytes: bytesOf(value) }));
  for (const { name, bytes } of sizes.sort((a, b) => b.bytes - a.bytes)) {
    cut[name] = markOf(bytes);
    if (bytesOf(cut) <= maxBytes) return cut;
  }
  // Even the names alone don't fit.
  return { context: markOf(total) };
}

function markOf(bytes: number): string {
  return `[cut: ${bytes} bytes]`;
}

function bytesOf(value: unknown): number {
  const json: string | undefined = JSON.stringify(value);
  // Functions and undefined have no JSON.
  return json === undefined ? 0 : Buffer.byteLength(json);
}
