/** The code of an error of the system, of PostgreSQL or of HTTP. Texts are left out: they can quote what was written. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  return error.cause instanceof Error ? codeOf(error.cause) : error.name;
}
