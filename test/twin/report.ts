import { type Difference } from './compare.js';
import { type Twin } from './twins.js';

/** A scenario's differences as text: of lists only what is in one of the two, or the first place where they part. */
export function reportOf({ scenario, differences }: Pick<Twin, 'scenario' | 'differences'>): string {
  return [scenario.name, ...differences.map(textOf)].join('\n');
}

function textOf({ what, without, with: given }: Difference): string {
  if (!Array.isArray(without) || !Array.isArray(given)) return twoLines(what, without, given);
  const [left, right] = [without.map(line), given.map(line)];
  const onlyLeft = notIn(left, right);
  const onlyRight = notIn(right, left);
  if (onlyLeft.length + onlyRight.length > 0)
    return [
      `- ${what}`,
      ...onlyLeft.map((one) => `    without ${one}`),
      ...onlyRight.map((one) => `    with    ${one}`),
    ].join('\n');
  const place = left.findIndex((one, index) => one !== right[index]);
  return twoLines(`${what}, in another order from number ${place + 1}`, without[place], given[place]);
}

function twoLines(what: string, without: unknown, given: unknown): string {
  return `- ${what}\n    without ${line(without)}\n    with    ${line(given)}`;
}

function notIn(list: string[], other: string[]): string[] {
  const left = [...other];
  return list.filter((one) => {
    const index = left.indexOf(one);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

function line(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
