import { type Load } from './load.js';

/** SQLite keeps no number of rows. */
export const sqliteLoad: Load = { estimateRows: () => Promise.resolve(undefined) };
