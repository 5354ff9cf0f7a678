/** Says which databases the run used: the last line of `npm test`. */
export default function globalTeardown(): void {
  // Jest writes its summary to stderr too, which keeps the order.
  process.stderr.write(`${process.env.AUDIT_TEST_DATABASES_SUMMARY ?? ''}\n`);
}
