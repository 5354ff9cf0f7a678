import { AuditError } from '../../audit.errors.js';

/**
 * The length of a pad. A pad is a random number that the database makes for the next statement and returns to us. It
 * blinds the key's parameters of that statement. The pad itself is never in a statement's text or parameters.
 */
export const PAD_BYTES = 32;

const WORD_DIGITS = 16;

/** SQL for the parts of a hexadecimal text, each an integer of 64 bits. */
export function words(text: string): string[] {
  return Array.from(
    { length: (PAD_BYTES * 2) / WORD_DIGITS },
    (_, n) => `substr(${text}, ${1 + n * WORD_DIGITS}, ${WORD_DIGITS})`,
  );
}

/** The error for a database without a function for random numbers. */
export function noRandomNumbers(remedy: string, cause: unknown): AuditError {
  return new AuditError(
    `This database can't make the random number that blinds the keys of masked columns. ${remedy}`,
    { cause },
  );
}

/** The pad as bytes. @throws Error when the database returned anything else */
export function readPad(pad: unknown): Buffer {
  const bytes = Buffer.from(String(pad), 'hex');
  if (bytes.length !== PAD_BYTES)
    throw new Error('The database gave no random number to blind the mask key with.');
  return bytes;
}
