const SECRETS = new Set([
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'secret',
  'token',
  'otp',
  'cvv',
  'cvc',
  'ssn',
]);
const SECRET_PAIRS = ['api key', 'private key', 'secret key', 'access key', 'password hash', 'token hash'];

/**
 * Whether a property's name looks like a secret's. Its last words decide: `refreshToken` is a secret, `tokenCount` and
 * `passwordChangedAt` are not.
 */
export function looksSecret(property: string): boolean {
  const words = property
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  return SECRETS.has(words.at(-1) ?? '') || SECRET_PAIRS.includes(words.slice(-2).join(' '));
}
