import { type AuditPlan } from '../../audited/audit-plan.js';
import { type Key } from '../../dialect/keys/key.js';
import { keyText } from '../../dialect/keys/key-text.js';

/** A row's newest revision, as a look at the locked row has found it. */
export interface FoundRevision {
  readonly version: number;
  /** Whether the transaction's snapshot doesn't show it. */
  readonly isHidden: boolean;
}

/** The newest revisions that looks before a write have found. */
export class FoundNewest {
  private readonly tables = new Map<AuditPlan, Map<string, FoundRevision>>();

  note(plan: AuditPlan, key: Key, found: FoundRevision): void {
    let rows = this.tables.get(plan);
    if (!rows) this.tables.set(plan, (rows = new Map()));
    rows.set(keyText(key), found);
  }

  of(plan: AuditPlan, key: Key): FoundRevision | undefined {
    return this.tables.get(plan)?.get(keyText(key));
  }
}
