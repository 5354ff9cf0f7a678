/** The language of a sentence. */
export interface DescribeOptions {
  /**
   * A language tag: how numbers and dates look, and which of the option `words` are taken. Words that aren't given are
   * English.
   *
   * @default 'en'
   * @example 'de' · 'en-GB'
   */
  locale?: string;

  /**
   * The time zone of moments, by its IANA name.
   *
   * @default the time zone of the process
   * @example 'Europe/Berlin'
   */
  timeZone?: string;
}
