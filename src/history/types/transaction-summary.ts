/** Who wrote what in a database transaction. */
export interface TransactionSummary {
  /** The `transaction` of its revisions. */
  id: string;
  /** When its first revision was made. */
  createdAt: Date;
  /** Of its first write, as are the next three. */
  actor: string | null;
  /** Who was acted for. */
  onBehalf: string | null;
  /** What was done, by name, such as `order.cancel`. */
  action: string | null;
  /** The id of the request or trace. */
  request: string | null;
  /** The audited names that it wrote, in the order of the alphabet. */
  entities: string[];
}
