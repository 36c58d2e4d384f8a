/** Something that must be on this machine is not there or too old; the message says what to install and how. */
export class Missing extends Error {
  override readonly name = 'Missing';
}
