import { ActorRequiredError, ReasonRequiredError } from '../audit.errors.js';
import { type AuditedOptions } from './marks/audited-options.js';

/** What a write has to say of itself. Undefined if it is decided elsewhere: for an entity by the module's options. */
export type Requirements = Pick<AuditedOptions, 'requireActor' | 'requireReason'>;

/** A table, by the names of its entity, and what its own options require. */
interface Demanding {
  readonly name: string;
  readonly metadata: { readonly name: string };
  readonly requires: Requirements;
}

/** The requirements among other options. */
export function requirementsOf({ requireActor, requireReason }: Requirements): Requirements {
  return { requireActor, requireReason };
}

/** Whether a write to the table needs a reason. @param module the requirements of the module */
export function requiresReason({ requires }: Pick<Demanding, 'requires'>, module: Requirements): boolean {
  return !!(requires.requireReason ?? module.requireReason);
}

/**
 * Checks that a write has the actor and the reason that its table requires.
 *
 * @param module the requirements of the module, for those that the table leaves open
 * @throws ActorRequiredError, which names a missing reason too, or ReasonRequiredError
 */
export function assertRequired(
  table: Demanding,
  module: Requirements,
  { actor, reason }: { readonly actor: string | null; readonly reason: string | null },
): void {
  const lacksActor = actor === null && !!(table.requires.requireActor ?? module.requireActor);
  const lacksReason = reason === null && requiresReason(table, module);
  if (lacksActor) throw new ActorRequiredError(table, lacksReason);
  if (lacksReason) throw new ReasonRequiredError(table);
}
