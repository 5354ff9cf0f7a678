const MAX_WIDTH = 28;

/** Rows of texts as columns of a terminal, the first of them the title of its row. Long texts are wrapped. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const wrapped = rows.map(([title, ...cells]) => [[title], ...cells.map(wrap)]);
  const widths = wrapped[0].map((_, n) =>
    Math.max(...wrapped.flatMap((row) => row[n].map(({ length }) => length))),
  );
  return wrapped
    .flatMap((row) => {
      const height = Math.max(...row.map(({ length }) => length));
      return Array.from({ length: height }, (_, line) =>
        ['', ...row.map((cell, n) => (cell[line] ?? '').padEnd(widths[n]))].join('  ').trimEnd(),
      );
    })
    .join('\n');
}

function wrap(text: string): string[] {
  // At the commas of JSON, if that is enough.
  return text
    .split(/(?<=,)(?=")/)
    .flatMap((part) => part.match(new RegExp(`.{1,${MAX_WIDTH}}`, 'gu')) ?? ['']);
}
