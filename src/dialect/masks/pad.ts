import { AuditError } from '../../audit.errors.js';

/**
 * A pad is a random number that the database makes for the next statement and tells us. What the statement is sent of
 * a key is blinded by it, and the pad itself is never in the text or the parameters of a statement.
 */
export const PAD_BYTES = 32;

const WORD_DIGITS = 16;

/** SQL for the parts of a hexadecimal text that are integers of 64 bits. */
export function words(text: string): string[] {
  return Array.from(
    { length: (PAD_BYTES * 2) / WORD_DIGITS },
    (_, n) => `substr(${text}, ${1 + n * WORD_DIGITS}, ${WORD_DIGITS})`,
  );
}

/** The database has no function that makes random numbers. */
export function noRandomNumbers(remedy: string, cause: unknown): AuditError {
  return new AuditError(
    `This database can't make the random number that blinds the keys of masked columns. ${remedy}`,
    { cause },
  );
}

/** @throws Error when the database gave something else */
export function readPad(pad: unknown): Buffer {
  const bytes = Buffer.from(String(pad), 'hex');
  if (bytes.length !== PAD_BYTES)
    throw new Error('The database gave no random number to blind the mask key with.');
  return bytes;
}
