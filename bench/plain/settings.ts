/** Settings of the plain version's worker and server: variables of the environment, all needed. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}
