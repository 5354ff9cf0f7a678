import { readFileSync } from 'node:fs';

/** The most memory that this process has had, in kB; what resourceUsage() says begins with what its parent had. */
export function peakKb() {
  try {
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}
