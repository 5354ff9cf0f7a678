import { type DataSource } from 'typeorm';
import { dialectOf } from '../../dialect/dialect-of.js';
import { compileStatement, type Statement } from '../../dialect/run/statement.js';

// Each combination of filters is a statement of its own, and a connection keeps every prepared one. Beyond this number a
// statement is built and planned for each read, as a query builder's is.
const MAX_KEPT = 100;

/** SQL that is built once and kept: building it can take longer than running it. */
export class Statements {
  private readonly kept = new Map<string, Statement>();

  constructor(private readonly dataSource: DataSource) {}

  /**
   * @param key names the statement among these
   * @param template builds its SQL, with `{{name}}` for a parameter
   */
  get(key: string, template: () => string): Statement {
    let statement = this.kept.get(key);
    if (!statement) {
      const isKept = this.kept.size < MAX_KEPT;
      statement = compileStatement(dialectOf(this.dataSource), template(), isKept);
      if (isKept) this.kept.set(key, statement);
    }
    return statement;
  }
}
