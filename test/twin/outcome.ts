/** What one scenario gave in one process, as JSON. */
export interface Outcome {
  readonly scenario: string;
  /** It was not done after its time. */
  readonly hangs: boolean;
  readonly results: readonly (readonly [label: string, value: unknown])[];
  readonly events: readonly unknown[];
  readonly statements: readonly unknown[];
  readonly connections: Readonly<Record<string, unknown>>;
  readonly rows: Readonly<Record<string, readonly unknown[]>>;
  readonly violations: readonly string[];
  /** How its process ended, when that was in the middle of it. */
  readonly crash?: string;
}
