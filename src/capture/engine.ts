import { type Capture } from './intercept/capture.js';

/**
 * A way of capturing: it sees to it that each write to an audited table gets its revision. Which engine has written a
 * revision, nobody who reads it can tell.
 */
export interface CaptureEngine {
  /** Prepares what all data sources of the process share, before any of them is attached. */
  prepare(): void;

  /**
   * Begins to record the writes to a data source.
   *
   * @returns ends it
   * @throws AuditConfigurationError when the engine would miss writes to this data source
   */
  begin(capture: Capture): () => void;
}
