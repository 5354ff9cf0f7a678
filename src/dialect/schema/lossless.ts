import { type Capacity, holds, type Widenings } from '../catalogue/column-type.js';

/** Whether each value of a type is a value of the other: the same kind with more room, or an integer as text. */
export function isLossless(
  from: Capacity | undefined,
  to: Capacity | undefined,
  widenings: Widenings,
): boolean {
  if (!from || !to) return false;
  return holds(to, from, widenings) === true || isIntegerAsText(from, to);
}

// One character more than its digits for the sign.
function isIntegerAsText({ kind, sizes }: Capacity, to: Capacity): boolean {
  const [digits, scale] = sizes;
  return kind === 'number' && scale === 0 && to.kind === 'text' && to.sizes[0] >= Math.ceil(digits) + 1;
}
