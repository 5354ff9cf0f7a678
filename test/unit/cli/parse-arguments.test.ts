import { describe, expect, it } from '@jest/globals';
import { parseArguments } from '../../../src/cli/parse-arguments.js';
import { UsageError } from '../../../src/cli/usage-error.js';

const parse = (line: string) => parseArguments(line === '' ? [] : line.split(' '));

describe('a command line', () => {
  it.each([
    ['', undefined, {}],
    ['--help', undefined, { help: true }],
    ['verify --help', 'verify', { help: true }],
    ['verify --data-source a.js', 'verify', { 'data-source': 'a.js' }],
    ['--data-source=a.js verify --json', 'verify', { 'data-source': 'a.js', json: true }],
    [
      'backfill --data-source a.js --reason=-- --dry-run',
      'backfill',
      {
        'data-source': 'a.js',
        reason: '--',
        'dry-run': true,
      },
    ],
  ])('is understood: %j', (line, name, options) => {
    const parsed = parse(line);
    expect(parsed.name).toBe(name);
    expect({ ...parsed.options }).toEqual(options);
  });

  it.each([
    ['verfy --data-source a.js', /"verfy".*verify/],
    ['frobnicate', /"frobnicate".*verify, backfill/],
    ['verify --data-sorce a.js', /--data-sorce.*--data-source/],
    ['verify -j --data-source a.js', /-j/],
    ['verify --data-source', /--data-source.*<file>/],
    ['verify --data-source --json', /--data-source.*<file>.*--data-source=--json/],
    ['verify --data-source=', /--data-source.*<file>/],
    ['verify --json=yes --data-source a.js', /--json.*"yes"/],
    ['verify --json --json --data-source a.js', /--json.*once/],
    ['verify all --data-source a.js', /verify.*"all"/],
    ['verify --data-source a.js --keep 3', /verify.*--keep.*--entity/],
    ['verify', /verify.*--data-source <file>/],
    ['erase --data-source a.js --entity guest', /erase.*--id|erase.*--columns/],
    ['toString --data-source a.js', /"toString"/],
    ['verify --constructor', /--constructor/],
  ])('is refused, and told what was probably meant: %j', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
  });

  it('needs nothing but --help to tell what it takes', () => {
    expect(() => parse('prune --help')).not.toThrow();
  });
});
